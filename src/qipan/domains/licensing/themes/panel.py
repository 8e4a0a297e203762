"""A theme's part of the case page: its items with where each stands and why, and all results in one place."""

from collections import defaultdict
from collections.abc import Iterable
from typing import Any

from django.urls import reverse
from django.utils.translation import gettext as _

from qipan.domains.licensing.handover import agencies
from qipan.domains.licensing.themes import asking, forming, measuring, progress
from qipan.domains.licensing.themes.models import FAILED, GIVEN, PartState, Release, ThemeCase, ThemePart
from qipan.kernel.documents.models import Document, DocumentState
from qipan.kernel.flow.models import Case
from qipan.kernel.items import queries as items
from qipan.kernel.items.models import Item
from qipan.kernel.law import terms
from qipan.kernel.ledger.clock import today
from qipan.kernel.orgs.reader import Reader
from qipan.ui import cases

#: By when a decision must be served.
SERVED = "LicProc35.issue"
TONES = {
    PartState.DONE: "state-done",
    PartState.GRANTED: "state-done",
    PartState.REFUSED: "state-bad",
    PartState.ENDED: "state-bad",
    PartState.ALONE: "state-bad",
    PartState.BLOCKED: "state-bad",
    PartState.WAITING: "state-wait",
}


def context(case: Case, reader: Reader) -> dict[str, Any]:
    """What the panel shows."""
    row = ThemeCase.objects.get(pk=case.pk)
    row.case = case
    parts = list(row.parts.select_related("application__case").order_by("position"))
    names = {part.code: progress.name_of(part) for part in parts}
    unfinished = {part.code for part in parts if part.state not in (*GIVEN, *FAILED)}
    papers = _papers(parts, reader)
    theme, merged = forming.theme_of(row), forming.merged_of(row)
    lacking = forming.parts_of(row)[1] if not parts else []
    found = items.items_by_code(part.item for part in lacking)
    return {
        "theme": theme,
        "theme_case": row,
        "draft": case.private,
        "parts": [_line(part, names, unfinished, papers) for part in parts],
        "papers_of_theme": [one for part in parts for one in papers[part.application_id]],
        "together": row.release == Release.TOGETHER and bool(held(row)),
        "savings": measuring.savings(merged, len(asking.asked(theme, row.situation))),
        "planned": [one.item.name for one in merged.nodes] if not parts else [],
        "lacking": [found[part.item].name for part in lacking if part.item in found],
        "case_page": "desk_case" if reader.kind == "staff" else "my_case",
    }


def standing(case: Case) -> cases.Standing | None:
    """How many items have come to something, and who works on the others; a draft's state says enough."""
    parts = list(ThemePart.objects.filter(theme_id=case.pk).order_by("position"))
    if case.private or not parts:
        return None
    done = sum(part.state in GIVEN for part in parts)
    failed = sum(part.state in FAILED for part in parts)
    if case.closed_at:
        now = _("全部办成：%(done)d 个事项都有了结果。") % {"done": done}
        then = _("结果在本页领取。")
        if failed:
            now = _("全部有结果：%(done)d 个事项办成，%(failed)d 个没有办成。") % {
                "done": done,
                "failed": failed,
            }
            then += _("没有办成的，原因和接下来的办法写在该事项下面。")
        return cases.Standing("", now, then)
    handed = [part for part in parts if part.state == PartState.HANDED]
    blocked = [progress.name_of(part) for part in parts if part.state == PartState.BLOCKED]
    waiting = sum(part.state == PartState.WAITING for part in parts)
    counts = [
        (done, _("%(count)d 个已经办成")),
        (len(handed), _("%(count)d 个正在办理")),
        (waiting, _("%(count)d 个等前面的结果")),
        (failed, _("%(count)d 个没有办成，不影响其他事项")),
        (len(blocked), _("%(count)d 个要您处理")),
    ]
    now = _("共 %(all)d 个事项：%(counts)s。") % {
        "all": len(parts),
        "counts": _("，").join(text % {"count": count} for count, text in counts if count),
    }
    then = _("现在不需要您做什么。有进展时，这一页会自动更新。")
    if blocked:
        then = _("请处理：%(items)s。") % {"items": _("、").join(blocked)}
    found = items.items_by_code(part.item_code for part in handed)
    authorities = dict.fromkeys(_authority(item) for item in found.values())
    return cases.Standing(_("、").join(authorities) or str(_("系统")), now, then, yours=bool(blocked))


def _authority(item: Item) -> str:
    return agencies.title_of(item.agency) if item.agency else item.authority


def held(row: ThemeCase) -> str:
    """Why results are not handed out yet; empty when they are."""
    if row.release != Release.TOGETHER or row.case.closed_at:
        return ""
    return _("您选择了全部办好一起发，还有事项没有结果。")


def held_part(case_id: int) -> str:
    """The same for one part's documents: never beyond the day by which a decision must be served (LicProc 35)."""
    part = (
        ThemePart.objects.select_related("theme__case", "application").filter(application_id=case_id).first()
    )
    if part is None or part.theme.release != Release.TOGETHER:
        return ""
    decided = part.application.decided_at
    last = terms.due(SERVED, decided).due_on if decided else None
    return "" if last is not None and today() >= last else held(part.theme)


def _line(
    part: ThemePart, names: dict[str, str], open_ones: set[str], papers: dict[int, list[Any]]
) -> dict[str, Any]:
    item = items.item(part.item_code)
    case = part.application.case
    waits = [names[code] for code in (*part.needs, *part.after) if code in open_ones]
    return {
        "code": part.code,
        "name": names[part.code],
        "authority": _authority(item) if item else "",
        "state": part.get_state_display(),
        "tone": TONES.get(PartState(part.state), ""),
        "why": part.why,
        "waits": waits if part.state == PartState.WAITING else [],
        "case": case,
        "own_state": case.state_title if part.state == PartState.HANDED else "",
        "due_on": case.due_on,
        "remedy": part.state in FAILED and case.state in {"REFUSED", "NOT_ACCEPTED"},
        "alone": case.uuid if part.state in {PartState.ALONE, PartState.BLOCKED} and case.private else None,
        "papers": papers[part.application_id],
    }


def _papers(parts: Iterable[ThemePart], reader: Reader) -> dict[int, list[dict[str, Any]]]:
    """The documents of the parts, by case; without a link while the applicant wants them all together."""
    found: dict[int, list[dict[str, Any]]] = defaultdict(list)
    rows = Document.objects.visible_to(reader).select_related("template")
    ids = [part.application_id for part in parts]
    shut = {pk: cases.held(Case._meta.label_lower, pk, reader) for pk in ids}
    for row in rows.filter(record_kind=Case._meta.label_lower, record_id__in=ids).order_by("pk"):
        open_now = row.state == DocumentState.ISSUED and not shut[row.record_id]
        found[row.record_id].append(
            {
                "title": row.template.title,
                "number": row.number,
                "state": row.get_state_display(),
                "href": reverse("document_file", args=[row.uuid]) if open_now else "",
            }
        )
    return found


def register() -> None:
    """Put the panel on the case page, and hold back what the applicant wants all together."""
    cases.register_hold(held_part)
    cases.register(
        cases.Panel(
            flow_code="licensing.theme",
            template="licensing/themes/panel.html",
            context=context,
            hidden=frozenset({"submit"}),
            edit="theme_form",
            standing=standing,
            also=lambda case: (
                ThemePart.objects.filter(theme_id=case.pk)
                .order_by("position")
                .values_list("application_id", flat=True)
            ),
        )
    )
