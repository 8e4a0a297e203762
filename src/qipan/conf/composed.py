"""Querysets whose SQL is composed once: for what every request asks, composing costs several times what running does.

TOKEN = Composed(lambda hole: ApiToken.objects.filter(digest=hole("digest", BinaryField())))
TOKEN.all(digest=b"…")
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from django.core.exceptions import EmptyResultSet
from django.db import connections, models, transaction
from django.db.models.expressions import Expression
from django.db.models.lookups import Lookup


class Hole(Expression):
    """A place in a queryset for a value that each run gives; it is prepared as `output_field` prepares values."""

    def __init__(self, name: str, output_field: models.Field[Any, Any]) -> None:
        super().__init__(output_field=output_field)
        self.name = name

    def as_sql(self, compiler: Any, connection: Any) -> tuple[str, list[Any]]:  # type: ignore[override]
        return "%s", [self]


@models.ForeignObject.register_lookup
@models.Field.register_lookup
class Among(Lookup):  # type: ignore[type-arg]
    """`pk__among=Hole("known", ArrayField(…))`: one statement whatever the number of values, unlike `__in`."""

    lookup_name = "among"
    prepare_rhs = False

    def as_sql(self, compiler: Any, connection: Any) -> tuple[str, list[Any]]:  # type: ignore[override]
        column, before = self.process_lhs(compiler, connection)
        array, values = compiler.compile(self.rhs)
        return f"{column} = ANY ({array})", [*before, *values]


def bound(parameters: Iterable[Any], values: Mapping[str, Any], connection: Any) -> tuple[Any, ...]:
    """The parameters of a statement with its holes filled. Raises KeyError for a hole without a value."""
    return tuple(
        each.output_field.get_db_prep_value(values[each.name], connection) if isinstance(each, Hole) else each
        for each in parameters
    )


class Composed:
    """A queryset made once with `Hole`s by `build(hole)`, run with values for them by `all` and `first`.

    What `build` reads besides its holes is read once: it must not depend on the day, the reader or the language. The
    SQL is of the default database. Raises KeyError for a hole without a value, TransactionManagementError for a lock
    outside a transaction.
    """

    def __init__(self, build: Callable[[type[Hole]], models.QuerySet[Any]]) -> None:
        self._build = build
        self._made: tuple[models.QuerySet[Any], Any, str, tuple[Any, ...]] | None = None

    def _compose(self) -> tuple[models.QuerySet[Any], Any, str, tuple[Any, ...]]:
        rows = self._build(Hole)
        compiler = rows.query.get_compiler(rows.db)
        try:
            text, parameters = compiler.as_sql()
        except EmptyResultSet:
            text, parameters = "", ()
        self._made = rows, compiler, text, tuple(parameters)
        return self._made

    def rows(self, **values: Any) -> models.QuerySet[Any]:
        """The queryset with its values; only to be iterated: a further filter would not be seen."""
        rows, compiler, text, parameters = self._made or self._compose()
        if not text:  # nothing can fit
            return rows.none()
        connection = connections[rows.db]
        if rows.query.select_for_update and not connection.in_atomic_block:
            raise transaction.TransactionManagementError("a row is locked within a transaction")
        filled = bound(parameters, values, connection)
        run = copy.copy(compiler)
        run.connection = connection
        run.as_sql = lambda *_limits, **_aliases: (text, filled)
        asked = rows._chain()  # type: ignore[attr-defined]
        asked.query.get_compiler = lambda *_using, **_options: run
        return asked

    def all(self, **values: Any) -> list[Any]:
        """Every row."""
        return list(self.rows(**values))

    def first(self, **values: Any) -> Any | None:
        """The first row of those that came, None where none did."""
        return next(iter(self.rows(**values)), None)
