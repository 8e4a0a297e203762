"""Differences of catalogue rows in words, and where a row's own page is."""

import json
from typing import Any

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from qipan.kernel.law.drafting import kinds
from qipan.kernel.law.drafting.differences import Change, Part

KINDS = {
    "added": gettext_lazy("新增"),
    "removed": gettext_lazy("删去"),
    "changed": gettext_lazy("改动"),
    "moved": gettext_lazy("移动"),
}
STATES = {"added": "state-done", "removed": "state-bad", "changed": "state-wait", "moved": ""}
PARTS = {
    "section": gettext_lazy("分节"),
    "field": gettext_lazy("字段"),
    "item": gettext_lazy("检查项目"),
    "inputs": gettext_lazy("条件列"),
    "outputs": gettext_lazy("结果列"),
    "conditions": gettext_lazy("条件"),
    "faces": gettext_lazy("证面内容"),
}

#: Kinds with an address of their own beside the tables.
OWN_PAGES = {"items": "desk_item", "forms": "desk_form"}


def page_of(kind: str, code: str) -> str:
    """The address of a row's own page."""
    if kind == "decision_tables":
        return reverse("table", args=[code])
    if kind in OWN_PAGES:
        return reverse(OWN_PAGES[kind], args=[code])
    return reverse("catalogue_row", args=[kind, code])


def list_of(kind: str) -> str:
    """The address of the list of a kind."""
    if kind == "decision_tables":
        return reverse("tables")
    if kind in OWN_PAGES:
        return reverse(f"{OWN_PAGES[kind]}s")
    return reverse("catalogue_rows", args=[kind])


def drawn(kind: str, changes: list[Change]) -> list[dict[str, Any]]:
    """Differences as a page shows them: what kind, which part, and each aspect before and after."""
    labels = kinds.draftable(kind).labels
    found = []
    for one in changes:
        prefix = one.key.partition(":")[0] if ":" in one.key else ""
        if one.kind == "changed":
            aspects = [
                {
                    "name": labels.get(each.name, each.name),
                    "before": words(each.before),
                    "after": words(each.after),
                }
                for each in one.aspects
            ]
        else:
            aspects = []
        found.append(
            {
                "kind": KINDS[one.kind],
                "state": STATES[one.kind],
                "part": PARTS.get(prefix, ""),
                "title": one.title,
                "aspects": aspects,
                "says": [
                    {"name": labels.get(name, name), "value": words(value)}
                    for name, value in one.says.items()
                    if value not in (None, "", [], False)
                ]
                if one.kind in {"added", "removed"}
                else [],
            }
        )
    return found


def words(value: Any) -> str:
    """A value of a row for people."""
    if value is None or value == "":
        return "—"
    if isinstance(value, bool):
        return _("是") if value else _("否")
    if isinstance(value, list):
        if all(isinstance(one, dict) and one.keys() == {"code", "title"} for one in value):
            return "、".join(f"{one['title']}（{one['code']}）" for one in value) or "—"
        return "、".join(words(one) for one in value) or "—"
    if isinstance(value, dict):
        return json.dumps(value, ensure_ascii=False)
    return str(value)


def summary(part: Part) -> str:
    """A part in one line."""
    source = part.says.get("source") or part.says.get("unconfirmed") or ""
    return part.title + (f"（{source}）" if source else "")
