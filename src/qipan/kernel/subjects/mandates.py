"""Who acts for a business by a power of attorney, and which cases that reaches: everything that is not named is denied.

A room whose cases an agent may be given tells which they are (`provide_matters`): what no room names, no mandate reaches.
"""

import datetime
from collections.abc import Callable, Iterable
from typing import Any

from django.db.models import BigIntegerField, DateField, Exists, OuterRef, Q, QuerySet

from qipan.conf.composed import Composed, Hole
from qipan.kernel.accounts.models import User
from qipan.kernel.ledger.actor import Actor
from qipan.kernel.ledger.clock import today
from qipan.kernel.orgs import reader as reading
from qipan.kernel.orgs.reader import Reader
from qipan.kernel.subjects.models import Act, Grant, Mandate, MandateState, Representative, Subject
from qipan.kernel.subjects.statuses import GONE

Matters = Callable[[Iterable[reading.Mandate], int | None], Iterable[int]]
_matters: list[Matters] = []


def provide_matters(source: Matters) -> None:
    """Register a function (mandates, case or None) → the ids of the cases (or of that one) that the mandates reach."""
    _matters.append(source)


def legal_representatives(user: Any, day: Any, subject: Any = None) -> QuerySet[Representative]:
    """The rows by which a user is the legal representative (of a subject) on a day."""
    rows = Representative.objects.filter(user_id=user, role="LEGAL_REP", valid_from__lte=day)
    rows = rows.filter(Q(valid_to__isnull=True) | Q(valid_to__gt=day))
    return rows.filter(subject_id=subject) if subject is not None else rows


def is_legal_representative(user_id: int | None, subject_id: int) -> bool:
    """Whether a user is the legal representative of a subject today."""
    return user_id is not None and legal_representatives(user_id, today(), subject_id).exists()


def _standing(day: Any) -> QuerySet[Mandate]:
    given = legal_representatives(OuterRef("granted_by_id"), day, OuterRef("subject_id"))
    rows = Mandate.objects.filter(state=MandateState.HELD, valid_from__lte=day, valid_to__gte=day)
    return rows.filter(Exists(given)).exclude(subject__status__in=GONE)


def _held(user: Hole, day: Hole) -> QuerySet[Any]:
    rows = _standing(day).filter(agent_id=user).order_by("pk")
    return rows.values_list("pk", "subject_id", "granted_by_id", "acts", "items")


_HELD = Composed(lambda hole: _held(hole("user", BigIntegerField()), hole("day", DateField())))


def held_by(user: User) -> list[reading.Mandate]:
    """The mandates that a user holds today: confirmed, between their days, given by who still represents the business."""
    return [
        reading.Mandate(pk, subject, principal, frozenset(acts), frozenset(items))
        for pk, subject, principal, acts, items in _HELD.all(user=user.pk, day=today())
    ]


def standing(day: datetime.date | None = None) -> QuerySet[Mandate]:
    """The mandates that hold on a day."""
    return _standing(day or today())


def cases_within(reader: Reader, act: str = "", case: int | None = None) -> frozenset[int]:
    """The ids of the cases (or of the one) that the reader's mandates reach, those only that let the act be taken."""
    fitting = tuple(one for one in reader.mandates if not act or one.covers(act))
    if not fitting:
        return frozenset()
    return frozenset(pk for source in _matters for pk in source(fitting, case))


def may_act(reader: Reader, act: str, *, case: int, subject_id: int | None, opened_by: int | None) -> bool:
    """Whether the reader may take an act in a case: who opened it, who represents its subject, whom that authorised."""
    if reader.user_id is None or reader.kind == "staff":
        return False
    if opened_by == reader.user_id or (subject_id is not None and subject_id in reader.subject_ids):
        return True
    return bool(act) and bool(cases_within(reader, act, case))


def acting(reader: Reader, act: str, *, case: int, subject_id: int | None) -> Actor:
    """The reader as the one who takes an act (any, when empty) in a case; an agent under the mandate that reaches it.

    The ledger, and with it the case's page, names the power of attorney that was used (LicProc 12).
    """
    held = [one for one in reader.mandates if one.subject_id == subject_id]
    if len(held) < 2 or subject_id in reader.subject_ids:
        return reader.actor(subject_id=subject_id)
    fitting = (one for one in held if not act or one.covers(act))
    found = next((one for one in fitting if any(list(source((one,), case)) for source in _matters)), None)
    return reader.actor(subject_id=subject_id, under=found)


def subjects_for(reader: Reader, act: str = Act.FILL, item: str = "") -> QuerySet[Subject]:
    """The subjects for which the reader may take an act about an item: one's own, and those of one's mandates."""
    return Subject.objects.filter(pk__in=_ids(reader, act, item)).order_by("name")


def grants_for(reader: Reader, act: str = Act.FILL, item: str = "") -> QuerySet[Grant]:
    """The licences about which the reader may take an act."""
    rows = Grant.objects.filter(subject_id__in=_ids(reader, act, item))
    return rows.select_related("subject", "premises").order_by("-pk")


_SUBJECT = Composed(lambda hole: Subject.objects.filter(pk=hole("pk", BigIntegerField())))
_GRANT = Composed(
    lambda hole: Grant.objects.filter(pk=hole("pk", BigIntegerField())).select_related("subject", "premises")
)


def subject_for(reader: Reader, pk: int, act: str = Act.FILL, item: str = "") -> Subject | None:
    """One of `subjects_for`."""
    return _SUBJECT.first(pk=pk) if pk in _ids(reader, act, item) else None


def grant_for(reader: Reader, pk: int, act: str = Act.FILL, item: str = "") -> Grant | None:
    """One of `grants_for`."""
    row: Grant | None = _GRANT.first(pk=pk)
    return row if row is not None and row.subject_id in _ids(reader, act, item) else None


def _ids(reader: Reader, act: str, item: str) -> frozenset[int]:
    held = (one for one in reader.mandates if not act or one.covers(act, item))
    return reader.subject_ids | {one.subject_id for one in held}


_OF_SUBJECT = Composed(
    lambda hole: (
        _standing(hole("day", DateField()))
        .filter(subject_id=hole("subject", BigIntegerField()))
        .select_related("agent__person")
    )
)


def agents_in(case: int, subject_id: int) -> list[User]:
    """The agents whose mandates for a business reach a case today: who is told of what happens in it."""
    found = []
    for row in _OF_SUBJECT.all(subject=subject_id, day=today()):
        held = reading.Mandate(
            row.pk, subject_id, row.granted_by_id, frozenset(row.acts), frozenset(row.items)
        )
        if row.agent.is_active and any(list(source((held,), case)) for source in _matters):
            found.append(row.agent)
    return found


def agents_of(numbers: Iterable[int]) -> dict[int, Mandate]:
    """Mandates by number, with agent and business, for those who show who acted for whom."""
    return Mandate.objects.select_related("agent", "subject").in_bulk(list(numbers))
