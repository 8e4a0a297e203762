"""Keys of seals: made here, kept encrypted, used through one function, `sign_digest`/`sign`, and never handed out.

The file store encrypts each private key with AES-256-GCM under the master key of the installation
(QIPAN_HOME/keys/seals.master, 0600). Beside it keys may lie in a hardware module (`token.py`); see docs/documents.md.
"""

import os
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from django.conf import settings
from django.utils.translation import gettext as _
from tongsuopy.crypto import hashes as gm_hashes
from tongsuopy.crypto import serialization as gm_serialization
from tongsuopy.crypto.asymciphers import ec as gm_ec

from qipan.kernel.ledger.errors import Refused

if TYPE_CHECKING:
    from qipan.kernel.documents.sealing.token import TokenStore

MOST_HELD = 4096


class KeyStore(Protocol):
    """What a seal needs of its keys."""

    def sign_digest(self, key_id: str, digest: bytes) -> bytes:
        """ECDSA P-256 over a SHA-256 digest, DER."""
        ...

    def sign_sm2(self, key_id: str, message: bytes) -> bytes:
        """SM2 with SM3 (default user id) over a message, DER."""
        ...

    def create_ecdsa(self, key_id: str) -> bytes:
        """Make a P-256 key; returns the public key (DER, SubjectPublicKeyInfo)."""
        ...

    def create_sm2(self, key_id: str) -> bytes:
        """Make an SM2 key; returns the public point (65 bytes, uncompressed)."""
        ...


class FileStore:
    """Keys in files, encrypted."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._held: dict[str, object] = {}
        self._lock = threading.Lock()

    def _master(self) -> AESGCM:
        path = self.folder / "seals.master"
        if not path.exists():
            if any((self.folder / "seals").glob("*.key")):  # another one would open none of them
                raise Refused(
                    _("印章主密钥 seals.master 不见了，不能用印。请由系统管理员从备份恢复这个文件。"),
                    code="state",
                )
            self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            try:
                descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
                with os.fdopen(descriptor, "wb") as stream:
                    stream.write(AESGCM.generate_key(256))
            except FileExistsError:
                pass
        try:
            return AESGCM(path.read_bytes())
        except (OSError, ValueError) as error:
            raise Refused(
                _("印章密钥库打不开（%(error)s）。请由系统管理员检查密钥文件夹的权限和内容。")
                % {"error": type(error).__name__},
                code="state",
            ) from None

    def _path(self, key_id: str) -> Path:
        if not key_id.replace("-", "").isalnum():
            raise ValueError("a key id has letters, digits and hyphens only")
        return self.folder / "seals" / f"{key_id}.key"

    def _put(self, key_id: str, pem: bytes) -> None:
        path = self._path(key_id)
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        nonce = os.urandom(12)
        sealed = nonce + self._master().encrypt(nonce, pem, key_id.encode())
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "wb") as stream:
            stream.write(sealed)
            stream.flush()
            os.fsync(stream.fileno())

    def _pem(self, key_id: str) -> bytes:
        try:
            sealed = self._path(key_id).read_bytes()
            return self._master().decrypt(sealed[:12], sealed[12:], key_id.encode())
        except FileNotFoundError:
            raise Refused(
                _("印章密钥 %(key)s 不在密钥库中，不能用印。") % {"key": key_id}, code="state"
            ) from None
        except Refused:
            raise
        except Exception:
            raise Refused(
                _("印章密钥 %(key)s 已损坏或者与主密钥不符，不能用印。") % {"key": key_id}, code="state"
            ) from None

    def _hold(self, key_id: str, key: object) -> object:
        """Keep an opened key for the next use; of a city's seals only the latest."""
        if len(self._held) >= MOST_HELD:
            self._held.pop(next(iter(self._held)))
        self._held[key_id] = key
        return key

    def holds(self, key_id: str) -> bool:
        """Whether a key of that name lies here."""
        return self._path(key_id).exists()

    def take_in(self, key_id: str, pem: bytes) -> None:
        """Keep a private key that was made elsewhere (a certified authority's), as PKCS#8 PEM."""
        self._put(key_id, pem)

    def create_ecdsa(self, key_id: str) -> bytes:
        """Make a P-256 key; returns the public key (DER, SubjectPublicKeyInfo)."""
        key = ec.generate_private_key(ec.SECP256R1())
        self._put(
            key_id,
            key.private_bytes(
                serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
            ),
        )
        return key.public_key().public_bytes(
            serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
        )

    def create_sm2(self, key_id: str) -> bytes:
        """Make an SM2 key; returns the public point (65 bytes, uncompressed)."""
        key = gm_ec.generate_private_key(gm_ec.SM2())
        pem = key.private_bytes(
            gm_serialization.Encoding.PEM,
            gm_serialization.PrivateFormat.PKCS8,
            gm_serialization.NoEncryption(),
        )
        self._put(key_id, pem)
        numbers = key.public_key().public_numbers()
        return b"\x04" + numbers.x.to_bytes(32, "big") + numbers.y.to_bytes(32, "big")

    def sign_digest(self, key_id: str, digest: bytes) -> bytes:
        """ECDSA P-256 over a SHA-256 digest, DER."""
        with self._lock:
            key = self._held.get(key_id)
            if key is None:
                key = self._hold(key_id, serialization.load_pem_private_key(self._pem(key_id), password=None))
        return key.sign(digest, ec.ECDSA(Prehashed(hashes.SHA256())))  # type: ignore[attr-defined, no-any-return]

    def sign_sm2(self, key_id: str, message: bytes) -> bytes:
        """SM2 with SM3 over a message, DER."""
        with self._lock:
            key = self._held.get(key_id)
            if key is None:
                key = self._hold(
                    key_id, gm_serialization.load_pem_private_key(self._pem(key_id), password=None)
                )
            # The binding's contexts are not made for several threads at once.
            return key.sign(message, gm_ec.ECDSA(gm_hashes.SM3()))  # type: ignore[attr-defined, no-any-return]


