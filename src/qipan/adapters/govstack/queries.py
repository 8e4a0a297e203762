"""What the façade reads: others' names resolved, and our rows in the scope of the caller's readers."""

import re
import uuid as uuids
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.db.models import Q
from django.http import Http404, QueryDict
from django.utils.translation import gettext as _

from qipan.adapters.govstack.clients import Caller
from qipan.adapters.govstack.models import Alias, Kind
from qipan.conf import wall
from qipan.domains.licensing.models import Application
from qipan.kernel.evidence.models import Attachment
from qipan.kernel.flow import queries as flow
from qipan.kernel.flow.models import ACTIVE, Case, WorkOrder
from qipan.kernel.items import queries as items
from qipan.kernel.items.models import Item
from qipan.kernel.ledger.errors import Refused
from qipan.kernel.orgs.reader import Reader

NAME = re.compile(r"[^\x00-\x1f\x7f\ud800-\udfff]{1,100}")
"""A name of others that a database can hold; anything else names nothing."""
MOST_ROWS, FARTHEST, USUAL_ROWS = 100, 10_000, 50
CASES = {"created": "case__opened_at", "registered": "submitted_at", "status": "case__state"}
TASKS = {"created": "issued_at", "name": "title", "due": "due_on"}


def alias(kind: Kind, external: str) -> Alias | None:
    """Whose name this is."""
    if not NAME.fullmatch(external):
        return None
    return Alias.objects.filter(kind=kind, external=external).first()


def _named(kind: Kind, field: str, values: Iterable[Any]) -> dict[Any, Alias]:
    rows = Alias.objects.filter(kind=kind, **{f"{field}__in": set(values)}).order_by("-pk")
    return {getattr(row, field): row for row in rows}


def by_code(kind: Kind, codes: Iterable[str]) -> dict[str, Alias]:
    """How others call these codes, the oldest name of each."""
    return _named(kind, "code", codes)


def by_record(kind: Kind, records: Iterable[int]) -> dict[int, Alias]:
    """How others call these records."""
    return _named(kind, "record_id", records)


def item(external: str) -> Item | None:
    """The item of a service, by others' name or by our code."""
    known = alias(Kind.SERVICE, external)
    if known is not None:
        return items.item(known.code)
    return items.item(external) if NAME.fullmatch(external) and len(external) <= 40 else None


def item_of_form(external: str) -> Item | None:
    """The item whose form this is: without another name it is called by the item's code."""
    known = alias(Kind.FORM, external)
    if known is not None:
        return items.item(known.code)
    return items.item(external) if NAME.fullmatch(external) and len(external) <= 40 else None


def item_by_title(title: str) -> Item | None:
    """The item of a registration, by its name, ours or others', or its code."""
    if not NAME.fullmatch(title):
        return None
    known = Alias.objects.filter(kind=Kind.SERVICE, title=title).order_by("pk").first()
    if known is not None:
        return items.item(known.code)
    return item(title) or next((row for row in items.items_for_public() if row.name == title), None)


def number(value: str) -> uuids.UUID | None:
    """An identifier of ours."""
    try:
        return uuids.UUID(value)
    except ValueError:
        return None


def _which(kind: Kind, external: str, field: str) -> Q | None:
    """The condition for one record, by others' name or by its uuid; None for a name of nothing."""
    known = alias(kind, external)
    if known is not None:
        return Q(pk=known.record_id)
    ours = number(external)
    return Q(**{field: ours}) if ours else None


def application(caller: Caller, external: str) -> tuple[Application, Reader]:
    """The application, and as whom the caller sees it: the applicant's side first. Raises Http404."""
    which = _which(Kind.APPLICATION, external, "case__uuid")
    for reader in reversed(caller.readers) if which is not None else ():
        with wall.standing(reader.wall()):
            rows = (
                Application.objects.visible_to(reader)
                .select_related("case__subject")
                .defer("case__subject__grams")
            )
            row = rows.filter(which).first()
        if row is not None:
            return row, reader
    raise Http404


def task(caller: Caller, external: str) -> WorkOrder:
    """The work order, if the caller's officer may see it. Raises Http404."""
    which = _which(Kind.TASK, external, "uuid") if caller.officer is not None else None
    if which is None or caller.officer is None:
        raise Http404
    with wall.standing(caller.officer.wall()):
        found = WorkOrder.objects.visible_to(caller.officer).filter(which).values_list("uuid", flat=True)[:1]
        order = flow.order_for(caller.officer, found[0]) if found else None
    if order is None:
        raise Http404
    return order


