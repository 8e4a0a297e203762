"""Querysets whose SQL is composed once: for what every request asks, composing costs several times what running does.

TOKEN = Composed(lambda hole: ApiToken.objects.filter(digest=hole("digest", BinaryField())))
TOKEN.all(digest=b"…")
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.core.exceptions import EmptyResultSet
from django.db import connections, models, transaction
from django.db.models.expressions import Expression
from django.db.models.lookups import Lookup
from django.db.models.query import (
    FlatValuesListIterable,
    ModelIterable,
    ValuesListIterable,
    get_related_populators,
)


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


Row = Sequence[Any]
Made = Callable[[list[Row]], list[Any]]


@dataclass(frozen=True)
class _Reading:
    """How the rows of a statement become what its queryset gives: worked out once, as Django does at each run.

    `converters`: by place, what a value goes through. `made`: objects of the converted rows.
    """

    converters: tuple[tuple[int, tuple[Callable[..., Any], ...], Any], ...]
    made: Made
    prefetched: tuple[Any, ...]

    @classmethod
    def of(cls, rows: models.QuerySet[Any], compiler: Any) -> _Reading | None:
        """None where a queryset gives something else than objects or plain values."""
        columns = [column for column, *_rest in compiler.select[: compiler.col_count]]
        made = _made(rows, compiler)
        if made is None or compiler.has_composite_fields(columns):
            return None
        found = compiler.get_converters(columns)
        converters = tuple((place, tuple(several), column) for place, (several, column) in found.items())
        return cls(converters, made, rows._prefetch_related_lookups)  # type: ignore[attr-defined]

    def read(self, fetched: list[Row], connection: Any) -> list[Any]:
        """What the queryset gives of the rows."""
        if self.converters:
            lists = [list(row) for row in fetched]
            for place, several, column in self.converters:
                for row in lists:
                    value = row[place]
                    for convert in several:
                        value = convert(value, column, connection)
                    row[place] = value
            fetched = lists  # type: ignore[assignment]
        found = self.made(fetched)
        if found and self.prefetched:
            models.prefetch_related_objects(found, *self.prefetched)
        return found


def _made(rows: Any, compiler: Any) -> Made | None:
    if rows._iterable_class is FlatValuesListIterable:
        return lambda fetched: [row[0] for row in fetched]
    if rows._iterable_class is ValuesListIterable:
        return lambda fetched: [tuple(row) for row in fetched]
    if rows._iterable_class is not ModelIterable or rows._known_related_objects:
        return None
    select, about, alias = compiler.select, compiler.klass_info, rows.db
    start, end = about["select_fields"][0], about["select_fields"][-1] + 1
    names = [column.target.attname for column, *_rest in select[start:end]]
    related = get_related_populators(about, select, alias)  # type: ignore[call-arg]  # the stubs are of a later Django
    noted, new = tuple((compiler.annotation_col_map or {}).items()), about["model"].from_db

    def make(fetched: list[Row]) -> list[Any]:
        found = []
        for row in fetched:
            one = new(alias, names, row[start:end])
            for each in related:
                each.populate(row, one)
            for name, place in noted:
                setattr(one, name, row[place])
            found.append(one)
        return found

    return make


class Composed:
    """A queryset made once with `Hole`s by `build(hole)`, run with values for them by `all` and `first`.

    What `build` reads besides its holes is read once: it must not depend on the day, the reader or the language. The
    SQL is of the default database. Raises KeyError for a hole without a value, TransactionManagementError for a lock
    outside a transaction.
    """

    def __init__(self, build: Callable[[type[Hole]], models.QuerySet[Any]]) -> None:
        self._build = build
        self._made: tuple[models.QuerySet[Any], Any, str, tuple[Any, ...]] | None = None
        self._reading: _Reading | None = None

    def _compose(self) -> tuple[models.QuerySet[Any], Any, str, tuple[Any, ...]]:
        rows = self._build(Hole)
        compiler = rows.query.get_compiler(rows.db)
        try:
            text, parameters = compiler.as_sql()
        except EmptyResultSet:
            text, parameters = "", ()
        if text:
            self._reading = _Reading.of(rows, compiler)
        self._made = rows, compiler, text, tuple(parameters)
        return self._made

    def rows(self, **values: Any) -> models.QuerySet[Any]:
        """The queryset with its values; only to be iterated: a further filter would not be seen."""
        rows, compiler, text, parameters = self._made or self._compose()
        if not text:  # nothing can fit
            return rows.none()
        connection = self._connection(rows)
        filled = bound(parameters, values, connection)
        run = copy.copy(compiler)
        run.connection = connection
        run.as_sql = lambda *_limits, **_aliases: (text, filled)
        asked = rows._chain()  # type: ignore[attr-defined]
        asked.query.get_compiler = lambda *_using, **_options: run
        return asked

    def _connection(self, rows: models.QuerySet[Any]) -> Any:
        connection = connections[rows.db]
        if rows.query.select_for_update and not connection.in_atomic_block:
            raise transaction.TransactionManagementError("a row is locked within a transaction")
        return connection

    def all(self, **values: Any) -> list[Any]:
        """Every row."""
        rows, _compiler, text, parameters = self._made or self._compose()
        if self._reading is None:
            return list(self.rows(**values))
        connection = self._connection(rows)
        with connection.cursor() as cursor:
            cursor.execute(text, bound(parameters, values, connection))
            fetched = cursor.fetchall()
        return self._reading.read(fetched, connection)

    def first(self, **values: Any) -> Any | None:
        """The first row of those that came, None where none did."""
        return next(iter(self.all(**values)), None)


def give(row: models.Model, name: str, found: list[Any] | None) -> None:
    """Let a row's related manager `name` give what was read already, as after a prefetch; None: it asks again."""
    kept: Any = row
    known = {**getattr(kept, "_prefetched_objects_cache", {})}
    known.pop(name, None)
    if found is not None:
        kept._prefetched_objects_cache = known
        rows = getattr(kept, name).all()
        rows._result_cache, rows._prefetch_done = found, True
        known[name] = rows
    kept._prefetched_objects_cache = known
