"""The decision tables: in force, to come, drafted from a DMN file, and released by a second person."""

import datetime
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from qipan.kernel.decisions import actions, coverage, queries
from qipan.kernel.decisions.drafted import KIND
from qipan.kernel.decisions.models import TableVersion
from qipan.kernel.decisions.tables import Table
from qipan.kernel.decisions.wording import condition_words
from qipan.kernel.law.drafting import queries as drafting
from qipan.kernel.law.drafting.models import Draft
from qipan.kernel.ledger.clock import today
from qipan.kernel.ledger.errors import Refused
from qipan.kernel.orgs.roles import Role
from qipan.portal.staff.catalogue import begin_context
from qipan.ui.access import staff

MOST_BYTES = 2_000_000
#: Up to so many rules stand side by side, one a column; more are lines.
MOST_ACROSS = 8
POLICIES = {
    "U": gettext_lazy("唯一：至多一条规则适用"),
    "A": gettext_lazy("任一：适用的规则结果相同"),
    "P": gettext_lazy("优先：按结果的先后取一"),
    "F": gettext_lazy("首条：取第一条适用的规则"),
    "R": gettext_lazy("按序：全部适用的规则，按行序"),
    "O": gettext_lazy("排序：全部适用的规则，按结果的先后"),
    "C": gettext_lazy("汇集：全部适用的规则"),
    "C+": gettext_lazy("合计"),
    "C<": gettext_lazy("取最小"),
    "C>": gettext_lazy("取最大"),
    "C#": gettext_lazy("计数"),
}


@staff()
def table_list(request: HttpRequest) -> HttpResponse:
    """Every table in force, those to come, and the drafts of one's units."""
    reader = request.reader  # type: ignore[attr-defined]
    context = {
        "tables": [_line(version) for version in queries.tables()],
        "to_come": [_line(version) for version in queries.to_come()],
        "drafts": drafting.drafts(reader, KIND),
        "may_draft": bool(reader.paths(Role.CATALOGUE_EDITOR)),
    }
    return render(request, "portal/tables.html", context)


def _line(version: TableVersion) -> dict[str, Any]:
    table = Table.from_body(version.body)
    return {"version": version, "table": table, "policy": POLICIES[table.hit_policy]}


def drawn(table: Table) -> dict[str, Any]:
    """A table as the page draws it: a line for each rule, its cells in words, its source."""
    return {
        "table": table,
        "policy": POLICIES[table.hit_policy],
        "rules": [
            {
                "number": number,
                "rule": rule,
                "when": [
                    _asked(cell, column.name) for cell, column in zip(rule.when, table.inputs, strict=True)
                ],
                "then": [
                    condition_words(cell, column.name)
                    for cell, column in zip(rule.then, table.outputs, strict=True)
                ],
            }
            for number, rule in enumerate(table.rules, 1)
        ],
        "conditions": [
            {
                "column": column,
                "cells": [_asked(rule.when[place], column.name) for rule in table.rules],
            }
            for place, column in enumerate(table.inputs)
        ],
        "results": [
            {
                "column": column,
                "cells": [condition_words(rule.then[place], column.name) for rule in table.rules],
            }
            for place, column in enumerate(table.outputs)
        ],
        "across": len(table.rules) <= MOST_ACROSS,
        "findings": coverage.check(table),
    }


def _asked(cell: str, column: str) -> str:
    """What a rule asks of a column; `-` asks nothing."""
    return "—" if cell.strip() == "-" else condition_words(cell, column)


def _version(code: str, text: str) -> TableVersion:
    known = queries.versions(code)
    if text:
        found = next((one for one in known if one.valid_from.isoformat() == text), None)
    else:
        found = next((one for one in known if one.valid_from <= today()), known[0] if known else None)
    if found is None:
        raise Http404
    return found


@staff()
def table_page(request: HttpRequest, code: str) -> HttpResponse:
    """One table: its rules with their articles, what the check of its ranges says, its versions."""
    version = _version(code, request.GET.get("version", ""))
    context = {
        "version": version,
        "shown": drawn(Table.from_body(version.body)),
        "versions": queries.versions(code),
        "in_force": version.valid_from <= today(),
        "required": queries.required_by(version),
        "users": queries.users_of(code),
        **begin_context(KIND, code, request.reader),  # type: ignore[attr-defined]
    }
    return render(request, "portal/table.html", context)


@staff()
def table_file(request: HttpRequest, code: str) -> HttpResponse:
    """The table as a DMN file, for any modeller."""
    version = _version(code, request.GET.get("version", ""))
    content = queries.file_of(version)
    name = f"{code}-{version.valid_from}.dmn"
    return HttpResponse(
        content,
        content_type="application/xml; charset=utf-8",
        headers={"Content-Disposition": f'attachment; filename="{name}"'},
    )


@staff(Role.CATALOGUE_EDITOR)
def table_import(request: HttpRequest) -> HttpResponse:
    """A draft from a DMN file; every problem of the file is told with its row and column."""
    asked = request.POST if request.method == "POST" else request.GET
    context: dict[str, Any] = {
        "code": asked.get("code", "").strip()[:60],
        "valid_from": asked.get("valid_from", "").strip()[:10],
        "decision": asked.get("decision", "").strip()[:120],
        "earliest": today().isoformat(),
        "errors": {},
        "problems": [],
    }
    if request.method == "POST":
        try:
            draft = _drafted(request, context)
        except Refused as error:
            problems = context["problems"] = error.details.get("problems", [])
            told = (
                _("文件有 %(count)d 处问题，没有导入。") % {"count": len(problems)}
                if problems
                else str(error)
            )
            context["errors"] = {error.field or "file": told}
        else:
            messages.success(request, _("草稿已保存，等待另一人发布。"))
            return redirect("draft", pk=draft.pk)
    return render(request, "portal/table_import.html", context, status=422 if context["errors"] else 200)


def _drafted(request: HttpRequest, asked: dict[str, Any]) -> Draft:
    """The draft of what was sent. Raises Refused."""
    if not asked["code"]:
        raise Refused(_("请填写决策表的代码，例如 licensing.food_renew。"), field="code")
    try:
        day = datetime.date.fromisoformat(asked["valid_from"])
    except ValueError:
        raise Refused(_("请填写生效日期，例如 2027-01-01。"), field="valid_from") from None
    if day < today():
        raise Refused(_("生效日期已过，规则不能溯及既往。"), field="valid_from")
    file = request.FILES.get("file")
    if file is None:
        raise Refused(_("请选择 DMN 文件（.dmn 或 .xml）。"), field="file")
    if file.size > MOST_BYTES:
        raise Refused(_("文件超过 2 MB，请确认选择的是决策表文件。"), field="file")
    return actions.draft_from_dmn(
        file.read(),
        code=asked["code"],
        valid_from=day,
        reader=request.reader,  # type: ignore[attr-defined]
        file_name=file.name or "",
        decision=asked["decision"],
    )
