"""Files from outside are read by a child first, with limits of time and memory; what it came back from, we read too.

A file that sends the parser round in circles, or swells in memory, ends the child and is unfit. What was read once is
remembered by its digest, so that a file is not sent twice.
"""

import hashlib
import json
import threading
from collections import OrderedDict
from collections.abc import Sequence

from qipan.conf import bounded
from qipan.kernel.documents.sealing.reading import Unfit

CHILD = "qipan.kernel.documents.sealing.reading_child"
SECONDS = 10
MEGABYTES = 1024
#: Files that go to one child together: so many bytes.
TOGETHER = 16 * 2**20
REMEMBERED = 20_000
_known: "OrderedDict[bytes, tuple[int, str]]" = OrderedDict()
_lock = threading.Lock()


def pages_of(pdf: bytes) -> int:
    """How many pages it has. Raises Unfit."""
    look([pdf])
    pages, why = _known[_digest(pdf)]
    if why:
        raise Unfit(why)
    return pages


def look(files: Sequence[bytes]) -> None:
    """Have these files read, a few at a time; what is found is asked for with `pages_of`."""
    together: list[bytes] = []
    for pdf in files:
        with _lock:
            if _digest(pdf) in _known:
                continue
        if together and sum(map(len, together)) + len(pdf) > TOGETHER:
            _send(together)
            together = []
        together.append(pdf)
    if together:
        _send(together)


def _send(files: list[bytes]) -> None:
    given = json.dumps([len(pdf) for pdf in files]).encode() + b"\n" + b"".join(files)
    try:
        answer = json.loads(bounded.run(CHILD, seconds=SECONDS, megabytes=MEGABYTES, given=given))
    except bounded.BeyondBounds:
        if len(files) > 1:  # which of them it was, each alone tells
            for pdf in files:
                _send([pdf])
            return
        answer = [[0, "broken"]]
    with _lock:
        for pdf, (pages, why) in zip(files, answer, strict=True):
            _known[_digest(pdf)] = (int(pages), str(why))
        while len(_known) > REMEMBERED:
            _known.popitem(last=False)


def _digest(pdf: bytes) -> bytes:
    return hashlib.sha256(pdf).digest()
