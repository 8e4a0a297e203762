"""Two transactions that meet: the second begins when the first has written and not committed."""

import threading
from collections.abc import Callable
from typing import Any

from django.db import connections, transaction

from qipan.kernel.ledger.errors import Refused


class _Beside:
    """An act on a connection of its own; a refusal is an answer too."""

    def __init__(self, act: Callable[[], Any]) -> None:
        self.answer: list[Any] = []
        self.thread = threading.Thread(target=self._run, args=(act,))
        self.thread.start()

    def _run(self, act: Callable[[], Any]) -> None:
        try:
            self.answer.append(act())
        except Refused as refused:
            self.answer.append(refused)
        finally:
            connections.close_all()


def while_uncommitted(first: Callable[[], Any], second: Callable[[], Any]) -> Any:
    """What the second gives, a refusal included; it must wait for the first, which then commits."""
    with transaction.atomic():
        first()
        late = _Beside(second)
        late.thread.join(1)
        assert late.thread.is_alive(), "the second did not wait"
    late.thread.join(20)
    return late.answer[0]


def beside(act: Callable[[], Any]) -> Any:
    """What an act gives on a connection of its own while this one has not committed; it must not wait."""
    other = _Beside(act)
    other.thread.join(15)
    assert other.answer, "it waits for the other"
    return other.answer[0]
