"""Checklists: areas of items, answers, and the conclusion that follows from them."""

import datetime
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Any, Literal

from django.utils.translation import gettext as _
from pydantic import BaseModel, ConfigDict, Field, model_validator

from qipan.kernel.forms.conditions import holds
from qipan.kernel.law.citations import SHORT_NAMES, Citation


class Measured(BaseModel):
    """A value that an item asks to be measured (测量值), in its unit.

    Outside `least`–`most` the item cannot be right; bounds that no text at hand supports say so in `unconfirmed` and
    are shown to the officer, who then judges.
    """

    model_config = ConfigDict(extra="forbid")
    title: str
    unit: str
    least: float | None = None
    most: float | None = None
    unconfirmed: str = ""

    def read(self, text: str) -> Decimal | None:
        """The value typed in; None for an empty text. Raises ValueError for what is no number."""
        if not text.strip():
            return None
        try:
            value = Decimal(text.strip())
        except InvalidOperation:
            raise ValueError(text) from None
        if not value.is_finite() or abs(value) > 1000:
            raise ValueError(text)
        return value

    def fits(self, value: Decimal) -> bool:
        """Whether the value lies within the bounds; unconfirmed ones bind nobody."""
        if self.unconfirmed:
            return True
        return (self.least is None or value >= Decimal(str(self.least))) and (
            self.most is None or value <= Decimal(str(self.most))
        )


class CheckItem(BaseModel):
    """One item (检查项目). `key` marks a key item (重点项目, *); `evidence`: where it fails a photo is asked for."""

    model_config = ConfigDict(extra="forbid")
    code: str = Field(pattern=r"^\d+\.\d+$")
    text: str
    key: bool = False
    when: dict[str, Any] | None = None
    evidence: bool = False
    measured: Measured | None = None
    rectify_days: int = 15
    source: str = ""
    unconfirmed: str = ""

    @model_validator(mode="after")
    def _one_source(self) -> "CheckItem":
        if bool(self.source) == bool(self.unconfirmed):
            raise ValueError(
                _("项目 %(code)s 的依据和待确认的原因要写其中一个，不能都写，也不能都不写。") % {"code": self.code}
            )
        if self.source and Citation.parse(self.source).law not in SHORT_NAMES:
            raise ValueError(_("“%(source)s”的法规简称没有登记。") % {"source": self.source})
        return self


class Area(BaseModel):
    """Items under one heading."""

    model_config = ConfigDict(extra="forbid")
    title: str
    items: list[CheckItem]


class ChecklistRow(BaseModel):
    """One checklist. Up to `general_most` failed general items are still basic conformity."""

    model_config = ConfigDict(extra="forbid")
    code: str = Field(pattern=r"^[A-Z0-9-]+$")
    valid_from: datetime.date
    title: str
    areas: list[Area]
    general_most: int
    general_most_unconfirmed: str = ""

    @property
    def items(self) -> list[CheckItem]:
        """All items, in order."""
        return [item for area in self.areas for item in area.items]

    def applicable(self, facts: Mapping[str, Any]) -> list[CheckItem]:
        """The items that a place of these facts (format, items, marks) is checked by."""
        return [item for item in self.items if holds(item.when, facts)]


Answer = Literal["YES", "NO", "NA"]


@dataclass(frozen=True)
class Conclusion:
    """What a visit came to: CONFORM 符合, BASIC 基本符合, NONCONFORM 不符合, or INCOMPLETE while items are unanswered."""

    result: str
    key_failed: tuple[CheckItem, ...]
    general_failed: tuple[CheckItem, ...]
    unanswered: tuple[CheckItem, ...]
    checked_key: int
    checked_general: int

    @property
    def failed(self) -> tuple[CheckItem, ...]:
        """All failed items."""
        return self.key_failed + self.general_failed


def conclude(
    checklist: ChecklistRow, answers: Mapping[str, Mapping[str, Any]], facts: Mapping[str, Any]
) -> Conclusion:
    """The conclusion from the answers (item code → {"answer": YES|NO|NA, …}).

    Any failed key item, or more failed general items than the list allows, is nonconformity; some failed general items
    are basic conformity; none is conformity.
    """
    applicable = checklist.applicable(facts)
    given = {item.code: answers.get(item.code, {}).get("answer") for item in applicable}
    unanswered = tuple(item for item in applicable if given[item.code] not in {"YES", "NO", "NA"})
    failed = [item for item in applicable if given[item.code] == "NO"]
    key = tuple(item for item in failed if item.key)
    general = tuple(item for item in failed if not item.key)
    checked = [item for item in applicable if given[item.code] in {"YES", "NO"}]
    if unanswered:
        result = "INCOMPLETE"
    elif key or len(general) > checklist.general_most:
        result = "NONCONFORM"
    else:
        result = "BASIC" if general else "CONFORM"
    return Conclusion(
        result,
        key,
        general,
        unanswered,
        sum(item.key for item in checked),
        sum(not item.key for item in checked),
    )


@dataclass(frozen=True)
class Gap:
    """What is still missing or wrong at one item, in words."""

    item: CheckItem
    text: str


def gaps(
    checklist: ChecklistRow,
    answers: Mapping[str, Mapping[str, Any]],
    facts: Mapping[str, Any],
    *,
    photos_of_failed: bool = True,
) -> list[Gap]:
    """What keeps a record from being concluded: unanswered items, failures without a note or (where the item asks for
    evidence) a photo, measured values that are missing, unreadable or contradict the answer (Insp 27, 30).
    """
    found = []
    for item in checklist.applicable(facts):
        given = answers.get(item.code, {})
        text = _gap(item, given, photos_of_failed)
        if text:
            found.append(Gap(item, text))
    return found


def _gap(item: CheckItem, given: Mapping[str, Any], photos_of_failed: bool) -> str:
    answer = given.get("answer")
    if answer not in {"YES", "NO", "NA"}:
        return _("%(code)s 还没有记录。") % {"code": item.code}
    if answer == "NO" and not str(given.get("note", "")).strip():
        return _("%(code)s 不符合，请写明问题。") % {"code": item.code}
    if answer == "NA" and item.key and not str(given.get("note", "")).strip():
        return _("%(code)s 是重点项目，判为合理缺项的请写明理由。") % {"code": item.code}
    if answer == "NO" and item.evidence and photos_of_failed and not given.get("photos"):
        return _("%(code)s 是重点项目，不符合的请拍照留证。") % {"code": item.code}
    return _measured_gap(item, given, answer) if item.measured and answer != "NA" else ""


def _measured_gap(item: CheckItem, given: Mapping[str, Any], answer: Any) -> str:
    assert item.measured is not None
    words = {"code": item.code, "title": item.measured.title, "unit": item.measured.unit}
    try:
        value = item.measured.read(str(given.get("value", "")))
    except ValueError:
        return _("%(code)s 的%(title)s应当是数字，例如 4.5。") % words
    if value is None:
        return _("%(code)s 请填写%(title)s（%(unit)s）。") % words
    if answer == "YES" and not item.measured.fits(value):
        return _("%(code)s 记录的%(title)s超出要求，不能判为“是”。") % words
    return ""
