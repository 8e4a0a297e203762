"""Bulk work whose effect is in the database: effect and done-mark in one transaction, shared out by SKIP LOCKED."""

from collections.abc import Callable
from typing import Any

from django.db import transaction
from django.db.models import QuerySet


def work_off(
    waiting: QuerySet[Any], effect: Callable[[list[Any]], None], *, size: int = 50, limit: int | None = None
) -> int:
    """Take rows of `waiting` in batches and hand them to `effect`, which must make them no longer wait.

    Any number of workers may do this at once; a worker that dies loses its batch to the others, and nothing is done
    twice. Returns how many rows were done.
    """
    done = 0
    while limit is None or done < limit:
        with transaction.atomic():
            rows = list(waiting.select_for_update(skip_locked=True, of=("self",))[:size])
            if not rows:
                break
            effect(rows)
        done += len(rows)
    return done
