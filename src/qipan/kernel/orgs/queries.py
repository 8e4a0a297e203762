"""Reads that other rooms need: the reader, units, offices, and the people who hold a role."""

import copy
import datetime
import time
from collections.abc import Iterable
from typing import Any

from django.contrib.postgres.fields import ArrayField
from django.db import connection
from django.db.models import BigIntegerField, Exists, OuterRef, Q, QuerySet
from django.utils.translation import gettext as _

from qipan.conf.composed import Composed
from qipan.kernel.accounts.models import User, UserKind
from qipan.kernel.ledger.clock import today
from qipan.kernel.ledger.errors import Refused
from qipan.kernel.orgs.models import Absence, Appointment, Delegation, Level, PostRole, Staff, Street, Unit
from qipan.kernel.orgs.reader import Mandate, Power, Reader
from qipan.kernel.orgs.roles import Role

_subject_sources: list[Any] = []


_mandate_sources: list[Any] = []


def provide_mandates(source: Any) -> None:
    """Register a function user → the mandates that the user holds today (the subjects room does)."""
    _mandate_sources.append(source)


def provide_subjects(source: Any) -> None:
    """Register a function user → ids of the market subjects the user acts for (the subjects room does)."""
    _subject_sources.append(source)


def in_force(prefix: str, day: datetime.date) -> Q:
    """Rows in force on a day, by their `valid_from` and `valid_to` (open where null), below a look-up prefix."""
    return Q(**{f"{prefix}valid_from__lte": day}) & (
        Q(**{f"{prefix}valid_to__isnull": True}) | Q(**{f"{prefix}valid_to__gte": day})
    )


_STAFF = Composed(
    lambda hole: Staff.objects.select_related("unit").filter(user_id=hole("user", BigIntegerField()))
)


def reader_of(user: Any) -> Reader:
    """The reader behind a Django user; anonymous and inactive users see only what is public.

    Two queries for staff: the person with the unit, then the powers held and lent.
    """
    if not user or not user.is_authenticated or not user.is_active:
        return Reader.anonymous()
    if user.kind != UserKind.STAFF:
        subjects = frozenset(number for source in _subject_sources for number in source(user))
        held: tuple[Mandate, ...] = tuple(one for source in _mandate_sources for one in source(user))
        return Reader(kind=user.kind, user_id=user.pk, subject_ids=subjects, mandates=held)
    staff = _STAFF.first(user=user.pk)
    if staff is None:
        return Reader(kind="staff", user_id=user.pk)
    return Reader(kind="staff", user_id=user.pk, powers=powers_of(staff), org_path=staff.unit.path)


#: Asked with every request of a member of staff: as a statement, since to compile it anew each time costs more than to run it.
POWERS = """
SELECT r.role, u.path, r.line, p.code, NULL::bigint
FROM orgs_appointment a
JOIN orgs_post p ON p.id = a.post_id JOIN orgs_unit u ON u.id = p.unit_id JOIN orgs_postrole r ON r.post_id = p.id
WHERE a.staff_id = %(staff)s AND a.valid_from <= %(day)s AND (a.valid_to IS NULL OR a.valid_to >= %(day)s)
UNION
SELECT r.role, u.path, r.line, p.code, giver.user_id
FROM orgs_delegation d
JOIN orgs_staff giver ON giver.id = d.giver_id
JOIN accounts_user account ON account.id = giver.user_id AND account.is_active
JOIN orgs_appointment a ON a.staff_id = giver.id
    AND a.valid_from <= %(day)s AND (a.valid_to IS NULL OR a.valid_to >= %(day)s)
JOIN orgs_post p ON p.id = a.post_id JOIN orgs_unit u ON u.id = p.unit_id
JOIN orgs_postrole r ON r.post_id = p.id AND r.role = ANY (d.roles)
WHERE d.taker_id = %(staff)s AND d.revoked_at IS NULL
    AND d.valid_from <= %(day)s AND (d.valid_to IS NULL OR d.valid_to >= %(day)s)
"""


