"""A PDF whose page tree never ends to be walked: a child reads it first, and it is refused within the child's limits."""

import time

import pytest

from qipan.kernel.documents.sealing import bounds, foreign
from qipan.kernel.documents.sealing.reading import Unfit


def endless(depth: int = 40) -> bytes:
    """Every node of the page tree names the next one twice: 2^40 pages in a kilobyte, and it says that it has one."""
    parts = [b"%PDF-1.4\n"]
    offsets = []

    def add(number: int, body: bytes) -> None:
        offsets.append(sum(map(len, parts)))
        parts.append(b"%d 0 obj\n%s\nendobj\n" % (number, body))

    add(1, b"<</Type/Catalog/Pages 2 0 R>>")
    for node in range(2, depth):
        add(node, b"<</Type/Pages/Count 1/Kids[%d 0 R %d 0 R]>>" % (node + 1, node + 1))
    add(depth, b"<</Type/Page/Parent %d 0 R/MediaBox[0 0 200 200]>>" % (depth - 1))
    start = sum(map(len, parts))
    rows = b"".join(b"%010d 00000 n \n" % offset for offset in offsets)
    parts.append(b"xref\n0 %d\n0000000000 65535 f \n%s" % (depth + 1, rows))
    parts.append(b"trailer\n<</Size %d/Root 1 0 R>>\nstartxref\n%d\n%%%%EOF\n" % (depth + 1, start))
    return b"".join(parts)


def plain() -> bytes:
    return endless(3)


def test_a_file_that_never_ends_is_unfit_in_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bounds, "SECONDS", 1)
    began = time.monotonic()
    with pytest.raises(Unfit) as unfit:
        foreign.pages_of(endless())
    assert unfit.value.why == "broken" and time.monotonic() - began < 5


def test_it_does_not_take_the_others_of_its_batch_with_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bounds, "SECONDS", 1)
    good, bad = plain() + b"\n", endless(41)
    bounds.look([good, bad])
    assert foreign.pages_of(good) == 2
    with pytest.raises(Unfit):
        foreign.pages_of(bad)
