"""What files from outside can cost is bounded: a parser that runs away ends with its child process."""

import time

import pytest

from qipan.conf import bounded


def test_a_child_gives_what_it_made() -> None:
    told = bounded.run("tests.evidence.child", "echo", given=b"abc")
    assert told == b"abc"


@pytest.mark.parametrize("way", ["spin", "grow", "die"])
def test_a_child_that_runs_away_is_ended(way: str) -> None:
    began = time.monotonic()
    with pytest.raises(bounded.BeyondBounds):
        bounded.run("tests.evidence.child", way, seconds=1, megabytes=300)
    assert time.monotonic() - began < 5
