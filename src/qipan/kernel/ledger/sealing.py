"""Sealing: every few seconds the closed range of events gets a Merkle root, chained to the one before and signed.

A range is closed when no transaction that could still write into it runs: all transaction ids below the oldest running
one. Seals stand in the database and, synced to disk, in a file outside it.
"""

import datetime
import fcntl
import hashlib
import json
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from django.conf import settings
from django.db import connection, transaction

from qipan.kernel.ledger.clock import now
from qipan.kernel.ledger.models import Seal

EMPTY = bytes(32)
LOCK = 7_264_001
#: How many events one seal covers at the most; what is left is sealed in the next round.
MOST = 200_000


def merkle_root(leaves: Sequence[bytes]) -> bytes:
    """The root over the digests as RFC 6962 builds it: leaves and inner nodes are hashed with different prefixes."""
    if not leaves:
        return hashlib.sha256(b"").digest()
    level = [hashlib.sha256(b"\x00" + leaf).digest() for leaf in leaves]
    while len(level) > 1:
        paired = [
            hashlib.sha256(b"\x01" + level[at] + level[at + 1]).digest() for at in range(0, len(level) - 1, 2)
        ]
        if len(level) % 2:
            paired.append(level[-1])
        level = paired
    return level[0]


def inclusion_path(leaves: Sequence[bytes], index: int) -> list[tuple[str, bytes]]:
    """The hashes that lead from one leaf to the root, each with the side on which it stands."""
    level = [hashlib.sha256(b"\x00" + leaf).digest() for leaf in leaves]
    path = []
    while len(level) > 1:
        other = index ^ 1
        if other < len(level):
            path.append(("left" if other < index else "right", level[other]))
        paired = [
            hashlib.sha256(b"\x01" + level[at] + level[at + 1]).digest() for at in range(0, len(level) - 1, 2)
        ]
        if len(level) % 2:
            paired.append(level[-1])
        level, index = paired, index // 2
    return path


def keys() -> Path:
    """Where the signing key stands."""
    return Path(settings.HOME) / "keys"


class KeyMissing(RuntimeError):
    """The ledger was sealed with a key that is not here any more: nothing is sealed until it is put back."""


def signing_key() -> Ed25519PrivateKey:
    """The ledger's key; made at first use, readable by its owner only.

    Raises KeyMissing where seals are there and the key is not: another one in its place would part the chain in two.
    """
    path = keys() / "ledger.pem"
    if path.exists():
        key = serialization.load_pem_private_key(path.read_bytes(), password=None)
        if not isinstance(key, Ed25519PrivateKey):
            raise ValueError(f"{path.name} is no Ed25519 key")
        return key
    if Seal.objects.exists():
        raise KeyMissing(f"{path} is missing, but the ledger was sealed with it: put it back from the backup")
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    key = Ed25519PrivateKey.generate()
    pem = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as stream:
        stream.write(pem)
    (path.parent / "ledger.pub.pem").write_bytes(
        key.public_key().public_bytes(
            serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
        )
    )
    return key


def message(values: dict[str, Any]) -> bytes:
    """What is signed: the seal's fields as sorted JSON, hashes in hex."""
    return json.dumps(values, sort_keys=True, separators=(",", ":")).encode()


