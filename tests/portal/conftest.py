"""A small city; and whoever reads a page in English leaves the next test in Chinese."""

from collections.abc import Iterator

import pytest
from django.utils import translation

from tests.licensing.city import City


@pytest.fixture
def city(settings, tmp_path) -> City:
    settings.HOME = tmp_path
    return City()


@pytest.fixture(autouse=True)
def chinese_afterwards() -> Iterator[None]:
    """A page read in English leaves its thread in English."""
    yield
    translation.deactivate()
