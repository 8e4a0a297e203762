"""`qipan test …` and `qipan manage …` hand on what follows, options and their values in their order."""

from types import ModuleType

import pytest

from qipan.cli import __main__ as program


class Asked(ModuleType):
    """A command that keeps what it was given."""

    DATABASE = None
    PASSES_ARGUMENTS = True

    def run(self, arguments) -> int:
        self.given = arguments
        return 0


@pytest.mark.parametrize(
    ("line", "rest"),
    [
        (["test", "-m", "browser", "-q"], ["-m", "browser", "-q"]),
        (["test", "tests/law", "-k", "terms or days"], ["tests/law", "-k", "terms or days"]),
        (["test", "--slow", "-x", "tests/law"], ["-x", "tests/law"]),
        (["manage", "shell", "-c", "print(1)", "--no-color"], ["shell", "-c", "print(1)", "--no-color"]),
        (["manage", "--help"], ["--help"]),
        (["test"], []),
    ],
)
def test_they_are_handed_on(monkeypatch: pytest.MonkeyPatch, line: list[str], rest: list[str]) -> None:
    parser, owners = program.parser()
    asked = Asked(line[0])
    monkeypatch.setattr(program, "parser", lambda: (parser, owners | {line[0]: asked}))
    assert program.main(line) == 0 and asked.given.rest == rest
    assert getattr(asked.given, "slow", False) is ("--slow" in line)


def test_another_command_refuses_what_it_does_not_know(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        program.main(["bench", "--nonsense"])
    assert "--nonsense" in capsys.readouterr().err