def powers_of(staff: Staff, on: datetime.date | None = None) -> tuple[Power, ...]:
    """The powers that a member of staff holds on a day, lent ones included, in a stable order."""
    with connection.cursor() as cursor:
        cursor.execute(POWERS, {"staff": staff.pk, "day": on or today()})
        rows = cursor.fetchall()
    powers = (Power(Role(role), path, line, post, owner) for role, path, line, post, owner in rows)
    return tuple(
        sorted(powers, key=lambda power: (power.lent_by or 0, power.org_path, power.role, power.line))
    )


def roles_within(staff: Staff, start: datetime.date, end: datetime.date | None) -> frozenset[str]:
    """Every role that a member of staff holds by appointment on any day of a span (`end` None: without end)."""
    overlapping = Q(post__appointments__valid_to__isnull=True) | Q(post__appointments__valid_to__gte=start)
    if end is not None:
        overlapping &= Q(post__appointments__valid_from__lte=end)
    return frozenset(
        PostRole.objects.filter(overlapping, post__appointments__staff=staff).values_list("role", flat=True)
    )


def roles_lent_within(staff: Staff, start: datetime.date, end: datetime.date | None) -> frozenset[str]:
    """Every role lent to a member of staff on any day of a span."""
    lent = Delegation.objects.filter(taker=staff, revoked_at__isnull=True, valid_to__gte=start)
    if end is not None:
        lent = lent.filter(valid_from__lte=end)
    return frozenset(role for roles in lent.values_list("roles", flat=True) for role in roles)


def unit(code: str) -> Unit:
    """The unit with this code; refuses an unknown one."""
    try:
        return Unit.objects.get(code=code)
    except Unit.DoesNotExist:
        raise Refused(
            _("没有代码为 %(code)s 的机构。") % {"code": code}, code="not_found", field="unit"
        ) from None


_units: dict[str, tuple[float, Unit]] = {}
UNITS_KEPT_FOR = 10.0


def forget_units() -> None:
    """Read the units anew at the next use (after one was made or changed)."""
    _units.clear()


def unit_at(path: str) -> Unit:
    """The unit at this path, as it was at most ten seconds ago; refuses an unknown one.

    An act asks for its unit a dozen times; units change a few times a year.
    """
    read_at, known = _units.get(path, (0.0, None))
    if known is not None and time.monotonic() - read_at < UNITS_KEPT_FOR:
        return copy.copy(known)
    try:
        found = Unit.objects.get(path=path)
        _units[path] = (time.monotonic(), found)
        return copy.copy(found)
    except Unit.DoesNotExist:
        raise Refused(
            _("没有路径为 %(path)s 的机构。") % {"path": path}, code="not_found", field="unit"
        ) from None


def district_of(path: str) -> Unit:
    """The bureau in whose name the unit at a path acts (PenProc 9): its district's, the city's for a city unit."""
    return unit_at("/".join(path.strip("/").split("/")[:2]) + "/")


def root() -> Unit:
    """The unit at the top: the city bureau."""
    return Unit.objects.filter(parent__isnull=True).order_by("path")[:1].get()


def units_below(path: str) -> QuerySet[Unit]:
    """The unit at a path and everything below it, by path."""
    return Unit.objects.filter(path__startswith=path)


def offices() -> QuerySet[Unit]:
    """The units at which daily work arrives: every supervision office, and bureaus with territory but no office."""
    return Unit.objects.filter(Q(level=Level.OFFICE) | Q(Exists(Street.objects.filter(unit=OuterRef("pk")))))


def paths_upward(path: str) -> list[str]:
    """The path and those above it, nearest first: `SZ/FT/FT01/` → [`SZ/FT/FT01/`, `SZ/FT/`, `SZ/`]."""
    parts = path.strip("/").split("/")
    return ["/".join(parts[:count]) + "/" for count in range(len(parts), 0, -1)] if path.strip("/") else []


