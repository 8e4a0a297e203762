"""Tells a connection for whom it reads before the first statement that could meet the wall: one round trip a request."""

from collections.abc import Callable
from typing import Any

from django.db.backends.postgresql import base

from qipan.conf import wall

#: These read nothing, and the first must pass in a transaction that has failed.
SAVEPOINTS = ("ROLLBACK TO SAVEPOINT", "RELEASE SAVEPOINT", "SAVEPOINT")


class DatabaseWrapper(base.DatabaseWrapper):
    """`told` is what the session knows now; None where a rollback may have taken it back.

    A lifted wall is told for the transaction only, so that its end brings the former one (`_behind`) back without
    asking.
    """

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.told: str | None = wall.SHUT
        self._behind: str | None = None
        self._for_now = False
        self.execute_wrappers.append(self._tell_first)

    def init_connection_state(self) -> None:
        """A new connection knows nothing; one from the pool was made to forget when it was taken (`conf.pooling`)."""
        super().init_connection_state()
        forgets = not self.pool or self.settings_dict["CONN_HEALTH_CHECKS"]
        self.told = wall.SHUT if forgets else None
        self._for_now = False
        self.tell("")

    def _tell_first(
        self, execute: Callable[..., Any], sql: Any, params: Any, many: bool, context: Any
    ) -> Any:
        self.tell(sql)
        return execute(sql, params, many, context)

    def tell(self, sql: Any) -> None:
        """Before a statement: tell the session what it is to know. One that knows nothing is only told when it matters."""
        wanted = wall.wanted()
        if self.told == wanted or self.connection is None:
            return
        if isinstance(sql, str) and sql.startswith(SAVEPOINTS):
            return
        if (
            self.told == wall.SHUT
            and wanted != wall.OPEN
            and isinstance(sql, str)
            and not wall.MEETS.search(sql)
        ):
            return
        for_now = wanted == wall.OPEN and wall.is_lifted() and self.in_atomic_block
        with self.wrap_database_errors, self.connection.cursor() as cursor:
            cursor.execute("SELECT set_config(%s, %s, %s)", (wall.SETTING, wanted, for_now))
        self._behind, self._for_now = self.told, for_now
        self.told = wanted

    def _commit(self) -> Any:
        done = super()._commit()  # type: ignore[misc]
        if self._for_now:
            self.told, self._for_now = self._behind, False
        return done

    def _rollback(self) -> Any:
        self.told, self._for_now = None, False
        return super()._rollback()  # type: ignore[misc]

    def _savepoint_rollback(self, sid: str) -> None:
        super()._savepoint_rollback(sid)  # type: ignore[misc]
        self.told, self._for_now = None, False
