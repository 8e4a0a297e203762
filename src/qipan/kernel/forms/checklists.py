"""Checklists: areas of items, answers, and the conclusion that follows from them."""

import datetime
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from qipan.kernel.forms.conditions import holds
from qipan.kernel.law.citations import SHORT_NAMES, Citation


class CheckItem(BaseModel):
    """One item (检查项目). `key` marks a key item (重点项目, *)."""

    model_config = ConfigDict(extra="forbid")
    code: str = Field(pattern=r"^\d+\.\d+$")
    text: str
    key: bool = False
    when: dict[str, Any] | None = None
    evidence: bool = False
    rectify_days: int = 15
    source: str = ""
    unconfirmed: str = ""

    @model_validator(mode="after")
    def _one_source(self) -> "CheckItem":
        if bool(self.source) == bool(self.unconfirmed):
            raise ValueError(f"{self.code}: give source or unconfirmed")
        if self.source and Citation.parse(self.source).law not in SHORT_NAMES:
            raise ValueError(f"{self.code}: {self.source} is unknown")
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
