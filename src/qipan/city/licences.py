"""Licences and filings of a block: who holds one, since when, until when, and under which number.

Only those who hold one have their legal representative in the vault: a data key for each of 3.69 million people would
be most of the work of the whole city, and nothing prints the name of a person who holds no licence.
"""

import datetime
import json
import uuid
from dataclasses import dataclass

import numpy as np

from qipan.city import codes, naming, shape
from qipan.city.copying import NULL, Ref, Sheet, bytes_text
from qipan.city.industries import EVERY
from qipan.city.places import Place
from qipan.city.registering import Block, Sheets
from qipan.kernel.accounts.vault import sealing
from qipan.kernel.law.calendar import Calendar
from qipan.kernel.subjects.actions import REMINDERS

FORMATS = {"CATERING": "2", "CANTEEN": "3", "SALES": "1", "FILING": "1"}
TITLES = {"JY": "食品经营许可证", "YB": "仅销售预包装食品经营者备案"}
LONGEST = 5 * 365 + 130
"""How far back the decision of a licence may lie: the oldest have ended by now."""


@dataclass
class Held:
    """The grants of a block, one entry each; `rows` are the subjects' rows in the block."""

    rows: np.ndarray
    kind: list[str]
    form: list[str]
    numbers: list[str]
    decided: list[datetime.date]
    valid_to: list[datetime.date | None]
    state: list[str]
    ended: list[datetime.date | None]
    data: list[dict[str, object]]
    renewed: list[bool]

    @property
    def count(self) -> int:
        """How many there are."""
        return len(self.rows)


def last_day(start: datetime.date) -> datetime.date:
    """Five years from the decision (FSLR 15): the day before the same date."""
    try:
        same = start.replace(year=start.year + 5)
    except ValueError:
        same = datetime.date(start.year + 5, 3, 1)
    return same - datetime.timedelta(days=1)


def draw(block: Block, places: list[Place], series: dict[str, int], calendar: Calendar) -> Held:
    """Decide who holds what; the numbers continue `series`, which is brought forward."""
    dice, today = block.dice("licences"), block.plan.as_of
    food = [each.food for each in EVERY]
    kinds = np.array([food[which] for which in block.industry.tolist()], dtype=object)
    share = np.array([shape.LICENSED.get(kind, 0.0) for kind in kinds.tolist()])
    ages = (np.datetime64(today) - block.established).astype(np.int64)
    rows = np.flatnonzero((dice.shares(block.count) < share) & (ages > 40))
    back = (1 + dice.shares(len(rows)) * np.minimum(ages[rows] - 20, LONGEST)).astype(np.int64)
    ending = (dice.shares(len(rows)) < shape.ENDING_SOON) & (ages[rows] > 1900)
    back = np.where(ending, 1826 - (back % 120), back)
    decided = [_worked(calendar, today - datetime.timedelta(days=int(days_))) for days_ in back.tolist()]
    order = sorted(range(len(rows)), key=lambda at: (decided[at], int(rows[at])))
    rows, decided = rows[order], [decided[at] for at in order]
    items = dice.words(shape.CATERING_ITEMS, len(rows)).tolist()
    chance, other = dice.shares(len(rows)).tolist(), dice.shares(len(rows)).tolist()
    kind, form, valid_to, state, ended, data, renewed, stems = [], [], [], [], [], [], [], []
    for at, row in enumerate(rows.tolist()):
        what = kinds[row]
        prefix = "YB" if what == "FILING" else "JY"
        until = None if prefix == "YB" else last_day(decided[at])
        place = places[block.street[row]]
        stems.append(f"{prefix}{FORMATS[what]}{place.licence_area}")
        kind.append(prefix)
        form.append(FORMATS[what])
        valid_to.append(until)
        found = _state(str(block.status[row]), until, today, chance[at])
        state.append(found)
        end = None
        if found in {"CANCELLED", "REVOKED"}:
            last = min(until, today) if until else today
            span = max((last - decided[at]).days - 2, 1)
            end = _worked(calendar, decided[at] + datetime.timedelta(days=1 + int(other[at] * span)))
            end = min(max(end, decided[at]), today - datetime.timedelta(days=1))
        ended.append(end)
        data.append(_content(what, items[at], other[at]))
        old_enough = (decided[at] - datetime.timedelta(days=1860)) > block.established[row].astype(
            datetime.date
        )
        renewed.append(bool(prefix == "JY" and old_enough and other[at] < 0.6))
    numbers = _numbers(stems, series)
    for row, number in zip(rows.tolist(), numbers, strict=True):
        block.extra_codes[row].append(number)
    return Held(rows, kind, form, numbers, decided, valid_to, state, ended, data, renewed)


