"""Two transactions that meet: the second begins when the first has written and not committed."""

import threading
from collections.abc import Callable
from typing import Any

from django.db import connections, transaction

from qipan.kernel.ledger.errors import Refused


def while_uncommitted(first: Callable[[], Any], second: Callable[[], Any]) -> Any:
    """What the second gives, a refusal included; it must wait for the first, which then commits."""
    answer: list[Any] = []

    def late() -> None:
        try:
            answer.append(second())
        except Refused as refused:
            answer.append(refused)
        finally:
            connections.close_all()

    thread = threading.Thread(target=late)
    with transaction.atomic():
        first()
        thread.start()
        thread.join(1)
        assert thread.is_alive(), "the second did not wait"
    thread.join(20)
    return answer[0]