def office_for(place: str = "", *, division_code: str = "", street: str = "") -> Unit | None:
    """The unit in charge of a place: by the name of the sub-district, or by one found in an address.

    `division_code` (six digits) decides between equal names and, alone, gives the bureau of that district.
    A place in 深汕, whose bureau has no office, goes to the bureau. None where nothing fits.
    """
    streets = Street.objects.select_related("unit")
    if division_code:
        streets = streets.filter(division_code=division_code)
    if street:
        wanted = street.strip()
        named = list(streets.filter(name__in=[wanted, f"{wanted}街道", f"{wanted}镇"])[:2])
        if len(named) == 1:
            return named[0].unit
    found = _street_in(place, streets) if place else None
    if found is not None:
        return found.unit
    if division_code:
        return Unit.objects.filter(level=Level.DISTRICT, division_code=division_code).first()
    return _bureau_in(place) if place else None


def _street_in(place: str, streets: QuerySet[Street]) -> Street | None:
    hits = [street for street in streets if street.name in place]
    in_area = [street for street in hits if street.area_name and street.area_name in place]
    hits = in_area or hits
    return max(hits, key=lambda street: (len(street.name), -place.index(street.name)), default=None)


def _bureau_in(place: str) -> Unit | None:
    areas = (
        Street.objects.exclude(area_name="")
        .values_list("area_name", "unit__level", "unit__parent_id", "unit_id")
        .distinct()
    )
    for area, level, parent, own in areas:
        if area in place:
            return Unit.objects.get(pk=parent if parent and level == Level.OFFICE else own)
    return None


def present(on: datetime.date | None = None) -> Q:
    """Staff who are not absent on a day and whose account is open."""
    day = on or today()
    return Q(user__is_active=True) & ~Q(
        Exists(Absence.objects.filter(in_force("", day), staff=OuterRef("pk")))
    )


def holders(role: Role, org_path: str, line: str = "", *, on: datetime.date | None = None) -> QuerySet[Staff]:
    """The present staff who hold a role at the nearest unit upward from a path that has one (for a line).

    Those to whom the role is lent count, absent ones do not. Empty where nobody up to the city holds it.
    """
    day = on or today()
    for path in paths_upward(org_path):
        holding = _holding(role, path, line, day)
        lent = Delegation.objects.filter(
            in_force("", day),
            Exists(holding.filter(staff=OuterRef("giver"))),
            taker=OuterRef("pk"),
            giver__user__is_active=True,
            revoked_at__isnull=True,
            roles__contains=[role.value],
        )
        found = Staff.objects.filter(present(day)).filter(
            Exists(holding.filter(staff=OuterRef("pk"))) | Exists(lent)
        )
        if found.exists():
            return found.select_related("user", "unit").order_by("number")
    return Staff.objects.none()


def _holding(role: Role, path: str, line: str, day: datetime.date) -> QuerySet[Appointment]:
    """The appointments on a day to posts of a unit that carry a role (for a line)."""
    carried = Q(post__roles__role=role) & (Q(post__roles__line__in=["", line]) if line else Q())
    return Appointment.objects.filter(in_force("", day), carried, post__unit__path=path)


def is_certified(staff: Staff, on: datetime.date | None = None, line: str = "") -> bool:
    """Whether the enforcement certificate (执法证, PenProc 22) is valid on a day and covers the line."""
    day = on or today()
    return bool(
        staff.certificate_number
        and staff.certificate_valid_to
        and staff.certificate_valid_to >= day
        and (not line or not staff.certificate_lines or line in staff.certificate_lines)
    )


def staff_of(user_id: int) -> Staff | None:
    """The member of staff behind a user id."""
    return Staff.objects.select_related("user", "unit").filter(user_id=user_id).first()


def labels(user_ids: Iterable[int]) -> dict[int, str]:
    """Display names by user id, for lists and timelines; one query."""
    wanted = sorted(set(user_ids))
    return {user.pk: str(user) for user in _PEOPLE.all(users=wanted)} if wanted else {}


_PEOPLE = Composed(lambda hole: User.objects.filter(pk__among=hole("users", ArrayField(BigIntegerField()))))
