"""What an inspection's record says: which list holds, what applies, what failed, what the law lets one do about it."""

import datetime
from collections.abc import Iterable
from typing import Any

from qipan.domains.inspection.models import Visit, failed_codes
from qipan.kernel.forms import checklists
from qipan.kernel.forms import queries as forms
from qipan.kernel.forms.checklists import CheckItem, ChecklistRow, Conclusion, Gap
from qipan.kernel.law import terms
from qipan.kernel.law.citations import Citation
from qipan.kernel.ledger.clock import today
from qipan.kernel.subjects.models import Grant, Subject

CATERING, SALES = "CATER-2025", "SALE-2025"
#: 经营项目 that are sales, not the making of food.
SOLD = frozenset({"BULK", "BULK_PACKED", "CHAIN_SALES"})
#: 主体业态: 食品销售经营者, 餐饮服务经营者, 集中用餐单位食堂.
LIST_OF_FORMAT = {"1": SALES, "2": CATERING, "3": CATERING}
#: Wholesale and retail trade (GB/T 4754 F51, F52), for who has no licence that says more.
TRADE = ("51", "52")
NO_FACTS: dict[str, Any] = {"main_format": "", "items": [], "marks": []}


def checklist_of(visit: Visit) -> ChecklistRow:
    """The list in the version that held when the officers began (today's before that)."""
    return forms.checklist(visit.checklist_code, visit.checklist_on)


def list_for(subject: Subject, grant: Grant | None) -> str:
    """By which list a business is inspected (Insp 13): its licence's format, else its items, else its industry."""
    licensed = grant.data if grant else {}
    if known := LIST_OF_FORMAT.get(str(licensed.get("main_format", ""))):
        return known
    if items := set(licensed.get("items") or ()):
        return SALES if items <= SOLD else CATERING
    return SALES if subject.industry.lstrip("ABCDEFGHIJKLMNOPQRST").startswith(TRADE) else CATERING


def facts_of(visit: Visit) -> dict[str, Any]:
    """Format, items and marks: as they were when the officers began, of the licence before that."""
    held = visit.facts or (visit.grant.data if visit.grant else {})
    return {**NO_FACTS, **{key: held[key] for key in NO_FACTS if key in held}}


def applicable(visit: Visit) -> list[CheckItem]:
    """The items that are asked."""
    return checklist_of(visit).applicable(facts_of(visit))


def gaps_of(visit: Visit) -> list[Gap]:
    """What keeps the record from being concluded."""
    return checklists.gaps(checklist_of(visit), visit.answers, facts_of(visit))


def concluded(visit: Visit) -> Conclusion:
    """What the answers come to."""
    return checklists.conclude(checklist_of(visit), visit.answers, facts_of(visit))


def failed_items(visit: Visit) -> list[CheckItem]:
    """The items that failed, in the order of the list."""
    failed = set(failed_codes(visit.answers))
    return [item for item in applicable(visit) if item.code in failed]


def source_words(item: CheckItem) -> str:
    """The article an item rests on, as lawyers write it; an unconfirmed one says so."""
    return str(Citation.parse(item.source)) if item.source else f"待确认：{item.unconfirmed}"


def lines_of(items: Iterable[CheckItem], visit: Visit) -> list[dict[str, Any]]:
    """Failed items for people and papers: code, key, text, note, source, days."""
    return [
        {
            "code": item.code,
            "key": item.key,
            "text": item.text,
            "note": str(visit.answers.get(item.code, {}).get("note", "")),
            "source": source_words(item),
            "days": item.rectify_days,
        }
        for item in items
    ]


def proposed_by(visit: Visit) -> datetime.date:
    """The day proposed for putting things right: the longest of the failed items, at most what the rule allows."""
    days = max((item.rectify_days for item in failed_items(visit)), default=15)
    return min(today() + datetime.timedelta(days=days), latest_by(today()))


def latest_by(day: datetime.date) -> datetime.date:
    """The latest day that an order to correct may name."""
    return terms.due("Insp.rectify_most", day).due_on or day
