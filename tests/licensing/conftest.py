"""A small city; every guard of licensing's flows is watched while this folder's tests run."""

import pytest

from qipan.kernel.flow import testing
from tests.licensing.city import City

testing.record()
pytest_collection_modifyitems = testing.check_last


@pytest.fixture
def city(settings, tmp_path) -> City:
    settings.HOME = tmp_path
    return City()
