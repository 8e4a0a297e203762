"""The menus: `portal` registers what each kind of reader finds where; the frame only draws it."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from django.http import HttpRequest
from django.urls import reverse
from django.utils.functional import Promise

from qipan.kernel.orgs.reader import Reader
from qipan.kernel.orgs.roles import Role

Section = Literal["public", "desk", "phone"]


@dataclass(frozen=True)
class Entry:
    """One entry of a menu: its title, the URL name it leads to, its icon, and who sees it; a `live` count is pushed."""

    section: Section
    title: str | Promise
    url_name: str
    icon: str
    group: str | Promise = ""
    roles: tuple[Role, ...] = ()
    signed_in: bool = False
    count: Callable[[Reader], int] | None = None
    live: bool = False

    def shown_to(self, reader: Reader) -> bool:
        """Whether the reader may open what the entry leads to."""
        if self.section == "public":
            return not self.signed_in or (reader.user_id is not None and reader.kind != "staff")
        return reader.kind == "staff" and bool(reader.paths(*self.roles))


_entries: list[Entry] = []


def register(*entries: Entry) -> None:
    """Add entries to the menus, in the order in which they are shown."""
    _entries.extend(entries)


def menu(section: Section, request: HttpRequest) -> list[dict[str, object]]:
    """What the frame draws: title, address, icon, group, count and whether it is where the reader is."""
    reader: Reader = request.reader  # type: ignore[attr-defined]
    shown = []
    for entry in _entries:
        if entry.section == section and entry.shown_to(reader):
            address = reverse(entry.url_name)
            shown.append(
                {
                    "title": entry.title,
                    "href": address,
                    "icon": entry.icon,
                    "group": entry.group,
                    "count": entry.count(reader) if entry.count else None,
                    "live": entry.live,
                    "current": False,
                }
            )
    # The nearest one: the inbox at /desk/ is not where one is at /desk/cases/.
    near = [entry for entry in shown if _leads_to(str(entry["href"]), request.path)]
    if near:
        max(near, key=lambda entry: len(str(entry["href"])))["current"] = True
    return shown


def _leads_to(address: str, path: str) -> bool:
    return path == address or (address != "/" and path.startswith(address))
