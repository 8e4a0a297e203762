"""The inspection on the officers' phone, step by step; opening one from the desk."""

import datetime
import uuid as uuids
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _

from qipan.domains.inspection import actions, record
from qipan.domains.inspection.models import Kind, Visit
from qipan.kernel.evidence import queries as evidence
from qipan.kernel.flow import queries as flow
from qipan.kernel.flow.models import WorkOrder
from qipan.kernel.flow.queries.orders import remaining
from qipan.kernel.forms import checklists as forms
from qipan.kernel.ledger.clock import today
from qipan.kernel.ledger.errors import Refused
from qipan.kernel.orgs import queries as orgs
from qipan.kernel.orgs.roles import Role
from qipan.kernel.subjects import queries as subjects
from qipan.ui import checklists
from qipan.ui.access import staff
from qipan.ui.sent import form_key

PAGES = {
    "ASSIGNED": "inspection/notice.html",
    "ON_SITE": "inspection/record.html",
    "CONCLUDED": "inspection/sign.html",
}
LEAVING = {"unreachable", "closed_down", "refuse"}


def _found(request: HttpRequest, uuid: uuids.UUID, kind: str) -> tuple[WorkOrder, Visit]:
    order = flow.order_for(request.reader, uuid)  # type: ignore[attr-defined]
    if order is None or order.case_id is None or order.kind != kind:
        raise Http404
    visit = (
        Visit.objects.select_related("case__subject", "premises", "grant").filter(pk=order.case_id).first()
    )
    if visit is None:
        raise Http404
    return order, visit


def _day(text: str) -> datetime.date | None:
    try:
        return datetime.date.fromisoformat(text)
    except ValueError:
        return None


@staff(Role.INSPECTOR)
def inspection_work(request: HttpRequest, uuid: uuids.UUID) -> HttpResponse:
    """One inspection: notice and certificates, the record, the conclusion with measure and signatures."""
    order, visit = _found(request, uuid, actions.WORK)
    refused: Refused | None = None
    if request.method == "POST":
        act = request.POST.get("act", "")
        try:
            return _act(request, order, visit, act)
        except Refused as error:
            refused = error
            visit = Visit.objects.select_related("case__subject", "premises", "grant").get(pk=visit.pk)
    page = PAGES.get(visit.case.state)
    if page is None:
        if refused:
            messages.error(request, str(refused))
        else:
            messages.info(request, _("这次检查现为“%(state)s”。") % {"state": visit.case.state_title})
        return redirect("phone_home")
    context = _context(request, order, visit, refused)
    return render(request, page, context, status=422 if refused else 200)


def _act(request: HttpRequest, order: WorkOrder, visit: Visit, act: str) -> HttpResponse:
    reader, post = request.reader, request.POST  # type: ignore[attr-defined]
    place = post.get("place", "")
    if act == "begin":
        actions.begin(visit, reader, shown=post.get("shown") == "on", place=place)
    elif act == "save":
        actions.note(visit, reader, checklists.typed(post, _codes(visit)), place=place)
        messages.success(request, _("记录已保存，可以随时回来继续。"))
    elif act == "conclude":
        actions.conclude(visit, reader, checklists.typed(post, _codes(visit)), place=place)
    elif act == "reopen":
        actions.reopen(visit, reader)
    elif act == "sign":
        return _sign(request, order, visit)
    elif act in LEAVING:
        actions.leave(visit, reader, act, reason=post.get("reason", ""), key=f"{act}:{post.get('uuid', '')}")
        messages.success(request, _("已记录并结束本次检查。"))
        return redirect("phone_home")
    else:
        raise Refused(_("没有这个操作，请刷新页面。"), code="not_found")
    return redirect("inspection_work", uuid=order.uuid)


def _sign(request: HttpRequest, order: WorkOrder, visit: Visit) -> HttpResponse:
    post = request.POST
    signed = actions.sign(
        visit,
        request.reader,  # type: ignore[attr-defined]
        submission=form_key(post.get("uuid", "")),
        signatures={name: post.get(name, "") for name in ("officer1", "officer2", "operator", "witness")},
        measure=post.get("measure", ""),
        affects_safety={"yes": True, "no": False}.get(post.get("affects", "")),
        safety_reason=post.get("safety_reason", ""),
        rectify_by=_day(post.get("rectify_by", "")),
        refused=post.get("refused") == "on",
        refusal_note=post.get("refusal_note", ""),
        witness_name=post.get("witness_name", ""),
        note=post.get("note", ""),
    )
    messages.success(
        request,
        _("检查结果已提交：%(result)s。结果记录表已制作并公示。")
        % {"result": signed.get_conclusion_display()},
    )
    return redirect("inspection_done", uuid=order.uuid)