def seal() -> int:
    """Seal what is closed and not sealed yet; returns how many events. Two sealers at once: the second does nothing."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_xact_lock(%s)", [LOCK])
        if not cursor.fetchone()[0]:
            return 0
        cursor.execute("SELECT pg_snapshot_xmin(pg_current_snapshot())::text::bigint")
        horizon = int(cursor.fetchone()[0])
        last = Seal.objects.order_by("-number").first()
        start, after = (last.to_xid, last.after_id) if last else (0, 0)
        if last and horizon < last.to_xid:
            start, after = 0, Seal.objects.order_by("-last_id").values_list("last_id", flat=True)[0]
        rows = _closed(cursor, start, horizon, after, MOST + 1)
        if len(rows) > MOST:
            horizon = _earlier_horizon(cursor, start, after)
            rows = _closed(cursor, start, horizon, after)
        if rows:
            _sign(rows, last, start, horizon, after)
        if rows or (last and _copied.get(folder()) != last.number):
            transaction.on_commit(copy_out)
        return len(rows)


def _closed(
    cursor: Any, start: int, horizon: int, after: int, limit: int | None = None
) -> list[tuple[int, bytes]]:
    """(id, digest) of the events of a range of transactions, in the order of their ids."""
    cursor.execute(
        "SELECT id, digest FROM ledger_event WHERE xid >= %s::text::xid8 AND xid < %s::text::xid8"
        " AND id > %s ORDER BY id LIMIT %s",
        [str(start), str(horizon), after, limit],
    )
    return [(row[0], bytes(row[1])) for row in cursor.fetchall()]


def _earlier_horizon(cursor: Any, start: int, after: int) -> int:
    """A transaction id that leaves some `MOST` events below it (more, if one transaction alone wrote more)."""
    cursor.execute(
        "SELECT max(x) FROM (SELECT xid::text::bigint AS x FROM ledger_event WHERE xid >= %s::text::xid8 AND id > %s"
        " ORDER BY xid LIMIT %s) waiting",
        [str(start), after, MOST],
    )
    return int(cursor.fetchone()[0] or 0) + 1


def _sign(rows: list[tuple[int, bytes]], last: Seal | None, start: int, horizon: int, after: int) -> None:
    key = signing_key()
    root = merkle_root([digest for _id, digest in rows])
    moment = now().astimezone(datetime.UTC)
    values = {
        "number": last.number + 1 if last else 1,
        "from_xid": start,
        "to_xid": horizon,
        "after_id": after,
        "last_id": rows[-1][0],
        "count": len(rows),
        "root": root.hex(),
        "previous": bytes(last.digest).hex() if last else EMPTY.hex(),
        "at": moment.isoformat(),
        "key_id": "ledger",
    }
    content = message(values)
    Seal.objects.create(
        **{**values, "at": moment, "root": root, "previous": bytes.fromhex(str(values["previous"]))},
        digest=hashlib.sha256(content).digest(),
        signature=key.sign(content),
    )


def folder() -> Path:
    """Where the seals stand outside the database."""
    return Path(settings.QIPAN_SEALS or Path(settings.HOME) / "ledger")


#: The newest seal that this process has seen copied to a folder.
_copied: dict[Path, int] = {}


def copy_out() -> int:
    """Bring the copy outside up to date with the committed seals; returns how many were added.

    `seals.jsonl` holds a seal a line; `digests.bin` 40 bytes for each sealed event (its id, big-endian, and its
    digest), by which a verifier can name the very row that was touched. A seal that a crash kept from being copied is
    copied in the next round. After a restore from an older backup numbers come a second time; both are kept.
    """
    folder().mkdir(parents=True, exist_ok=True, mode=0o700)
    with (folder() / "seals.jsonl").open("a+b") as lines, (folder() / "digests.bin").open("ab") as digests:
        fcntl.flock(lines, fcntl.LOCK_EX)
        waiting = _not_copied(lines)
        for seal in waiting:
            with connection.cursor() as cursor:
                events = _closed(cursor, seal.from_xid, seal.to_xid, seal.after_id)
            at = -1
            if merkle_root([digest for _id, digest in events]) == bytes(seal.root):
                at = digests.seek(0, os.SEEK_END)
                digests.write(b"".join(number.to_bytes(8, "big") + digest for number, digest in events))
            lines.write(json.dumps({**_values(seal), "digests_at": at}, sort_keys=True).encode() + b"\n")
            _copied[folder()] = seal.number
        if waiting:
            for stream in (digests, lines):
                stream.flush()
                os.fsync(stream.fileno())
        else:
            _copied[folder()] = Seal.objects.order_by("-number").values_list("number", flat=True).first() or 0
    return len(waiting)


def _not_copied(lines: Any) -> list[Seal]:
    """The committed seals that the file has not got; leaves the file at its end, behind a whole line."""
    end = lines.seek(0, os.SEEK_END)
    lines.seek(max(0, end - 65_536))
    tail = lines.read()
    if tail and not tail.endswith(b"\n"):
        lines.write(b"\n")
    newest = next(filter(None, map(_told, reversed(tail.splitlines()))), None)
    if newest is None:
        return list(Seal.objects.order_by("number"))
    number, digest = newest
    if Seal.objects.filter(number=number, digest=digest).exists():
        return list(Seal.objects.filter(number__gt=number).order_by("number"))
    lines.seek(0)
    known = set(filter(None, map(_told, lines)))
    return [
        seal for seal in Seal.objects.order_by("number") if (seal.number, bytes(seal.digest)) not in known
    ]


def _told(line: bytes) -> tuple[int, bytes] | None:
    """Number and digest of a line of the file; None for a line that a crash cut off."""
    try:
        values = json.loads(line)
        return int(values["number"]), bytes.fromhex(values["digest"])
    except (ValueError, KeyError, TypeError):
        return None


def _values(seal: Seal) -> dict[str, Any]:
    return {
        "number": seal.number,
        "from_xid": seal.from_xid,
        "to_xid": seal.to_xid,
        "after_id": seal.after_id,
        "last_id": seal.last_id,
        "count": seal.count,
        "root": bytes(seal.root).hex(),
        "previous": bytes(seal.previous).hex(),
        "at": seal.at.astimezone(datetime.UTC).isoformat(),
        "key_id": seal.key_id,
        "digest": bytes(seal.digest).hex(),
        "signature": bytes(seal.signature).hex(),
    }
