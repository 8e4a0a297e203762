"""Licensing's part of the case page: what was filled in, how it was decided, the site checks; and its steps' fields."""

from typing import Any

from django.db.models import BigIntegerField
from django.http import QueryDict
from django.utils.translation import gettext as _

from qipan.conf.composed import Composed
from qipan.domains.licensing import countersigning
from qipan.domains.licensing.asking import form_of, lines, words_of
from qipan.domains.licensing.booking import actions as booking
from qipan.domains.licensing.elicences import offering
from qipan.domains.licensing.elicences.models import Offering
from qipan.domains.licensing.elicences.queries import calls_of_case
from qipan.domains.licensing.evaluation.queries import evaluation_of
from qipan.domains.licensing.handover import agencies
from qipan.domains.licensing.models import Application, ThemePart
from qipan.domains.licensing.reviewing import comparing, conditions, correcting
from qipan.kernel.accounts.queries import masked
from qipan.kernel.decisions import queries as decided
from qipan.kernel.decisions.models import Decision
from qipan.kernel.evidence import queries as evidence
from qipan.kernel.flow.models import Case
from qipan.kernel.forms import queries as forms
from qipan.kernel.items import queries as items
from qipan.kernel.orgs import queries as orgs
from qipan.kernel.orgs.reader import Reader
from qipan.ui import cases


def lines_of(row: Application) -> list[tuple[str, list[tuple[str, str]]]]:
    """The form as it was filled in, section by section: (heading, [(title, value in words)])."""
    form = form_of(row)
    values = row.values
    sections = []
    for section in form.sections:
        told = []
        for line in lines(section, values):
            if line.field.kind == "file" or line.value in (None, "", []):
                continue
            if isinstance(line.value, bool):
                told.append((line.title, _("是") if line.value else _("否")))
            else:
                told.append((line.title, words_of(line.field, line.value)))
        if told:
            sections.append((section.title, told))
    return sections


_APPLICATION = Composed(
    lambda hole: Application.objects.select_related("contact", "manager", "grant", "result_grant").filter(
        pk=hole("case", BigIntegerField())
    )
)
_DECISION = Composed(
    lambda hole: Decision.objects.select_related("table").filter(pk=hole("decision", BigIntegerField()))
)


def context(case: Case, reader: Reader) -> dict[str, Any]:
    """What the panel shows."""
    row = _APPLICATION.first(case=case.pk)
    if row is None:
        raise Application.DoesNotExist
    decision = _DECISION.first(decision=row.decision_id) if row.decision_id else None
    checks = list(row.checks.order_by("round"))
    names = orgs.labels(user for check in checks for user in check.officers)
    may_rate = reader.kind != "staff" and bool(case.closed_at) and row.submitted_at is not None
    return {
        "may_rate": may_rate,
        "evaluation": evaluation_of(row) if may_rate else None,
        "application": row,
        "in_theme": _theme(row),
        "sections": lines_of(row),
        "contact": masked(row.contact),
        "manager": masked(row.manager) if row.manager_id else None,
        "explanation": decided.explain(decision) if decision and reader.kind == "staff" else None,
        "checks": [
            {
                "check": check,
                "officers": [names.get(user, "") for user in check.officers],
                "failed": _failed(check) if check.conclusion or reader.kind == "staff" else [],
            }
            for check in checks
        ],
        "files": evidence.of(case),
        "taken": calls_of_case(case.pk),
        "offered_licences": offering.used(row, *Offering),
        "answer": _answer(row),
        "visit": _visit(case, reader),
        **(_reviewing(row) if reader.kind == "staff" else {}),
    }


def _reviewing(row: Application) -> dict[str, Any]:
    """What only officers see: the sources beside one another, the conditions, and what a correction can be about."""
    sections = comparing.compared(row)
    return {
        "compared": sections,
        "differing": [line for _title, lines in sections for line in lines if line.differs],
        "conditions": conditions.conditions_of(row),
        "pickable": correcting.choices(row) if row.case.state == "SUBMITTED" else [],
        "reasons_to_correct": correcting.WHY,
        "countersigning": countersigning.shown(row),
    }


def _theme(row: Application) -> dict[str, Any] | None:
    """The one thing that an application is a part of, where it is."""
    part = ThemePart.objects.select_related("theme__case").filter(application=row.pk).first()
    if part is None:
        return None
    case = part.theme.case
    return {"title": case.title, "uuid": case.uuid, "number": case.number, "state": case.state_title}


def _visit(case: Case, reader: Reader) -> dict[str, Any] | None:
    """The appointment of a case that waits for its site check, and whether the reader may arrange it."""
    if case.state != "CHECKING":
        return None
    known = booking.current(case)
    users = list(known.officers.filter(active=True).values_list("user_id", flat=True)) if known else []
    return {
        "booking": known,
        "people": list(orgs.labels(users).values()),
        "may": booking.may_arrange(case, reader),
    }


def _answer(row: Application) -> dict[str, Any] | None:
    """What another authority answered, word for word."""
    item = items.item(row.item_code)
    if item is None or not item.agency:
        return None
    result = str(row.answer.get("result", ""))
    return {
        "agency": agencies.title_of(item.agency),
        "result": agencies.RESULTS.get(result, ""),
        "refused": result == "REFUSED",
        **{key: row.answer.get(key, "") for key in ("number", "text", "on")},
    }


def _failed(check: Any) -> list[dict[str, Any]]:
    """What a visit found wanting, with the officers' notes and photos; and photos of what was right."""
    items = {item.code: item.text for item in forms.checklist(check.checklist_code).items}
    files = evidence.by_tokens(token for one in check.answers.values() for token in one.get("photos") or ())
    return [
        {
            "code": code,
            "text": items.get(code, ""),
            "note": str(answer.get("note", "")),
            "photos": [files[token] for token in answer.get("photos") or () if token in files],
            "wrong": answer.get("answer") == "NO",
        }
        for code, answer in check.answers.items()
        if answer.get("answer") == "NO" or answer.get("photos")
    ]


def _points(post: QueryDict) -> dict[str, Any]:
    return {"points": correcting.points(post)}


def _opinion(post: QueryDict) -> dict[str, Any]:
    looked_at = {"conditions": conditions.parse(post)} if "conditions" in post else {}
    return {"opinion": post.get("opinion", ""), **looked_at}


def register() -> None:
    """Put the panel on the case page."""
    cases.register(
        cases.Panel(
            flow_code="licensing.handover",
            template="licensing/panel.html",
            context=context,
            hidden=frozenset({"submit"}),
            edit="apply_form",
        )
    )
    for code in ("licensing.application", "licensing.matter"):
        cases.register(
            cases.Panel(
                flow_code=code,
                template="licensing/panel.html",
                context=context,
                steps={
                    "correct": cases.StepForm("licensing/step_correct.html", _points),
                    "review": cases.StepForm("licensing/step_review.html", _opinion),
                },
                work={"licensing.check": "licensing_check"},
                hidden=frozenset({"ask_rectification", "finish_check", "submit", "resubmit"}),
                edit="apply_form",
            )
        )
