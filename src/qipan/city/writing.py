"""Blocks written beside the drawing of the next ones: the database works on one while the next is thought out."""

import sys
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from types import TracebackType

from django.db import connection, transaction

from qipan.city.copying import Copy

AHEAD = 2
"""So many blocks may wait to be written: a faster drawer fills no memory."""
SWITCH = 0.0005
"""Seconds after which the drawing lets the writer have its turn; the usual 5 ms would leave the database idle."""


class Writer:
    """Writes blocks in their order, each whole or not at all, over a connection of its own (context manager).

    Within a transaction of the caller, whose rows another connection could not see, it writes at once in that one.
    An error of a block is raised by the next `write`, or at the end.
    """

    def __init__(self) -> None:
        self._apart = None if connection.in_atomic_block else ThreadPoolExecutor(1, "city-writer")
        self._under_way: deque[Future[None]] = deque()
        self._interval = sys.getswitchinterval()

    def __enter__(self) -> "Writer":
        sys.setswitchinterval(SWITCH)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        sys.setswitchinterval(self._interval)
        if self._apart is None:
            return
        try:
            while self._under_way and kind is None:
                self._under_way.popleft().result()
        finally:
            self._apart.submit(connection.close)
            self._apart.shutdown(cancel_futures=kind is not None)

    def write(self, copies: Sequence[Copy], also: Callable[[], None]) -> None:
        """Hand over a block: its rows, and `also`, which runs in the same transaction."""
        if self._apart is None:
            _write(copies, also)
            return
        while len(self._under_way) >= AHEAD:
            self._under_way.popleft().result()
        self._under_way.append(self._apart.submit(_write, copies, also))


@transaction.atomic
def _write(copies: Sequence[Copy], also: Callable[[], None]) -> None:
    with connection.cursor() as cursor:
        # References are checked by each COPY instead of being remembered until the end of the transaction.
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
    for copy in copies:
        copy.run()
    also()
