"""What history is written into, and one closed case of it."""

import datetime
import json
from dataclasses import dataclass, field
from typing import Any

from qipan.city.copying import Sheet, escaped
from qipan.domains.licensing.models import Application, SiteCheck
from qipan.kernel.flow.models import Case, Clock
from qipan.kernel.ledger.models import Event
from qipan.kernel.ledger.registry import EventType
from qipan.kernel.publication.models import Publication
from qipan.kernel.subjects.models import ExternalRecord

ZONE = datetime.timezone(datetime.timedelta(hours=8))


@dataclass
class HistorySheets:
    """The tables of history."""

    cases: Sheet = field(default_factory=lambda: Sheet(Case, numbered=True))
    applications: Sheet = field(default_factory=lambda: Sheet(Application))
    checks: Sheet = field(default_factory=lambda: Sheet(SiteCheck, "officers"))
    clocks: Sheet = field(default_factory=lambda: Sheet(Clock))
    events: Sheet = field(default_factory=lambda: Sheet(Event, "actor_id", "data", "digest"))
    records: Sheet = field(default_factory=lambda: Sheet(ExternalRecord, numbered=True))
    publications: Sheet = field(default_factory=lambda: Sheet(Publication, "kind_id"))

    def all(self) -> list[Sheet]:
        """Each of them."""
        return list(vars(self).values())


@dataclass
class Past:
    """One closed case to be: the subject's row, the grant's (−1: none), item, days, way and end."""

    row: int
    grant: int
    item: str
    decided: datetime.date
    auto: bool
    state: str = "ISSUED"
    submitted: datetime.datetime = datetime.datetime.min
    ended: datetime.datetime = datetime.datetime.min
    steps: list[tuple[EventType, str, str, str, datetime.datetime, str, int | None]] = field(
        default_factory=list
    )
    number: str = ""


def json_text(value: Any) -> str:
    """A value for a JSON column, as COPY takes it."""
    return escaped(json.dumps(value, ensure_ascii=False, separators=(",", ":")))
