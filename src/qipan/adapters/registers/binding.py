"""A mapping bound to the columns of one table: which cells of a row fill which field."""

import re
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _

from qipan.adapters.registers import values
from qipan.adapters.registers.headings import Header, plain
from qipan.adapters.registers.mapping import CODE_FIELDS, Mapping, RecordRule, Rule
from qipan.kernel.orgs.places import OfficeFinder


@dataclass(frozen=True)
class Column:
    """A rule bound to the columns of a table."""

    rule: Rule
    places: tuple[int, ...]
    title: str


class Bound:
    """A mapping bound to one table, whose header is known."""

    def __init__(
        self, mapping: Mapping, header: Header, sheet: str, offices: OfficeFinder, epoch: Any = None
    ):
        self.mapping = mapping
        self.sheet = sheet
        self.offices = offices
        self.epoch = epoch or values.EPOCH
        self.width = len(header.names)
        by_name = {plain(name): place for name, place in reversed(header.places().items())}
        self._bind = lambda rule, title: Column(
            rule,
            tuple(by_name[plain(name)] for name in rule.columns if plain(name) in by_name),
            "、".join(rule.columns) or title,
        )
        self.columns = {name: self._bind(rule, name) for name, rule in mapping.columns.items()}
        self.codes = [
            (kind, self.columns[name]) for name, kind in CODE_FIELDS.items() if name in self.columns
        ] + [(rule.kind.value, self._bind(rule, rule.kind.label)) for rule in mapping.identifiers]
        self.records = [self._record_columns(rule, header) for rule in mapping.records]
        self.as_written = _("登记簿“%(source)s”原文如此") % {"source": mapping.source}
        self.wants_place = any(name in self.columns for name in ("address", "premises_name", "longitude"))
        capital = self.columns.get("capital")
        self.unit = (capital.rule.unit if capital else "") or (
            "元" if capital and re.search(r"[(（]\s*元", capital.title) else "万元"
        )

    def _record_columns(self, rule: RecordRule, header: Header) -> dict[str, Any]:
        listed = {
            title: (
                [(name, at) for at, name in enumerate(header.names) if re.fullmatch(one.columns, name)],
                frozenset(one.yes),
            )
            for title, one in rule.listed.items()
        }
        return {
            "kind": rule.kind,
            "key": self._bind(rule.key, "key"),
            "on": self._bind(rule.date, "date") if rule.date else None,
            "result": self._bind(rule.result, "result") if rule.result else None,
            "data": {title: self._bind(one, title) for title, one in rule.data.items()},
            "listed": listed,
        }
