"""Cases as a reader may see them, what can be done with one, and its limits."""

from __future__ import annotations

import datetime
import re
import uuid as uuids
from collections.abc import Callable, Iterator
from copy import copy
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from django.contrib.postgres.fields import ArrayField
from django.db import connection
from django.db.models import BigIntegerField, CharField, Count, DateField, Q, UUIDField
from django.utils.functional import Promise

from qipan.conf import wall
from qipan.conf.composed import Composed, Hole, bound
from qipan.kernel.flow import clocks as timing
from qipan.kernel.flow import engine, registry
from qipan.kernel.flow.context import Context
from qipan.kernel.flow.declaration import Owner, Refusal, Transition
from qipan.kernel.flow.models import Case
from qipan.kernel.flow.permissions import CaseScope
from qipan.kernel.flow.queries.boxes import MANY_SHAPES
from qipan.kernel.ledger.clock import today
from qipan.kernel.orgs import prefixes
from qipan.kernel.orgs.reader import Reader
from qipan.kernel.orgs.scopes import ScopedQuerySet
from qipan.kernel.subjects import lookup, mandates
from qipan.kernel.subjects import queries as subjects

FEW_CHARACTERS = 2
#: So many titles are looked through: the rest is found by number or subject.
NEWEST = 1000
LAST_ID = 2**63 - 1
#: What stands in a number stands in no title.
NUMBER = re.compile(r"(?=.*\d)[A-Za-z0-9-]{6,}")


@dataclass(frozen=True)
class Offer:
    """A transition that the reader may take in this state; `refusals` say why not yet, `allowed` that nothing does."""

    transition: Transition
    allowed: bool
    refusals: tuple[Refusal, ...]
    form: str | None

    @property
    def code(self) -> str:
        """The transition's code."""
        return self.transition.code

    @property
    def title(self) -> str | Promise:
        """The transition's name."""
        return self.transition.title


@dataclass(frozen=True)
class ClockView:
    """A limit of a case for people: rule, last day, time left with its light, stops and extensions."""

    rule: str
    source: str
    started_at: datetime.datetime
    due_on: datetime.date | None
    due_at: datetime.datetime | None
    provisional: bool
    state: str
    state_title: str
    stops: tuple[tuple[datetime.date, datetime.date | None, str], ...]
    extensions: int
    remaining: Any


@dataclass(frozen=True)
class CaseFilters:
    """What a list of cases is narrowed to; empty values narrow nothing."""

    flow: str = ""
    states: tuple[str, ...] = ()
    org_path: str = ""
    subject_id: int | None = None
    open_only: bool = False
    overdue: bool = False
    opened_from: datetime.date | None = None
    opened_to: datetime.date | None = None


def cases_visible(reader: Reader, filters: CaseFilters | None = None) -> ScopedQuerySet:
    """The cases that a reader may see, newest first, narrowed by the filters."""
    wanted = filters or CaseFilters()
    return _narrowed(Case.objects.visible_to(reader), wanted, today())


def _narrowed(rows: ScopedQuerySet, wanted: CaseFilters, day: Any) -> ScopedQuerySet:
    if wanted.flow:
        rows = rows.filter(flow_code=wanted.flow)
    if wanted.states:
        rows = rows.filter(state__in=wanted.states)
    if wanted.org_path:
        rows = rows.filter(org_path__startswith=wanted.org_path)
    if wanted.subject_id is not None:
        rows = rows.filter(subject_id=wanted.subject_id)
    if wanted.open_only or wanted.overdue:
        rows = rows.filter(closed_at__isnull=True)
    if wanted.overdue:
        rows = rows.filter(due_on__lt=day)
    if wanted.opened_from:
        rows = rows.filter(opened_at__date__gte=wanted.opened_from)
    if wanted.opened_to:
        rows = rows.filter(opened_at__date__lte=wanted.opened_to)
    return rows.order_by("-id")


