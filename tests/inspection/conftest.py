"""Every guard of inspection's flow is watched while this folder's tests run."""

import pytest

from qipan.kernel.flow import testing
from tests.inspection.office import Office

testing.record()
pytest_collection_modifyitems = testing.check_last


@pytest.fixture
def office(settings, tmp_path) -> Office:
    settings.HOME = tmp_path
    return Office()
