"""Themes in force, and the rules by which materials merge."""

import datetime
import time
from collections.abc import Mapping
from dataclasses import dataclass, field

from qipan.domains.licensing.themes.declaration import ThemeRow
from qipan.domains.licensing.themes.models import MaterialCover, Theme
from qipan.kernel.law.dated import as_read, in_force
from qipan.kernel.ledger.clock import today

KEPT_FOR = 10.0


@dataclass(frozen=True)
class Covers:
    """The material rules of a day: what stands in for a material."""

    stand_ins: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    newest: datetime.date | None = None


_kept: dict[datetime.date, tuple[float, Covers]] = {}


def forget() -> None:
    """Read the material rules anew at their next use (after a load)."""
    _kept.clear()


def covers(on: datetime.date | None = None) -> Covers:
    """The material rules in force on a day (today when none is given)."""
    day = on or today()
    read_at, known = _kept.get(day, (0.0, None))
    if known is not None and time.monotonic() - read_at < KEPT_FOR:
        return known
    rows = list(
        MaterialCover.objects.filter(valid_from__lte=day).order_by("code", "-valid_from").distinct("code")
    )
    made = Covers(
        {row.code: tuple(row.covered_by) for row in rows if row.covered_by},
        max((row.valid_from for row in rows), default=None),
    )
    if rows:  # before the first load there is nothing to keep
        if len(_kept) > 50:
            _kept.clear()
        _kept[day] = (time.monotonic(), made)
    return made


def theme(code: str, on: datetime.date | None = None) -> ThemeRow | None:
    """The theme in the version of a day."""
    row = in_force(Theme, code, on)
    return as_read(row, ThemeRow.model_validate) if row is not None else None


def find(words: str, on: datetime.date | None = None) -> list[ThemeRow]:
    """The themes that speak of all these words."""
    return [
        row
        for row in themes(on)
        if all(any(word in text for text in (row.title, row.summary, *row.words)) for word in words.split())
    ]


def themes(on: datetime.date | None = None) -> list[ThemeRow]:
    """The themes of a day, in the order of their numbers."""
    rows = (
        Theme.objects.filter(valid_from__lte=on or today()).order_by("code", "-valid_from").distinct("code")
    )
    return sorted((as_read(row, ThemeRow.model_validate) for row in rows), key=lambda row: row.number)
