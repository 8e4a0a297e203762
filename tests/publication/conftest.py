"""The kinds of publication and the terms of law are loaded."""

import pytest

from qipan.kernel.law import catalogue, terms
from qipan.kernel.ledger.actor import Actor


@pytest.fixture(autouse=True)
def kinds(db: None) -> None:
    """What the rooms ship."""
    catalogue.load_all(Actor.system())
    terms.forget()
