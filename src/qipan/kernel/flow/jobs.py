"""What the flow room does by the clock: missed limits, provisional limits, old idempotency keys."""

from __future__ import annotations

import datetime
import logging
from collections.abc import Iterable

from django.db import transaction
from django.db.models import Exists, OuterRef, Q
from django.utils.translation import gettext as _

from qipan.kernel.flow import batches, clocks, engine, events
from qipan.kernel.flow.errors import FlowError
from qipan.kernel.flow.models import ACTIVE, Batch, Case, Clock, ClockState, FiredKey, Urge, WorkOrder
from qipan.kernel.flow.orders import supervision
from qipan.kernel.jobs import every, job
from qipan.kernel.jobs.batches import work_off
from qipan.kernel.ledger.actions import append
from qipan.kernel.ledger.actor import Actor
from qipan.kernel.ledger.clock import now, today
from qipan.kernel.ledger.errors import Refused

log = logging.getLogger(__name__)
KEYS_LIVE_FOR = datetime.timedelta(days=180)


@every("*/15 * * * *")
@job(queue="default")
def mark_missed_limits() -> None:
    """Mark the limits that have passed, urge who is late, and take the transitions that the law ties to the end."""
    over = Q(due_at__isnull=True, due_on__lt=today()) | Q(due_at__lt=now())
    waiting = Clock.objects.filter(over, state=ClockState.RUNNING, ended_at__isnull=True).order_by("pk")
    work_off(waiting.select_related("case"), _mark)
    _take_what_follows()


@every("40 0 * * *")
@job(queue="default")
def urge_late_orders() -> None:
    """Urge, once, the work orders past a limit of their own (those that follow a clock are urged with it)."""
    late = WorkOrder.objects.filter(state__in=ACTIVE, clock__isnull=True, due_on__lt=today())
    told = Urge.objects.filter(order=OuterRef("pk"), by__isnull=True)
    for order in late.filter(~Exists(told)).order_by("pk").iterator(chunk_size=500):
        text = _("工单已于 %(day)s 到期，请立即办理并说明原因。") % {"day": order.due_on}
        try:
            supervision.urge(order, text, actor=Actor.system(order.org_path))
        except Refused:
            continue


def _mark(rows: Iterable[Clock]) -> None:
    for clock in rows:
        clock.state, clock.missed_at = ClockState.MISSED, now()
        clock.save(update_fields=["state", "missed_at"])
        system = Actor.system(clock.case.org_path)
        day = clock.due_on.isoformat() if clock.due_on else None
        append(events.CLOCK_MISSED, clock.case, system, data={"rule": clock.rule_code, "due_on": day})
        for order in clock.orders.filter(state__in=ACTIVE).order_by("pk"):
            text = _("法定期限已于 %(day)s 届满，请立即办理并说明原因。") % {"day": day}
            supervision.urge(order, text, actor=system)


def _take_what_follows() -> None:
    """Each attempt stands by itself: one that is refused does not hold up the others, and is tried again."""
    missed = Clock.objects.filter(
        state=ClockState.MISSED, ended_at__isnull=True, case__closed_at__isnull=True
    )
    for clock in missed.select_related("case").order_by("pk").iterator(chunk_size=500):
        case = clock.case
        for step in case.flow.leaving(case.state):
            if step.when_missed != clock.rule_code:
                continue
            try:
                engine.fire(case, step.code, Actor.system(case.org_path), key=f"missed:{clock.pk}")
            except Refused as refusal:
                log.info("%s of case %s after %s: %s", step.code, case.pk, clock.rule_code, refusal)
            except FlowError:
                log.exception("%s of case %s after %s", step.code, case.pk, clock.rule_code)
            break


@every("30 0 * * *")
@job(queue="default")
def recount_provisional_limits() -> None:
    """Count anew the limits that were counted over years whose holidays were not published then."""
    waiting = Clock.objects.filter(provisional=True, ended_at__isnull=True)
    for case_id in waiting.values_list("case_id", flat=True).distinct().order_by("case_id"):
        _recount(case_id)


@transaction.atomic
def _recount(case_id: int) -> None:
    case = Case.objects.select_for_update(of=("self",), no_key=True).get(pk=case_id)
    for clock in case.clocks.filter(provisional=True, ended_at__isnull=True).order_by("pk"):
        before = clock.due_on
        clocks.recount(clock)
        if clock.due_on != before:
            data = {
                "rule": clock.rule_code,
                "before": before.isoformat() if before else None,
                "after": clock.due_on.isoformat() if clock.due_on else None,
            }
            append(events.CLOCK_RECOUNTED, case, Actor.system(case.org_path), data=data)
    case.due_on = clocks.earliest(clocks.open_clocks(case).values())
    case.save(update_fields=["due_on"])


@every("10 3 * * *")
@job(queue="default")
def drop_old_keys() -> None:
    """Drop idempotency keys that no client can still be repeating."""
    FiredKey.objects.filter(at__lt=now() - KEYS_LIVE_FOR).delete()


@job(queue="default")
def work_off_batch(batch_id: int) -> None:
    """Take the step of a batch for each of its cases that still waits."""
    batches.work_off(Batch.objects.get(pk=batch_id))
