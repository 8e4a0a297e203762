"""The statutory clocks of a case: what transitions do to them, counted by `law.terms`."""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Mapping

from django.contrib.postgres.fields import ArrayField
from django.db.models import BigIntegerField
from django.utils import timezone
from django.utils.translation import gettext as _

from qipan.conf.composed import Composed, give
from qipan.kernel.flow.clock_steps import ClockStep, End, Extend, Resume, Start, Stop
from qipan.kernel.flow.context import Context
from qipan.kernel.flow.errors import FlowError
from qipan.kernel.flow.models import ACTIVE, Case, Clock, ClockState, ClockStop, WorkOrder
from qipan.kernel.law import calendar, terms
from qipan.kernel.ledger.clock import now, today
from qipan.kernel.ledger.errors import Refused

_OPEN = Composed(
    lambda hole: Clock.objects.filter(case_id=hole("case", BigIntegerField()), ended_at__isnull=True)
)
_STOPS = Composed(
    lambda hole: ClockStop.objects.filter(clock_id__among=hole("clocks", ArrayField(BigIntegerField())))
)


def open_clocks(case: Case) -> dict[str, Clock]:
    """The clocks of a case that have not ended, by rule code, with their stops."""
    found: list[Clock] = _OPEN.all(case=case.pk)
    stops: list[ClockStop] = _STOPS.all(clocks=[clock.pk for clock in found]) if found else []
    for clock in found:
        give(clock, "stops", [stop for stop in stops if stop.clock_id == clock.pk])
    return {clock.rule_code: clock for clock in found}


def take(
    context: Context, steps: Iterable[ClockStep], known: Mapping[str, Clock] | None = None
) -> dict[str, Clock]:
    """Do what a transition declares to the clocks of its (locked) case; gives the open clocks afterwards.

    `known`: the open clocks, where the step before in the same transaction left them.
    """
    running = open_clocks(context.case) if known is None else dict(known)
    for step in steps:
        clock = running.get(step.rule)
        if isinstance(step, Start):
            if clock is None:
                running[step.rule] = _start(context, step)
        elif clock is None:
            continue
        elif isinstance(step, Stop):
            _stop(clock, step.cause)
        elif isinstance(step, Resume):
            _resume(clock)
        elif isinstance(step, Extend):
            _extend(clock)
        elif isinstance(step, End):
            _end(clock)
            del running[step.rule]
        else:
            raise FlowError(f"{context.flow.code}: unknown clock step {step!r}")
    context.case.due_on = earliest(running.values())
    return running


def end_all(case: Case, known: Mapping[str, Clock] | None = None) -> None:
    """End what still runs in a case that is closed (`known`, where they have been read in this transaction)."""
    for clock in (open_clocks(case) if known is None else known).values():
        _end(clock)
    case.due_on = None


def earliest(clocks: Iterable[Clock]) -> datetime.date | None:
    """The nearest limit of the clocks that run."""
    return min(
        (clock.due_on for clock in clocks if clock.due_on and clock.state != ClockState.STOPPED), default=None
    )


def _start(context: Context, step: Start) -> Clock:
    case = context.case
    start = step.since(context) if step.since else now()
    if not isinstance(start, datetime.datetime):
        moment = timezone.make_aware(datetime.datetime.combine(start, datetime.time()))
    else:
        moment = start
    fixed = step.until(context) if step.until else None
    clock = Clock(case=case, rule_code=step.rule, rule_on=case.rules_on, started_at=moment, fixed_on=fixed)
    count(clock, [])
    clock.save(force_insert=True)
    give(clock, "stops", [])
    return clock


def _stop(clock: Clock, cause: str) -> None:
    if clock.state == ClockState.STOPPED:
        return
    ClockStop.objects.create(clock=clock, since=today(), cause=cause)
    give(clock, "stops", None)
    clock.state = ClockState.STOPPED
    clock.save(update_fields=["state"])


def _resume(clock: Clock) -> None:
    if clock.state != ClockState.STOPPED:
        return
    clock.stops.filter(until__isnull=True).update(until=today())
    give(clock, "stops", None)
    clock.state = ClockState.MISSED if clock.missed_at else ClockState.RUNNING
    recount(clock)


def _extend(clock: Clock) -> None:
    rule = terms.rule(clock.rule_code, on=clock.rule_on)
    if clock.extensions >= terms.extensions_allowed(rule):
        raise Refused(_("该期限依法不能再延长（%(rule)s）。") % {"rule": clock.rule_code}, code="state")
    clock.extensions += 1
    if clock.fixed_on is not None:  # the item set the day: it moves by the extension that the rule allows
        clock.fixed_on = calendar.current().add_working_days(clock.fixed_on, rule.extension)
        clock.save(update_fields=["fixed_on"])
    recount(clock)


def _end(clock: Clock) -> None:
    clock.ended_at = now()
    if clock.state != ClockState.MISSED:
        late = clock.state == ClockState.RUNNING and is_over(clock, clock.ended_at)
        clock.state = ClockState.MISSED if late else ClockState.MET
        clock.missed_at = clock.missed_at or (clock.ended_at if late else None)
    if any(stop.until is None for stop in clock.stops.all()):
        clock.stops.filter(until__isnull=True).update(until=today())
    clock.save(update_fields=["ended_at", "state", "missed_at"])


def is_over(clock: Clock, moment: datetime.datetime) -> bool:
    """Whether the limit has passed at a moment: after its last day, or after its hour where it counts hours."""
    if clock.due_at is not None:
        return moment > clock.due_at
    return clock.due_on is not None and timezone.localtime(moment).date() > clock.due_on


def count(clock: Clock, stops: Iterable[ClockStop]) -> None:
    """Set the limit of a clock from its rule, start, stops and extensions; a day that an officer set stays."""
    if clock.fixed_on is not None:
        clock.due_on, clock.due_at, clock.provisional = clock.fixed_on, None, False
        return
    due = terms.due(
        clock.rule_code,
        clock.started_at,
        stops=[(stop.since, stop.until) for stop in stops if stop.until],
        extensions=clock.extensions,
        on=clock.rule_on,
    )
    clock.due_on, clock.due_at, clock.provisional = due.due_on, due.due_at, due.provisional


def recount(clock: Clock) -> None:
    """Count the limit of a stored clock anew, save it, and move the work orders that follow it."""
    count(clock, clock.stops.filter(until__isnull=False))
    if clock.state == ClockState.MISSED and clock.ended_at is None and not is_over(clock, now()):
        clock.state, clock.missed_at = ClockState.RUNNING, None
    clock.save(update_fields=["due_on", "due_at", "provisional", "extensions", "state", "missed_at"])
    WorkOrder.objects.filter(clock=clock, state__in=ACTIVE).exclude(due_on=clock.due_on).update(
        due_on=clock.due_on
    )


def remaining(clock: Clock) -> terms.Remaining | None:
    """The time left of a clock with its traffic light; a stopped one counts from the day on which it stopped."""
    due = terms.Due(
        rule=terms.rule(clock.rule_code, on=clock.rule_on),
        due_on=clock.due_on,
        due_at=clock.due_at,
        provisional=clock.provisional,
    )
    moment = now()
    if clock.state == ClockState.STOPPED:
        since = next((stop.since for stop in clock.stops.all() if stop.until is None), today())
        moment = timezone.make_aware(datetime.datetime.combine(since, datetime.time(12)))
    return terms.remaining(due, moment, done=clock.ended_at is not None)


def source(clock: Clock) -> str:
    """The article that sets the limit, or openly that nobody has confirmed it."""
    return terms.rule(clock.rule_code, on=clock.rule_on).source
