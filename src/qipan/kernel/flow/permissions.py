"""Who may see cases and work orders (scopes), and what a user id may do (powers)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from django.contrib.postgres.fields import ArrayField
from django.db.models import BigIntegerField, Q

from qipan.conf.composed import Composed, Hole
from qipan.kernel.flow.declaration import OVERSIGHT
from qipan.kernel.ledger.actor import Actor
from qipan.kernel.orgs import queries as orgs
from qipan.kernel.orgs.models import Staff
from qipan.kernel.orgs.reader import Power, Reader
from qipan.kernel.orgs.roles import Role
from qipan.kernel.orgs.scopes import NOTHING
from qipan.kernel.subjects import mandates

if TYPE_CHECKING:
    from qipan.kernel.flow.models import Case

DISPATCHERS = (
    Role.OFFICE_HEAD,
    Role.BUREAU_LEADER,
    Role.ENF_UNIT_HEAD,
    Role.DUTY_OFFICER,
    Role.CAMPAIGN_OWNER,
)
"""Who may assign, take back and cancel work orders of their unit, and urge them (督办)."""


READER = Hole("reader", BigIntegerField())
KNOWN_CASES, OWN_SUBJECTS = (
    Hole(name, ArrayField(BigIntegerField())) for name in ("known_cases", "own_subjects")
)


def over(path: str, line: str, prefix: str = "") -> Q:
    """Rows below a path, of a line where one is named."""
    condition = Q(**{f"{prefix}org_path__startswith": path})
    return condition & Q(**{f"{prefix}line__in": ("", line)}) if line else condition


def by_place(powers: Iterable[Power]) -> dict[tuple[str, str], list[Role]]:
    """The roles that are held at each path for each line: what is held at one place is asked for once."""
    found: dict[tuple[str, str], list[Role]] = {}
    for power in powers:
        roles = found.setdefault((power.org_path, power.line), [])
        if power.role not in roles:
            roles.append(power.role)
    return found


def _cases_by_power(reader: Reader, prefix: str = "") -> Q:
    """Cases of the flows in which the reader's roles act or read, where the roles are held; drafts are nobody's."""
    from qipan.kernel.flow import registry

    condition = NOTHING
    for (path, line), roles in by_place(reader.powers).items():
        flows = frozenset().union(*map(registry.codes_for, roles))
        if flows:
            named = {f"{prefix}flow_code__in": sorted(flows), f"{prefix}private": False}
            condition |= over(path, line, prefix) & Q(**named)
    return condition


def _nameless(reader: Reader) -> Reader:
    """A reader with the same powers who is nobody: what depends on the powers alone is composed once for all of them."""
    return Reader(kind="staff", powers=tuple(replace(power, lent_by=None) for power in reader.powers))


@lru_cache(maxsize=1024)
def _cases_elsewhere(reader: Reader, generation: int) -> Composed:
    """The cases in which somebody with the powers of this (nameless) reader takes part without a role over them.

    A flow may be registered later: hence the `generation`.
    """
    from qipan.kernel.flow.models import Participant

    parts = Participant.objects.filter(active=True, order__case__isnull=False)
    rows = parts.filter(~_cases_by_power(reader, "order__case__")).values_list("order__case_id", flat=True)
    return Composed(lambda hole: rows.filter(user_id=hole("user", BigIntegerField())))


@lru_cache(maxsize=1024)
def _orders_elsewhere(reader: Reader) -> Composed:
    """The orders in which somebody with the powers of this (nameless) reader takes part without a role over them."""
    from qipan.kernel.flow.models import Participant

    rows = Participant.objects.filter(active=True).filter(~_orders_by_power(reader, "order__"))
    return Composed(
        lambda hole: rows.filter(user_id=hole("user", BigIntegerField())).values_list("order_id", flat=True)
    )


def _orders_by_power(reader: Reader, prefix: str = "") -> Q:
    """Orders for the reader's roles; all of a unit for those who oversee or direct it."""
    condition = NOTHING
    for (path, line), roles in by_place(reader.powers).items():
        whole = any(role in OVERSIGHT or role in DISPATCHERS for role in roles)
        here = over(path, line, prefix)
        condition |= here if whole else here & Q(**{f"{prefix}role__in": roles})
    return condition


