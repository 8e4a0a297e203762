"""A small city."""

import pytest

from tests.licensing.city import City


@pytest.fixture
def city(settings, tmp_path) -> City:
    settings.HOME = tmp_path
    return City()
