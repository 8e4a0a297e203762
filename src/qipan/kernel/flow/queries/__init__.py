"""Reads of the flow room, already scoped to the reader."""

from qipan.kernel.flow.diagram import Diagram, diagram
from qipan.kernel.flow.queries.boxes import Arms, Count, InboxFilters
from qipan.kernel.flow.queries.cases import (
    CaseFilters,
    ClockView,
    Offer,
    case_for,
    cases_visible,
    clocks,
    offers,
    search_cases,
    versions_without_declaration,
    waiting_for_applicant,
)
from qipan.kernel.flow.queries.orders import (
    InboxRow,
    Page,
    inbox,
    inbox_counts,
    light_counts,
    order_for,
    orders_of,
    people_at_work,
    tree,
)

__all__ = [
    "Arms",
    "CaseFilters",
    "ClockView",
    "Count",
    "Diagram",
    "InboxFilters",
    "InboxRow",
    "Offer",
    "Page",
    "case_for",
    "cases_visible",
    "clocks",
    "diagram",
    "inbox",
    "inbox_counts",
    "light_counts",
    "offers",
    "order_for",
    "orders_of",
    "people_at_work",
    "search_cases",
    "tree",
    "versions_without_declaration",
    "waiting_for_applicant",
]
