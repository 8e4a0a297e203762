"""Deciding by a released table, and working a decision out again."""

import datetime
import json
import time
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from django.db import models, transaction

import qipan
from qipan.kernel.decisions import events
from qipan.kernel.decisions.models import Decision
from qipan.kernel.decisions.queries import table_version
from qipan.kernel.decisions.tables import Table, evaluate_table
from qipan.kernel.ledger.actions import append
from qipan.kernel.ledger.actor import Actor
from qipan.kernel.ledger.clock import now


def stored(value: Any) -> Any:
    """A FEEL value as JSON that reads back the same: numbers and dates keep their kind."""
    if isinstance(value, Decimal):
        return {"$number": str(value)}
    if isinstance(value, datetime.datetime):
        return {"$moment": value.isoformat()}
    if isinstance(value, datetime.date):
        return {"$date": value.isoformat()}
    if isinstance(value, Mapping):
        return {str(key): stored(one) for key, one in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [stored(one) for one in value]
    return value


def restored(value: Any) -> Any:
    """The reverse of `stored`."""
    if isinstance(value, dict):
        if set(value) == {"$number"}:
            return Decimal(value["$number"])
        if set(value) == {"$date"}:
            return datetime.date.fromisoformat(value["$date"])
        if set(value) == {"$moment"}:
            return datetime.datetime.fromisoformat(value["$moment"])
        return {key: restored(one) for key, one in value.items()}
    if isinstance(value, list):
        return [restored(one) for one in value]
    return value


@transaction.atomic
def decide(
    code: str,
    facts: Mapping[str, Any],
    *,
    record: models.Model,
    actor: Actor,
    on: datetime.date | None = None,
) -> Decision:
    """Decide by the table in force on a day, and keep facts, result and trace. Raises LookupError without a table."""
    version = table_version(code, on)
    started = time.perf_counter_ns()
    outcome = evaluate_table(Table.from_body(version.body), facts)
    spent = (time.perf_counter_ns() - started) // 1000
    decision = Decision.objects.create(
        table=version,
        record_kind=record._meta.label_lower,
        record_id=record.pk,
        org_path=getattr(record, "org_path", "") or actor.org_path,
        facts=stored(facts),
        outputs=stored(outcome.outputs),
        matched=list(outcome.matched),
        trace=[
            {"rule": one.number, "matched": one.matched, "failed": list(one.failed)} for one in outcome.trace
        ],
        engine=qipan.__version__,
        microseconds=spent,
        at=now(),
    )
    append(
        events.DECIDED,
        record,
        actor,
        data={
            "table": code,
            "version": version.valid_from.isoformat(),
            "decision": decision.pk,
            "matched": list(outcome.matched),
        },
    )
    return decision


def outputs_of(decision: Decision) -> Any:
    """The result with numbers and dates as they were."""
    return restored(decision.outputs)


def replay(decision: Decision) -> list[str]:
    """Work a decision out again from its kept facts and table; an empty list says that it comes to the same."""
    outcome = evaluate_table(Table.from_body(decision.table.body), restored(decision.facts))
    differences = []
    if json.dumps(stored(outcome.outputs), sort_keys=True) != json.dumps(decision.outputs, sort_keys=True):
        differences.append(f"outputs: {decision.outputs} → {stored(outcome.outputs)}")
    if list(outcome.matched) != decision.matched:
        differences.append(f"matched: {decision.matched} → {list(outcome.matched)}")
    return differences