@dataclass(frozen=True)
class CaseScope:
    """What a reader may see of cases, split in what statements are composed for (`key`) and the values of their holes.

    Cases of one's own and of one's subjects (but for unannounced ones); for staff those of the flows in which their
    roles act or read. Those in which one takes part without holding a role over them (transferred, countersigned), and
    those that an agent's mandates reach, are looked up first and named by id: there are few, and a subquery beside the path would keep the database from using
    its index.
    """

    reader: Reader
    generation: int
    own: bool
    known: bool
    subjects: bool

    @classmethod
    def of(cls, reader: Reader) -> tuple[CaseScope, dict[str, Any]]:
        from qipan.kernel.flow import registry

        nameless = replace(_nameless(reader), kind=reader.kind)
        made = registry.generation()
        known: list[int] = []
        if reader.kind == "staff" and reader.user_id is not None:
            known = sorted(set(_cases_elsewhere(_nameless(reader), made).all(user=reader.user_id)))
        elif reader.mandates:
            known = sorted(mandates.cases_within(reader))
        scope = cls(nameless, made, reader.user_id is not None, bool(known), bool(reader.subject_ids))
        subjects = sorted(reader.subject_ids)
        return scope, {"reader": reader.user_id, "known_cases": known, "own_subjects": subjects}

    def condition(self, user: Any, known: Any, subjects: Any) -> Q:
        """The scope with its values: all of them lists and a number, or all of them holes."""
        from qipan.kernel.flow import registry

        if self.reader.kind == "system":
            return Q()
        listed = "among" if isinstance(subjects, Hole) else "in"
        condition = NOTHING
        if self.subjects:
            condition = Q(**{f"subject_id__{listed}": subjects}) & ~registry.unannounced()
        if self.own:
            condition |= Q(opened_by=user)
        if self.own and self.reader.kind == "staff":
            condition |= _cases_by_power(self.reader)
        if self.own and self.known:
            condition |= Q(**{f"pk__{listed}": known})
        return condition

    def with_holes(self) -> Q:
        """The scope with the holes that `of` gives the values for."""
        return self.condition(READER, KNOWN_CASES, OWN_SUBJECTS)


def case_scope(reader: Reader) -> Q:
    """The cases that a reader may see (`CaseScope`)."""
    scope, values = CaseScope.of(reader)
    return scope.condition(values["reader"], values["known_cases"], values["own_subjects"])


def order_scope(reader: Reader) -> Q:
    """Orders for one's roles, those one takes part in or issued, and all of a unit for those who oversee it."""
    if reader.kind != "staff" or reader.user_id is None:
        return NOTHING
    elsewhere = _orders_elsewhere(_nameless(reader)).all(user=reader.user_id)
    condition = _orders_by_power(reader) | Q(issued_by=reader.user_id)
    if known := sorted(set(elsewhere)):
        condition |= Q(pk__in=known)
    return condition


def powers_of_user(user_id: int | None) -> tuple[Power, ...]:
    """The powers a user holds now, lent ones included; none for accounts that are closed or not of staff."""
    if user_id is None:
        return ()
    staff = Staff.objects.filter(user_id=user_id, user__is_active=True).first()
    return orgs.powers_of(staff) if staff else ()


def covers(powers: Iterable[Power], role: Role, org_path: str, line: str = "") -> bool:
    """Whether powers hold a role over a path (and line)."""
    return any(
        power.role == role
        and org_path.startswith(power.org_path)
        and (not power.line or not line or power.line == line)
        for power in powers
    )


def stands_for(powers: Iterable[Power], user_ids: Iterable[int], role: str, org_path: str) -> bool:
    """Whether one of these users has lent the role (委托代理) over the path to the holder of the powers."""
    wanted = set(user_ids)
    return any(
        power.lent_by in wanted and power.role == role and org_path.startswith(power.org_path)
        for power in powers
    )


def dispatches(powers: Iterable[Power], org_path: str, line: str = "") -> bool:
    """Whether powers let one assign, take back, cancel and urge the orders of a unit."""
    held = tuple(powers)
    return any(covers(held, role, org_path, line) for role in DISPATCHERS)


def acting_in(reader: Reader, case: Case, step: str) -> Actor:
    """The reader in the post that may take a step of a case, so that the ledger names the right one."""
    from qipan.kernel.flow.errors import FlowError

    try:
        predicates = case.flow.transition(step).by
    except FlowError:  # an unknown step is refused by the engine, in words
        predicates = ()
    if reader.kind != "staff":
        act = next((act for one in predicates for act in one.acts()), "")
        return mandates.acting(reader, act, case=case.pk, subject_id=case.subject_id)
    for predicate in predicates:
        for role in predicate.roles():
            if reader.may(role, case.org_path):
                return reader.actor(role, case.org_path)
    return reader.actor(None, case.org_path)


def is_automatic(actor: Actor) -> bool:
    """Whether no person acts."""
    return actor.kind in ("system", "rules")