def search_cases(
    reader: Reader,
    text: str = "",
    filters: CaseFilters | None = None,
    *,
    before: int | None = None,
    limit: int = 50,
) -> list[Case]:
    """Cases by the head of their number, their subject's name, identifier or address, or a part of their title.

    Newest first, at most `limit`; `before` is the id of the last row of the page before. Numbers and subjects are
    found by index; titles are looked through last, those of the newest NEWEST that the reader may see (and first, for
    words that stand in most of them).
    """
    words = text.strip()
    scope, values = CaseScope.of(reader)
    shape = _Shape(scope, filters or CaseFilters(), before is not None)
    values |= {"before": min(before or 0, LAST_ID), "day": today()}
    if not words:
        return _newest(shape, limit).all(**values)
    found: set[int] = set()
    for way in _ways(shape, words, limit, values):
        found |= way()
        if len(found) >= limit:
            break
    chosen = sorted(found, reverse=True)[:limit]
    return _these(scope).all(chosen=chosen, **values) if chosen else []


def _ways(shape: _Shape, words: str, limit: int, values: dict[str, Any]) -> Iterator[Callable[[], set[int]]]:
    """How cases are found by words, the way that promises most for its cost first."""
    several = len(words) >= FEW_CHARACTERS
    common = several and lookup.is_common(words)

    def by_title() -> set[int]:
        statement, parameters = _titles(shape)
        with connection.cursor() as cursor:
            cursor.execute(statement, bound(parameters, {**values, "words": words}, connection))
            return {pk for (pk,) in cursor.fetchall()}

    def by_number() -> set[int]:
        ranges = {
            f"{end}_{number}": edge or ""
            for number, head in enumerate((words, words.upper()))
            for end, edge in (("from", head), ("to", prefixes.after(head)))
        }
        return set(_numbered(shape, limit).all(**ranges, **values))

    def by_subject() -> set[int]:
        near = [subject.pk for subject in subjects.find(words, limit=100)]
        return set(_of_subjects(shape, limit).all(subjects=near, **values)) if near else set()

    if common:
        yield by_title
    yield by_number
    if several:
        yield by_subject
    if several and not common and not NUMBER.fullmatch(words):
        yield by_title


@dataclass(frozen=True)
class _Shape:
    """What the statements of a search are composed for: the scope, the filters, whether a page stands before it."""

    scope: CaseScope
    filters: CaseFilters
    further: bool

    def rows(self) -> ScopedQuerySet:
        rows = _narrowed(Case.objects.filter(self.scope.with_holes()), self.filters, Hole("day", DateField()))
        return rows.filter(pk__lt=Hole("before", BigIntegerField())) if self.further else rows


@lru_cache(MANY_SHAPES)
def _newest(shape: _Shape, limit: int) -> Composed:
    """The newest cases of a scope, or those behind the last row of the page before."""
    return Composed(lambda _hole: _whole(shape.rows())[:limit])


@lru_cache(MANY_SHAPES)
def _numbered(shape: _Shape, limit: int) -> Composed:
    """By the head of the number, as it was typed and in capitals."""
    heads = Q()
    for number in (0, 1):
        ends = Hole(f"from_{number}", CharField()), Hole(f"to_{number}", CharField())
        heads |= Q(number__gte=ends[0], number__lt=ends[1])
    return Composed(lambda _hole: shape.rows().filter(heads).values_list("pk", flat=True)[:limit])


@lru_cache(MANY_SHAPES)
def _of_subjects(shape: _Shape, limit: int) -> Composed:
    these = Hole("subjects", ArrayField(BigIntegerField()))
    return Composed(
        lambda _hole: shape.rows().filter(subject_id__among=these).values_list("pk", flat=True)[:limit]
    )