def _codes(visit: Visit) -> set[str]:
    return {item.code for item in record.applicable(visit)}


def _context(request: HttpRequest, order: WorkOrder, visit: Visit, refused: Refused | None) -> dict[str, Any]:
    people = [orgs.staff_of(user) for user in actions.officers_of(visit.case, order.kind)]
    shared = {
        "order": order,
        "visit": visit,
        "people": [person for person in people if person],
        "enough": len(people) >= order.needs,
        "refusals": _told(refused),
        "uuid": request.POST.get("uuid") or uuids.uuid4(),
        "posted": request.POST,
        "remaining": remaining(order),
        "back": reverse("phone_order", args=[order.uuid]),
    }
    if visit.case.state == "ON_SITE":
        return shared | _record(request, order, visit, refused)
    if visit.case.state == "CONCLUDED":
        return shared | _conclusion(visit)
    return shared


def _record(request: HttpRequest, order: WorkOrder, visit: Visit, refused: Refused | None) -> dict[str, Any]:
    list_of, facts = record.checklist_of(visit), record.facts_of(visit)
    answers = dict(visit.answers)
    if (refused and refused.code in {"forbidden", "not_found", "state"}) or (refused and request.POST):
        answers |= checklists.typed(request.POST, _codes(visit))
    return {
        "checklist": list_of,
        "areas": checklists.areas(list_of, facts, answers),
        "save_url": reverse("inspection_note", args=[order.uuid]),
    }


def _conclusion(visit: Visit) -> dict[str, Any]:
    failed = record.failed_items(visit)
    found = record.concluded(visit)
    return {
        "failed": record.lines_of(failed, visit),
        "found": found,
        "general_most": record.checklist_of(visit).general_most,
        "only_general": bool(failed) and not found.key_failed,
        "rectify_by": record.proposed_by(visit),
        "first_day": today() + datetime.timedelta(days=1),
        "last_day": record.latest_by(today()),
    }


def _told(refused: Refused | None) -> list[dict[str, str]]:
    """A refusal as lines with the field they stand at."""
    if refused is None:
        return []
    rows = refused.details.get("refusals") or [{"message": str(refused), "field": refused.field}]
    return [{"text": str(row["message"]), "field": str(row.get("field") or "")} for row in rows]


@staff(Role.INSPECTOR)
def inspection_note(request: HttpRequest, uuid: uuids.UUID) -> JsonResponse:
    """Keeps what was recorded since the last time: {"items": {code: {answer, note, value, photos}}} → {"saved": [...]}."""
    _order, visit = _found(request, uuid, actions.WORK)
    if request.method != "POST":
        raise Http404
    sent = checklists.sent(request.body)
    if sent is None:
        return JsonResponse({"error": _("保存的内容不能识别，请刷新页面。")}, status=400)
    try:
        kept = actions.note(visit, request.reader, sent.items, place=sent.place)  # type: ignore[attr-defined]
    except Refused as refused:
        status = {"forbidden": 403, "state": 409}.get(refused.code, 422)
        return JsonResponse({"error": str(refused)}, status=status)
    found = forms.conclude(record.checklist_of(kept), kept.answers, record.facts_of(kept))
    return JsonResponse(
        {"saved": sorted(sent.items), "unanswered": len(found.unanswered), "failed": len(found.failed)}
    )


@staff(Role.INSPECTOR)
def inspection_done(request: HttpRequest, uuid: uuids.UUID) -> HttpResponse:
    """What came of a signed inspection: conclusion, papers to show and hand over."""
    from qipan.kernel.documents import queries as documents
    from qipan.kernel.documents.models import DocumentState

    _order, visit = _found(request, uuid, actions.WORK)
    papers = [
        {
            "title": row.template.title,
            "number": row.number,
            "href": reverse("document_file", args=[row.uuid]) if row.state == DocumentState.ISSUED else "",
            "state": row.get_state_display(),
        }
        for row in documents.of(visit.case)
    ]
    context = {"visit": visit, "papers": papers, "back": reverse("phone_home")}
    return render(request, "inspection/done.html", context)


