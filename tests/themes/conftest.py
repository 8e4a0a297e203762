"""The catalogues loaded, and the 38 themes."""

import pytest

from qipan.domains.licensing.themes import queries
from qipan.domains.licensing.themes.declaration import ThemeRow
from tests.law.catalogues import load_catalogues


@pytest.fixture
def every(db) -> list[ThemeRow]:
    load_catalogues()
    queries.forget()
    return queries.themes()
