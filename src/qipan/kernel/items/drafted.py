"""Items, materials and kinds of licence drafted in the product."""

from collections.abc import Callable
from typing import Any

from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from qipan.kernel.items.loading import FLAGS, ItemRow, missing_names
from qipan.kernel.items.models import Channel, Item, LicenceKind, MaterialType
from qipan.kernel.law.drafting.kinds import Draftable, Problem, Row, Use, offer
from qipan.kernel.ledger.clock import today


def _labels(model: Any) -> dict[str, Any]:
    return {one.name: one.verbose_name for one in model._meta.fields}


def _item_columns(item: Item) -> Row:
    """An item's columns as a row says them: its flags in one list, the phone among the channels by its flag."""
    row = {name: getattr(item, name) for name in ItemRow.model_fields if hasattr(item, name)}
    row["flags"] = [flag for flag in FLAGS if getattr(item, f"is_{flag}")]
    if item.is_mobile:
        row["channels"] = [one for one in item.channels if one != Channel.PHONE]
    return row


def item_problems(row: Any) -> list[Problem]:
    """What an item names and nobody has registered."""
    labels = _labels(Item)
    return [
        Problem(
            gettext("%(field)s“%(name)s”还没有登记；如果它也在草稿中，请先发布它。")
            % {"field": labels.get(field, field), "name": name},
            (field,),
        )
        for field, name in missing_names(row)
    ]


def items_where(wanted: Callable[[Item, str], bool]) -> Callable[[str], list[Use]]:
    """What uses a row: the items in force that name its code, as `wanted` sees it."""

    def used(code: str) -> list[Use]:
        rows = Item.objects.filter(valid_from__lte=today()).order_by("code", "-valid_from").distinct("code")
        return [Use("items", one.code, one.name) for one in rows if wanted(one, code)]

    return used


def used_by_item(item: Item) -> list[Use]:
    """What an item uses."""
    named = [
        ("forms", item.form),
        ("decision_tables", item.table),
        ("checklists", item.checklist),
        ("licence_kinds", item.licence),
        *(("materials", name.removesuffix("?")) for name in item.materials),
    ]
    return [Use(kind, code, code) for kind, code in named if code]


def register() -> None:
    """Let the kinds be drafted."""
    more = {"flags": _("标志"), "text": _("内容"), "source": _("依据")}
    offer(
        Draftable(
            "items", _("事项"), Item, problems=item_problems, columns=_item_columns, uses=used_by_item,
            labels=_labels(Item) | more,
        )
    )  # fmt: skip
    used = items_where(lambda item, code: code in {name.removesuffix("?") for name in item.materials})
    offer(Draftable("materials", _("材料"), MaterialType, used_by=used, labels=_labels(MaterialType)))
    used = items_where(lambda item, code: item.licence == code)
    offer(Draftable("licence_kinds", _("证照种类"), LicenceKind, used_by=used, labels=_labels(LicenceKind)))
