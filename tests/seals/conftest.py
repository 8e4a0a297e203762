"""Keys and files of each test lie in a folder of its own; every guard of the flow is watched."""

import pytest

from qipan.kernel.documents import seals
from qipan.kernel.flow import testing

testing.record()
pytest_collection_modifyitems = testing.check_last


@pytest.fixture(autouse=True)
def own_home(settings, tmp_path) -> None:
    settings.HOME = tmp_path
    seals.signers.cache_clear()
