"""Sealing and opening a person's fields: AES-256-GCM under a data key of the person's own."""

import os
import unicodedata
from collections.abc import Iterable, Mapping
from typing import Any
from uuid import UUID

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from qipan.kernel.accounts.vault.keys import KEY_BYTES, NONCE_BYTES, VaultLocked, master

FIELDS = ("name", "id_number", "phone", "email", "address")
INDEXED = ("id_number", "phone", "email")


class Forgotten(LookupError):
    """The person's key was destroyed: the data cannot be read by anyone, ever."""


def normal(field: str, text: str) -> str:
    """One spelling for equal values, so that look-up by exact value works.

    Full-width signs become half-width; numbers lose blanks and dashes; a phone loses +86; `x` becomes `X`.
    Names and addresses keep their characters (extension B included) in NFC.
    """
    if field == "id_number":
        return "".join(unicodedata.normalize("NFKC", text).split()).upper()
    if field == "phone":
        digits = "".join(
            sign for sign in unicodedata.normalize("NFKC", text) if sign.isdigit() or sign == "+"
        )
        digits = digits.removeprefix("+86")
        return digits.removeprefix("86") if len(digits) == 13 and digits.startswith("861") else digits
    if field == "email":
        return unicodedata.normalize("NFKC", text).strip().lower()
    return unicodedata.normalize("NFC", text).strip()


def blind_index(field: str, text: str) -> str:
    """The keyed digest under which a value is looked up; empty for an empty value."""
    value = normal(field, text)
    return master().blind(field, value) if value else ""


def _encrypt(data_key: bytes, person: UUID, field: str, text: str) -> bytes | None:
    if not text:
        return None
    nonce = os.urandom(NONCE_BYTES)
    return nonce + AESGCM(data_key).encrypt(nonce, text.encode(), person.bytes + field.encode())


def sealed_columns(person: UUID, values: Mapping[str, str], data_key: bytes | None = None) -> dict[str, Any]:
    """The column values of a person's row for `values` (any of FIELDS); a new data key unless one is given.

    Shape: `name_sealed`… bytes or None, `id_number_index`, `phone_index`, `email_index` text, and `key` for a
    new data key. Bulk loaders write these columns by COPY. Raises ValueError for an unknown field.
    """
    unknown = set(values) - set(FIELDS)
    if unknown:
        raise ValueError(f"not fields of the vault: {', '.join(sorted(unknown))}")
    columns: dict[str, Any] = {}
    if data_key is None:
        data_key = os.urandom(KEY_BYTES)
        columns["key"] = master().wrap(data_key, person.bytes)
    for field, text in values.items():
        value = normal(field, text or "")
        columns[f"{field}_sealed"] = _encrypt(data_key, person, field, value)
        if field in INDEXED:
            columns[f"{field}_index"] = master().blind(field, value) if value else ""
    return columns


def data_key_of(person: UUID, wrapped: bytes | memoryview | None) -> bytes:
    """The person's data key; raises Forgotten where it was destroyed, VaultLocked without its master key."""
    if not wrapped:
        raise Forgotten(str(person))
    return master().unwrap(bytes(wrapped), person.bytes)


def opened(
    person: UUID,
    wrapped: bytes | memoryview | None,
    sealed: Mapping[str, bytes | None],
    fields: Iterable[str],
) -> dict[str, str]:
    """The named fields in clear; raises Forgotten, and VaultLocked where a field was changed or moved."""
    cipher = AESGCM(data_key_of(person, wrapped))
    clear: dict[str, str] = {}
    for field in fields:
        blob = bytes(sealed[field] or b"")
        if not blob:
            clear[field] = ""
            continue
        try:
            text = cipher.decrypt(blob[:NONCE_BYTES], blob[NONCE_BYTES:], person.bytes + field.encode())
        except InvalidTag:
            raise VaultLocked(f"the field {field} of this person was changed outside the vault") from None
        clear[field] = text.decode()
    return clear


def seal_text(person: UUID, data_key: bytes, purpose: str, text: str) -> bytes:
    """Any text about a person, sealed under the person's key and bound to its purpose."""
    nonce = os.urandom(NONCE_BYTES)
    return nonce + AESGCM(data_key).encrypt(nonce, text.encode(), person.bytes + b"text:" + purpose.encode())


def open_text(person: UUID, data_key: bytes, purpose: str, blob: bytes) -> str:
    """The text again; raises VaultLocked where it was changed or moved."""
    try:
        clear = AESGCM(data_key).decrypt(
            blob[:NONCE_BYTES], blob[NONCE_BYTES:], person.bytes + b"text:" + purpose.encode()
        )
    except InvalidTag:
        raise VaultLocked("a text of this person was changed outside the vault") from None
    return clear.decode()
