"""What a case page shows, to the applicant and to staff: state, limits, documents, history, diagram, panel, steps."""

import uuid as uuids
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import zip_longest
from typing import Any

from django.contrib import messages
from django.db.models import BigIntegerField
from django.http import HttpRequest, QueryDict
from django.urls import reverse
from django.utils.translation import gettext as _

from qipan.conf.composed import Composed
from qipan.kernel.documents import queries as documents
from qipan.kernel.documents.models import Document, DocumentState
from qipan.kernel.flow import actions as flow
from qipan.kernel.flow import permissions, queries
from qipan.kernel.flow.diagram import diagram
from qipan.kernel.flow.models import Case, WorkOrder
from qipan.kernel.law.citations import Citation
from qipan.kernel.ledger import feed
from qipan.kernel.ledger import queries as ledger
from qipan.kernel.ledger.errors import Refused
from qipan.kernel.ledger.models import Event
from qipan.kernel.orgs import queries as orgs
from qipan.kernel.orgs.reader import MANDATE, Reader
from qipan.kernel.subjects import mandates
from qipan.kernel.subjects.models import Act
from qipan.portal import turns
from qipan.ui import cases
from qipan.ui.sent import whole


@dataclass(frozen=True)
class Step:
    """One step as the page offers it."""

    code: str
    title: str
    action: str
    key: str
    law: str
    main: bool
    danger: bool
    reason_required: bool
    template: str
    href: str = ""
    open: bool = False
    ends: bool = False
    reason: str = ""
    refusals: tuple[str, ...] = ()


@dataclass(frozen=True)
class Paper:
    """One document of a case."""

    title: str
    number: str
    state: str
    code: str
    href: str


@dataclass(frozen=True)
class Line:
    """One line of the history."""

    title: str
    at: Any
    who: str
    reason: str


def law_words(text: str) -> str:
    """The source of a step as lawyers write it, for machines; an unconfirmed one says so."""
    if not text or text.startswith("unconfirmed"):
        return "依据待确认"
    try:
        return "、".join(str(Citation.parse(part)) for part in text.split(";"))
    except ValueError:
        return text


def edit_address(case: Case, reader: Reader) -> str:
    """Where an application that is the applicant's to fill in goes on; empty when it is not."""
    panel = cases.panel_of(case.flow_code)
    if panel is None or not panel.edit or case.state not in {"DRAFT", "CORRECTION"}:
        return ""
    may = mandates.may_act(
        reader, Act.FILL, case=case.pk, subject_id=case.subject_id, opened_by=case.opened_by
    )
    return reverse(panel.edit, args=[case.uuid]) if may else ""


def steps(case: Case, reader: Reader, where: str, failed: str = "", reason: str = "") -> list[Step]:
    """The steps the reader may take; `where` is the URL name that takes them (given uuid and code)."""
    panel = cases.panel_of(case.flow_code)
    found = []
    if address := edit_address(case, reader):
        found.append(
            Step(
                "edit",
                _("继续填写并提交"),
                "",
                "",
                "",
                True,
                False,
                False,
                "",
                address,
            )
        )
    for offer in queries.offers(case, reader):
        if panel and offer.code in panel.hidden:
            continue
        form = panel.steps.get(offer.code) if panel else None
        found.append(
            Step(
                code=offer.code,
                title=str(offer.title),
                action=reverse(where, args=[case.uuid, offer.code]),
                key=uuids.uuid4().hex,
                law=offer.transition.law,
                main=offer.transition.style == "primary",
                danger=offer.transition.style == "danger",
                ends=offer.transition.terminates,
                reason_required=offer.transition.reason_required,
                template=form.template if form else "",
                open=offer.code == failed,
                reason=reason if offer.code == failed else "",
                refusals=tuple(str(refusal.message) for refusal in offer.refusals),
            )
        )
    return found


def papers(case: Case, reader: Reader) -> list[Paper]:
    """The documents of a case, to be opened by those who may receive them."""
    agent = bool(case.subject_id) and case.subject_id in {one.subject_id for one in reader.mandates}
    shut = agent and case.pk not in mandates.cases_within(reader, Act.RECEIVE, case.pk)
    shut = shut or bool(cases.held(Case._meta.label_lower, case.pk, reader))
    return [
        Paper(
            title=document.template.title,
            number=document.number,
            state=str(document.get_state_display()),
            code=document.code,
            href=reverse("document_file", args=[document.uuid])
            if document.state == DocumentState.ISSUED and not shut
            else "",
        )
        for document in documents.of_record(Case._meta.label_lower, case.pk)
    ]


_POSTS = Composed(
    lambda hole: (
        Event.objects.filter(
            record_kind="flow.case",
            record_id=hole("case", BigIntegerField()),
            post__startswith=MANDATE,
        )
        .order_by("post")
        .values_list("post", flat=True)
        .distinct()
    )
)


