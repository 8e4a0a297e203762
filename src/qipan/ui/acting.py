"""For which of several businesses somebody looks at lists (正在代表): kept in the session. It narrows; it gives no right."""

from typing import Any

from django.http import HttpRequest

from qipan.kernel.orgs.reader import Reader
from qipan.kernel.subjects.mandates import subjects_for

KEY = "acting_for"


def known(reader: Reader) -> frozenset[int]:
    """The businesses that the reader represents or acts for as an agent."""
    return reader.subject_ids | {mandate.subject_id for mandate in reader.mandates}


def chosen(request: HttpRequest) -> int | None:
    """The business that lists are narrowed to; None for all. One that is the reader's no more is forgotten."""
    reader: Reader = request.reader  # type: ignore[attr-defined]
    session = getattr(request, "session", None)
    number = session.get(KEY) if session is not None else None
    return number if number in known(reader) else None


def choose(request: HttpRequest, number: int | None) -> None:
    """Keep the choice; a business that is not the reader's means all."""
    reader: Reader = request.reader  # type: ignore[attr-defined]
    if number in known(reader):
        request.session[KEY] = number
    else:
        request.session.pop(KEY, None)


def switcher(request: HttpRequest) -> dict[str, Any] | None:
    """What the frame draws: the businesses and the choice; None for those who have one at the most."""
    reader: Reader = request.reader  # type: ignore[attr-defined]
    if reader.kind == "staff" or len(known(reader)) < 2:
        return None
    rows = list(subjects_for(reader, act=""))
    now = chosen(request)
    return {"subjects": rows, "chosen": now, "name": next((row.name for row in rows if row.pk == now), "")}
