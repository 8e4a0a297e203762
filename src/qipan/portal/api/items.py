"""The items that can be applied for, with the form that each asks for."""

from typing import Any

from django.http import Http404, HttpRequest
from django.utils.translation import gettext_noop
from ninja import Query, Router, Schema
from pydantic import Field

from qipan.kernel.forms import elements, schema
from qipan.kernel.forms import queries as forms
from qipan.kernel.forms.declaration import FormField, Repeat
from qipan.kernel.items import queries as items
from qipan.kernel.items.models import Item as ItemRow
from qipan.kernel.law.citations import Citation
from qipan.ui.access import public_operation
from qipan.ui.interface.reading import Code, Words

router = Router()


class Item(Schema):
    """An item as a list shows it."""

    code: str
    name: str
    handling: str = Field(
        description="NEW 新办，CHANGE 变更，RENEW 延续，REISSUE 补办，CANCEL 注销，FILING 备案，FILING_CHANGE 备案变更，FILING_CANCEL 备案注销，SUSPEND 停用，RESTORE 启用，REGISTER 设立登记，ALTER 变更登记，STATUS 状态登记，UNLIST 移出名录，ANSWER 其他办理，HANDOVER 转交其他部门"
    )
    law_days: int = Field(description="法定期限（工作日）")
    promise_days: int = Field(description="承诺期限（工作日）")
    by_rule: bool = Field(description="是否可以由决策表自动准予（秒批）")


class Condition(Schema):
    """A condition of the item and its source."""

    text: str
    source: str = Field(description="法律依据，空为待确认")
    unconfirmed: str = ""


class Material(Schema):
    """A material; one that a source supplies is not asked for."""

    code: str
    title: str
    supplied_by: str = Field(description="平台可以从哪里取得；不为空时不用提交")


class FormSection(Schema):
    """Fields under one heading, as declared."""

    title: str
    help: str
    fields: list[FormField]
    code: str = Field("", description="重复填写的分组：答案是它名下的列表，一行一项；不重复的为空")
    repeat: Repeat | None = None
    row_title: str = ""
    when: dict[str, Any] | None = None


class ItemGuide(Item):
    """An item with everything that an applicant needs to know of it."""

    bases: list[str]
    conditions: list[Condition]
    materials: list[Material]
    form_code: str
    sections: list[FormSection] = Field(
        description="表单。有 element 的字段，平台已知的不必填写（见申请的 known）"
    )


def _line(row: ItemRow) -> dict[str, Any]:
    return {
        "code": row.code,
        "name": row.name,
        "handling": row.handling,
        "law_days": row.law_days,
        "promise_days": row.promise_days,
        "by_rule": row.is_auto,
    }


@router.get("", response=list[Item], auth=None, summary=gettext_noop("可以办理的事项"))
@public_operation
def item_list(request: HttpRequest, q: Words = Query("", description="事项名称中的词")) -> Any:
    """The items in force, by code."""
    return [_line(row) for row in items.items_for_public(q)]


@router.get("/{code}", response=ItemGuide, auth=None, summary=gettext_noop("办事指南和表单"))
@public_operation
def item_guide(request: HttpRequest, code: Code) -> Any:
    """One item: conditions, materials, bases and the declared form."""
    row = items.item(code)
    if row is None:
        raise Http404
    form = forms.asked(row)
    return {
        **_line(row),
        "bases": [str(Citation.parse(basis)) for basis in row.bases],
        "conditions": [
            {
                "text": each.get("text", ""),
                "source": str(Citation.parse(each["source"])) if each.get("source") else "",
                "unconfirmed": each.get("unconfirmed", ""),
            }
            for each in row.conditions
        ],
        "materials": [
            {"code": each.code, "title": each.title, "supplied_by": each.supplied_by}
            for each in items.materials_of(row)
        ],
        "form_code": form.code,
        "sections": [section.model_dump() for section in form.sections],
    }


@router.get(
    "/{code}/schema",
    response=dict[str, Any],
    auth=None,
    summary=gettext_noop("表单的 JSON Schema（2020-12）"),
)
@public_operation
def item_schema(request: HttpRequest, code: Code) -> Any:
    """What the answers to the item's form must be. What the platform may know by itself is not required."""
    row = items.item(code)
    if row is None:
        raise Http404
    form = forms.asked(row)
    return schema.of_form(form, optional=elements.known_elsewhere(form))
