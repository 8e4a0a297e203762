"""The kinds of publication and the terms of law are loaded."""

import pytest

from tests.flow import terms_of_law


@pytest.fixture(autouse=True)
def kinds(db: None) -> None:
    """What the rooms ship."""
    terms_of_law.load()
