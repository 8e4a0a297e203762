"""The written form of events and seals, and the hashes over them, built from the description alone."""

import json
import re
from functools import lru_cache
from hashlib import sha256
from typing import Any

_ESCAPED = re.compile(r'["\\\x00-\x1f]')
_SHORT = {'"': '\\"', "\\": "\\\\", "\n": "\\n", "\r": "\\r", "\t": "\\t", "\b": "\\b", "\f": "\\f"}


def quoted(text: str) -> str:
    """A JSON string with only what must be escaped escaped."""
    if _ESCAPED.search(text) is None:
        return f'"{text}"'
    return '"' + _ESCAPED.sub(lambda sign: _SHORT.get(sign[0]) or f"\\u{ord(sign[0]):04x}", text) + '"'


#: Names, kinds, paths, posts and keys come again and again.
_known = lru_cache(maxsize=4096)(quoted)
_WORDS = {None: "null", True: "true", False: "false"}


def compact(value: Any) -> str:
    """JSON without spaces, the keys of every object in the order of their code points."""
    kind = type(value)
    if kind is str:
        return quoted(value)
    if kind is int or kind is float:
        return repr(value)
    if kind is dict:
        return "{" + ",".join([f"{_known(key)}:{compact(value[key])}" for key in sorted(value)]) + "}"
    if kind is list:
        return "[" + ",".join([compact(each) for each in value]) + "]"
    return _WORDS[value]


def event_leaf(fields: list[str]) -> tuple[bytes, bytes]:
    """(SHA-256 of the event's written form, its leaf in the tree of its seal).

    `fields`, as text: uuid, moment in UTC, name, record kind, record id, record key, subject id or null, organisation
    path, actor kind, actor id or null, post, data as JSON, reason.
    """
    uuid, at, name, kind, record, key, subject, path, actor, actor_id, post, data, reason = fields
    plain = "{}" if data == "{}" else compact(json.loads(data))
    text = (
        f'["{uuid}","{at}",{_known(name)},{_known(kind)},{record},{quoted(key)},{subject},{_known(path)},'
        f"{_known(actor)},{actor_id},{_known(post)},{plain},{_known(reason)}]"
    )
    digest = sha256(text.encode()).digest()
    return digest, sha256(b"\x00" + digest).digest()


def seal_content(seal: dict[str, Any]) -> bytes:
    """What the ledger's key signed: the seal's fields in the order of their names."""
    return (
        f'{{"after_id":{seal["after_id"]:d},"at":{quoted(seal["at"])},"count":{seal["count"]:d},'
        f'"from_xid":{seal["from_xid"]:d},"key_id":{quoted(seal["key_id"])},"last_id":{seal["last_id"]:d},'
        f'"number":{seal["number"]:d},"previous":{quoted(seal["previous"])},"root":{quoted(seal["root"])},'
        f'"to_xid":{seal["to_xid"]:d}}}'
    ).encode()


class Tree:
    """A Merkle tree (RFC 6962) that grows leaf by leaf and keeps only its unfinished branches."""

    __slots__ = ("_branches", "size")

    def __init__(self) -> None:
        self.size = 0
        self._branches: list[bytes] = []

    def add(self, leaf: bytes) -> None:
        """Take the next leaf (already hashed)."""
        node, at = leaf, self.size
        while at & 1:
            node = sha256(b"\x01" + self._branches.pop() + node).digest()
            at >>= 1
        self._branches.append(node)
        self.size += 1

    def root(self) -> bytes:
        """The root over the leaves taken so far."""
        if not self._branches:
            return sha256(b"").digest()
        node = self._branches[-1]
        for branch in reversed(self._branches[:-1]):
            node = sha256(b"\x01" + branch + node).digest()
        return node
