"""How a case was decided by rule: the table as it was then, each condition beside its fact, and the replay."""

import uuid as uuids
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render

from qipan.kernel.decisions import queries as decisions
from qipan.kernel.decisions.models import Decision
from qipan.kernel.decisions.tables import Table
from qipan.kernel.decisions.wording import condition_words, words
from qipan.kernel.flow import queries
from qipan.kernel.flow.models import Case
from qipan.ui.access import staff


@staff()
def case_decisions(request: HttpRequest, uuid: uuids.UUID) -> HttpResponse:
    """The decisions about a case, each with its trace and worked out again now."""
    reader = request.reader  # type: ignore[attr-defined]
    case = queries.case_for(reader, uuid)
    if case is None:
        raise Http404
    context = {"case": case, "decisions": [_shown(one) for one in of_case(case)]}
    return render(request, "portal/decisions.html", context)


def of_case(case: Case) -> list[Decision]:
    """The decisions about a case, oldest first; whoever may see the case may see how it was decided."""
    return decisions.of(case)


def _shown(decision: Decision) -> dict[str, Any]:
    """A decision as the page draws it: what it required first, then its own table; conditions down, rules across."""
    levels = decisions.levels_of(decision)
    return {
        "decision": decision,
        "outputs": levels[-1]["outputs"],
        "levels": [_level(decision, one) for one in levels],
        "replay": decisions.replayed(decision),
    }


def _level(decision: Decision, level: dict[str, Any]) -> dict[str, Any]:
    """One table of a decision, with the facts and results that it looked at."""
    version = level["version"]
    table = Table.from_body(version.body)
    trace = {one["rule"]: one for one in level["trace"]}
    return {
        "version": version,
        "table": table,
        "own": version.pk == decision.table_id,
        "rules": [
            {
                "number": number,
                "rule": rule,
                "matched": trace.get(number, {}).get("matched", False),
                "seen": number in trace,
                "then": [
                    condition_words(cell, column.name)
                    for cell, column in zip(rule.then, table.outputs, strict=True)
                ],
            }
            for number, rule in enumerate(table.rules, start=1)
        ],
        "conditions": [
            {
                "title": column.title,
                "fact": words(decision.facts.get(column.name), column.name),
                "cells": [
                    _cell(rule.when[place], column.name, trace.get(number), place)
                    for number, rule in enumerate(table.rules, 1)
                ],
            }
            for place, column in enumerate(table.inputs)
        ],
        "outputs": level["outputs"],
    }


def _cell(text: str, column: str, trace: dict[str, Any] | None, place: int) -> dict[str, Any]:
    """What a rule asks of one fact, and whether it was met; `-` asks nothing."""
    if text.strip() == "-":
        return {"text": "—", "state": "none"}
    told = condition_words(text, column)
    if trace is None:
        return {"text": told, "state": "none"}
    return {"text": told, "state": "failed" if place in trace["failed"] else "met"}
