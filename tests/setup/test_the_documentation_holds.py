"""What the pages for newcomers name is there: every link, every command and option, every setting."""

import argparse
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

import qipan
from qipan.cli.__main__ import parser

ROOT = Path(__file__).resolve().parents[2]
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md")])
LINK = re.compile(r"\]\(([^)\s]+)\)")
COMMAND = re.compile(r"\./qipan((?: +(?![#|&>])[^\s`]+)*)")
#: Words that stand for something of the reader's own.
VALUE = re.compile(r"^[^a-z-]|[A-Z/.:]|^(?:zhang|li)\.|^\d")
#: Read by the launcher (a shell and a bare Python), or handed from process to process and no setting of anybody's.
ELSEWHERE = {"QIPAN_PYTHON"}
INNER = {"QIPAN_SUPERVISED", "QIPAN_EMBEDDED", "QIPAN_TEST_DATABASES"}


def anchors(page: Path) -> set[str]:
    """The anchors of a page's headings, as they are shown on the web."""
    heads = re.findall(r"^#+ +(.+)$", page.read_text(encoding="utf-8"), re.M)
    return {re.sub(r"[^\w\- ]", "", head.lower()).replace(" ", "-") for head in heads}


def without_code(text: str) -> str:
    return re.sub(r"```.*?```|`[^`\n]*`", "", text, flags=re.S)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_link_leads_somewhere(page: Path) -> None:
    for link in LINK.findall(without_code(page.read_text(encoding="utf-8"))):
        if re.match(r"[a-z]+:", link):
            continue
        name, _, anchor = link.partition("#")
        target = (page.parent / name).resolve() if name else page
        assert target.is_relative_to(ROOT) and target.exists(), f"{page.name}: {link}"
        if anchor:
            assert anchor in anchors(target), f"{page.name}: {link}"


def commands(text: str) -> Iterator[list[str]]:
    """The words of every `./qipan …` that a page names."""
    for words in COMMAND.findall(text.replace("\\\n", " ")):
        yield re.sub(r"[\[\](),;:。、，；）…]+(?= |$)", "", words.replace("[", "").replace("|", " ")).split()


def options_of(words: list[str]) -> tuple[list[str], set[str], list[str]]:
    """(the words that are subcommands, every option known along them, words that no parser knows)."""
    here: argparse.ArgumentParser = parser()[0]
    path: list[str] = []
    known: set[str] = set()
    strange: list[str] = []
    for word in words:
        below = next((act for act in here._actions if isinstance(act, argparse._SubParsersAction)), None)
        if below and word in below.choices:
            here = below.choices[word]
            path.append(word)
            known |= {option for act in here._actions for option in act.option_strings}
        elif below and not word.startswith("-") and not VALUE.match(word):
            strange.append(word)
            break
    return path, known, strange


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_command_and_option_is_there(page: Path) -> None:
    for words in commands(page.read_text(encoding="utf-8")):
        if not words:
            continue
        path, known, strange = options_of(words)
        assert not strange, f"{page.name}: ./qipan {' '.join(words)}: {strange[0]}?"
        if path[:1] in (["manage"], ["test"]):
            continue  # what follows is another program's
        unknown = [word for word in words if word.startswith("--") and word.split("=")[0] not in known]
        assert not unknown, f"{page.name}: ./qipan {' '.join(words)}: {unknown}"


def test_every_command_is_explained_to_operators_or_developers() -> None:
    named = {words[0] for page in PAGES for words in commands(page.read_text(encoding="utf-8")) if words}
    below = next(act for act in parser()[0]._actions if isinstance(act, argparse._SubParsersAction))
    assert not set(below.choices) - named


def test_every_setting_is_explained_and_read() -> None:
    table = (ROOT / "docs" / "operators.md").read_text(encoding="utf-8")
    explained = set(re.findall(r"`(QIPAN_[A-Z_0-9]+)`", table))
    reading = re.compile(
        r'(?:env\.\w+|env|environ(?:\.get)?|text|number|flag|folders)[(\[]\s*"(QIPAN_[A-Z_0-9]+)"|= "(QIPAN_[A-Z_0-9]+)"'
    )
    read = {
        first or second
        for path in (ROOT / "src").rglob("*.py")
        for first, second in reading.findall(path.read_text(encoding="utf-8"))
    }
    assert read - explained - INNER == set(), "read and not explained"
    assert explained - read - ELSEWHERE == set(), "explained and not read"


def test_the_change_log_knows_this_version() -> None:
    assert f"## {qipan.__version__}" in (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    assert f'version = "{qipan.__version__}"' in (ROOT / "pyproject.toml").read_text(encoding="utf-8")
