"""What one part gives and another needs: the order in which a theme's items are applied for."""

import datetime
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from django.utils.translation import gettext as _

from qipan.domains.licensing.models import FOUNDING, Kind
from qipan.domains.licensing.themes import elements
from qipan.domains.licensing.themes.declaration import PartRow
from qipan.kernel.forms import queries as forms
from qipan.kernel.forms.declaration import FormRow
from qipan.kernel.items import queries as items
from qipan.kernel.items.models import Item, MaterialType
from qipan.kernel.law.dated import in_force

SUBJECT = ("subject.name", "subject.uscc", "subject.domicile")


class Ring(ValueError):
    """Parts that wait for one another; carries their codes."""


@dataclass(frozen=True)
class Node:
    """A part with its item and form, what it gives and needs (tokens), and after whom it comes in any case."""

    part: PartRow
    item: Item
    form: FormRow
    produces: frozenset[str]
    consumes: frozenset[str]

    @property
    def code(self) -> str:
        """The part's code."""
        return self.part.code

    @property
    def founds(self) -> bool:
        """Whether a subject comes into being by it."""
        return self.item.handling == Kind.REGISTER


def token_of(material: str, licence: str) -> str:
    """What passes where this material does: the licence that it is, or the paper itself.

    `licence`: as `MaterialType.licence`; the one that an application is about, or one of whatever issuer, no part gives.
    """
    return f"licence.{licence}" if licence not in {"", "GRANT", "ANY"} else f"material.{material}"


def node(part: PartRow, item: Item, on: datetime.date | None = None) -> Node:
    """A part with what its item says it needs and gives, by the form of a day."""
    form = forms.asked(item, on)
    produces = {*part.produces}
    anew = item.handling in {Kind.REGISTER, Kind.ALTER}
    if anew:
        produces |= {*SUBJECT}
    if item.licence and (anew or item.handling in FOUNDING):
        produces |= {f"licence.{item.licence}"}
    consumes = {*part.consumes}
    if item.handling != Kind.REGISTER:
        consumes |= {token_of(each.code, each.licence) for each in items.materials_of(item)}
        consumes |= {elements.shared(form, each) for each in form.fields} & set(SUBJECT)
    return Node(part, item, form, frozenset(produces), frozenset(consumes - produces))


def nodes(parts: Iterable[PartRow], days: Mapping[str, datetime.date] | None = None) -> list[Node]:
    """The parts whose items are in force, in their order. `days`: by form, the day of the version that is meant."""
    on = days or {}
    chosen = list(parts)
    found = items.items_by_code(part.item for part in chosen)
    return [
        node(part, found[part.item], on.get(found[part.item].form)) for part in chosen if part.item in found
    ]


def needs(chosen: list[Node]) -> dict[str, set[str]]:
    """By part: those whose outcome it consumes (it cannot go on without them)."""
    return {
        one.code: {other.code for other in chosen if other.code != one.code and other.produces & one.consumes}
        for one in chosen
    }


def waits(chosen: list[Node]) -> dict[str, set[str]]:
    """By part: those that come before it, by what they give or because the theme says so."""
    codes = {one.code for one in chosen}
    hard = needs(chosen)
    return {one.code: hard[one.code] | (set(one.part.after) & codes) for one in chosen}


def layers(before: Mapping[str, set[str]]) -> list[list[str]]:
    """The parts in the order in which they can go, side by side where nothing keeps them. Raises Ring."""
    left = {code: set(others) for code, others in before.items()}
    found: list[list[str]] = []
    while left:
        ready = [code for code, others in left.items() if not others & left.keys()]
        if not ready:
            raise Ring("、".join(sorted(left)))
        found.append(ready)
        for code in ready:
            del left[code]
    return found


def longest(chosen: list[Node], promised: bool = False, extra: Mapping[str, int] | None = None) -> int:
    """Working days on the longest way through the parts, by their statutory (or promised) limits, at least one each.

    `extra`: by part, days that come on top.
    """
    before, more = waits(chosen), extra or {}
    days: dict[str, int] = {}
    own = {
        one.code: max(one.item.promise_days if promised else one.item.law_days, 1) + more.get(one.code, 0)
        for one in chosen
    }
    for layer in layers(before):
        for code in layer:
            days[code] = own[code] + max((days[other] for other in before[code]), default=0)
    return max(days.values(), default=0)


def giver(chosen: list[Node], token: str, *, but: str = "") -> Node | None:
    """The part that gives a token to another."""
    return next((one for one in chosen if token in one.produces and one.code != but), None)


def words_of(token: str) -> str:
    """What passes from one part to another, in words."""
    place, _dot, code = token.partition(".")
    if place == "licence":
        kind = items.licence_kind(code)
        return kind.title if kind else code
    if place == "material":
        row = in_force(MaterialType, code)
        return row.title if row else code
    return _("登记的主体信息")
