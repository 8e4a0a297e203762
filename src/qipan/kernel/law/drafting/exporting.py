"""Rows as YAML that `./qipan load catalogues` takes again, and files of such rows read in."""

from typing import Any

import yaml
from django.utils.translation import gettext as _

from qipan.kernel.law import catalogue
from qipan.kernel.law.drafting import kinds
from qipan.kernel.law.drafting.kinds import Row
from qipan.kernel.ledger.errors import Refused


class _Dumper(yaml.SafeDumper):
    """Dates bare, texts of several lines as blocks, lists indented below their key."""

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:
        """Indent lists too."""
        super().increase_indent(flow, False)


def _text(dumper: yaml.SafeDumper, value: str) -> yaml.Node:
    return dumper.represent_scalar("tag:yaml.org,2002:str", value, style="|" if "\n" in value else None)


_Dumper.add_representer(str, _text)


def as_yaml(content: Any) -> str:
    """Content as YAML for people."""
    return yaml.dump(content, Dumper=_Dumper, allow_unicode=True, sort_keys=False, width=110)


def file_of(kind: str, rows: list[Row]) -> str:
    """A catalogue file of rows."""
    return f"kind: {kind}\nrows:\n" + "".join(
        "  - " + as_yaml(_dated(row)).rstrip("\n").replace("\n", "\n    ") + "\n" for row in rows
    )


def _dated(row: Row) -> Row:
    """The row with code and date first, the date as YAML writes dates."""
    day = catalogue.day_of(row["valid_from"])
    return {"code": row["code"], "valid_from": day} | kinds.without_key(row)


def rows_of(text: str) -> list[tuple[str, Row]]:
    """The rows of a catalogue file, each with its kind, checked and without what is the default; blocks are resolved,
    families become their items. Refuses what cannot be read and kinds that cannot be drafted, naming row and field."""
    source = catalogue.parse(text, name=_("粘贴的内容"))
    checked = catalogue.checked(source, catalogue.blocks_of([*catalogue.files(), source]))
    kind = source.kind
    if kind == "item_families":
        kind, checked = "items", [item for family in checked for item in family.rows]
    try:
        offered = kinds.draftable(kind)
    except LookupError:
        names = "、".join(one.name for one in kinds.all_draftable())
        raise Refused(
            _("类型 %(kind)s 不能在系统内起草，可以起草的是 %(names)s。") % {"kind": kind, "names": names},
            field="text",
        ) from None
    if not checked:
        raise Refused(_("rows 里没有一条内容。"), field="text")
    return [(kind, offered.short(row)) for row in checked]