@staff(Role.INSPECTOR)
def inspection_recheck(request: HttpRequest, uuid: uuids.UUID) -> HttpResponse:
    """The recheck of what had to be put right."""
    order, visit = _found(request, uuid, actions.AGAIN)
    rectification = getattr(visit, "rectification", None)
    if rectification is None:
        raise Http404
    refused: Refused | None = None
    given: dict[str, dict[str, Any]] = {}
    if request.method == "POST":
        post = request.POST
        given = checklists.shown(post, rectification.codes)
        try:
            done = actions.recheck(
                visit,
                request.reader,  # type: ignore[attr-defined]
                submission=form_key(post.get("uuid", "")),
                found=given,
                signatures={name: post.get(name, "") for name in ("officer1", "officer2", "operator")},
                refused=post.get("refused") == "on",
                note=post.get("note", ""),
                place=post.get("place", ""),
            )
            words = (
                _("复查合格，已办结。") if done.rectification.passed else _("复查不合格，已移送调查处理。")
            )
            messages.success(request, words)
            return redirect("phone_home")
        except Refused as error:
            refused = error
    if visit.case.state != "RECHECK":
        messages.info(request, _("这次检查现为“%(state)s”。") % {"state": visit.case.state_title})
        return redirect("phone_home")
    people = [orgs.staff_of(user) for user in actions.officers_of(visit.case, order.kind)]
    known = {item.code: item for item in record.applicable(visit)}
    files = evidence.by_tokens(token for one in given.values() for token in one["photos"])
    before = evidence.by_tokens(
        token for code in rectification.codes for token in visit.answers.get(code, {}).get("photos") or ()
    )
    context = {
        "order": order,
        "visit": visit,
        "rectification": rectification,
        "people": [person for person in people if person],
        "enough": len(people) >= order.needs,
        "lines": [
            {
                **checklists.line(known[item["code"]], given.get(item["code"], {}), files),
                "was": item,
                "before": [
                    before[token]
                    for token in visit.answers.get(item["code"], {}).get("photos") or ()
                    if token in before
                ],
            }
            for item in rectification.items
            if item["code"] in known
        ],
        "refusals": _told(refused),
        "uuid": request.POST.get("uuid") or uuids.uuid4(),
        "posted": request.POST,
        "remaining": remaining(order),
        "back": reverse("phone_order", args=[order.uuid]),
    }
    return render(request, "inspection/recheck.html", context, status=422 if refused else 200)


@staff(Role.OFFICE_HEAD, Role.BUREAU_LEADER)
def inspection_open(request: HttpRequest, pk: int) -> HttpResponse:
    """An office head opens an inspection of a business."""
    reader = request.reader  # type: ignore[attr-defined]
    subject = subjects.subject(pk, reader)
    if subject is None:
        raise Http404
    grants = [grant for grant in subjects.grants_of(subject) if grant.state == "VALID" and grant.kind == "JY"]
    refused: Refused | None = None
    if request.method == "POST":
        post = request.POST
        chosen = next((grant for grant in grants if str(grant.pk) == post.get("grant")), None)
        try:
            visit = actions.order_visit(
                reader,
                post.get("kind", ""),
                uuid=form_key(post.get("uuid", "")),
                subject=subject,
                grant=chosen,
                wanted_by=_day(post.get("wanted_by", "")),
                cause=post.get("cause", ""),
            )
            messages.success(request, _("已派发到监管所收件箱。"))
            return redirect("desk_case", uuid=visit.case.uuid)
        except Refused as error:
            refused = error
    context = {
        "subject": subject,
        "grants": grants,
        "kinds": [(kind.value, kind.label) for kind in actions.BY_HAND],
        "chosen_kind": request.POST.get("kind") or Kind.ROUTINE.value,
        "refusals": _told(refused),
        "uuid": request.POST.get("uuid") or uuids.uuid4(),
        "posted": request.POST,
        "first_day": today(),
    }
    return render(request, "inspection/open.html", context, status=422 if refused else 200)


@staff(*(Role.OFFICE_HEAD, Role.BUREAU_LEADER, Role.INSPECTOR))
def inspection_list(request: HttpRequest) -> HttpResponse:
    """The inspections of one's units: what is planned, under way, waiting for rectification, done."""
    reader = request.reader  # type: ignore[attr-defined]
    which = request.GET.get("which", "open")
    groups = {
        "planned": (_("计划"), ("PLANNED",)),
        "open": (_("在办"), ("ASSIGNED", "ON_SITE", "CONCLUDED", "RECHECK")),
        "rectifying": (_("整改中"), ("RECTIFYING",)),
        "done": (_("已办结"), ("CLOSED", "TO_CASE", "ESCALATED", "UNREACHABLE", "CLOSED_DOWN", "REFUSED")),
    }
    which = which if which in groups else "open"
    rows = Visit.objects.visible_to(reader).select_related("case__subject", "premises")
    before = request.GET.get("before", "")
    if before.isdigit():
        rows = rows.filter(pk__lt=int(before))
    found = list(rows.filter(case__state__in=groups[which][1]).order_by("-pk")[: 20 + 1])
    context = {
        "which": which,
        "groups": [{"code": code, "title": title} for code, (title, _states) in groups.items()],
        "visits": found[:20],
        "older": f"which={which}&before={found[19].pk}" if len(found) > 20 else "",
    }
    return render(request, "inspection/list.html", context)
