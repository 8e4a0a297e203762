"""One small system for the tests that start, kill and ask a whole Qipan; it is prepared once."""

import sys
from collections.abc import Iterator

import pytest

from tests.setup.systems import System, copy_of_the_project, folder_for_all

SMALL = ("--scale", "0.0003", "--rate", "0")


@pytest.fixture(scope="session")
def prepared() -> Iterator[System]:
    """A tree with its parts, and a home whose small city is built; it does not run."""
    if sys.platform != "linux":
        pytest.skip("looks at processes as Linux shows them")
    with folder_for_all() as folder:
        tree = copy_of_the_project(folder / "qipan", with_parts=True)
        system = System(tree)
        try:
            system.start(*SMALL)
            system.interrupt()
            yield system
        finally:
            system.end()


@pytest.fixture
def running(prepared: System) -> Iterator[System]:
    """That system, running; whatever a test did to it, it is ended."""
    prepared.start(*SMALL)
    try:
        yield prepared
    finally:
        prepared.end()
