"""A small city whose façade for GovStack is on."""

import pytest

from tests.adapters.mediator import Mediator
from tests.licensing.city import City


@pytest.fixture
def city(settings, tmp_path) -> City:
    settings.HOME = tmp_path
    return City()


@pytest.fixture
def mediator(settings, tmp_path) -> Mediator:
    """No client is registered yet; the façade is on."""
    return Mediator(settings, tmp_path / "clients.json")