@lru_cache(MANY_SHAPES)
def _titles(shape: _Shape) -> tuple[str, tuple[Any, ...]]:
    """Those of the newest whose title holds the words."""
    text, values = shape.rows().values("id", "title")[:NEWEST].query.sql_with_params()
    statement = f"SELECT id FROM ({text}) newest WHERE strpos(title, %s) > 0"  # noqa: S608  (the ORM's text)
    return statement, (*values, Hole("words", CharField()))


@lru_cache(MANY_SHAPES)
def _these(scope: CaseScope) -> Composed:
    chosen = Hole("chosen", ArrayField(BigIntegerField()))
    return Composed(
        lambda _hole: _whole(Case.objects.filter(scope.with_holes()).filter(pk__among=chosen)).order_by("-id")
    )


@lru_cache(MANY_SHAPES)
def _by_uuid(scope: CaseScope) -> Composed:
    rows = _whole(Case.objects.filter(scope.with_holes()))
    return Composed(lambda hole: rows.filter(uuid=hole("uuid", UUIDField())))


def _whole(rows: ScopedQuerySet) -> ScopedQuerySet:
    """With what a list shows of the subject."""
    return rows.select_related("subject").defer("subject__grams")


def case_for(reader: Reader, uuid: uuids.UUID | str) -> Case | None:
    """The case with this uuid, if the reader may see it."""
    scope, values = CaseScope.of(reader)
    return _by_uuid(scope).first(uuid=uuid, **values)


def waiting_for_applicant(reader: Reader) -> ScopedQuerySet:
    """The reader's own open cases whose next step is the applicant's: drafts, corrections, rectifications."""
    turns = Q(pk__in=())
    for flow in registry.all_flows():
        states = [state.code for state in flow.states if state.owner == Owner.APPLICANT and not state.final]
        if states:
            turns |= Q(flow_code=flow.code, flow_version=flow.version, state__in=states)
    own = Q(opened_by=reader.user_id) if reader.user_id is not None else Q(pk__in=())
    rows = Case.objects.visible_to(reader).filter(
        own | Q(subject_id__in=reader.subject_ids) | Q(pk__in=mandates.cases_within(reader)),
        closed_at__isnull=True,
    )
    return rows.filter(turns).order_by("due_on", "-id")


@wall.lifted()  # guards look beyond the reader, as they will when the step is taken
def offers(case: Case, reader: Reader) -> list[Offer]:
    """What the reader may do with a case now, in the order of the declaration; refused ones say why.

    Transitions that are not the reader's to take are left out.
    """
    steps = [step for step in case.flow.leaving(case.state) if not step.automatic]
    if not steps:
        return []
    context = Context(case, case.flow, steps[0], reader.actor(), probing=True, reader=reader)
    if engine.recused(context):
        return []
    found = []
    for step in steps:
        context = copy(context)
        context.transition = step
        if engine.permitted(context):
            said = tuple(engine.refusals(context))
            found.append(Offer(step, not said, said, step.form))
    return found


def versions_without_declaration() -> list[tuple[str, int, int]]:
    """Flow, version and number of open cases for which no declaration is registered; empty in a sound installation."""
    known = {(flow.code, flow.version) for flow in registry.all_flows()}
    rows = Case.objects.filter(closed_at__isnull=True).values_list("flow_code", "flow_version")
    counted = rows.annotate(number=Count("pk")).order_by("flow_code", "flow_version")
    return [(code, version, number) for code, version, number in counted if (code, version) not in known]


def clocks(case: Case) -> list[ClockView]:
    """The limits of a case, oldest first."""
    return [
        ClockView(
            rule=clock.rule_code,
            source=timing.source(clock),
            started_at=clock.started_at,
            due_on=clock.due_on,
            due_at=clock.due_at,
            provisional=clock.provisional,
            state=clock.state,
            state_title=clock.get_state_display(),
            stops=tuple((stop.since, stop.until, stop.cause) for stop in clock.stops.all()),
            extensions=clock.extensions,
            remaining=timing.remaining(clock),
        )
        for clock in case.clocks.prefetch_related("stops").order_by("id")
    ]
