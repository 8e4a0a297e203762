"""Which kinds of catalogue rows can be drafted in the product, and what each room adds: its model, its parts, its trial."""

import datetime
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from django.db import models
from django.utils.functional import Promise
from pydantic import BaseModel

from qipan.kernel.law import catalogue
from qipan.kernel.law.drafting.differences import Part, plain_parts

Row = dict[str, Any]


@dataclass(frozen=True)
class Problem:
    """What keeps a row from being released: in words, and at which place of it (a field's code, a cell r1c2 …)."""

    text: str
    places: tuple[str, ...] = ()
    kind: str = ""


@dataclass(frozen=True)
class Effect:
    """What a draft would make otherwise for a record: `kind` (missing, wrong, gone …), the place in words, and a text."""

    kind: str
    place: str
    text: str


@dataclass(frozen=True)
class Tried:
    """One record that a draft was tried on; without effects it comes out as before."""

    record_kind: str
    record_id: int
    effects: tuple[Effect, ...] = ()


@dataclass(frozen=True)
class Use:
    """Another row that uses one, or is used by it."""

    kind: str
    code: str
    title: str


#: (row, unit's path, how many at the most) → how many there are, and each tried.
Runner = Callable[[Any, str, int], tuple[int, Iterator[Tried]]]


def short(row: BaseModel) -> Row:
    """A row as people write it: without what is the default anyway."""
    return row.model_dump(mode="json", exclude_defaults=True)


@dataclass(frozen=True)
class Draftable:
    """A kind that can be drafted. `parts` lays a row out for comparing, `problems` says what keeps it from release,
    `used_by` which rows name a code, `uses` which rows a version names, `columns` makes a row of a model without body.
    """

    name: str
    title: str | Promise
    model: type[models.Model]
    parts: Callable[[Row, Row | None], list[Part]] = plain_parts
    problems: Callable[[Any], list[Problem]] = lambda row: []
    used_by: Callable[[str], list[Use]] = lambda code: []
    uses: Callable[[Any], list[Use]] = lambda version: []
    columns: Callable[[Any], Row] | None = None
    short: Callable[[Any], Row] = short
    labels: Mapping[str, str | Promise] = field(default_factory=dict)

    @property
    def schema(self) -> type[BaseModel]:
        """What a row must look like."""
        return catalogue.kind(self.name).schema

    def read(self, code: str, valid_from: datetime.date, body: Row) -> Any:
        """The row. Raises pydantic's ValidationError."""
        return self.schema.model_validate({**body, "code": code, "valid_from": valid_from})

    def written(self, version: models.Model) -> Row:
        """A released version as a file would have it, without what is the default."""
        return self.short(self.schema.model_validate(self._stored(version)))

    def _stored(self, version: Any) -> Row:
        if self.columns is not None:
            stored = self.columns(version)
        elif hasattr(version, "body"):
            stored = dict(version.body)
        else:
            stored = {
                name: getattr(version, name) for name in self.schema.model_fields if hasattr(version, name)
            }
        return stored | {"code": version.code, "valid_from": version.valid_from}

    def body(self, version: models.Model) -> Row:
        """The same without code and date."""
        return without_key(self.written(version))


def without_key(row: Row) -> Row:
    """A row without its code and date."""
    return {name: value for name, value in row.items() if name not in {"code", "valid_from"}}


_draftable: dict[str, Draftable] = {}
_runners: dict[str, Runner] = {}


def offer(draftable: Draftable) -> None:
    """Let the rows of a kind be drafted; the room that loads them calls this."""
    _draftable[draftable.name] = draftable


def offer_trial(kind: str, runner: Runner) -> None:
    """Say how a row of a kind is tried on what is recorded; the room that has the records calls this."""
    _runners[kind] = runner


def draftable(kind: str) -> Draftable:
    """A kind. Raises LookupError."""
    try:
        return _draftable[kind]
    except KeyError:
        raise LookupError(kind) from None


def all_draftable() -> list[Draftable]:
    """Every kind, in the order in which they are loaded."""
    return [_draftable[name] for name in catalogue.in_order(set(_draftable))]


def runner(kind: str) -> Runner | None:
    """How rows of a kind are tried; None where nothing recorded depends on them."""
    return _runners.get(kind)
