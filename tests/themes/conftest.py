"""The catalogues loaded, the 38 themes, and a small city to walk them in."""

import pytest

from qipan.domains.licensing.themes import queries
from qipan.domains.licensing.themes.declaration import ThemeRow
from tests.law.catalogues import load_catalogues
from tests.licensing.city import City


@pytest.fixture
def every(db) -> list[ThemeRow]:
    load_catalogues()
    queries.forget()
    return queries.themes()


@pytest.fixture
def city(settings, tmp_path) -> City:
    settings.HOME = tmp_path
    queries.forget()
    return City()
