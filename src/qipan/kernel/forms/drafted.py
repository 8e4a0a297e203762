"""Forms and checklists drafted in the product: laid out field by field, or point by point, for comparing."""

import re
from typing import Any

from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from qipan.kernel.forms.conditions import holds
from qipan.kernel.forms.elements import written_out
from qipan.kernel.forms.models import ChecklistVersion, ElementVersion, FormVersion
from qipan.kernel.items.drafted import items_where
from qipan.kernel.law.drafting.differences import Part
from qipan.kernel.law.drafting.kinds import Draftable, Problem, Row, Use, offer, short
from qipan.kernel.ledger.clock import today
from qipan.kernel.ledger.errors import Refused

LABELS = {
    "code": _("代码"),
    "title": _("名称"),
    "section": _("所在分节"),
    "element": _("数据元"),
    "kind": _("填写方式"),
    "required": _("必填"),
    "when": _("填写条件"),
    "options": _("选项"),
    "min": _("最小值"),
    "max": _("最大值"),
    "min_length": _("最少字数"),
    "max_length": _("最多字数"),
    "pattern": _("写法规则"),
    "pattern_help": _("写法提示"),
    "help": _("填写说明"),
    "personal": _("个人信息"),
    "material": _("对应材料"),
    "street_field": _("街道填入的字段"),
    "repeat": _("可填次数"),
    "row_title": _("每行名称"),
    "text": _("内容"),
    "key": _("重点项目"),
    "area": _("所在部分"),
    "evidence": _("不符合的须拍照"),
    "measured": _("测量值"),
    "rectify_days": _("整改天数"),
    "source": _("依据"),
    "unconfirmed": _("待确认"),
    "general_most": _("一般项目最多不符合数"),
}


def short_form(row: Any) -> Row:
    """A form as people write it; a field of a data element keeps the kind that it says itself, the default one too."""
    body = short(row)
    for section, said in zip(row.sections, body.get("sections", ()), strict=False):
        for field, own in zip(section.fields, said.get("fields", ()), strict=False):
            if field.element and "kind" in field.model_fields_set:
                own["kind"] = field.kind
    return body


def form_parts(row: Row, other: Row | None) -> list[Part]:
    """The form, its sections, and each field with the section that it stands in."""
    found = [Part("", str(row.get("title", "")), {name: row[name] for name in row if name != "sections"})]
    for section in row["sections"]:
        own = {name: section[name] for name in section if name != "fields"}
        found.append(Part(f"section:{section['title']}", section["title"], own))
        found += [
            Part(
                f"field:{field['code']}",
                str(field.get("title") or field["code"]),
                field | {"section": section["title"]},
            )
            for field in section["fields"]
        ]
    return found


def checklist_parts(row: Row, other: Row | None) -> list[Part]:
    """The checklist, and each of its points with the area that it stands in."""
    found = [Part("", str(row.get("title", "")), {name: row[name] for name in row if name != "areas"})]
    for area in row["areas"]:
        found += [
            Part(f"item:{item['code']}", f"{item['code']} {item['text']}", item | {"area": area["title"]})
            for item in area["items"]
        ]
    return found


def form_problems(row: Any) -> list[Problem]:
    """What keeps a form from release: no field, a condition that cannot be read, a field that contradicts its element."""
    found = [] if row.fields or row.groups else [Problem(gettext("表单还没有字段。"))]
    for field in [field for section in row.sections for field in section.fields]:
        try:
            holds(field.when, {})
        except (ValueError, KeyError, TypeError):
            text = gettext("字段“%(title)s”的填写条件不能识别。") % {"title": field.title or field.code}
            found.append(Problem(text, (field.code,)))
    for field in [field for section in row.sections for field in section.fields]:
        if not readable(field.pattern):
            text = gettext("字段“%(title)s”的写法规则不是有效的正则表达式。") % {
                "title": field.title or field.code
            }
            found.append(Problem(text, (field.code,)))
    try:
        written_out(row)
    except Refused as refused:
        codes = [field.code for section in row.sections for field in section.fields if field.element]
        found.append(Problem(str(refused), tuple(code for code in codes if f" {code} " in str(refused))))
    return found


def readable(pattern: str) -> bool:
    """Whether a pattern is a regular expression."""
    try:
        re.compile(pattern)
    except (re.error, RecursionError, OverflowError):
        return False
    return True


def _forms_that_ask(element: str) -> list[Use]:
    rows = (
        FormVersion.objects.filter(valid_from__lte=today()).order_by("code", "-valid_from").distinct("code")
    )
    return [
        Use("forms", one.code, one.title)
        for one in rows
        if any(
            field.get("element") == element for section in one.body["sections"] for field in section["fields"]
        )
    ]


def register() -> None:
    """Let data elements, forms and checklists be drafted."""
    offer(Draftable("elements", _("数据元"), ElementVersion, used_by=_forms_that_ask, labels=LABELS))
    used = items_where(lambda item, code: item.form == code)
    offer(
        Draftable(
            "forms", _("表单"), FormVersion, parts=form_parts, problems=form_problems, used_by=used,
            short=short_form,
            labels=LABELS,
        )
    )  # fmt: skip
    used = items_where(lambda item, code: item.checklist == code)
    offer(
        Draftable(
            "checklists", _("核查表"), ChecklistVersion, parts=checklist_parts, used_by=used, labels=LABELS
        )
    )
