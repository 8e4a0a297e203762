"""Loading terms, holidays and the organisation from their catalogues."""

import datetime
from typing import Literal

import chinese_calendar
from django.utils.translation import gettext as _
from pydantic import BaseModel, ConfigDict, Field, model_validator

from qipan.kernel.law import calendar, catalogue, terms
from qipan.kernel.law.catalogue import Report, keep_dated
from qipan.kernel.law.citations import SHORT_NAMES, Citation
from qipan.kernel.law.models import Holiday, HolidayYear, LawRule
from qipan.kernel.ledger.actor import Actor
from qipan.kernel.orgs import loading as orgs


class Sourced(BaseModel):
    """A row with its legal source: an article, or openly unconfirmed; one of the two."""

    model_config = ConfigDict(extra="forbid")

    source: str = ""
    unconfirmed: str = ""

    @model_validator(mode="after")
    def _one_source(self) -> "Sourced":
        if bool(self.source) == bool(self.unconfirmed):
            raise ValueError(
                _("依据（source）和待确认的原因（unconfirmed）要写其中一个，不能都写，也不能都不写。")
            )
        if self.source and Citation.parse(self.source).law not in SHORT_NAMES:
            raise ValueError(_("“%(source)s”的法规简称没有登记。") % {"source": self.source})
        return self

    @property
    def citation(self) -> Citation | None:
        """The article, if there is one."""
        return Citation.parse(self.source) if self.source else None


class RuleRow(Sourced):
    """One term."""

    code: str = Field(pattern=r"^[A-Za-z0-9&]+(\.[a-z0-9_]+)+$", max_length=60)
    valid_from: datetime.date
    title: str = Field(min_length=2, max_length=120)
    unit: Literal["WORKDAY", "DAY", "MONTH", "YEAR", "HOUR"]
    value: int
    start: str = Field(max_length=120)
    suspends_on: list[str] = []
    extension: int = 0
    extension_times: int = 0
    approver: str = ""
    if_missed: str = Field("", max_length=200)
    roll_on_weekend: bool = True


def load_rules(rows: list[RuleRow], actor: Actor) -> Report:
    """Keep the terms, and the calendar on which they run."""
    load_holidays()
    created = 0
    for row in rows:
        citation = row.citation
        created += keep_dated(
            LawRule,
            row.code,
            row.valid_from,
            {
                "title": row.title,
                "law": citation.law if citation else "",
                "article": _article(citation) if citation else "",
                "unconfirmed": row.unconfirmed,
                "unit": row.unit,
                "value": row.value,
                "start_event": row.start,
                "suspends_on": row.suspends_on,
                "extension": row.extension,
                "extension_times": row.extension_times,
                "approver_role": row.approver,
                "if_missed": row.if_missed,
                "roll_on_weekend": row.roll_on_weekend,
            },
        )
    terms.forget()
    return Report("rules", created, len(rows) - created)


def _article(citation: Citation) -> str:
    text = str(citation.article)
    if citation.paragraph:
        text += f"({citation.paragraph})"
    if citation.item:
        text += f"[{citation.item}]"
    return text


def load_holidays(first: int = 2015) -> Report:
    """Keep the published days off and make-up working days of the years that the holiday library knows.

    Source: the annual notices of the State Council, as packaged by chinesecalendar; a year it does not know stays
    provisional.
    """
    known = sorted({day.year for day in chinese_calendar.holidays} & set(range(first, 2100)))
    fresh = [year for year in known if not HolidayYear.objects.filter(year=year).exists()]
    rows = []
    for day, name in chinese_calendar.holidays.items():
        if day.year in fresh:
            rows.append(Holiday(day=day, working=False, statutory=True, name=str(name)[:30]))
    for day, name in chinese_calendar.workdays.items():
        if day.year in fresh:
            rows.append(Holiday(day=day, working=True, statutory=False, name=str(name)[:30]))
    Holiday.objects.bulk_create(rows)
    HolidayYear.objects.bulk_create(
        HolidayYear(year=year, source=f"国务院办公厅关于{year}年部分节假日安排的通知") for year in fresh
    )
    calendar.forget()
    return Report("holidays", len(fresh), len(known) - len(fresh))


def _load_units(rows: list[orgs.UnitRow], actor: Actor) -> Report:
    loaded = orgs.load_units(rows, actor)
    return Report("units", loaded.created, len(rows) - loaded.created)


def _load_posts(rows: list[orgs.PostRow], actor: Actor) -> Report:
    loaded = orgs.load_posts(rows, actor)
    return Report("posts", loaded.created, 0)


def register() -> None:
    """Make the kinds of this room and of the rooms below it known."""
    catalogue.register("units", orgs.UnitRow, _load_units)
    catalogue.register("posts", orgs.PostRow, _load_posts, after=("units",))
    catalogue.register("rules", RuleRow, load_rules)
