"""What other rooms and screens read of subjects and grants."""

import datetime
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.db.models import BigIntegerField, DateField, Q, QuerySet

from qipan.conf.composed import Composed, Hole, give
from qipan.kernel.accounts.models import User
from qipan.kernel.ledger.clock import today
from qipan.kernel.orgs.reader import Reader
from qipan.kernel.subjects import codes, lookup
from qipan.kernel.subjects.models import (
    RUNNING,
    Grant,
    Identifier,
    IdentifierKind,
    Mark,
    MarkKind,
    Premises,
    Representative,
    Status,
    StatusChange,
    Subject,
)

find = lookup.find


def by_identifier(value: str) -> Subject | None:
    """The subject that has this code."""
    # By kind as well: the index begins with it.
    row = (
        Identifier.objects.select_related("subject")
        .filter(kind__in=IdentifierKind.values, value=codes.tidy(value))
        .first()
    )
    return row.subject if row else None


def subject(pk: int, reader: Reader | None = None) -> Subject | None:
    """One subject: of the public register without a reader, else when the reader may see it."""
    rows = Subject.objects.all() if reader is None else Subject.objects.visible_to(reader)
    return rows.filter(pk=pk).first()


def grant_by_number(number: str) -> Grant | None:
    """The grant of this number."""
    return (
        Grant.objects.select_related("subject", "premises")
        .filter(number__in={codes.tidy(number), number.strip()})
        .first()
    )


def grants_of(subject: Subject) -> QuerySet[Grant]:
    """The grants of a subject, newest first."""
    return Grant.objects.filter(subject=subject).select_related("premises").order_by("-valid_from", "-pk")


def own_grants(reader: Reader) -> QuerySet[Grant]:
    """The grants of the subjects for which the reader acts."""
    return (
        Grant.objects.filter(subject_id__in=reader.subject_ids)
        .select_related("subject", "premises")
        .order_by("-pk")
    )


def named(numbers: Iterable[int]) -> list[Subject]:
    """Subjects by number, for lists that show their names."""
    return list(Subject.objects.filter(pk__in=set(numbers)).only("pk", "name"))


def own_subjects(reader: Reader) -> QuerySet[Subject]:
    """The subjects for which the reader acts."""
    return Subject.objects.filter(pk__in=reader.subject_ids).order_by("name")


def identifiers_of(subject: Subject) -> list[Identifier]:
    """The identifiers of a subject, read once for the row at hand."""
    if "identifiers" not in getattr(subject, "_prefetched_objects_cache", {}):
        give(subject, "identifiers", _IDENTIFIERS.all(subject=subject.pk))
    return list(subject.identifiers.all())


def suspended_days(subject: Subject, day: datetime.date) -> int:
    """Days for which a subject was out of business by record (歇业) until a day, all times together (RegDet 42)."""
    total, since = 0, None
    for before, after, on in (
        StatusChange.objects.filter(subject=subject, on__lte=day)
        .order_by("on", "pk")
        .values_list("before", "after", "on")
    ):
        if before == Status.SUSPENDED and since is not None:
            total += (on - since).days
        since = on if after == Status.SUSPENDED else None
    return total + ((day - since).days if since is not None else 0)


_IDENTIFIERS = Composed(lambda hole: Identifier.objects.filter(subject_id=hole("subject", BigIntegerField())))


def uscc_of(subject: Subject) -> str:
    """The unified social credit code, or the first other identifier; empty where there is none."""
    rows = sorted(identifiers_of(subject), key=lambda row: (row.kind != "USCC", row.pk))
    return rows[0].value if rows else ""


@dataclass(frozen=True)
class Neighbour:
    """Another grant at the same address (一地一证)."""

    number: str
    subject_id: int


def grants_at(address: str, kind: str, except_subject: int | None = None) -> list[Neighbour]:
    """The grants of a kind at exactly this address, of other subjects, that run: one that is suspended still holds its place."""
    rows = Grant.objects.filter(kind=kind, state__in=RUNNING, premises__address=address.strip())
    if except_subject:
        rows = rows.exclude(subject_id=except_subject)
    return [Neighbour(number, pk) for number, pk in rows.values_list("number", "subject_id")[:5]]


def representatives_of(subject_id: int) -> list[User]:
    """The users who act for a subject today."""
    return [row.user for row in _REPRESENTING.all(subject=subject_id, day=today())]


def _representing(subject: Hole, day: Hole) -> QuerySet[Representative]:
    rows = Representative.objects.filter(subject_id=subject, valid_from__lte=day, user__is_active=True)
    rows = rows.filter(Q(valid_to__isnull=True) | Q(valid_to__gt=day))
    return rows.select_related("user__person").distinct("user_id")


_REPRESENTING = Composed(
    lambda hole: _representing(hole("subject", BigIntegerField()), hole("day", DateField()))
)


def subjects_of_user(user: User) -> list[int]:
    """The subjects for which a user acts today."""
    return _REPRESENTED.all(user=user.pk, day=today())


def _represented(user: Hole, day: Hole) -> QuerySet[Any]:
    rows = Representative.objects.filter(user_id=user, valid_from__lte=day)
    return rows.filter(Q(valid_to__isnull=True) | Q(valid_to__gt=day)).values_list("subject_id", flat=True)


_REPRESENTED = Composed(lambda hole: _represented(hole("user", BigIntegerField()), hole("day", DateField())))


def _marks(subject: Hole, day: Hole) -> QuerySet[Any]:
    rows = Mark.objects.filter(subject_id=subject, since__lte=day)
    return rows.filter(Q(until__isnull=True) | Q(until__gt=day)).values_list("kind", flat=True)


_MARKS = Composed(lambda hole: _marks(hole("subject", BigIntegerField()), hole("day", DateField())))


def mark_kinds(subject_id: int, on: datetime.date | None = None) -> set[str]:
    """The kinds of the marks that a subject bears on a day."""
    return set(_MARKS.all(subject=subject_id, day=on or today()))


def facts(
    subject: Subject, premises: Premises | None = None, on: datetime.date | None = None
) -> dict[str, Any]:
    """What the registry knows of a subject, for decision tables: status, marks, grades, codes."""
    marks = mark_kinds(subject.pk, on)
    code = next((row for row in identifiers_of(subject) if row.kind == "USCC"), None)
    return {
        "subject_status": subject.status,
        "subject_type": subject.type,
        "in_abnormal_list": bool(marks & {MarkKind.ABNORMAL_LIST, MarkKind.ABNORMAL_MARK}),
        "in_serious_list": MarkKind.SERIOUS_LIST in marks,
        "credit_class": subject.credit_class or None,
        "risk_grade": subject.risk_grade or None,
        "code_valid": bool(code and code.check_ok),
        "in_city": bool(subject.org_path),
        "premises_area": premises.area_m2 if premises else None,
    }
