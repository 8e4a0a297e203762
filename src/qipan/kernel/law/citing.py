"""Every citation that the catalogues make, checked against the library."""

from collections.abc import Callable, Iterable, Iterator

from qipan.kernel.law import library
from qipan.kernel.law.citations import Citation
from qipan.kernel.law.models import LawRule

Source = Callable[[], Iterable[tuple[str, str]]]
_sources: list[Source] = []


def provide(source: Source) -> None:
    """Register a function that yields (what cites, citation) for the rows of a room."""
    _sources.append(source)


def _rules() -> Iterable[tuple[str, str]]:
    for rule in LawRule.objects.exclude(law=""):
        yield rule.code, f"{rule.law} {rule.article}"


def _cited() -> Iterator[tuple[str, str]]:
    for source in (_rules, *_sources):
        for what, text in source():
            # One row may rest on several articles ("LicProc 22; Licence 32").
            for part in text.split(";"):
                yield what, part.strip()


def problems() -> list[str]:
    """What is wrong, in words: citations that cannot be read and articles that the library's text does not have."""
    found: dict[str, None] = {}
    known: dict[str, str] = {}
    for what, text in _cited():
        if text not in known:
            try:
                known[text] = library.check(Citation.parse(text))
            except ValueError as error:
                known[text] = str(error)
        if known[text]:
            found[f"{what}：{known[text]}"] = None
    return list(found)
