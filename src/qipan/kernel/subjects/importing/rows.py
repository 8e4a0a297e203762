"""What a register's row says once it has been read: plain values, ready to be staged."""

import datetime
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, Literal

from qipan.kernel.accounts.vault.keys import master
from qipan.kernel.subjects import codes

#: The kinds by which a row is recognised again, strongest first.
STRENGTH = ("USCC", "REG_NO", "ORG_CODE", "LICENCE", "ACCOUNT")
#: Of these a subject has one only.
SINGLE = ("USCC", "REG_NO", "ORG_CODE")

Level = Literal["error", "warning", "hint"]


@dataclass(frozen=True, slots=True)
class Code:
    """One identifier. One whose check sign fails carries the reason for which it is entered all the same."""

    kind: str
    value: str
    check_ok: bool = True
    override_reason: str = ""


@dataclass(frozen=True, slots=True)
class Place:
    """The place of business that a row names."""

    address: str
    name: str = ""
    division_code: str = ""
    street: str = ""
    longitude: Decimal | None = None
    latitude: Decimal | None = None
    area_m2: Decimal | None = None


@dataclass(frozen=True, slots=True)
class Record:
    """A row of history that a row brings along: an inspection made elsewhere."""

    kind: str
    key: str
    on: datetime.date | None
    result: str
    data: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Note:
    """What the report says of a line: an error rejects it, a warning and a hint do not.

    `value` is what stood there, masked by the writer where it is personal.
    """

    seq: int
    sheet: str
    line: int
    level: Level
    field: str
    value: str
    reason: str
    todo: str


@dataclass(frozen=True, slots=True)
class ImportedRow:
    """One row of a register. Empty text and None mean that the register says nothing, and change nothing.

    `seq` counts the rows of the whole file, `line` is where it stands in its sheet; `type` is what the register says, `type_guess` what a
    new subject is entered as; `org_path` is the office found for it, `person` (name, id_number, phone, email) is sealed before it reaches the database.
    """

    seq: int
    sheet: str
    line: int
    name: str
    type: str = ""
    type_guess: str = "OTHER"
    is_branch: bool = False
    status: str = ""
    industry: str = ""
    business_scope: str = ""
    capital: Decimal | None = None
    currency: str = ""
    established_on: datetime.date | None = None
    approved_on: datetime.date | None = None
    term_to: datetime.date | None = None
    domicile: str = ""
    org_path: str = ""
    codes: tuple[Code, ...] = ()
    place: Place | None = None
    person: Mapping[str, str] = field(default_factory=dict)
    records: tuple[Record, ...] = ()

    def key(self) -> str:
        """By what the row is known again: its strongest code, else its name and address."""
        for kind in STRENGTH:
            for code in self.codes:
                if code.kind == kind:
                    return f"{kind}:{code.value}"
        place = self.place.address if self.place else self.domicile
        return "NAME:" + master().blind("subjects.import.key", f"{self.name}\x00{place}")

    def digest(self) -> str:
        """A keyed digest over what the row says of its subject (not of its history, and not of the person)."""
        facts = [
            self.name,
            self.type,
            self.type_guess,
            self.is_branch,
            self.status,
            self.industry,
            self.business_scope,
            self.capital,
            self.currency,
            self.established_on,
            self.approved_on,
            self.term_to,
            self.domicile,
            self.org_path,
            [[code.kind, code.value, code.check_ok] for code in self.codes],
            [getattr(self.place, name) for name in Place.__slots__] if self.place else None,
        ]
        text = json.dumps(facts, ensure_ascii=False, default=str, separators=(",", ":"))
        return master().blind("subjects.import.row", text)

    def person_digest(self) -> str:
        """A keyed digest over the person; empty where the row names none."""
        said = {name: text for name, text in self.person.items() if text}
        if not said:
            return ""
        return master().blind("subjects.import.person", json.dumps(said, ensure_ascii=False, sort_keys=True))


def judged(kind: str, value: str, reason: str) -> Code:
    """A code with its check sign judged; `reason` stands where the sign fails (DOMAIN 2.2: looks wrong, no error)."""
    right = {
        "USCC": codes.is_uscc,
        "REG_NO": codes.is_reg_no,
        "ORG_CODE": codes.is_org_code,
        "LICENCE": lambda number: not codes.LICENCE_SHAPE.match(number) or codes.is_licence_number(number),
    }.get(kind, lambda _value: True)(value)
    return Code(kind, value, right, "" if right else reason[:200])
