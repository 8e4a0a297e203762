"""Which applications are alike (one item, one step), and in what they differ."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import Count, Min, Q

from qipan.domains.licensing.asking import form_of
from qipan.domains.licensing.models import Application
from qipan.domains.licensing.reviewing.comparing import differences, words_of_field
from qipan.kernel.flow import queries as flow
from qipan.kernel.flow import registry
from qipan.kernel.items import queries as items
from qipan.kernel.ledger.clock import today
from qipan.kernel.orgs.reader import Reader
from qipan.kernel.orgs.roles import Role
from qipan.kernel.orgs.scopes import NOTHING, within

#: The steps that may be taken for several at once, and the states in which they are taken, with whose turn it is.
STEPS = ("accept", "grant_now", "correct", "review", "grant")
TURNS = {
    "SUBMITTED": (Role.LIC_RECEIVER, Role.LIC_DECIDER),
    "ACCEPTED": (Role.LIC_REVIEWER,),
    "REVIEWED": (Role.LIC_DECIDER,),
}
COURSES = ("licensing.application", "licensing.matter")
MOST_SHOWN = 200
MOST_COLUMNS = 6


@dataclass(frozen=True)
class Group:
    """Applications of one item that wait for the same step."""

    flow_code: str
    item_code: str
    item: str
    state: str
    state_title: str
    number: int
    due_on: Any
    overdue: bool


@dataclass(frozen=True)
class Beside:
    """Like applications side by side: `same` holds for all, `columns` name what differs."""

    same: list[tuple[str, str]]
    columns: list[str]
    rows: list[dict[str, Any]]


def _turn(reader: Reader) -> Q:
    """Applications whose next step is one of the reader's."""
    condition = NOTHING
    for state, roles in TURNS.items():
        condition |= Q(case__state=state) & within(reader, *roles, field="case__org_path")
    return condition & Q(case__flow_code__in=COURSES, case__closed_at__isnull=True, case__private=False)


def groups(reader: Reader) -> list[Group]:
    """What waits for the reader, by item and step; the largest first."""
    rows = (
        Application.objects.filter(_turn(reader))
        .values("case__flow_code", "item_code", "case__state")
        .annotate(number=Count("pk"), due_on=Min("case__due_on"))
        .order_by("-number", "item_code")
    )
    found = []
    for row in rows[:MOST_SHOWN]:
        item = items.item(row["item_code"])
        state = registry.get(row["case__flow_code"]).state(row["case__state"])
        found.append(
            Group(
                flow_code=row["case__flow_code"],
                item_code=row["item_code"],
                item=item.name if item else row["item_code"],
                state=state.code,
                state_title=str(state.title),
                number=row["number"],
                due_on=row["due_on"],
                overdue=bool(row["due_on"] and row["due_on"] < today()),
            )
        )
    return found


def members(reader: Reader, item_code: str, state: str) -> list[Application]:
    """The applications of a group, nearest limit first."""
    rows = Application.objects.filter(_turn(reader), item_code=item_code, case__state=state)
    return list(_whole(rows).order_by("case__due_on", "pk")[:MOST_SHOWN])


def chosen(reader: Reader, cases: Sequence[int]) -> list[Application]:
    """Those of the cases that wait for the reader and are like the first of them, in the order given."""
    rows = {row.pk: row for row in _whole(Application.objects.filter(_turn(reader), pk__in=cases))}
    found = [rows[pk] for pk in cases if pk in rows]
    return [
        row for row in found if (row.item_code, row.case.state) == (found[0].item_code, found[0].case.state)
    ][:MOST_SHOWN]


def _whole(rows: Any) -> Any:
    rows = rows.select_related("case__subject", "grant__premises", "premises").defer("case__subject__grams")
    return rows.prefetch_related("case__subject__identifiers")


def beside(rows: Sequence[Application]) -> Beside:
    """The applications as lines of one table, with the fields in which they differ as its columns."""
    if not rows:
        return Beside([], [], [])
    fields = [field for field in form_of(rows[0]).fields if field.kind != "file" and not field.personal]
    known = {"name", "uscc", "number"}  # these stand in every line anyhow
    words = {
        field.code: [words_of_field(field, row.values.get(field.code)) for row in rows]
        for field in fields
        if field.code not in known
    }
    titles = {field.code: field.title for field in fields}
    differing = [code for code, said in words.items() if len(set(said)) > 1][:MOST_COLUMNS]
    same = [(titles[code], said[0]) for code, said in words.items() if said[0] and len(set(said)) == 1]
    return Beside(
        same=same if len(rows) > 1 else [],
        columns=[titles[code] for code in differing],
        rows=[
            {
                "row": row,
                "case": row.case,
                "cells": [(titles[code], words[code][place]) for code in differing],
                "odd": len(differences(row)),
                "files": sum(len(row.answers.get(field) or []) for field in _files(row)),
            }
            for place, row in enumerate(rows)
        ],
    )


def _files(row: Application) -> list[str]:
    return [field.code for field in form_of(row).fields if field.kind == "file"]


def steps(rows: Sequence[Application], reader: Reader) -> list[flow.Offer]:
    """The steps that the reader may take for at least one of the first of them."""
    found: dict[str, flow.Offer] = {}
    for row in rows[:3]:
        for offer in flow.offers(row.case, reader):
            if offer.code in STEPS and (offer.code not in found or offer.allowed):
                found[offer.code] = offer
    return [found[code] for code in STEPS if code in found]
