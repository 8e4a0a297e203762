"""Rate limits shared by every process: a token bucket per key in PostgreSQL, taken by one upsert."""

from dataclasses import dataclass
from typing import Any

from django.db import connection

from qipan.kernel.ledger.clock import now


@dataclass(frozen=True)
class Rate:
    """So many at once (`burst`), refilled evenly over `seconds`."""

    burst: int
    seconds: float


SIGN_IN_ADDRESS = Rate(30, 300)
SIGN_IN_ACCOUNT = Rate(10, 300)
REGISTER = Rate(5, 3600)
RESET = Rate(5, 3600)
SECOND_FACTOR = Rate(5, 900)
PASSWORD_AGAIN = Rate(5, 900)
VERIFY = Rate(60, 60)
API_ACCOUNT = Rate(1200, 60)
API_ADDRESS = Rate(300, 60)
API_FAILED = Rate(60, 60)
PAGE_ADDRESS = Rate(300, 60)

_TAKE = """
insert into accounts_bucket as b (key, tokens, filled_at)
select %(key)s, %(burst)s - 1, %(now)s
from (select set_config('synchronous_commit', coalesce(%(commit)s, current_setting('synchronous_commit')), true)) as s
on conflict (key) do update set
    tokens = least(%(burst)s, b.tokens + %(pace)s * greatest(0, extract(epoch from %(now)s - b.filled_at))) - 1,
    filled_at = greatest(b.filled_at, %(now)s)
where least(%(burst)s, b.tokens + %(pace)s * greatest(0, extract(epoch from %(now)s - b.filled_at))) >= 1
returning tokens
"""


def take(key: str, rate: Rate) -> bool:
    """Take one from the bucket of this key; False when it is empty. Atomic between processes."""
    return left(key, rate) is not None


def left(key: str, rate: Rate) -> int | None:
    """Take one from the bucket of this key and tell how many are left; None when it was empty. Atomic between processes.

    Outside a transaction it does not wait for the disk: a crash forgets the last fraction of a second of counting.
    """
    values: dict[str, Any] = {
        "key": key[:100],
        "burst": float(rate.burst),
        "pace": rate.burst / rate.seconds,
        "now": now(),
    }
    values["commit"] = None if connection.in_atomic_block else "off"
    with connection.cursor() as cursor:
        cursor.execute(_TAKE, values)
        row = cursor.fetchone()
    return int(row[0]) if row is not None else None


def give_back(key: str, rate: Rate) -> None:
    """Put one back, for a try that was right: only wrong ones are to count."""
    with connection.cursor() as cursor:
        cursor.execute(
            "update accounts_bucket set tokens = least(%s, tokens + 1) where key = %s",
            [float(rate.burst), key[:100]],
        )


def sweep(older_than_seconds: float = 86400) -> int:
    """Remove buckets that nobody touched for a day (they are full again); the number removed."""
    with connection.cursor() as cursor:
        cursor.execute(
            "delete from accounts_bucket where filled_at < %s - make_interval(secs => %s)",
            [now(), older_than_seconds],
        )
        return cursor.rowcount
