"""Indexes that a large build does without and makes at its end: sorted once instead of grown row by row.

The search pieces of 3.69 million subjects took two thirds of the database's time when each row entered them by itself.
A build that is killed leaves its home without them; the next one, which begins with clearing, makes them at its end.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from django.db import OperationalError, connection, models, transaction

from qipan.kernel.publication.models import Publication
from qipan.kernel.subjects.models import Identifier, Premises, Subject

MODELS: tuple[type[models.Model], ...] = (Subject, Identifier, Premises, Publication)
LARGE = 100_000
"""Subjects from which on it pays."""
FEW = 10_000
"""With more real subjects than this nobody is to search without an index meanwhile."""
PATIENCE = "5s"


@contextmanager
def made_afterwards(subjects: int, begin: Callable[[], None]) -> Iterator[None]:
    """For the time of a large build the tables do without; `begin` hears when they are made, which takes minutes.

    Does nothing within a transaction of the caller, where real subjects stand, or while others read the tables.
    """
    apart = (
        subjects >= LARGE
        and not connection.in_atomic_block
        and Subject.objects.all()[: FEW + 1].count() <= FEW
    )
    if apart:
        _drop()
    yield
    if apart:
        begin()
    make_missing()


def _drop() -> None:
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(f"SET LOCAL lock_timeout = '{PATIENCE}'")
            with connection.schema_editor(atomic=False) as editor:
                for model in MODELS:
                    for index in model._meta.indexes:
                        editor.remove_index(model, index)
    except OperationalError:  # somebody reads them: the build takes longer
        return


def make_missing() -> None:
    """Make those that are not there; needs the owner of the tables, and asks nothing of it where all are there."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT indexname FROM pg_indexes WHERE tablename = ANY(%s)",
            [[model._meta.db_table for model in MODELS]],
        )
        there = {name for (name,) in cursor.fetchall()}
    for model in MODELS:
        for index in model._meta.indexes:
            if index.name not in there:
                with transaction.atomic(), connection.cursor() as cursor:
                    cursor.execute("SET LOCAL maintenance_work_mem = '512MB'")
                    with connection.schema_editor(atomic=False) as editor:
                        editor.add_index(model, index)
