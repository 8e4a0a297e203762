"""Sealing: every few seconds the closed range of events gets a Merkle root, chained to the one before and signed.

A range is closed when no transaction that could still write into it runs: all transaction ids below the oldest running
one. Seals stand in the database and, synced to disk, in a file outside it.
"""

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


def signing_key() -> Ed25519PrivateKey:
    """The ledger's key; made at first use, readable by its owner only."""
    path = keys() / "ledger.pem"
    if path.exists():
        key = serialization.load_pem_private_key(path.read_bytes(), password=None)
        if not isinstance(key, Ed25519PrivateKey):
            raise ValueError(f"{path.name} is no Ed25519 key")
        return key
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
        cursor.execute(
            "SELECT id, digest, xid::text::bigint FROM ledger_event WHERE xid >= %s::text::xid8 AND xid < %s::text::xid8"
            " AND id > %s ORDER BY id LIMIT %s",
            [str(start), str(horizon), after, MOST + 1],
        )
        rows = cursor.fetchall()
        if not rows:
            return 0
        if len(rows) > MOST:
            horizon = _earlier_horizon(cursor, start, after)
            rows = [row for row in rows if row[2] < horizon] if horizon else rows
        key = signing_key()
        values = {
            "number": last.number + 1 if last else 1,
            "from_xid": start,
            "to_xid": horizon,
            "after_id": after,
            "last_id": max(row[0] for row in rows),
            "count": len(rows),
            "root": merkle_root([bytes(row[1]) for row in rows]).hex(),
            "previous": bytes(last.digest).hex() if last else EMPTY.hex(),
            "at": now().isoformat(),
            "key_id": "ledger",
        }
        content = message(values)
        digest = hashlib.sha256(content).digest()
        signature = key.sign(content)
        Seal.objects.create(
            **{
                **values,
                "root": bytes.fromhex(str(values["root"])),
                "previous": bytes.fromhex(str(values["previous"])),
            },
            digest=digest,
            signature=signature,
        )
        _write_out({**values, "digest": digest.hex(), "signature": signature.hex()})
        return len(rows)


def _earlier_horizon(cursor: Any, start: int, after: int) -> int:
    """A transaction id below which at most `MOST` events wait, so that a seal stays of bounded size."""
    cursor.execute(
        "SELECT max(x) FROM (SELECT xid::text::bigint AS x FROM ledger_event WHERE xid >= %s::text::xid8 AND id > %s"
        " ORDER BY xid LIMIT %s) waiting",
        [str(start), after, MOST],
    )
    return int(cursor.fetchone()[0] or 0) + 1


def _write_out(values: dict[str, Any]) -> None:
    folder = Path(settings.HOME) / "ledger"
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    with (folder / "seals.jsonl").open("a", encoding="utf-8") as stream:
        stream.write(json.dumps(values, sort_keys=True) + "\n")
        stream.flush()
        os.fsync(stream.fileno())
