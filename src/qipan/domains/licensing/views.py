"""Beginning an application, and the site check on the officers' phone."""

import uuid as uuids
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _

from qipan.domains.licensing import actions
from qipan.domains.licensing.models import FOLLOWING, Application, Kind
from qipan.kernel.flow import queries as flow
from qipan.kernel.flow.models import WorkOrder
from qipan.kernel.forms import queries as forms
from qipan.kernel.forms.checklists import ChecklistRow
from qipan.kernel.items import queries as items
from qipan.kernel.ledger.errors import Refused
from qipan.kernel.orgs import queries as orgs
from qipan.kernel.orgs.roles import Role
from qipan.kernel.subjects import mandates
from qipan.ui import checklists
from qipan.ui.access import business, staff
from qipan.ui.sent import form_key, whole


@business
def apply(request: HttpRequest, code: str) -> HttpResponse:
    """Choose the business (and the licence) that an application is about."""
    item = items.item(code)
    if item is None or item.handler != "licensing":
        raise Http404
    reader = request.reader  # type: ignore[attr-defined]
    following, founding = Kind(item.handling) in FOLLOWING, item.handling == Kind.REGISTER
    state = "SUSPENDED" if item.handling == Kind.RESTORE else "VALID"
    held = mandates.grants_for(reader, item=item.code).filter(state=state, kind=item.licence)
    fitting = [grant for grant in held if items.concerns(item, grant.kind, grant.data)] if following else []
    grants = {grant.pk: grant for grant in fitting}
    owned = {subject.pk: subject for subject in mandates.subjects_for(reader, item=item.code)}
    refusals = []
    if request.method == "POST":
        choice = whole(request.POST.get("choice", "")) or 0
        grant = grants.get(choice) if following else None
        subject = grant.subject if grant else None if following else owned.get(choice)
        try:
            if subject is None and not founding:
                raise Refused(_("请选择一项。"))
            row = actions.start(
                code, uuid=form_key(request.POST.get("uuid", "")), reader=reader, subject=subject, grant=grant
            )
            return redirect("apply_form", uuid=row.case.uuid)
        except Refused as refused:
            refusals = [str(refused)]
    if founding:
        choices = [{"value": 0, "title": item.name, "text": _("主体还没有登记，登记后由您代为办理")}]
    elif following:
        choices = [
            {"value": pk, "title": f"{grant.title} {grant.number}", "text": _grant_line(grant)}
            for pk, grant in grants.items()
        ]
    else:
        choices = [
            {"value": pk, "title": subject.name, "text": subject.domicile} for pk, subject in owned.items()
        ]
    context = {
        "item": item,
        "uuid": uuids.uuid4(),
        "choices": choices,
        "refusals": refusals,
        "question": _("办理哪一张证照？") if following else _("为哪个主体办理？"),
        "none_title": _("没有可以办理的证照") if following else _("您的账户还没有关联经营主体"),
        "none_text": _("只有有效的证照可以办理这个事项。")
        if following
        else _("请先由法定代表人确认您的代表身份。"),
    }
    return render(request, "portal/apply_start.html", context)


def _grant_line(grant: Any) -> str:
    until = _("有效期至 %(day)s") % {"day": grant.valid_to} if grant.valid_to else _("长期有效")
    return f"{grant.subject.name} · {grant.premises.address if grant.premises else ''} · {until}"


def _check_order(request: HttpRequest, uuid: uuids.UUID) -> tuple[WorkOrder, Application]:
    order = flow.order_for(request.reader, uuid)  # type: ignore[attr-defined]
    if order is None or order.case_id is None or order.kind != "licensing.check":
        raise Http404
    row = Application.objects.select_related("case__subject", "premises", "grant").get(pk=order.case_id)
    return order, row


def _officers(order: WorkOrder) -> list[int]:
    parts = order.participants.filter(part__in=["LEAD", "CO"], active=True).order_by("pk")
    return list(parts.values_list("user_id", flat=True))


def _checklist_of(row: Application) -> ChecklistRow:
    return forms.checklist(actions.item_of(row).checklist or "LIC-CATER")


@staff(Role.INSPECTOR)
def licensing_check(request: HttpRequest, uuid: uuids.UUID) -> HttpResponse:
    """The site check on the phone: checklist with notes and photos, both signatures, conclusion."""
    reader = request.reader  # type: ignore[attr-defined]
    order, row = _check_order(request, uuid)
    officers = _officers(order)
    checklist, facts = _checklist_of(row), actions.check_facts(row)
    codes = {one.code for one in checklist.applicable(facts)}
    known = row.checks.filter(conclusion="").first()
    answers = dict(known.answers) if known else {}
    refusals: list[dict[str, str]] = []
    if request.method == "POST":
        place = request.POST.get("place", "")
        typed = checklists.typed(request.POST, codes)
        answers |= typed
        try:
            check = actions.start_check(
                row, reader, uuid=form_key(request.POST.get("uuid", "")), officers=officers, place=place
            )
            if not check.conclusion:
                actions.conclude_check(
                    check,
                    reader,
                    answers=typed,
                    signatures={
                        name: request.POST.get(name, "") for name in ("officer1", "officer2", "operator")
                    },
                    refused=request.POST.get("refused") == "on",
                    note=request.POST.get("note", ""),
                    asked_rectification=request.POST.get("measure") == "rectify",
                    place=place,
                )
            messages.success(request, _("核查结论已提交。"))
            return redirect("phone_home")
        except Refused as refused:
            rows = refused.details.get("refusals") or [{"message": str(refused), "field": refused.field}]
            refusals = [{"text": str(one["message"]), "field": str(one.get("field") or "")} for one in rows]
    people = [orgs.staff_of(user) for user in officers]
    context = {
        "order": order,
        "row": row,
        "people": [person for person in people if person],
        "enough": len(officers) >= order.needs,
        "areas": checklists.areas(checklist, facts, answers),
        "refusals": refusals,
        "uuid": request.POST.get("uuid") or (known.uuid if known else uuids.uuid4()),
        "posted": request.POST,
        "back": reverse("phone_order", args=[order.uuid]),
    }
    return render(request, "licensing/check.html", context, status=422 if refusals else 200)


@staff(Role.INSPECTOR)
def licensing_check_note(request: HttpRequest, uuid: uuids.UUID) -> JsonResponse:
    """Keeps what was recorded of a site check since the last time: {"items": {code: {…}}} → {"saved": [...]}."""
    reader = request.reader  # type: ignore[attr-defined]
    order, row = _check_order(request, uuid)
    if request.method != "POST":
        raise Http404
    sent = checklists.sent(request.body)
    if sent is None:
        return JsonResponse({"error": _("保存的内容不能识别，请刷新页面。")}, status=400)
    try:
        check = actions.start_check(
            row, reader, uuid=uuids.uuid4(), officers=_officers(order), place=sent.place
        )
        actions.note_check(check, reader, sent.items)
    except Refused as refused:
        status = {"forbidden": 403, "state": 409}.get(refused.code, 422)
        return JsonResponse({"error": str(refused)}, status=status)
    return JsonResponse({"saved": sorted(sent.items)})
