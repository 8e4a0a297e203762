"""Finding subjects by part of a name, a code or an address, in a register of millions.

Rare pieces are found by the index. Where every piece stands in more than one row of a hundred, walking their postings
costs more than looking at some thousands of rows one after the other: that is tried first and gives enough. No more
than `SCAN` rows are ranked, by their names alone; only those that are shown are read whole.
"""

import time

from django.db import connection
from django.db.models import QuerySet

from qipan.kernel.orgs.reader import Reader
from qipan.kernel.subjects import codes, searching
from qipan.kernel.subjects.models import Identifier, Subject

SCAN = 400
#: A piece that stands in more than this share of the rows is common.
COMMON_SHARE = 0.01
#: So many rows are looked at one by one for common pieces, before the index is asked.
WINDOW = 16_000
KEPT_FOR = 600.0
#: When the statistics were read, and what they said.
_common: tuple[float, frozenset[str]] = (0.0, frozenset())


def _words(text: str) -> list[str]:
    return [word for word in text.translate(codes.FULL_WIDTH).split() if searching.signs_of(word)]


def _pieces(words: list[str]) -> list[str]:
    return sorted({piece for word in words for piece in searching.wanted(word)})


def is_common(text: str) -> bool:
    """Whether the words are such as many names hold (深圳, 公司): what has them is found wherever one looks."""
    words = _words(text)
    return bool(words) and set(_pieces(words)) <= common_pieces()


def find(text: str, reader: Reader | None = None, limit: int = 20) -> list[Subject]:
    """Subjects by part of a name, code or address; those whose name begins with the words first.

    Without a reader the whole public register is searched; with one, what the reader may see.
    """
    words = _words(text)
    if not words:
        return []
    rows = Subject.objects.all() if reader is None else Subject.objects.visible_to(reader)
    order: tuple[str, ...] = ("pk",) if reader is None else ("org_path", "pk")
    pieces = _pieces(words)
    common = set(pieces) <= common_pieces()
    found = _in_window(rows.order_by(*order), pieces) if common else {}
    if len(found) < limit:
        # In no order: an ordered scan would walk the whole table for what few rows hold.
        found = dict(rows.filter(grams__contains=pieces).order_by().values_list("pk", "name")[:SCAN])
    if common or len(found) >= SCAN:
        # Among so many the very one that was named may be further on.
        found |= dict(rows.filter(name=text.strip()).values_list("pk", "name")[:limit])
    first = searching.signs_of(words[0])
    exact = _with_code(found, first)

    def rank(item: tuple[int, str]) -> tuple[int, int, int]:
        name = searching.signs_of(item[1])
        best = item[0] in exact or name == first
        place = 0 if best else 1 if name.startswith(first) else 2 if first in name else 3
        return place, len(name), item[0]

    chosen = [pk for pk, _name in sorted(found.items(), key=rank)[:limit]]
    whole = Subject.objects.defer("grams").in_bulk(chosen)
    return [whole[pk] for pk in chosen if pk in whole]


def _in_window(rows: QuerySet[Subject], pieces: list[str]) -> dict[int, str]:
    """Those of the first WINDOW rows that hold all pieces, at most SCAN: their names by their ids."""
    inner, values = rows.values("id", "name", "grams")[:WINDOW].query.sql_with_params()
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT id, name FROM ({inner}) near WHERE grams @> %s::varchar[] LIMIT %s",  # noqa: S608
            [*values, pieces, SCAN],
        )
        return dict(cursor.fetchall())


def _with_code(found: dict[int, str], first: str) -> frozenset[int]:
    """Which of them bear the word as their code."""
    if not any(sign.isdigit() for sign in first):
        return frozenset()
    rows = Identifier.objects.filter(subject__in=list(found), value__in={first, first.upper()})
    return frozenset(rows.values_list("subject_id", flat=True))


def common_pieces() -> frozenset[str]:
    """The pieces that many rows hold, as the database's statistics have them; read anew every ten minutes."""
    global _common
    read_at, known = _common
    if time.monotonic() - read_at > KEPT_FOR or not read_at:
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT piece FROM pg_stats, unnest(most_common_elems::text::text[], most_common_elem_freqs)"
                " AS elem(piece, share) WHERE schemaname = 'public' AND tablename = %s AND attname = 'grams'"
                " AND share > %s AND piece IS NOT NULL",
                [Subject._meta.db_table, COMMON_SHARE],
            )
            known = frozenset(piece for (piece,) in cursor.fetchall())
        _common = (time.monotonic(), known)
    return known
