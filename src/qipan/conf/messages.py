"""Translations without gettext's tools: Babel reads the sources, merges the catalogue and compiles it.

The source language is Chinese; `locale/<language>/LC_MESSAGES/django.po` holds each translation of the sources' texts,
`locale/catalogue/<language>/…` those of the catalogues'. The compiled `.mo` beside each is made at set-up.
"""

import ast
import functools
import io
import json
import re
from collections.abc import Iterator
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.extract import extract_python
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po

PACKAGE = Path(__file__).resolve().parents[1]
SCRIPTS = PACKAGE.parents[1] / "frontend" / "src"
KEYWORDS = (
    "_",
    "gettext",
    "gettext_lazy",
    "lazy",
    "gettext_noop",
    "ngettext",
    "ngettext_lazy",
    "pgettext",
    "pgettext_lazy",
    "npgettext",
)
PLURAL = {"ngettext", "ngettext_lazy"}
FIELDS = {"Field", "Query", "Path", "Header", "Form", "File"}
CONTEXT = {"pgettext", "pgettext_lazy"}


def catalogue_file(language: str) -> Path:
    """Where a language's translations stand."""
    return PACKAGE / "locale" / language / "LC_MESSAGES" / "django.po"


def names_file(language: str) -> Path:
    """Where the texts of the catalogues (names of items, questions, fields) stand in a language."""
    return PACKAGE / "locale" / "catalogue" / language / "LC_MESSAGES" / "django.po"


def languages() -> list[str]:
    """The languages that have a catalogue."""
    return sorted(path.parts[-3] for path in (PACKAGE / "locale").glob("*/LC_MESSAGES/django.po"))


def sources() -> Iterator[tuple[Path, str]]:
    """Every file with texts, as Python source: templates are turned into it by Django's own translation scanner."""
    from django.utils.translation.template import templatize

    for path in sorted(PACKAGE.rglob("*.py")):
        if "migrations" not in path.parts:
            yield path, path.read_text(encoding="utf-8")
    for path in sorted([*PACKAGE.rglob("templates/**/*.html"), *PACKAGE.rglob("templates/**/*.txt")]):
        yield path, templatize(path.read_text(encoding="utf-8"), origin=str(path.relative_to(PACKAGE)))


def described(text: str) -> Iterator[tuple[int, str]]:
    """The descriptions of the interface's fields, which its documentation shows translated."""
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in FIELDS:
            pairs = [(word.arg, word.value) for word in node.keywords]
        elif isinstance(node, ast.Dict):
            pairs = [
                (getattr(key, "value", None), value)
                for key, value in zip(node.keys, node.values, strict=True)
            ]
        else:
            continue
        for name, value in pairs:
            said = value.value if isinstance(value, ast.Constant) else None
            if name == "description" and isinstance(said, str) and not said.isascii():
                yield value.lineno, said


@functools.cache
def script_texts() -> tuple[str, ...]:
    """The texts of the pages' scripts: what stands in `t("…")`."""
    found = set()
    for path in sorted(SCRIPTS.rglob("*.ts")):
        for text in re.findall(r'\bt\(\s*("(?:[^"\\]|\\.)*")', path.read_text(encoding="utf-8")):
            found.add(json.loads(text))
    return tuple(sorted(found))


def extract() -> Catalog:
    """All texts of the product with the places where they stand."""
    found = Catalog(project="Qipan", charset="utf-8")
    for text in script_texts():
        found.add(text, locations=[("scripts", 1)])
    for path, text in sources():
        where = path.relative_to(PACKAGE).as_posix()
        stream = io.BytesIO(text.encode("utf-8"))
        for line, function, messages, _comments in extract_python(
            stream, dict.fromkeys(KEYWORDS), (), {"encoding": "utf-8"}
        ):
            parts = list(messages) if isinstance(messages, tuple | list) else [messages]
            context = parts.pop(0) if function in CONTEXT else None
            if not parts or not isinstance(parts[0], str) or not parts[0]:
                continue
            plural = function in PLURAL and len(parts) > 1 and isinstance(parts[1], str)
            found.add(
                (parts[0], parts[1]) if plural else parts[0], locations=[(where, line)], context=context
            )
        for line, words in described(text) if path.suffix == ".py" else ():
            found.add(words, locations=[(where, line)])
    return found


def update(language: str) -> tuple[int, int]:
    """Merge the texts of the sources into a language's catalogue; returns (texts, untranslated)."""
    path = catalogue_file(language)
    template = extract()
    if path.exists():
        with path.open("rb") as stream:
            kept = read_po(stream, locale=language)
        # The date stays: it would change the file, and clash between branches, where no text did.
        kept.update(template, no_fuzzy_matching=True, update_creation_date=False)
    else:
        kept = Catalog(locale=language, project="Qipan", charset="utf-8")
        kept.update(template, no_fuzzy_matching=True)
    kept.obsolete.clear()
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("wb") as stream:
        write_po(
            stream,
            kept,
            width=110,
            sort_output=True,
            omit_header=False,
            include_lineno=False,
            no_location=True,
        )
    return len(kept), sum(bool(message.id) and not _translated(message.string) for message in kept)


def _translated(text: str | tuple[str, ...] | list[str] | None) -> bool:
    return all(text) if isinstance(text, tuple | list) else bool(text)


def compile_stale() -> list[str]:
    """Compile every catalogue whose `.mo` is missing or older; returns the languages compiled."""
    done = []
    for language in languages():
        for path in (catalogue_file(language), names_file(language)):
            target = path.with_suffix(".mo")
            if target.exists() and target.stat().st_mtime >= path.stat().st_mtime:
                continue
            with path.open("rb") as stream:
                catalogue = read_po(stream, locale=language)
            buffer = io.BytesIO()
            write_mo(buffer, catalogue)
            target.write_bytes(buffer.getvalue())
            done.append(language)
    return sorted(set(done))
