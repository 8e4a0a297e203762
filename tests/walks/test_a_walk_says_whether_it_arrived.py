"""The command `walk`: which services it goes through, what it refuses, and what it says with its exit code."""

import json
from pathlib import Path

import pytest

from qipan.cli import walk as command
from qipan.cli.__main__ import parser
from qipan.cli.session import Refusal
from qipan.domains.licensing.themes import queries
from tests.law.catalogues import load_catalogues
from walks import services

#: A walk of this test's own: it arrives at what it is told to, but for B.
STROLL = """
from qipan.cli.walk import Walked

HELP = "试走"


def run(tell, only, size):
    for code in only:
        yield Walked(code, "某事", code != "B", size, 0.5)
"""


@pytest.fixture
def catalogues(db) -> None:
    load_catalogues()
    queries.forget()


def test_all_automatic_items_and_all_themes_are_walked(catalogues: None) -> None:
    chosen = services._chosen([])
    codes = [code for code, _name, _walk in chosen]
    assert len(codes) == 54 + 38 and len(set(codes)) == len(codes)
    assert codes[54:] == [theme.code for theme in queries.themes()]
    assert all(name for _code, name, _walk in chosen)


def test_one_that_is_named_is_walked_alone_and_an_unknown_one_refused(catalogues: None) -> None:
    assert [code for code, _name, _walk in services._chosen(["canteen", "FB-RENEW"])] == [
        "FB-RENEW",
        "canteen",
    ]
    with pytest.raises(Refusal, match="NO-SUCH"):
        services._chosen(["FB-RENEW", "NO-SUCH"])


@pytest.fixture
def strolls(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "strolls"
    folder.mkdir()
    (folder / "round.py").write_text(STROLL)
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr(command, "FOLDER", folder)


def walk(*words: str) -> int:
    return command.run(parser()[0].parse_args(["walk", *words]))


@pytest.mark.parametrize(("codes", "code"), [(["A", "C"], 0), (["A", "B"], 1), ([], 1)])
def test_the_exit_code_says_whether_each_arrived(
    strolls: None, capsys: pytest.CaptureFixture[str], codes: list[str], code: int
) -> None:
    named = [word for one in codes for word in ("--only", one)]
    assert walk("round", "--size", "desk", *named) == code
    lines = capsys.readouterr().out.splitlines()
    assert [line[:3] for line in lines[:-1]] == [f"{'✗' if one == 'B' else '✓'} {one}" for one in codes]
    assert f"{len(codes)} 件，走到头 {len(set(codes) - {'B'})} 件" in lines[-1]


def test_each_walk_is_a_line_of_json_for_programs(strolls: None, capsys: pytest.CaptureFixture[str]) -> None:
    assert walk("round", "--json", "--only", "A", "--only", "B") == 1
    told = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [(one["code"], one["arrived"], one["seen"]) for one in told] == [
        ("A", True, "phone"),
        ("B", False, "phone"),
    ]


def test_the_walks_there_are_are_listed_and_another_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    assert walk() == 0
    assert services.HELP in capsys.readouterr().out
    with pytest.raises(Refusal, match="没有名为 nothing 的行走"):
        walk("nothing")
