"""The designer of forms on a draft's page: sections and fields with buttons, one field's editor, and the form as it will be."""

import contextlib
from typing import Any

from django.http import HttpRequest
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from qipan.kernel.forms import designing
from qipan.kernel.forms import queries as forms
from qipan.kernel.forms.declaration import FormRow
from qipan.kernel.forms.drafted import LABELS
from qipan.kernel.forms.elements import written_out
from qipan.kernel.law.drafting import queries
from qipan.kernel.law.drafting.kinds import Row
from qipan.kernel.law.drafting.models import Draft
from qipan.kernel.ledger.errors import Refused
from qipan.portal.staff.catalogue import drawn_form
from qipan.ui.sent import whole

TEMPLATE = "portal/form_designer.html"
KINDS = {
    "text": gettext_lazy("一行文字"),
    "longtext": gettext_lazy("多行文字"),
    "number": gettext_lazy("数字"),
    "date": gettext_lazy("日期"),
    "choice": gettext_lazy("单选"),
    "multi": gettext_lazy("多选"),
    "bool": gettext_lazy("勾选确认"),
    "phone": gettext_lazy("电话"),
    "id_number": gettext_lazy("证件号码"),
    "file": gettext_lazy("上传文件"),
    "address": gettext_lazy("地址"),
}
OPERATORS = {
    "eq": gettext_lazy("等于"),
    "ne": gettext_lazy("不等于"),
    "in": gettext_lazy("是其中之一"),
    "contains": gettext_lazy("包含"),
    "filled": gettext_lazy("已填写"),
    "empty": gettext_lazy("没有填写"),
    "gt": gettext_lazy("大于"),
    "ge": gettext_lazy("不小于"),
    "lt": gettext_lazy("小于"),
    "le": gettext_lazy("不大于"),
}
STEPS = {"up": -1, "down": 1}


def changed(body: Row, sent: Any, kind: str) -> tuple[Row, str]:
    """The body after the step that was sent, and the part of the address that shows where it was. Raises Refused."""
    step, code = sent.get("step", ""), sent.get("field", "")
    place = whole(sent.get("section", ""))
    if step == "field":
        before = _field(body, code)
        field = designing.typed(sent, before)
        return designing.with_field(body, field, was=code, section=place or 0), f"#row-{field['code']}"
    if step == "remove":
        return designing.without_field(body, code), ""
    if step in STEPS and code:
        return designing.moved_field(body, code, STEPS[step]), f"#row-{code}"
    if step == "section":
        title, text = sent.get("section_title", ""), sent.get("section_help", "")
        rows = designing.typed_rows(sent)
        return designing.with_section(body, title, text, place=place, rows=rows), ""
    if step == "section-remove" and place is not None:
        return designing.without_section(body, place), ""
    if step in STEPS and place is not None:
        return designing.moved_section(body, place, STEPS[step]), ""
    if step == "title":
        return {**body, "title": sent.get("title", "").strip()}, ""
    raise Refused(_("没有这一步。"))


def _field(body: Row, code: str) -> Row:
    if not code:
        return {}
    place, number = designing.found(body, code)
    field: Row = body["sections"][place]["fields"][number]
    return field


def context(draft: Draft, body: Row, request: HttpRequest, told: dict[str, Any]) -> dict[str, Any]:
    """What the designer shows: the list, the field in hand, the form."""
    sent = told.get("typed")
    asked = sent or request.GET
    problems = {place for one in queries.problems(draft) for place in one.places}
    sections = [
        {
            "place": place,
            "title": section["title"],
            "help": section.get("help", ""),
            "repeats": section.get("repeat") is not None,
            "code": section.get("code", ""),
            "row_title": section.get("row_title", ""),
            "rows": section.get("repeat") or {},
            "fields": [
                {
                    "code": field["code"],
                    "title": field.get("title") or field["code"],
                    "kind": KINDS.get(field.get("kind", "text"), ""),
                    "element": field.get("element", ""),
                    "required": field.get("required", False),
                    "when": field.get("when"),
                    "wrong": field["code"] in problems,
                }
                for field in section["fields"]
            ],
        }
        for place, section in enumerate(draft.body["sections"])
    ]
    return {
        "sections": sections,
        "in_hand": _in_hand(draft.body, asked, sent, told),
        "errors": told.get("errors", {}),
        "kinds": KINDS,
        "operators": OPERATORS,
        "limits": [(name, LABELS[name]) for name in (*designing.NUMBERS, *designing.COUNTS)],
        "others": [(each["code"], each["title"]) for one in sections for each in one["fields"]],
        "elements": queries.in_force("elements"),
        "materials": queries.in_force("materials"),
        "preview": _preview(draft, body),
    }


def _in_hand(body: Row, asked: Any, sent: Any, told: dict[str, Any]) -> dict[str, Any] | None:
    """The field whose editor is open: as it is, or as it was typed and refused."""
    code, section = asked.get("field", ""), whole(asked.get("section", "") or asked.get("add", ""))
    adding = "add" in asked or (bool(sent) and not code)
    if not adding and not code:
        return None
    if sent and sent.get("step") != "field":
        return None
    try:
        place = designing.found(body, code)[0] if code else section or 0
        before = _field(body, code)
    except Refused:
        return None
    values = {name: sent.get(name, "") for name in designing.shown({})} if sent else designing.shown(before)
    return {"was": code, "section": section if section is not None else place, "values": values}


def _preview(draft: Draft, body: Row) -> dict[str, Any]:
    """The form as applicants will see it; without a data element's part where a field contradicts it."""
    row = {**body, "code": draft.code, "valid_from": draft.valid_from}
    form = FormRow.model_validate(row)
    with contextlib.suppress(Refused):
        form = written_out(form)
    return {"sections": drawn_form(form.model_dump()), "declaration": forms.as_json(form)}