@dataclass(frozen=True)
class Page:
    """Which rows of a list are wanted, and in which order."""

    first: int
    most: int
    field: str
    downward: bool

    @classmethod
    def of(cls, query: QueryDict, fields: dict[str, str]) -> "Page":
        """Read from firstResult, maxResult, sortBy and sortOrder; refuses what is no number, too far, or unknown."""
        order = query.get("sortOrder", "asc")
        field = fields.get(query.get("sortBy", "created"))
        if field is None or order not in {"asc", "desc"}:
            raise Refused(
                _("sortBy 只能是 %(fields)s，sortOrder 只能是 asc 或者 desc。")
                % {"fields": "、".join(fields)}
            )
        return cls(
            _whole(query, "firstResult", 0, 0, FARTHEST),
            _whole(query, "maxResult", USUAL_ROWS, 1, MOST_ROWS),
            field,
            order == "desc",
        )

    def keys(self, rows: Any) -> list[tuple[Any, int]]:
        """(sort value, key) of the rows up to the end of the page."""
        sign = "-" if self.downward else ""
        return list(
            rows.order_by(f"{sign}{self.field}", f"{sign}pk").values_list(self.field, "pk")[
                : self.first + self.most
            ]
        )

    def cut(self, keys: Iterable[tuple[Any, int]]) -> list[int]:
        """The keys of the page's rows, from those of every reader; rows without a value stand as the database has them."""
        whole = sorted(set(keys), key=lambda pair: (pair[0] is None, pair[0], pair[1]), reverse=self.downward)
        return [pk for _value, pk in whole[self.first : self.first + self.most]]


def _whole(query: QueryDict, name: str, usual: int, least: int, most: int) -> int:
    text = query.get(name)
    if text is None:
        return usual
    if not (text.isascii() and text.isdigit() and len(text) < 9 and least <= int(text) <= most):
        raise Refused(
            _("%(name)s 应当是 %(least)d 到 %(most)d 的整数。") % {"name": name, "least": least, "most": most}
        )
    return int(text)


def applications(caller: Caller, query: QueryDict) -> list[Application]:
    """The applications that the caller may see, by `serviceId` and `applicantId`; a name of nothing finds nothing."""
    page, narrowed = Page.of(query, CASES), Q()
    if "serviceId" in query:
        wanted = item(query["serviceId"])
        if wanted is None:
            return []
        narrowed &= Q(item_code=wanted.code)
    if "applicantId" in query:
        narrowed &= _of_applicant(caller, query["applicantId"])
    keys: list[tuple[Any, int]] = []
    rows: dict[int, Application] = {}
    for reader in caller.readers:
        with wall.standing(reader.wall()):
            keys += page.keys(Application.objects.visible_to(reader).filter(narrowed))
    chosen = page.cut(keys)
    for reader in caller.readers:
        with wall.standing(reader.wall()):
            seen = (
                Application.objects.visible_to(reader)
                .select_related("case__subject")
                .defer("case__subject__grams")
                .filter(pk__in=chosen)
            )
            rows |= {row.pk: row for row in seen}
    return [rows[pk] for pk in chosen if pk in rows]


def _of_applicant(caller: Caller, external: str) -> Q:
    if not NAME.fullmatch(external):
        return Q(pk__in=())
    begun = Alias.objects.filter(kind=Kind.APPLICATION, client=caller.client, applicant=external)
    found = Q(pk__in=list(begun.values_list("record_id", flat=True)))
    ours = number(external)
    return found | Q(case__subject__uuid=ours) if ours else found


def tasks(caller: Caller, query: QueryDict) -> list[WorkOrder]:
    """The open work orders that the caller's officer may see, by `fileId`, `mainTaskId` and `assigneeId`."""
    page, narrowed = Page.of(query, TASKS), Q()
    for name, kind, field in (("fileId", Kind.APPLICATION, "case"), ("mainTaskId", Kind.TASK, "parent")):
        if name in query:
            which = _which(kind, query[name], "uuid")
            if which is None:
                return []
            model = Case if field == "case" else WorkOrder
            narrowed &= Q(**{f"{field}__in": model.objects.filter(which)})
    if "assigneeId" in query:
        person = user_of(query["assigneeId"])
        if person is None:
            return []
        narrowed &= Q(assignee_id=person)
    if caller.officer is None:
        return []
    with wall.standing(caller.officer.wall()):
        rows = WorkOrder.objects.visible_to(caller.officer).filter(narrowed, state__in=ACTIVE)
        chosen = page.cut(page.keys(rows))
        found = rows.select_related("case", "assignee", "parent").in_bulk(chosen)
    return [found[pk] for pk in chosen]


def user_of(external: str) -> int | None:
    """The user that others mean: by their name for the person, or by our number."""
    known = alias(Kind.PERSON, external)
    if known is not None:
        return known.record_id
    return int(external) if external.isascii() and external.isdigit() and len(external) < 16 else None


def files_of(cases: Iterable[int]) -> dict[int, list[str]]:
    """The addresses of the files of these cases, oldest first."""
    kind = Case._meta.label_lower
    rows = Attachment.objects.filter(record_kind=kind, record_id__in=set(cases)).select_related("evidence")
    found: dict[int, list[str]] = {}
    for row in rows.order_by("pk"):
        address = f"/evidence/{row.evidence.uuid}/"
        if address not in found.setdefault(row.record_id, []):
            found[row.record_id].append(address)
    return found
