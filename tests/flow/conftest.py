"""The sample flow is registered for the tests of this room, and the terms of law are loaded."""

from collections.abc import Iterator

import pytest

from qipan.kernel.flow import registry
from tests.flow import terms_of_law
from tests.flow.sample import PERMIT


@pytest.fixture(autouse=True)
def sample_flow() -> Iterator[None]:
    """The first version of the sample flow."""
    registry.register(PERMIT)
    yield
    registry.unregister(PERMIT)


@pytest.fixture
def law(db: None) -> None:
    """The terms that the rooms ship."""
    terms_of_law.load()
