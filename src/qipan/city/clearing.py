# ruff: noqa: S608  (every name in these statements is a table or column of our own models)
"""Taking the demo data away again: everything that belongs to a demo subject or case, and nothing else.

Row history sees it: the triggers of the tables keep each deleted state. Accounts and staff stay, and so do the ledger
(it is append-only) and sealed papers (anyone may still verify one).
"""

from django.db import connection, models, transaction
from django.utils.translation import gettext as _

from qipan.city import events
from qipan.city.models import City
from qipan.domains.seals.models import Round
from qipan.kernel.accounts.models import Person
from qipan.kernel.documents.models import Seal
from qipan.kernel.flow.models import Case
from qipan.kernel.ledger.actions import append
from qipan.kernel.ledger.actor import Actor
from qipan.kernel.ledger.clock import now
from qipan.kernel.ledger.errors import Refused
from qipan.kernel.subjects.models import Subject

Model = type[models.Model]


@transaction.atomic
def clear(city: City) -> dict[str, int]:
    """Delete the demo data; returns the number of rows by table.

    Refuses where something that is no demo data hangs on a demo subject or case, and names it.
    """
    with connection.cursor() as cursor:
        found = _Doomed(cursor)
        found.begin(Subject, "is_demo")
        found.begin(Case, "is_demo")
        found.begin(Seal, "is_demo")
        found.begin(Round, f"subject_id IN (SELECT id FROM {Subject._meta.db_table} WHERE is_demo)")
        found.follow()
        found.refuse_what_is_real()
        gone = found.delete()
        cursor.execute(
            f"DELETE FROM {Person._meta.db_table} p WHERE is_demo"
            " AND NOT EXISTS (SELECT 1 FROM accounts_user u WHERE u.person_id = p.id)"
        )
        gone[Person._meta.db_table] = cursor.rowcount
    city.cleared_at = now()
    city.save(update_fields=["cleared_at"])
    append(events.CLEARED, city, Actor.system(), data={"count": sum(gone.values()), "manifest": gone})
    return gone


class _Doomed:
    """The ids of the rows to go, by model, in temporary tables; found by following every foreign key downward."""

    def __init__(self, cursor: object) -> None:
        self.cursor = cursor
        self.tables: dict[Model, str] = {}

    def _table(self, model: Model) -> str:
        if model not in self.tables:
            name = self.tables[model] = f"doomed_{model._meta.db_table}"[:60]
            self._run(f"DROP TABLE IF EXISTS pg_temp.{name}")
            self._run(f"CREATE TEMPORARY TABLE {name} (id bigint PRIMARY KEY) ON COMMIT DROP")
        return self.tables[model]

    def _run(self, sql: str) -> int:
        self.cursor.execute(sql)  # type: ignore[attr-defined]
        return int(self.cursor.rowcount)  # type: ignore[attr-defined]

    def begin(self, model: Model, condition: str) -> None:
        """Start with the rows of a model that meet a condition."""
        key = _column(model._meta.pk)
        self._run(
            f"INSERT INTO {self._table(model)} SELECT {key} FROM {model._meta.db_table} WHERE {condition}"
        )

    def follow(self) -> None:
        """Add what points to a row that goes, until nothing is added."""
        waiting = list(self.tables)
        while waiting:
            model = waiting.pop(0)
            for relation in _relations(model):
                child = relation.related_model
                if relation.on_delete is models.SET_NULL:
                    continue
                added = self._run(
                    f"INSERT INTO {self._table(child)} SELECT c.{_column(child._meta.pk)} FROM {child._meta.db_table} c"
                    f" JOIN {self.tables[model]} d ON c.{relation.field.column} = d.id ON CONFLICT DO NOTHING"
                )
                if added and child not in waiting:
                    waiting.append(child)

    def refuse_what_is_real(self) -> None:
        """Nothing that says of itself that it is no demo data goes with the rest."""
        for model, table in self.tables.items():
            if any(field.name == "is_demo" for field in model._meta.local_fields):
                self.cursor.execute(  # type: ignore[attr-defined]
                    f"SELECT count(*) FROM {model._meta.db_table} r JOIN {table} d ON r.{_column(model._meta.pk)} = d.id"
                    " WHERE NOT r.is_demo"
                )
                (count,) = self.cursor.fetchone()  # type: ignore[attr-defined]
                if count:
                    raise Refused(
                        _("有 %(count)d 条正式的%(what)s挂在示范主体上，不能清除。请先处理这些记录。")
                        % {"count": count, "what": model._meta.verbose_name},
                        code="conflict",
                    )

    def delete(self) -> dict[str, int]:
        """Delete everything found; references are checked at the end, so the order does not matter."""
        self._run("SET CONSTRAINTS ALL DEFERRED")
        for table in self.tables.values():
            self._run(f"ANALYZE {table}")
        gone = {}
        for model, table in self.tables.items():
            for relation in _relations(model):
                if relation.on_delete is models.SET_NULL:
                    child, column = relation.related_model, relation.field.column
                    self._run(
                        f"UPDATE {child._meta.db_table} c SET {column} = NULL FROM {table} d WHERE c.{column} = d.id"
                    )
        for model, table in self.tables.items():
            gone[model._meta.db_table] = self._run(
                f"DELETE FROM {model._meta.db_table} r USING {table} d WHERE r.{_column(model._meta.pk)} = d.id"
            )
        return {table: count for table, count in gone.items() if count}


def _relations(model: Model) -> list[models.ForeignObjectRel]:
    """The foreign keys that point to a model, those without a way back included, row history left out."""
    return [
        field
        for field in model._meta.get_fields(include_hidden=True)
        if isinstance(field, models.ManyToOneRel)
        and not field.field.name.startswith("pgh_")
        and not field.related_model._meta.proxy
    ]


def _column(field: models.Field | None) -> str:
    assert field is not None
    return field.column
