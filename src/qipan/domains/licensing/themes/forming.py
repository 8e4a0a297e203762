"""The one form of a theme's application: its theme, parts and forms in the versions that hold for it.

A draft is asked by the versions in force today, what was handed in stays by those of that day (`ThemeCase.versions`).
"""

import datetime
from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext as _

from qipan.domains.licensing.actions import known_of
from qipan.domains.licensing.models import FOLLOWING, Kind
from qipan.domains.licensing.themes import asking, graph, merging, queries
from qipan.domains.licensing.themes.declaration import PartRow, ThemeRow
from qipan.domains.licensing.themes.merging import Merged
from qipan.domains.licensing.themes.models import ThemeCase
from qipan.kernel.items import queries as items
from qipan.kernel.items.models import Item
from qipan.kernel.law import terms
from qipan.kernel.ledger.errors import Refused
from qipan.kernel.orgs.reader import Reader
from qipan.kernel.subjects import mandates
from qipan.kernel.subjects.models import Grant, Subject

#: Accepting an application takes as long as this rule allows, before the item's own limit begins.
RECEIVE = "Licence32.correct"
#: Under which the versions of the theme and of the material rules stand beside those of the forms.
THEME, MATERIALS = "theme", "materials"
Days = Mapping[str, datetime.date]


def founding(parts: list[PartRow]) -> bool:
    """Whether a business is registered by these parts."""
    found = items.items_by_code(part.item for part in parts)
    return any(found[part.item].handling == Kind.REGISTER for part in parts if part.item in found)


def grants_about(item: Item, subject: Subject, reader: Reader | None = None) -> list[Grant]:
    """The subject's licences that an item can be about, the newest first; those only that the reader may act on."""
    state = "SUSPENDED" if item.handling == Kind.RESTORE else "VALID"
    rows = mandates.grants_for(reader, item=item.code) if reader else Grant.objects.select_related("premises")
    held = rows.filter(subject=subject, state=state, kind=item.licence).order_by("-pk")
    return [grant for grant in held if items.concerns(item, grant.kind, grant.data)]


def first_grants(parts: list[PartRow], subject: Subject, reader: Reader) -> dict[str, int]:
    """For each part that is about a licence: the newest that it can be about."""
    found: dict[str, int] = {}
    for part in parts:
        item = items.item(part.item)
        if item is not None and Kind(item.handling) in FOLLOWING:
            held = grants_about(item, subject, reader)
            if held:
                found[part.code] = held[0].pk
    return found


def theme_of(row: ThemeCase, days: Days | None = None) -> ThemeRow:
    """The theme in the version that holds for an application (in that of `days`)."""
    on = days.get(THEME) if days is not None else row.theme_on if row.submitted_at else None
    found = queries.theme(row.theme_code, on=on)
    if found is None:
        raise Refused(_("没有这个主题，或者它已经停用。"), code="not_found")
    return found


def parts_of(row: ThemeCase, days: Days | None = None) -> tuple[list[PartRow], list[PartRow]]:
    """The parts that the application has, and those that it cannot have: there is no licence that they could be about."""
    wanted = asking.chosen(theme_of(row, days), row.situation)
    found = items.items_by_code(part.item for part in wanted)
    possible, lacking = [], []
    for part in wanted:
        item = found.get(part.item)
        held = item is not None and (Kind(item.handling) not in FOLLOWING or part.code in row.grants)
        (possible if held else lacking).append(part)
    return possible, lacking


def merged_of(row: ThemeCase) -> Merged:
    """The one form of an application, with what the registers know."""
    return merged_by(row, kept(row) if row.submitted_at else {})


def merged_by(row: ThemeCase, days: Days) -> Merged:
    """The one form by the versions of these days; by those in force what they do not name. Raises LookupError."""
    try:
        theme = theme_of(row, days)
    except Refused as refused:
        raise LookupError(str(refused)) from None
    rules = queries.covers(days.get(MATERIALS))
    nodes = graph.nodes(parts_of(row, days)[0], days)
    held = Grant.objects.select_related("premises").in_bulk(row.grants.values())
    subject = row.case.subject
    library = {one.code: known_of(subject, held.get(row.grants.get(one.code, 0)), one.item) for one in nodes}
    return merging.merge(theme, nodes, rules, row.situation, library)


def versions(row: ThemeCase, merged: Merged) -> dict[str, str]:
    """By which versions a form was made: of the theme, of the material rules, of each item's form."""
    rules = queries.covers(kept(row).get(MATERIALS) if row.submitted_at else None)
    found = {one.form.code: one.form.valid_from for one in merged.nodes}
    found[THEME] = theme_of(row).valid_from
    if rules.newest is not None:
        found[MATERIALS] = rules.newest
    return {code: day.isoformat() for code, day in sorted(found.items())}


def kept(row: ThemeCase) -> dict[str, datetime.date]:
    """The versions that stand with an application."""
    return {THEME: row.theme_on, **from_text(as_text(row.versions))}


def keep(row: ThemeCase, now: Mapping[str, str]) -> None:
    """Note by which versions an application is filled in."""
    row.theme_on = datetime.date.fromisoformat(now[THEME])
    row.versions = {code: day for code, day in now.items() if code != THEME}


def as_text(days: Mapping[str, str]) -> str:
    """Versions as a page carries them."""
    return " ".join(f"{code}={day}" for code, day in days.items())


def from_text(text: str) -> dict[str, datetime.date]:
    """Versions that a page sent back; what is none is left out."""
    found = {}
    for part in text.split()[:100]:
        code, _sign, day = part.partition("=")
        try:
            found[code] = datetime.date.fromisoformat(day)
        except ValueError:
            continue
    return found


def longest(merged: Merged) -> int:
    """Working days on the longest way by statutory limits, with the time for accepting where a person accepts."""
    receive = terms.rule(RECEIVE).value
    extra = {one.code: 0 if one.item.is_auto or one.item.agency else receive for one in merged.nodes}
    return graph.longest(list(merged.nodes), extra=extra)


def clear_of(given: Mapping[str, Any], sign: str) -> dict[str, Any]:
    """What stands under codes that begin with a sign, without it."""
    return {code.removeprefix(sign): value for code, value in given.items() if code.startswith(sign)}
