"""What is kept of dated rows holds until the table has others: a release by another process, one that was taken back."""

import datetime

import pytest
from django.db import transaction

from qipan.kernel.documents.models import Template
from qipan.kernel.law import dated

pytestmark = pytest.mark.django_db
CODE = "test.kept"


@pytest.fixture(autouse=True)
def looked_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dated, "LOOKED_AFTER", -1.0)
    dated.forget()


def _release(day: datetime.date, title: str) -> Template:
    return Template.objects.create(code=CODE, valid_from=day, title=title, body="x", fields={})


def _title() -> str | None:
    row = dated.in_force(Template, CODE, datetime.date(2026, 6, 1))
    return row.title if row else None


def test_a_row_that_came_meanwhile_is_seen() -> None:
    _release(datetime.date(2026, 1, 1), "旧")
    assert _title() == "旧"
    _release(datetime.date(2026, 2, 1), "新")
    assert _title() == "新"


def test_of_two_releases_at_once_the_smaller_number_may_be_seen_last() -> None:
    held_back = _release(datetime.date(2026, 2, 1), "新")
    number = held_back.pk
    held_back.delete()
    _release(datetime.date(2026, 1, 1), "旧")
    assert _title() == "旧"
    Template.objects.create(
        pk=number, code=CODE, valid_from=datetime.date(2026, 2, 1), title="新", body="x", fields={}
    )
    assert _title() == "新"


def test_a_release_that_was_taken_back_does_not_hold() -> None:
    _release(datetime.date(2026, 1, 1), "旧")
    assert _title() == "旧"
    with pytest.raises(RuntimeError), transaction.atomic():
        _release(datetime.date(2026, 2, 1), "新")
        dated.forget()
        assert _title() == "新"
        raise RuntimeError
    assert _title() == "旧"


def test_a_row_that_somebody_changes_in_hand_is_nobody_elses() -> None:
    _release(datetime.date(2026, 1, 1), "旧")
    row = dated.in_force(Template, CODE, datetime.date(2026, 6, 1))
    assert row is not None
    row.title = "另写"
    row._state.fields_cache["x"] = row
    again = dated.in_force(Template, CODE, datetime.date(2026, 6, 1))
    assert again is not None and again.title == "旧" and "x" not in again._state.fields_cache
