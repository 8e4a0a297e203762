"""What a process does with pooled connections whose database died."""

from typing import Any

import psycopg
from psycopg_pool import ConnectionPool

from qipan.conf import wall


class Connection(psycopg.Connection[Any]):
    """A pooled connection that lets go of all the others in its pool when it is found dead.

    After a crash they are all dead. The pool, which tries each before it hands it out, would find them one by one and
    rest twice as long after each: with six of them a request waited until its time was up (10 s) although the database
    had long been back.
    """

    def execute(self, query: Any, *arguments: Any, **options: Any) -> psycopg.Cursor[Any]:
        """What the pool tries a connection with: its empty question also makes it forget for whom it read before."""
        try:
            return super().execute(query or wall.RESET, *arguments, **options)
        except psycopg.OperationalError:
            pool = getattr(self, "_pool", None)
            if self.broken and isinstance(pool, ConnectionPool):
                pool.drain()
            raise
