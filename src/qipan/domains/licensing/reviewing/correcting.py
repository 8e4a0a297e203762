"""The points of a correction (补正, LicProc 15): picked from fields and materials, finished in the officer's own words."""

from typing import Any

from django.http import QueryDict
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, override

from qipan.domains.licensing.asking import form_of
from qipan.domains.licensing.models import Application
from qipan.domains.licensing.reviewing.comparing import differences

WHY = {
    "MISSING": gettext_lazy("没有提供，请补充"),
    "UNCLEAR": gettext_lazy("看不清楚，请重新提供清晰、完整的"),
    "DIFFERS": gettext_lazy("与登记信息或者证照不一致，请核对后更正"),
    "INCOMPLETE": gettext_lazy("填写不完整，请补充"),
    "EXPIRED": gettext_lazy("已过有效期，请提供有效的"),
    "OTHER": gettext_lazy("请按下面的说明更正"),
}
MOST_POINTS = 60


def choices(row: Application) -> list[dict[str, Any]]:
    """What a point can be about: materials first, then fields; with the reason that suggests itself."""
    odd = {line.code for line in differences(row)}
    found = [
        {
            "code": field.code,
            "title": field.title,
            "material": field.kind == "file",
            "why": "DIFFERS"
            if field.code in odd
            else "MISSING"
            if not row.values.get(field.code)
            else "UNCLEAR",
            "suggested": field.code in odd,
        }
        for field in form_of(row).fields
        if field.code not in row.known or field.code in odd
    ]
    return sorted(found, key=lambda one: (not one["suggested"], not one["material"]))


@override("zh-hans")  # the letter is Chinese
def points(post: QueryDict) -> list[str]:
    """The points of a posted form: those that were picked, each with its reason and note, then those written freely."""
    found = []
    for code in post.getlist("point")[:MOST_POINTS]:
        title = post.get(f"title-{code}", "").strip()[:100]
        why = WHY.get(post.get(f"why-{code}", ""), "")
        note = post.get(f"note-{code}", "").strip()[:300]
        if title and (why or note):
            text = _("“%(title)s”%(why)s。") % {"title": title, "why": why} if why else f"“{title}”："
            found.append(text + (note if not note or note.endswith("。") else f"{note}。"))
    free = [line.strip() for line in post.get("points", "").splitlines() if line.strip()]
    return [*found, *free]
