"""A guard that never refuses proves nothing: each of inspection's refused something in this folder's tests."""

import pytest

from qipan.kernel.flow import registry, testing


@pytest.fixture(autouse=True)
def whole_folder(request: pytest.FixtureRequest) -> None:
    """What was not run cannot have refused."""
    here = request.path.parent
    ran = {item.path for item in request.session.items}
    if not set(here.glob("test_*.py")) <= ran or request.config.option.keyword:
        pytest.skip("only a run of the whole folder can tell")


def test_every_guard_was_refused() -> None:
    assert testing.never_refused(registry.get("inspection.visit")) == []
