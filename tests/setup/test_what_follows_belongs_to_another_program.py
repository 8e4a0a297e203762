"""`qipan test …` and `qipan manage …` hand on what follows, options and their values in their order."""

import pytest

from qipan.cli.__main__ import understood


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
def test_they_are_handed_on(line: list[str], rest: list[str]) -> None:
    module, chosen = understood(line)
    assert module is not None and module.__name__ == f"qipan.cli.{line[0]}"
    assert chosen.rest == rest and getattr(chosen, "slow", False) is ("--slow" in line)


def test_another_command_refuses_what_it_does_not_know(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        understood(["bench", "--nonsense"])
    assert "--nonsense" in capsys.readouterr().err
