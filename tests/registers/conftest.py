"""A city with offices, and a home of its own for keys and manifests."""

import pytest

from qipan.kernel.ledger.actor import Actor
from qipan.kernel.orgs import loading


@pytest.fixture(autouse=True)
def city(request: pytest.FixtureRequest, settings, tmp_path) -> None:
    """The units of the demo city, where the test uses the database."""
    settings.HOME = tmp_path / "home"
    if request.node.get_closest_marker("django_db"):
        loading.load_units(loading.rows_of("shenzhen.yaml"), Actor.system())
