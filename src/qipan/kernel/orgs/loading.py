"""Loading the organisation from its catalogue: the same rows again change nothing."""

import datetime
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from django.db import transaction
from django.utils.translation import gettext as _
from pydantic import BaseModel, ConfigDict, Field, model_validator

from qipan.kernel.ledger.actions import append
from qipan.kernel.ledger.actor import Actor
from qipan.kernel.ledger.errors import Refused
from qipan.kernel.orgs import actions, events
from qipan.kernel.orgs.codes import is_government_code
from qipan.kernel.orgs.models import Level, Post, Street, Unit
from qipan.kernel.orgs.roles import Role, conflict

CATALOGUE = Path(__file__).parent / "catalogue"


class UnitRow(BaseModel):
    """One unit of the catalogue. `unconfirmed` says what in it no source supports."""

    model_config = ConfigDict(extra="forbid")

    code: str = Field(pattern=r"^[A-Z0-9]{2,10}$")
    name: str = Field(min_length=1, max_length=100)
    short_name: str = Field(min_length=1, max_length=30)
    level: Level
    parent: str = ""
    valid_from: datetime.date
    unconfirmed: str = ""
    division_code: str = Field("", pattern=r"^(\d{6})?$")
    licence_area_code: str = Field("", pattern=r"^(\d{6})?$")
    uscc: str = ""
    phone: str = ""
    area_name: str = ""
    streets: list[str] = []

    @model_validator(mode="after")
    def _checked(self) -> "UnitRow":
        if self.uscc and not is_government_code(self.uscc):
            raise ValueError(f"{self.code}: {self.uscc} is not a valid code of a government body")
        return self


class PostRow(BaseModel):
    """One standard post of every unit of a level."""

    model_config = ConfigDict(extra="forbid")

    level: Level
    code: str = Field(pattern=r"^[a-z0-9-]{1,20}$")
    name: str = Field(min_length=1, max_length=60)
    roles: list[Role | dict[Role, str]] = Field(min_length=1)

    @model_validator(mode="after")
    def _checked(self) -> "PostRow":
        if conflict(frozenset(role.value for role, _line in self.pairs())):
            raise ValueError(f"{self.code}: these roles may not be held together")
        return self

    def pairs(self) -> list[tuple[Role, str]]:
        """The roles as (role, line)."""
        return [
            pair
            for role in self.roles
            for pair in (role.items() if isinstance(role, dict) else ((role, ""),))
        ]


@dataclass(frozen=True)
class Loaded:
    """What a load did, in rows."""

    created: int = 0
    changed: int = 0
    unchanged: int = 0


def rows_of(name: str) -> list[dict[str, Any]]:
    """The rows of one of this app's catalogue files."""
    return yaml.safe_load((CATALOGUE / name).read_text("utf-8"))["rows"]


@transaction.atomic
def load_units(rows: Iterable[Mapping[str, Any] | UnitRow], actor: Actor, *, is_demo: bool = True) -> Loaded:
    """Create and correct the units and their sub-districts; parents may stand after their children.

    Refuses a row whose parent is unknown and a unit that stands elsewhere in the tree. Units that the rows do not
    name stay.
    """
    wanted = [row if isinstance(row, UnitRow) else UnitRow.model_validate(row) for row in rows]
    known = {unit.code: unit for unit in Unit.objects.select_for_update()}
    created = changed = unchanged = 0
    waiting = wanted
    while waiting:
        ready = [row for row in waiting if not row.parent or row.parent in known]
        if not ready:
            codes = "、".join(sorted({row.parent for row in waiting}))
            raise Refused(_("目录中缺少上级机构：%(codes)s。") % {"codes": codes}, code="not_found")
        for row in ready:
            facts = row.model_dump(include={"division_code", "licence_area_code", "uscc", "phone"})
            unit = known.get(row.code)
            parent = known.get(row.parent)
            if unit is None:
                known[row.code] = actions.create_unit(
                    row.code,
                    row.name,
                    row.short_name,
                    row.level,
                    parent,
                    **facts,
                    is_demo=is_demo,
                    actor=actor,
                )
                created += 1
                continue
            if (unit.parent_id, unit.level) != (parent.pk if parent else None, row.level):
                text = _("机构 %(code)s 在目录中的位置与已有的不同；机构树不能通过载入改动。")
                raise Refused(text % {"code": row.code}, code="conflict")
            facts |= {"name": row.name, "short_name": row.short_name, "is_demo": is_demo}
            if any(getattr(unit, field) != value for field, value in facts.items()):
                actions.change_unit(unit, facts, actor=actor)
                changed += 1
            else:
                unchanged += 1
        waiting = [row for row in waiting if row not in ready]
    streets = {(street.area_name, street.name): street for street in Street.objects.all()}
    for row in wanted:
        for name in row.streets:
            street = streets.get((row.area_name, name))
            unit = known[row.code]
            if street is None or (street.unit_id, street.division_code) != (unit.pk, row.division_code):
                actions.put_street(
                    unit, name, division_code=row.division_code, area_name=row.area_name, actor=actor
                )
    done = Loaded(created, changed, unchanged)
    root = next((unit for unit in known.values() if unit.parent_id is None), None)
    if root is not None and (created or changed):
        data = {"created": created, "changed": changed, "unchanged": unchanged}
        append(events.UNITS_LOADED, root, actor, data=data, org_path=root.path)
    return done


@transaction.atomic
def load_posts(rows: Iterable[Mapping[str, Any] | PostRow], actor: Actor) -> Loaded:
    """Give every unit the standard posts of its level, as `{unit}-{code}` (`FT01-inspector`).

    A district bureau in whose charge streets stand itself (深汕) gets the posts of an office as well. A post that
    is there already stays as it is.
    """
    wanted = [row if isinstance(row, PostRow) else PostRow.model_validate(row) for row in rows]
    there = set(Post.objects.values_list("code", flat=True))
    direct = set(Street.objects.values_list("unit_id", flat=True))
    created = unchanged = 0
    for unit in Unit.objects.all():
        levels = {unit.level} | ({Level.OFFICE.value} if unit.pk in direct else set())
        for row in wanted:
            code = f"{unit.code}-{row.code}"
            if row.level not in levels:
                continue
            if code in there:
                unchanged += 1
                continue
            actions.create_post(unit, code, row.name, row.pairs(), actor=actor)
            there.add(code)
            created += 1
    return Loaded(created=created, unchanged=unchanged)


def load_city(actor: Actor) -> Loaded:
    """Load the units and the standard posts that this app ships."""
    units = load_units(rows_of("shenzhen.yaml"), actor)
    posts = load_posts(rows_of("posts.yaml"), actor)
    return Loaded(units.created + posts.created, units.changed, units.unchanged + posts.unchanged)