def powers_of_attorney(case: Case, reader: Reader) -> list[Paper]:
    """The powers of attorney under which agents acted in a case, for those who may see them (LicProc 12)."""
    numbers = [int(post.removeprefix(MANDATE)) for post in _POSTS.all(case=case.pk)]
    if not numbers:
        return []
    rows = Document.objects.visible_to(reader).filter(record_kind="subjects.mandate", record_id__in=numbers)
    return [
        Paper(
            title=row.template.title,
            number=row.number,
            state=str(row.get_state_display()),
            code=row.code,
            href=reverse("document_file", args=[row.uuid]) if row.digest else "",
        )
        for row in rows.select_related("template").order_by("pk")
    ]


_ORDERS = Composed(
    lambda hole: WorkOrder.objects.filter(case_id=hole("case", BigIntegerField())).values_list(
        "pk", flat=True
    )
)


def history(case: Case, reader: Reader) -> list[Line]:
    """What happened to the case; for staff to its orders too, which are the house's own affair."""
    inside = reader.kind == "staff"
    orders = _ORDERS.all(case=case.pk) if inside else []
    rows = ledger.of_records({"flow.case": [case.pk], "flow.workorder": orders})
    quiet = {
        "decisions.decision.made",
        "documents.document.prepared",
        "evidence.file.attached",
        "licensing.check.noted",
    }
    names = orgs.labels(row.actor_id for row in rows if row.actor_id)
    agents = {row.post for row in rows if row.post.startswith(MANDATE)}
    business = case.subject.name if agents and case.subject else ""
    machine = {"system": _("系统"), "rules": _("决策规则")}
    told = [row for row in rows if row.name not in quiet]
    return [
        Line(
            str(ledger.title_of(row.name)),
            row.at,
            _who(names.get(row.actor_id or 0, machine.get(row.actor_kind, "")), row.post in agents, business),
            row.reason,
        )
        for row, after in zip_longest(told, told[1:])
        if not _again(row, after)
    ]


def _again(row: Event, after: Event | None) -> bool:
    """Whether the same person saved the same draft once more: a draft that saves itself is told of once."""
    if after is None or not row.name.endswith(".saved"):
        return False
    return (row.name, row.actor_id, row.post) == (after.name, after.actor_id, after.post)


def _who(name: str, as_agent: bool, business: str) -> str:
    return _("%(agent)s（代%(business)s）") % {"agent": name, "business": business} if as_agent else name


def _pressing(clocks: Iterable[queries.ClockView]) -> queries.ClockView | None:
    """The limit that ends first of those that run."""
    running = [clock for clock in clocks if clock.state == "RUNNING" and clock.due_on]
    return min(running, key=lambda clock: str(clock.due_on), default=None)


def context(case: Case, reader: Reader, where: str, *, failed: str = "", reason: str = "") -> dict[str, Any]:
    """Everything the page draws."""
    panel = cases.panel_of(case.flow_code)
    clocks = queries.clocks(case)
    pressing, unit = _pressing(clocks), orgs.unit_at(case.org_path)
    offered = steps(case, reader, where, failed, reason)
    asked = [step.title for step in offered if not (step.danger or step.ends)]
    standing = panel.standing(case) if panel else None
    follows = [f"case:{pk}" for pk in (case.pk, *(panel.also(case) if panel else ()))]
    page = {
        "case": case,
        "state": case.state_title,
        "tone": turns.tone(case),
        "owner": standing.owner if standing else turns.owner_words(case),
        "pressing": pressing,
        "unit": unit,
        "offers": offered,
        "progress": turns.progress(case, pressing, unit, asked, standing) if reader.kind != "staff" else None,
        "clocks": clocks,
        "papers": [*papers(case, reader), *powers_of_attorney(case, reader)],
        "events": history(case, reader),
        "diagram": diagram(case),
        "panel": panel,
        "follows": " ".join(follows),
        "feed_ticket": feed.ticket(follows, reader),
    }
    shown = panel.context(case, reader) if panel else {}
    if taken := page.keys() & shown.keys():
        raise ValueError(f"the panel of {case.flow_code} hides the page's own {sorted(taken)}")
    return page | shown


def fire_as(
    reader: Reader,
    case: Case,
    code: str,
    *,
    posted: QueryDict,
    reason: str = "",
    key: str | None = None,
    version: int | None = None,
) -> Case:
    """Take a step as a reader, its fields read by the step's own form: what pages and the interface share.

    Raises Refused.
    """
    panel = cases.panel_of(case.flow_code)
    form = panel.steps.get(code) if panel else None
    return flow.fire(
        case,
        code,
        permissions.acting_in(reader, case, code),
        data=form.parse(posted) if form else {},
        reason=reason,
        key=key,
        expected_version=version,
    )


def take(request: HttpRequest, case: Case, code: str) -> tuple[bool, str]:
    """Take a step from a posted form; returns (done, what was refused in words). Says so to the user as well."""
    reader: Reader = request.reader  # type: ignore[attr-defined]
    version = request.POST.get("version", "")
    try:
        fire_as(
            reader,
            case,
            code,
            posted=request.POST,
            reason=request.POST.get("reason", ""),
            key=request.POST.get("key") or None,
            version=whole(version),
        )
    except Refused as refused:
        return False, str(refused)
    messages.success(request, _("%(act)s：已完成。") % {"act": case.flow.transition(code).title})
    return True, ""


def posted(request: HttpRequest) -> QueryDict:
    """What was posted, for pages that show it again."""
    return request.POST
