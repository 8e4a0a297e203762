"""Rows whose INSERT and UPDATE are composed once: for tables that every act writes to, composing costs more than writing."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from typing import Any

from django.db import connections, models

Field = Any


class Saved(models.Model):
    """A model whose rows are written by statements made once for each choice of fields; all else is Django's `save`.

    Values that the database is to work out (expressions, database defaults) go Django's own way.
    """

    class Meta:
        abstract = True

    def _do_insert(
        self, manager: Any, using: Any, fields: Iterable[Any], returning_fields: Iterable[Any], raw: bool
    ) -> Any:
        written, told = tuple(fields), tuple(returning_fields)
        values = [getattr(self, field.attname) if raw else field.pre_save(self, True) for field in written]
        if any(hasattr(value, "resolve_expression") for value in values):
            return super()._do_insert(manager, using, written, told, raw)  # type: ignore[misc]
        connection = connections[using]
        statement = _insert(self._meta.db_table, written, told, using)
        with connection.cursor() as cursor:
            cursor.execute(statement, _prepared(written, values, connection))
            row = cursor.fetchone() if told else None
        return [row] if told else []

    def _do_update(  # type: ignore[override]  # the stubs are of a later Django, which passes one more
        self, base_qs: Any, using: Any, pk_val: Any, values: Any, *further: Any
    ) -> Any:
        plain = not any(hasattr(value, "resolve_expression") for _field, _model, value in values)
        if not values or not plain or self._meta.select_on_save:
            return super()._do_update(base_qs, using, pk_val, values, *further)
        connection = connections[using]
        written = (*(field for field, _model, _value in values), self._meta.pk)
        given = [*(value for _field, _model, value in values), pk_val]
        with connection.cursor() as cursor:
            cursor.execute(
                _update(self._meta.db_table, written, using), _prepared(written, given, connection)
            )
            return cursor.rowcount > 0


def _prepared(fields: Iterable[Any], values: Iterable[Any], connection: Any) -> list[Any]:
    return [field.get_db_prep_save(value, connection) for field, value in zip(fields, values, strict=True)]


def _place(field: Any, connection: Any) -> str:
    placed = getattr(field, "get_placeholder", None)
    return str(placed(None, None, connection)) if placed else "%s"


@lru_cache(1000)
def _insert(table: str, fields: tuple[Field, ...], told: tuple[Field, ...], using: str) -> str:
    connection = connections[using]
    quote = connection.ops.quote_name
    columns = ", ".join(quote(field.column) for field in fields)
    places = ", ".join(_place(field, connection) for field in fields)
    back = f" RETURNING {', '.join(quote(field.column) for field in told)}" if told else ""
    return f"INSERT INTO {quote(table)} ({columns}) VALUES ({places}){back}"  # noqa: S608


@lru_cache(1000)
def _update(table: str, fields: tuple[Field, ...], using: str) -> str:
    """The last of the fields is the key."""
    connection = connections[using]
    quote = connection.ops.quote_name
    *written, key = fields
    changes = ", ".join(f"{quote(field.column)} = {_place(field, connection)}" for field in written)
    there = f"{quote(key.column)} = {_place(key, connection)}"
    return f"UPDATE {quote(table)} SET {changes} WHERE {there}"  # noqa: S608
