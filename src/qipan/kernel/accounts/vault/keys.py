"""The master keys that wrap every person's data key, behind one small interface.

Two places can hold them: the setting `QIPAN_VAULT_KEY` (base64 of 32 bytes; several by comma, oldest first)
or the file `vault.keys` in `QIPAN_HOME/keys`, which is made when none is there and nobody is in the vault yet.
Without them nothing in the vault can be read again: they belong in the operator's backup, apart from the database.
"""

import base64
import binascii
import hashlib
import hmac
import os
import secrets
from functools import lru_cache
from pathlib import Path
from typing import Protocol

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings

KEY_BYTES = 32
NONCE_BYTES = 12
NAME_BYTES = 4


class VaultLocked(RuntimeError):
    """The vault's master keys are missing, unreadable, or not those that wrapped a person's key."""


class MasterKeys(Protocol):
    """What the vault needs of whatever holds the master keys (a file, the environment, a hardware module)."""

    def wrap(self, data_key: bytes, context: bytes) -> bytes:
        """The data key, encrypted by the newest master key and bound to its person (`context`)."""

    def unwrap(self, wrapped: bytes, context: bytes) -> bytes:
        """The data key again; raises VaultLocked for a master key it does not hold or another person's key."""

    def blind(self, purpose: str, text: str) -> str:
        """A keyed digest (HMAC-SHA-256, 64 hex digits) by which equal texts can be found but not read."""


class HeldKeys:
    """Master keys held in this process; the last one wraps, all unwrap, the first one makes the blind index."""

    def __init__(self, keys: list[bytes]) -> None:
        if not keys or any(len(key) != KEY_BYTES for key in keys):
            raise VaultLocked("a vault key is 32 bytes in base64")
        self._by_name = {_name(key): key for key in keys}
        self._newest = keys[-1]
        self._index = HKDF(hashes.SHA256(), KEY_BYTES, salt=None, info=b"qipan vault blind index").derive(
            keys[0]
        )

    def wrap(self, data_key: bytes, context: bytes) -> bytes:
        nonce = os.urandom(NONCE_BYTES)
        return _name(self._newest) + nonce + AESGCM(self._newest).encrypt(nonce, data_key, context)

    def unwrap(self, wrapped: bytes, context: bytes) -> bytes:
        key = self._by_name.get(wrapped[:NAME_BYTES])
        if key is None:
            raise VaultLocked("this person's key was wrapped by a master key that is not here")
        nonce = wrapped[NAME_BYTES : NAME_BYTES + NONCE_BYTES]
        try:
            return AESGCM(key).decrypt(nonce, wrapped[NAME_BYTES + NONCE_BYTES :], context)
        except InvalidTag:
            raise VaultLocked("this person's key does not belong to this person or was changed") from None

    def blind(self, purpose: str, text: str) -> str:
        return hmac.new(self._index, f"{purpose}\x00{text}".encode(), hashlib.sha256).hexdigest()


def _name(key: bytes) -> bytes:
    return hashlib.sha256(b"qipan vault key" + key).digest()[:NAME_BYTES]


def _decode(text: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise VaultLocked("a vault key is 32 bytes in base64") from None


def path() -> Path:
    """The file of the master keys, one base64 key a line, oldest first."""
    return Path(settings.HOME) / "keys" / "vault.keys"


def _read(file: Path) -> list[bytes]:
    lines = (line.strip() for line in file.read_text("ascii").splitlines())
    return [_decode(line) for line in lines if line and not line.startswith("#")]


def add_key() -> None:
    """Append a fresh master key to the file (readable by its owner only), which wraps from then on."""
    file = path()
    file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    line = base64.b64encode(secrets.token_bytes(KEY_BYTES)).decode() + "\n"
    handle = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    with os.fdopen(handle, "a", encoding="ascii") as out:
        out.write(line)
        out.flush()
        os.fsync(out.fileno())
    master.cache_clear()


def _anybody() -> bool:
    from qipan.kernel.accounts.models import Person

    return Person.objects.filter(forgotten_at__isnull=True).exists()


@lru_cache(maxsize=1)
def master() -> MasterKeys:
    """The master keys of this installation.

    Makes the first one where there is none and the vault is empty; raises VaultLocked where people are in the
    vault and the keys are gone.
    """
    if settings.QIPAN_VAULT_KEY:
        return HeldKeys([_decode(text.strip()) for text in settings.QIPAN_VAULT_KEY.split(",")])
    file = path()
    if not file.exists():
        if _anybody():
            raise VaultLocked(
                f"{file} is missing, but people are in the vault: put the file back from the backup"
            )
        file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        lock = file.with_name(f"{file.name}.{os.getpid()}.{secrets.token_hex(4)}")
        handle = os.open(lock, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "w", encoding="ascii") as out:
            out.write(base64.b64encode(secrets.token_bytes(KEY_BYTES)).decode() + "\n")
            out.flush()
            os.fsync(out.fileno())
        try:
            os.link(lock, file)
        except FileExistsError:
            pass
        finally:
            lock.unlink()
    return HeldKeys(_read(file))