def _worked(calendar: Calendar, day: datetime.date) -> datetime.date:
    """The day, or the last working day before it."""
    return day if calendar.is_working_day(day) else calendar.add_working_days(day, -1)


def _state(status: str, until: datetime.date | None, today: datetime.date, chance: float) -> str:
    if status in {"CANCELLED", "REVOKED", "EX_OFFICIO", "STRUCK_OFF"}:
        return "CANCELLED"
    if chance < 0.015:
        return "CANCELLED"
    if chance > 0.997:
        return "REVOKED"
    if until is not None and until < today:
        return "EXPIRED"
    return "VALID"


def _content(what: str, items: tuple[str, ...], chance: float) -> dict[str, object]:
    if what in {"CATERING", "CANTEEN"}:
        marks = ["SCHOOL"] if what == "CANTEEN" else ["NETWORK"] if chance < 0.45 else []
        return {"main_format": FORMATS[what], "items": list(items), "marks": marks}
    if what == "SALES":
        return {"main_format": "1", "items": ["BULK_PACKED" if chance < 0.6 else "BULK"], "marks": []}
    return {"marks": ["NETWORK"] if chance < 0.3 else []}


def _numbers(stems: list[str], series: dict[str, int]) -> list[str]:
    """`JY` + format + area + sequence + check digit, in the order of the decisions."""
    bodies = []
    for stem in stems:
        series[stem] = series.get(stem, 0) + 1
        bodies.append(f"{stem[2:]}{series[stem]:06d}")
    return [stem[:2] + whole for stem, whole in zip(stems, codes.checked(bodies), strict=True)]


def write_persons(block: Block, held: Held, sheet: Sheet) -> Ref:
    """Put the representatives of those who hold something into the vault; returns the column that refers to them.

    Each gets a key of one's own, sealed exactly as `create_person` does it; only the rows travel together.
    """
    rows = np.unique(held.rows)
    dice = block.dice("people")
    names = [naming.person(numbers) for numbers in dice.numbers(len(rows))]
    uuids = dice.uuids(len(rows))
    sealed = [
        sealing.sealed_columns(uuid.UUID(each), {"name": name})
        for each, name in zip(uuids, names, strict=True)
    ]
    sheet.put(
        {
            "uuid": uuids,
            "key": [bytes_text(each["key"]) for each in sealed],
            "name_sealed": [bytes_text(each["name_sealed"]) for each in sealed],
            "created_at": f"{block.plan.as_of.isoformat()} 00:00:00+08",
            "is_demo": "t",
        },
        len(rows),
    )
    column = np.full(block.count, -1, dtype=np.int64)
    column[rows] = np.arange(len(rows))
    return Ref(sheet, column)


def write(
    block: Block, held: Held, places: list[Place], sheets: Sheets, sheet: Sheet, calendar: Calendar
) -> None:
    """Write the register of grants."""
    here = [places[s] for s in block.street[held.rows].tolist()]
    today = block.plan.as_of
    reminded = [
        sum(1 for limit in REMINDERS if calendar.working_days_between(today, until) <= limit)
        if until and state == "VALID" and today <= until <= today + datetime.timedelta(days=150)
        else 0
        for until, state in zip(held.valid_to, held.state, strict=True)
    ]
    sheet.put(
        {
            "number": held.numbers,
            "kind": held.kind,
            "title": [TITLES[kind] for kind in held.kind],
            "subject": Ref(sheets.subjects, held.rows),
            "premises": Ref(sheets.premises, block.premises_row[held.rows]),
            "org_path": [place.org_path for place in here],
            "item_code": ["FF-NEW" if kind == "YB" else "FB-NEW" for kind in held.kind],
            "data": [json.dumps(each, ensure_ascii=False) for each in held.data],
            "decided_on": [day.isoformat() for day in held.decided],
            "valid_from": [day.isoformat() for day in held.decided],
            "valid_to": [day.isoformat() if day else NULL for day in held.valid_to],
            "state": held.state,
            "issuer": [place.bureau_path for place in here],
            "reminded": list(map(str, reminded)),
        },
        held.count,
    )
