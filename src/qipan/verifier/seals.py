"""The seals: read from the database and from the copy outside it, their chain and their signatures checked."""

import bisect
import datetime
import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import load_pem_public_key

from qipan.verifier.form import seal_content
from qipan.verifier.report import Finding

COPY_GRACE = datetime.timedelta(minutes=2)
RECORD = 40
SELECT = """
SELECT number, from_xid, to_xid, after_id, last_id, count, encode(root, 'hex'), encode(previous, 'hex'),
       encode(digest, 'hex'), encode(signature, 'hex'), key_id, to_char(at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US')
FROM public.ledger_seal ORDER BY number
"""
NAMES = (
    "number", "from_xid", "to_xid", "after_id", "last_id", "count", "root", "previous", "digest", "signature", "key_id", "at",
)  # fmt: skip


@dataclass(frozen=True)
class Seal:
    """One seal; `digests_at` is where the digests of its events begin in the file outside, -1 where they are not kept."""

    values: dict[str, Any]
    digests_at: int = -1

    def __getattr__(self, name: str) -> Any:
        try:
            return self.values[name]
        except KeyError:
            raise AttributeError(name) from None

    def content(self) -> bytes:
        """What was signed."""
        return seal_content(self.values)

    def is_signed(self, key: Ed25519PublicKey) -> bool:
        """Whether the signature is by this key and over this content."""
        try:
            key.verify(bytes.fromhex(self.values["signature"]), self.content())
        except (InvalidSignature, ValueError):
            return False
        return True


def in_database(connection: psycopg.Connection[Any]) -> dict[int, Seal]:
    """The seals of the database by number."""
    found = {}
    for row in connection.execute(SELECT):
        values = dict(zip(NAMES, row, strict=True))
        values["at"] = values["at"].removesuffix(".000000") + "+00:00"
        found[values["number"]] = Seal(values)
    return found


def outside(folder: Path) -> Iterator[Seal]:
    """The seals of the copy outside, in the order of the file; a line cut off by a crash is passed over."""
    path = folder / "seals.jsonl"
    if not path.exists():
        return
    with path.open(encoding="utf-8", errors="replace") as stream:
        for line in stream:
            try:
                values = json.loads(line)
                seal = Seal({name: values[name] for name in NAMES}, int(values.get("digests_at", -1)))
                seal.content()
            except (ValueError, KeyError, TypeError):
                continue
            yield seal


def digests(folder: Path, seal: Seal) -> list[tuple[int, bytes]] | None:
    """(event id, digest) of a seal's events in their order, from the file outside; None where it has not got them."""
    path = folder / "digests.bin"
    if seal.digests_at < 0 or not path.exists():
        return None
    with path.open("rb") as stream:
        stream.seek(seal.digests_at)
        content = stream.read(seal.count * RECORD)
    if len(content) != seal.count * RECORD:
        return None
    return [
        (int.from_bytes(content[at : at + 8], "big"), content[at + 8 : at + RECORD])
        for at in range(0, len(content), RECORD)
    ]


def load_key(path: Path) -> Ed25519PublicKey | None:
    """The public key; None when there is none that can be read."""
    try:
        key = load_pem_public_key(path.read_bytes())
    except (OSError, ValueError):
        return None
    return key if isinstance(key, Ed25519PublicKey) else None


def reconcile(
    database: dict[int, Seal], copies: Iterator[Seal], key: Ed25519PublicKey | None
) -> tuple[list[Seal], list[Finding]]:
    """The seals to hold the events to, and where database and copy differ. A signed copy outweighs the database."""
    findings: list[Finding] = []
    merged = dict(database)
    seen: set[int] = set()
    for copy in copies:
        number = copy.number
        known = database.get(number)
        if known is not None and known.content() == copy.content():
            merged[number] = Seal(known.values, copy.digests_at)
            seen.add(number)
            continue
        if key is None or not copy.is_signed(key):
            findings.append(Finding("seal_forged", "库外副本中的这一行不是本系统签署的", number))
            continue
        if known is None:
            findings.append(Finding("seal_missing", f"库外副本中有,封存于 {copy.at}", number))
        else:
            findings.append(Finding("seal_changed", "与库外副本不一致", number))
        seen.add(number)
        merged[number] = copy
    for number in sorted(database.keys() - seen):
        later = any(other > number for other in seen) if seen else False
        age = datetime.datetime.now(datetime.UTC) - datetime.datetime.fromisoformat(database[number].at)
        if later or age > COPY_GRACE:
            findings.append(Finding("outside_missing", "请检查库外封存文件", number))
            if not seen:
                break
    return [merged[number] for number in sorted(merged)], findings


def check_chain(seals: list[Seal], key: Ed25519PublicKey | None, every: bool) -> tuple[list[Finding], int]:
    """Each seal names the one before it by digest, so the newest signature vouches for all; `every` checks each one.

    Returns what was found and how many signatures were checked.
    """
    findings: list[Finding] = []
    before, number = "00" * 32, 0
    for seal in seals:
        if seal.number != number + 1:
            findings.append(
                Finding("seal_missing", f"缺少封存 {number + 1} 至 {seal.number - 1}", number + 1)
            )
        elif seal.previous != before:
            findings.append(Finding("chain_broken", "没有接在前一封存之后", seal.number))
        digest = hashlib.sha256(seal.content()).hexdigest()
        if digest != seal.digest:
            findings.append(Finding("seal_changed", "内容与自身摘要不符", seal.number))
        before, number = digest, seal.number
    if not seals:
        return findings, 0
    if key is None:
        return [*findings, Finding("key_missing", "找不到公钥,或者公钥文件已损坏")], 0
    checked = seals if every or findings or not seals[-1].is_signed(key) else seals[-1:]
    findings += [
        Finding("seal_forged", "不是本系统签署的", seal.number) for seal in checked if not seal.is_signed(key)
    ]
    return findings, len(checked)


class Ranges:
    """Which seal an event belongs to, by its id and its transaction.

    Transactions count anew after a restore into another cluster; the seals then carry a greater `after_id`.
    """

    def __init__(self, seals: list[Seal]) -> None:
        starts = sorted({seal.after_id for seal in seals})
        self._starts = starts
        self._seals: list[list[Seal]] = [
            [seal for seal in seals if seal.after_id == start] for start in starts
        ]
        self._ends = [[seal.to_xid for seal in several] for several in self._seals]
        self._last: tuple[int, int, int, int, Seal | None] = (0, -1, 0, -1, None)

    def of(self, event: int, xid: int) -> Seal | None:
        """The seal; None for an event that no seal covers."""
        low, high, first, end, seal = self._last
        if low < event <= high and first <= xid < end:
            return seal
        era = bisect.bisect_left(self._starts, event) - 1
        if era < 0:
            return None
        at = bisect.bisect_right(self._ends[era], xid)
        if at >= len(self._seals[era]) or xid < self._seals[era][at].from_xid:
            return None
        found = self._seals[era][at]
        upper = self._starts[era + 1] if era + 1 < len(self._starts) else 2**63
        self._last = (self._starts[era], upper, found.from_xid, found.to_xid, found)
        return found


def leaf_of(digest: bytes) -> bytes:
    """An event's leaf in the tree of its seal."""
    return hashlib.sha256(b"\x00" + digest).digest()
