"""The number of a theme is taken once on each day, whether themes are loaded together or released one by one."""

import datetime

import pytest

from qipan.domains.licensing.themes import loading, queries
from qipan.domains.licensing.themes.declaration import ThemeRow
from qipan.kernel.ledger.actor import Actor
from qipan.kernel.ledger.clock import today
from qipan.kernel.ledger.errors import Refused

pytestmark = pytest.mark.django_db
DAY = datetime.timedelta(days=1)


def later(theme: ThemeRow, number: int, days: int = 1) -> ThemeRow:
    return theme.model_copy(update={"number": number, "valid_from": today() + days * DAY})


def test_a_theme_released_alone_takes_no_number_in_use(every: list[ThemeRow]) -> None:
    first, second = every[:2]
    with pytest.raises(Refused, match="序号 2 已经有主题"):
        loading.load_themes([later(first, second.number)], Actor.system())
    [problem] = loading._problems(later(first, second.number))
    assert "序号 2" in problem.text
    loading.load_themes([later(first, 90)], Actor.system())
    with pytest.raises(Refused, match="序号 90"):
        loading.load_themes([later(second, 90, days=2)], Actor.system())


def test_a_number_that_is_given_up_is_free_and_two_may_change_places(every: list[ThemeRow]) -> None:
    first, second, third = every[:3]
    report = loading.load_themes([later(first, 2), later(second, 1)], Actor.system())
    assert report.created == 2
    loading.load_themes([later(first, 91, days=2)], Actor.system())
    loading.load_themes([later(third, 2, days=3)], Actor.system())
    assert [one.code for one in queries.themes(today() + 3 * DAY)][1] == third.code
