"""A guard that never refuses proves nothing: each of the seals' flow refused something in this folder's tests."""

import pytest

from qipan.kernel.flow import checks, registry, testing
from tests.law.catalogues import load_catalogues


@pytest.mark.django_db
def test_the_flow_is_sound() -> None:
    load_catalogues()
    flow = registry.get("seals.application")
    assert checks.problems(flow) == [] and checks.missing(flow) == []


@pytest.fixture
def whole_folder(request: pytest.FixtureRequest) -> None:
    """What was not run cannot have refused."""
    here = request.path.parent
    ran = {item.path for item in request.session.items}
    if not set(here.glob("test_*.py")) <= ran or request.config.option.keyword:
        pytest.skip("only a run of the whole folder can tell")


def test_every_guard_was_refused(whole_folder: None) -> None:
    assert testing.never_refused(registry.get("seals.application")) == []
