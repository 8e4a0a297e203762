"""What a domain adds to the shared case page: its own panel, the fields of its steps, the pages where its orders are worked."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from django.http import QueryDict

from qipan.kernel.orgs.reader import Reader

Context = Callable[[Any, Reader], dict[str, Any]]
Parse = Callable[[QueryDict], dict[str, Any]]


@dataclass(frozen=True)
class StepForm:
    """The fields of a step beyond its reason: a template that draws them and a function that reads them."""

    template: str
    parse: Parse


@dataclass(frozen=True)
class Standing:
    """Where a case stands, where its own state does not say it: who works on it, and whole sentences for its applicant."""

    owner: str
    now: str
    then: str = ""
    yours: bool = False


@dataclass(frozen=True)
class Panel:
    """A flow's part of the case page.

    `steps`: by transition code. `work`: by order kind, the name of the page (given the order's uuid) where officers do
    the work. `hidden`: transitions that have a page of their own. `edit`: the name of the page (given the case's uuid)
    where the applicant fills in and hands in. `also`: the ids of other cases that the panel shows; the page follows them.
    `standing`: where a case stands, None where its state says enough.
    """

    flow_code: str
    template: str
    context: Context
    steps: Mapping[str, StepForm] = field(default_factory=dict)
    work: Mapping[str, str] = field(default_factory=dict)
    hidden: frozenset[str] = frozenset()
    edit: str = ""
    also: Callable[[Any], Iterable[int]] = lambda case: ()
    standing: Callable[[Any], Standing | None] = lambda case: None


_panels: dict[str, Panel] = {}
_work: dict[str, str] = {}


_holds: list[Callable[[int], str]] = []


def register_hold(source: Callable[[int], str]) -> None:
    """Add a reason for which a case's documents are not handed out yet: a function of the case's id, empty where none."""
    _holds.append(source)


def held(record_kind: str, record_id: int | None, reader: Reader) -> str:
    """Why the documents of a record are not handed out to a reader yet, in words; staff see them in any case."""
    if record_kind != "flow.case" or record_id is None or reader.kind == "staff":
        return ""
    return next((why for source in _holds if (why := source(record_id))), "")


def register_work(pages: Mapping[str, str]) -> None:
    """Name the pages (given the order's uuid) where orders that come from no case are worked, by their kind."""
    _work.update(pages)


def register(panel: Panel) -> None:
    """Add a flow's panel; a later one for the same flow replaces it."""
    _panels[panel.flow_code] = panel


def panel_of(flow_code: str) -> Panel | None:
    """The panel of a flow, if its domain has one."""
    return _panels.get(flow_code)


def work_page(kind: str) -> str:
    """The name of the page on which orders of a kind are worked; empty where the case page is enough."""
    found = (panel.work[kind] for panel in _panels.values() if kind in panel.work)
    return _work.get(kind) or next(found, "")
