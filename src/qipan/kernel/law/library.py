"""The law library: texts are loaded, found by words, and citations are checked against them."""

import datetime
import itertools
import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from django.db import connection, transaction
from django.db.models import F
from django.utils.translation import gettext as _

from qipan.kernel.law.citations import GAPS, SHORT_NAMES, Citation, from_chinese, in_chinese
from qipan.kernel.law.models import Article, Law
from qipan.kernel.ledger.errors import Refused

NEWEST = F("as_of").desc(nulls_last=True)


def grams(text: str) -> list[str]:
    """The pieces of a text that search looks for: each character and each pair of neighbours, letters folded."""
    signs = [sign.lower() for sign in text if sign.isalnum()]
    return sorted(set(signs) | {first + second for first, second in itertools.pairwise(signs)})


def read_laws(path: Path) -> Iterator[dict[str, Any]]:
    """The laws of a JSON-lines file (or of `laws.jsonl` in a folder). Refuses a broken line, naming it."""
    file = path / "laws.jsonl" if path.is_dir() else path
    if not file.exists():
        raise Refused(_("找不到法规文件 %(file)s。") % {"file": file.name}, code="not_found")
    with file.open(encoding="utf-8") as stream:
        for number, line in enumerate(stream, start=1):
            try:
                yield json.loads(line)
            except json.JSONDecodeError as error:
                raise Refused(
                    _("法规文件 %(file)s 第 %(line)d 行不是有效的 JSON：%(error)s")
                    % {"file": file.name, "line": number, "error": error}
                ) from None


@dataclass(frozen=True)
class Loaded:
    """What a load did: laws and articles added, laws known already; `changed` names those known with other articles."""

    laws: int
    articles: int
    known: int
    changed: tuple[str, ...]


@transaction.atomic
def load(rows: Iterable[dict[str, Any]]) -> Loaded:
    """Take laws into the library. A text of the same name and date is left alone, for cases rest on it: where its
    articles differ it is named among `changed`. Refuses a row without a name or articles, and takes nothing then."""
    short = {name: code for code, name in SHORT_NAMES.items()}
    laws = articles = known = 0
    changed = []
    for position, row in enumerate(rows, start=1):
        name, texts = _checked(position, row)
        as_of = _date(row.get("as_of"))
        law, created = Law.objects.get_or_create(
            name=name,
            as_of=as_of,
            defaults={
                "short_name": short.get(name) or short.get(f"中华人民共和国{name}", ""),
                "source": str(row.get("source", ""))[:120],
                "head": _lines(row.get("head")),
                "gap": GAPS.get(name)
                or GAPS.get(f"中华人民共和国{name}")
                or ("" if as_of else _("文本没有注明日期，是否现行须由专人核对。")),
            },
        )
        if created:
            laws += 1
            articles += len(texts)
            _copy_articles(law, texts)
        else:
            known += 1
            if _texts_of(law) != [(article.label, article.text) for article in texts]:
                changed.append(name)
    return Loaded(laws, articles, known, tuple(changed))


def _checked(position: int, row: Any) -> tuple[str, list[Article]]:
    """The name of a law and its articles. Refuses what is no law, naming the row and what is missing."""
    name = str(row.get("name") or "").strip() if isinstance(row, dict) else ""
    if not name:
        raise Refused(
            _("第 %(row)d 部法规没有名称（name），没有载入任何法规；请补上后重新载入。") % {"row": position}
        )
    texts = row.get("articles")
    if not isinstance(texts, list) or not all(
        isinstance(text, dict) and text.get("no") and text.get("text") for text in texts
    ):
        raise Refused(
            _("《%(name)s》的条文（articles）不完整：每条都要有条号（no）和条文（text）；没有载入任何法规。")
            % {"name": name}
        )
    return name, _articles(texts)


def _texts_of(law: Law) -> list[tuple[str, str]]:
    return list(law.articles.order_by("pk").values_list("label", "text"))


def _lines(value: Any) -> str:
    return "\n".join(str(line) for line in value) if isinstance(value, list) else str(value or "")


def _date(value: Any) -> datetime.date | None:
    try:
        return datetime.date.fromisoformat(str(value)[:10])
    except ValueError:
        return None


def _articles(rows: list[dict[str, Any]]) -> list[Article]:
    found: dict[str, Article] = {}
    for position, row in enumerate(rows, start=1):
        label = str(row["no"]).strip()[:30]
        if label in found:
            label = f"{label}#{position}"
        try:
            number = from_chinese(label)
        except ValueError:
            number = position
        text = str(row["text"]).replace("\x00", "")
        chapter = str(row.get("chapter") or "")[:200]
        found[label] = Article(number=number, label=label, chapter=chapter, text=text)
    return list(found.values())


def _copy_articles(law: Law, articles: list[Article]) -> None:
    with (
        connection.cursor() as cursor,
        cursor.copy("COPY law_article (law_id, number, label, chapter, text, grams) FROM STDIN") as copy,
    ):
        for row in articles:
            copy.write_row((law.pk, row.number, row.label, row.chapter, row.text, grams(row.text)))


def law_of(citation: Citation) -> Law | None:
    """The newest text of the cited law in the library."""
    name = citation.law_name
    names = {name, name.removeprefix("中华人民共和国")}
    return Law.objects.filter(name__in=names).order_by(NEWEST).first()


def article_of(citation: Citation) -> Article | None:
    """The cited article, where the library holds it."""
    law = law_of(citation)
    return law.articles.filter(label=citation.label).first() if law else None


def check(citation: Citation) -> str:
    """What is wrong with a citation, in words; empty when nothing is, or when the library does not hold the law."""
    law = law_of(citation)
    if law is None:
        return ""
    article = law.articles.filter(label=citation.label).first()
    if article is None:
        return _("%(law)s没有%(article)s。") % {"law": law, "article": citation.label}
    paragraphs = paragraphs_of(article.text)
    if citation.paragraph > len(paragraphs):
        return _("%(article)s只有 %(count)d 款，没有第 %(paragraph)d 款。") % {
            "article": article,
            "count": len(paragraphs),
            "paragraph": citation.paragraph,
        }
    where = paragraphs[citation.paragraph - 1] if citation.paragraph else article.text
    if citation.item and not re.search(rf"[（(]{in_chinese(citation.item)}[)）]", where):
        return _("%(article)s没有第（%(item)s）项。") % {
            "article": article,
            "item": in_chinese(citation.item),
        }
    return ""


def paragraphs_of(text: str) -> list[str]:
    """The paragraphs (款) of an article, each with its items (项), which stand on lines of their own."""
    found: list[str] = []
    for line in text.splitlines():
        if found and re.match(r"\s*[（(][零一二三四五六七八九十百]+[)）]", line):
            found[-1] += "\n" + line
        elif line.strip():
            found.append(line)
    return found