class Stores:
    """Keys in a token and in files: what is made goes where the settings say; what was made stays where it is."""

    def __init__(self, files: FileStore, token: "TokenStore", *, sm2_in_files: bool) -> None:
        self.files, self.token, self.sm2_in_files = files, token, sm2_in_files
        self._of: dict[str, KeyStore] = {}

    def create_ecdsa(self, key_id: str) -> bytes:
        """Make a P-256 key in the token."""
        return self.token.create_ecdsa(key_id)

    def create_sm2(self, key_id: str) -> bytes:
        """Make an SM2 key in the token, or in a file where the operator chose that."""
        return (self.files if self.sm2_in_files else self.token).create_sm2(key_id)

    def take_in(self, key_id: str, pem: bytes) -> None:
        """Keep a key that was made elsewhere: it was in a file before, and stays in one."""
        self.files.take_in(key_id, pem)

    def sign_digest(self, key_id: str, digest: bytes) -> bytes:
        """ECDSA P-256 over a SHA-256 digest, DER."""
        return self._where(key_id).sign_digest(key_id, digest)

    def sign_sm2(self, key_id: str, message: bytes) -> bytes:
        """SM2 with SM3 over a message, DER."""
        return self._where(key_id).sign_sm2(key_id, message)

    def _where(self, key_id: str) -> KeyStore:
        if key_id not in self._of:
            if len(self._of) >= MOST_HELD:
                self._of.clear()
            self._of[key_id] = self.files if self.files.holds(key_id) else self.token
        return self._of[key_id]


_stores: dict[object, FileStore | Stores] = {}


def store() -> FileStore | Stores:
    """The key store of this installation: encrypted files, and a token where QIPAN_SEAL_KEYS says so."""
    folder, kind, sm2_kind = (
        Path(settings.HOME) / "keys",
        settings.QIPAN_SEAL_KEYS,
        settings.QIPAN_SEAL_SM2_KEYS,
    )
    if kind == "file" and sm2_kind in {"", "file"}:
        return _stores.setdefault(folder, FileStore(folder))
    if kind != "pkcs11" or sm2_kind not in {"", "file", "pkcs11"}:
        raise Refused(
            _("QIPAN_SEAL_KEYS 只能是 file 或者 pkcs11；QIPAN_SEAL_SM2_KEYS 只能随它，或者是 file。"),
            code="state",
        )
    from qipan.kernel.documents.sealing import token

    access = token.Access.of_settings()
    wanted = (folder, access, sm2_kind)
    if wanted not in _stores:
        files = FileStore(folder)
        _stores[wanted] = Stores(files, token.TokenStore(access), sm2_in_files=sm2_kind == "file")
    return _stores[wanted]


def sign_digest(key_id: str, digest: bytes) -> bytes:
    """ECDSA P-256 over a SHA-256 digest, by the store's key."""
    return store().sign_digest(key_id, digest)
