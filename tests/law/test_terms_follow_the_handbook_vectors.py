"""The term vectors of the handbook's Appendix C, on its fictional calendar."""

import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qipan.kernel.law.calendar import Calendar
from qipan.kernel.law.terms import Rule, compute, remaining

D = datetime.date
OCTOBER = [D(2026, 10, day) for day in range(1, 9)]
CALENDAR = Calendar.of(OCTOBER, [D(2026, 9, 27), D(2026, 10, 10)])


def rule(unit: str, value: int, **more: object) -> Rule:
    return Rule("x.y", D(2020, 1, 1), "t", unit, value, None, "a test", **more)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("start", "count", "end"),
    [
        (D(2026, 9, 25), 5, D(2026, 10, 9)),
        (D(2026, 9, 25), 15, D(2026, 10, 22)),
        (D(2026, 9, 25), 30, D(2026, 11, 12)),
    ],
)
def test_working_days_skip_holidays_and_count_make_up_days(start: D, count: int, end: D) -> None:
    assert compute(rule("WORKDAY", count), start, calendar=CALENDAR).due_on == end


def test_a_last_day_in_a_holiday_ends_after_it() -> None:
    assert compute(rule("DAY", 30), D(2026, 9, 3), calendar=CALENDAR).due_on == D(2026, 10, 9)
    assert compute(rule("DAY", 90), D(2026, 7, 6), calendar=CALENDAR).due_on == D(2026, 10, 9)


def test_suspended_days_do_not_count() -> None:
    stop = [(D(2026, 8, 1), D(2026, 8, 21))]
    assert compute(rule("DAY", 90), D(2026, 7, 6), stops=stop, calendar=CALENDAR).due_on == D(2026, 10, 26)
    without = rule("DAY", 90, roll_on_weekend=False)
    assert compute(without, D(2026, 7, 6), stops=stop, calendar=CALENDAR).due_on == D(2026, 10, 24)


def test_a_term_may_be_extended_only_as_the_rule_allows() -> None:
    once = rule("WORKDAY", 15, extension=15, extension_times=1)
    assert compute(once, D(2026, 9, 25), extensions=1, calendar=CALENDAR).due_on == D(2026, 11, 12)
    with pytest.raises(ValueError, match="extended 1 times"):
        compute(once, D(2026, 9, 25), extensions=2, calendar=CALENDAR)


def test_a_term_counted_back_is_a_working_day_before() -> None:
    assert compute(rule("WORKDAY", -5), D(2026, 10, 12), calendar=CALENDAR).due_on == D(2026, 9, 28)


def test_a_year_without_published_holidays_is_provisional() -> None:
    assert compute(rule("WORKDAY", 5), D(2027, 3, 1), calendar=CALENDAR).provisional
    assert not compute(rule("WORKDAY", 5), D(2026, 3, 2), calendar=CALENDAR).provisional


def test_the_last_of_february_ends_a_month_that_began_on_the_31st() -> None:
    assert compute(rule("MONTH", 1), D(2027, 1, 31), calendar=Calendar()).due_on == D(2027, 3, 1)
    assert compute(rule("YEAR", 5), D(2024, 2, 29), calendar=Calendar()).due_on == D(2029, 2, 28)


days = st.dates(D(2026, 1, 1), D(2026, 11, 30))


@given(days, st.integers(1, 200))
def test_a_longer_term_never_ends_earlier(day: D, count: int) -> None:
    for unit in ("WORKDAY", "DAY"):
        shorter = compute(rule(unit, count), day, calendar=CALENDAR).due_on
        longer = compute(rule(unit, count + 1), day, calendar=CALENDAR).due_on
        assert shorter is not None and longer is not None and shorter <= longer


@given(days, st.integers(1, 120))
def test_working_days_can_be_counted_back(day: D, count: int) -> None:
    end = CALENDAR.add_working_days(day, count)
    assert CALENDAR.working_days_between(day, end) == count
    assert CALENDAR.is_working_day(end)
    assert CALENDAR.add_working_days(end, -count) <= max(day, end)


@given(days, st.integers(1, 90), st.integers(1, 40), st.integers(0, 30))
def test_a_stop_never_shortens_a_term(day: D, count: int, length: int, offset: int) -> None:
    begin = day + datetime.timedelta(days=offset)
    stop = [(begin, begin + datetime.timedelta(days=length))]
    for unit in ("WORKDAY", "DAY"):
        plain = compute(rule(unit, count), day, calendar=CALENDAR).due_on
        stopped = compute(rule(unit, count), day, stops=stop, calendar=CALENDAR).due_on
        assert plain is not None and stopped is not None and plain <= stopped


def test_the_light_is_red_on_the_last_day_and_overdue_after() -> None:
    noon = datetime.datetime(2026, 11, 12, 4, tzinfo=datetime.UTC)
    lights = [
        remaining(D(2026, 11, 11), noon, calendar=CALENDAR),
        remaining(D(2026, 11, 12), noon, calendar=CALENDAR),
        remaining(D(2026, 11, 13), noon, calendar=CALENDAR),
        remaining(D(2026, 12, 13), noon, calendar=CALENDAR),
    ]
    assert [light.light for light in lights if light] == ["overdue", "red", "yellow", "green"]
