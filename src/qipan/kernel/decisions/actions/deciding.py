"""Deciding by a released table, and working a decision out again."""

import datetime
import time
from collections.abc import Mapping, Sequence
from typing import Any

from django.db import models, transaction
from django.utils.translation import gettext as _

import qipan
from qipan.kernel.decisions import events, requirements
from qipan.kernel.decisions.feel import FeelLimitError
from qipan.kernel.decisions.models import Decision, TableVersion
from qipan.kernel.decisions.queries import replayed
from qipan.kernel.decisions.storing import restored, stored
from qipan.kernel.decisions.tables import HitPolicyBroken, Outcome, Table, evaluate_all
from qipan.kernel.law.dated import as_read
from qipan.kernel.ledger.actions import append
from qipan.kernel.ledger.actor import Actor
from qipan.kernel.ledger.clock import now


@transaction.atomic
def decide(
    code: str,
    facts: Mapping[str, Any],
    *,
    record: models.Model,
    actor: Actor,
    on: datetime.date | None = None,
) -> Decision:
    """Decide by the table in force on a day, after those that it requires; keep facts, result and trace of each.

    Raises LookupError without a table.

    A table that contradicts itself on these facts, or costs too much, decides nothing: the decision is kept without
    outputs, and says why.
    """
    versions = requirements.versions(code, on)
    decision = worked_out(versions, facts)
    decision.record_kind, decision.record_id = record._meta.label_lower, record.pk
    decision.org_path = getattr(record, "org_path", "") or actor.org_path
    decision.save(force_insert=True)
    append(
        events.DECIDED,
        record,
        actor,
        data={
            "table": code,
            "version": versions[-1].valid_from.isoformat(),
            "decision": decision.pk,
            "matched": decision.matched,
        },
    )
    return decision


def worked_out(versions: Sequence[TableVersion], facts: Mapping[str, Any]) -> Decision:
    """What a table, the last of the versions, comes to after those that it requires; nothing is kept."""
    *before, version = versions
    started = time.perf_counter_ns()
    problem = ""
    outcomes: tuple[Outcome, ...] = ()
    try:
        outcomes = evaluate_all([as_read(one, Table.from_body) for one in versions], facts)
    except (HitPolicyBroken, FeelLimitError) as error:
        problem = _("规则表不能得出结论：%(error)s") % {"error": error}
    spent = (time.perf_counter_ns() - started) // 1000
    results: dict[str, Any] = {}
    for one in outcomes:  # beside the facts, so that pages show them and the table alone can be tried on them
        results |= {name: value for name, value in one.inputs.items() if name not in facts}
    for one in outcomes[:-1]:
        results |= one.outputs or {}
    outcome = outcomes[-1] if outcomes else Outcome(None, (), {})
    return Decision(
        table=version,
        facts=stored({**facts, **results}),
        outputs=stored(outcome.outputs),
        matched=list(outcome.matched),
        trace=outcome.kept,
        required=[requirements.kept(*one) for one in zip(before, outcomes, strict=False)],
        problem=problem[:500],
        engine=qipan.__version__,
        microseconds=spent,
        at=now(),
    )


def outputs_of(decision: Decision) -> Any:
    """The result with numbers and dates as they were."""
    return restored(decision.outputs)


def replay(decision: Decision) -> list[str]:
    """Work a decision out again from its kept facts and table; an empty list says that it comes to the same."""
    return [str(one) for one in replayed(decision).differences]
