"""The English catalogue: every text of the product has its English, with the same placeholders and no Chinese."""

import re

import pytest
from babel.messages.catalog import Catalog, Message
from babel.messages.pofile import read_po

from qipan.conf import messages

CHINESE = re.compile(r"[\u3000-\u303f\u3400-\u9fff\uff00-\uffef]")
PLACE = re.compile(r"%\(\w+\)[sdgf]|%[sd]\b|\{\w*\}|%%|</?\w+")
#: What an English text quotes from a file or a form that stays Chinese.
QUOTED = ("100万元人民币", "街道")


@pytest.fixture(scope="module")
def kept() -> Catalog:
    with messages.catalogue_file("en").open("rb") as stream:
        return read_po(stream, locale="en")


def english(message: Message) -> list[str]:
    return [message.string] if isinstance(message.string, str) else list(message.string)


def chinese(message: Message) -> str:
    return message.id if isinstance(message.id, str) else message.id[-1]


def test_every_text_of_the_sources_has_its_english(kept: Catalog) -> None:
    missing = []
    for text in messages.extract():
        known = kept.get(text.id, context=text.context) if text.id else None
        if text.id and (known is None or known.fuzzy or not all(english(known))):
            missing.append(chinese(text))
    assert not missing, f"{len(missing)} without English: {missing[:10]}"


def test_the_catalogue_holds_nothing_that_no_page_says(kept: Catalog) -> None:
    said = {chinese(text) for text in messages.extract()}
    assert not kept.obsolete
    assert [chinese(each) for each in kept if each.id and chinese(each) not in said] == []


def test_placeholders_and_tags_are_the_same_in_both_languages(kept: Catalog) -> None:
    for each in kept:
        for text in english(each) if each.id else ():
            assert sorted(PLACE.findall(text)) == sorted(PLACE.findall(chinese(each))), chinese(each)


def test_no_chinese_is_left_in_the_english(kept: Catalog) -> None:
    for each in kept:
        for text in english(each) if each.id else ():
            for quoted in QUOTED:
                text = text.replace(quoted, "")
            assert not CHINESE.search(text), text


def test_a_text_that_stands_in_an_attribute_has_no_quotation_marks(kept: Catalog) -> None:
    """A template's own texts are not escaped: a straight quotation mark would end the attribute."""
    inside = re.compile(
        r'="[^"<>]*\{% (?:blocktranslate[^%]*%\}(.+?)\{% endblocktranslate|translate [\'"](.+?)[\'"] ?%)'
    )
    for path, _text in messages.sources():
        if path.suffix == ".html":
            for found in inside.finditer(path.read_text(encoding="utf-8")):
                said = re.sub(r"\{\{ (\w+) \}\}", r"%(\1)s", found[1] or found[2])
                known = kept.get(said)
                assert known is None or '"' not in str(known.string), f"{path.name}: {said}"
