"""Applying, as the applicant sees it, and the site check on the officers' phone."""

import hashlib
import json
import uuid as uuids
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _

from qipan.domains.licensing import actions
from qipan.domains.licensing.asking import form_of, words_of
from qipan.domains.licensing.elicences import calling, offering
from qipan.domains.licensing.elicences.models import Offering
from qipan.domains.licensing.models import FOLLOWING, Application, Kind
from qipan.kernel.flow import queries as flow
from qipan.kernel.flow.models import WorkOrder
from qipan.kernel.forms import queries as forms
from qipan.kernel.forms.checklists import ChecklistRow
from qipan.kernel.items import queries as items
from qipan.kernel.ledger.errors import Refused
from qipan.kernel.orgs import queries as orgs
from qipan.kernel.orgs.reader import Reader
from qipan.kernel.orgs.roles import Role
from qipan.kernel.subjects import mandates
from qipan.ui import checklists
from qipan.ui.access import business, staff


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
        choice = request.POST.get("choice", "")
        grant = grants.get(int(choice)) if following and choice.isdigit() else None
        subject = (
            grant.subject if grant else owned.get(int(choice)) if not following and choice.isdigit() else None
        )
        try:
            if subject is None and not founding:
                raise Refused(_("请选择一项。"))
            row = actions.start(
                code, uuid=_uuid(request.POST.get("uuid", "")), reader=reader, subject=subject, grant=grant
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


def _uuid(text: str) -> uuids.UUID:
    try:
        return uuids.UUID(text)
    except ValueError:
        return uuids.uuid4()


def _own(request: HttpRequest, uuid: uuids.UUID) -> Application:
    reader = request.reader  # type: ignore[attr-defined]
    row = (
        Application.objects.visible_to(reader)
        .select_related("case__subject", "grant", "premises", "contact", "manager")
        .filter(case__uuid=uuid)
        .first()
    )
    if row is None:
        raise Http404
    return row


def answers_of(request: HttpRequest, row: Application) -> dict[str, Any]:
    """What was typed in, by the form's fields."""
    form = form_of(row)
    answers: dict[str, Any] = {}
    for field in form.fields:
        if field.code in row.known:
            continue
        if field.kind in {"multi", "file"}:
            answers[field.code] = request.POST.getlist(field.code)
        else:
            answers[field.code] = request.POST.get(field.code, "")
    return answers


@business
def apply_form(request: HttpRequest, uuid: uuids.UUID) -> HttpResponse:
    """Fill in, save as a draft, hand in. What was typed stays, whatever happens."""
    row = _own(request, uuid)
    reader = request.reader  # type: ignore[attr-defined]
    if row.case.state not in {"DRAFT", "CORRECTION"} or not actions.may_fill_in(row, reader):
        return redirect("my_case", uuid=row.case.uuid)
    errors: dict[str, str] = {}
    general: list[str] = []
    typed: dict[str, Any] | None = None
    if request.method == "POST":
        typed = answers_of(request, row)
        try:
            result = actions.save(row, typed, reader)
            errors = result.errors
            row = _own(request, uuid)
            if request.POST.get("act") == "save" and not errors:
                messages.success(request, _("草稿已保存，可以随时回来继续。"))
                return redirect("apply_form", uuid=uuid)
            if not errors:
                actions.submit(row, reader, key=request.POST.get("key", ""))
                return redirect("my_case", uuid=row.case.uuid)
        except Refused as refused:
            errors, general = _told(refused)
            row = _own(request, uuid)  # as it is kept, not as the refused act left it in memory
    form = form_of(row)
    values = {**row.answers, **_people(row), **(typed or {})}
    context = {
        "row": row,
        "item": items.item(row.item_code),
        "form": form,
        "sections": _sections(form, row, values, errors, reader),
        "known": [
            (field.title, words_of(field, row.known[field.code]))
            for field in form.fields
            if field.code in row.known
        ],
        "supplied": calling.supplied(row),
        "offers": offering.used(row, Offering.LINKED, Offering.PAPER),
        "declaration": forms.as_json(form, frozenset(row.known)),
        "errors": errors,
        "general": general,
        "key": uuids.uuid4().hex,
        "draft_version": _saved(row),
    }
    return render(request, "licensing/form.html", context, status=422 if errors or general else 200)


def _saved(row: Application) -> str:
    """Names what the server holds, so that the copy on the device is dropped once the server has something newer."""
    held = json.dumps([row.case.version, row.answers], sort_keys=True, default=str)
    return hashlib.sha256(held.encode()).hexdigest()[:16]


def _told(refused: Refused) -> tuple[dict[str, str], list[str]]:
    """A refusal as messages at their fields, and those that belong to no field."""
    fields, general = {}, []
    rows = refused.details.get("refusals") or [{"message": str(refused), "field": refused.field}]
    for row in rows:
        if row.get("field"):
            fields[str(row["field"])] = str(row["message"])
        else:
            general.append(str(row["message"]))
    return fields, general


def _people(row: Application) -> dict[str, str]:
    """The applicant's own people in clear, to be seen and corrected by the one who typed them."""
    values = {}
    for name in ("contact", "manager"):
        person = getattr(row, name)
        if person is not None and not person.forgotten_at:
            clear = person.clear(["name", "phone"])
            values |= {f"{name}_name": clear["name"], f"{name}_phone": clear["phone"]}
    return values


def _sections(
    form: Any, row: Application, values: dict[str, Any], errors: dict[str, str], reader: Reader
) -> list[dict[str, Any]]:
    sections = []
    for section in form.sections:
        fields = [
            {
                "field": field,
                "value": values.get(field.code, ""),
                "error": errors.get(field.code, ""),
                "files": _files(values.get(field.code) or [], row.answers.get(field.code) or [], reader)
                if field.kind == "file"
                else [],
            }
            for field in section.fields
            if field.code not in row.known
        ]
        if fields:
            sections.append({"title": section.title, "help": section.help, "fields": fields})
    return sections


def _files(tokens: list[str], kept: list[str], reader: Reader) -> list[dict[str, str]]:
    """The names of the files that the application has or that the reader uploaded; of others not even the name."""
    from qipan.kernel.evidence.actions import _by_token

    found = []
    for token in tokens:
        try:
            file = _by_token(token)
        except Refused:
            continue
        if token in kept or (reader.user_id is not None and file.stored_by == reader.user_id):
            found.append({"name": file.name, "uuid": str(token)})
    return found


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
                row, reader, uuid=_uuid(request.POST.get("uuid", "")), officers=officers, place=place
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
