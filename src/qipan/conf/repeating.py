"""Two at once who send the same: the one that comes second looks again and finds what the first has made."""

import functools
from collections.abc import Callable
from typing import ParamSpec, TypeVar

from django.db import IntegrityError, transaction

P = ParamSpec("P")
R = TypeVar("R")


def looks_again(act: Callable[P, R]) -> Callable[P, R]:
    """An act in a transaction that looks first and writes then; where a unique key says that another was quicker, again.

    The second time its look sees what the other committed. A key that is broken all the same is raised.
    """

    @functools.wraps(act)
    def acted(*args: P.args, **options: P.kwargs) -> R:
        try:
            with transaction.atomic():
                return act(*args, **options)
        except IntegrityError:
            with transaction.atomic():
                return act(*args, **options)

    return acted
