"""The keys in a backup: sealed with a passphrase, or left out. Never in the clear.

Who has the database and `vault.keys` can read the vault of personal data, and who has `ledger.pem` can sign seals, so a
backup that lies about on disks must not hold them readable. Without a passphrase they are left out and kept apart.
"""

import hashlib
import io
import os
import tarfile
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.scrypt import Scrypt

from qipan.conf.backup.failure import BackupFailure

NAME = "keys.sealed"
MAGIC = b"qipan keys 1\n"
PUBLIC = "keys/ledger.pub.pem"


def files(home: Path) -> dict[str, Path]:
    """The key files of a home by their relative names; the database's passwords are no key: a restore makes new ones."""
    found = [path for path in (home / "keys").rglob("*") if path.is_file()]
    found += [path for path in (home / "secrets" / "secret_key",) if path.exists()]
    return {str(path.relative_to(home)): path for path in sorted(found)}


def digests(home: Path) -> dict[str, str]:
    """SHA-256 of each key file: tells whether the right keys are put back, and nothing of the keys."""
    return {name: hashlib.sha256(path.read_bytes()).hexdigest() for name, path in files(home).items()}


def _key(passphrase: str, salt: bytes) -> bytes:
    return Scrypt(salt=salt, length=32, n=2**16, r=8, p=1).derive(passphrase.encode())


def seal(home: Path, passphrase: str) -> bytes:
    """Every key file, encrypted (scrypt, AES-256-GCM)."""
    plain = io.BytesIO()
    with tarfile.open(fileobj=plain, mode="w") as archive:
        for name, path in files(home).items():
            entry = tarfile.TarInfo(name)
            content = path.read_bytes()
            entry.size = len(content)
            archive.addfile(entry, io.BytesIO(content))
    salt, nonce = os.urandom(16), os.urandom(12)
    return MAGIC + salt + nonce + AESGCM(_key(passphrase, salt)).encrypt(nonce, plain.getvalue(), MAGIC)


def unseal(content: bytes, passphrase: str) -> dict[str, bytes]:
    """The key files again. Raises BackupFailure for another passphrase or a changed file."""
    head, body = content[: len(MAGIC)], content[len(MAGIC) :]
    if head != MAGIC or len(body) < 44:
        raise BackupFailure(f"{NAME} 已损坏。请换用另一份备份,或用 --keys 指定另外保管的密钥文件夹。")
    try:
        plain = AESGCM(_key(passphrase, body[:16])).decrypt(body[16:28], body[28:], MAGIC)
    except InvalidTag:
        raise BackupFailure(f"{NAME} 打不开:口令(QIPAN_BACKUP_PASSPHRASE)不对,或文件已损坏。") from None
    with tarfile.open(fileobj=io.BytesIO(plain)) as archive:
        streams = {entry.name: archive.extractfile(entry) for entry in archive if entry.isfile()}
        return {name: stream.read() for name, stream in streams.items() if stream is not None}


def kept_apart(folder: Path, wanted: dict[str, str]) -> dict[str, bytes]:
    """The key files from a folder in which the operator kept them (as `keys/…` or their bare names)."""
    found = {}
    for name in wanted:
        for path in (folder / name, folder / name.partition("/")[2]):
            if path.is_file():
                found[name] = path.read_bytes()
                break
    return found


def put(home: Path, contents: dict[str, bytes], wanted: dict[str, str]) -> None:
    """Writes the key files, their owner's only. Raises BackupFailure when one is missing or is not the one."""
    wrong = [
        name
        for name, digest in wanted.items()
        if hashlib.sha256(contents.get(name, b"")).hexdigest() != digest and name != "secrets/secret_key"
    ]
    if wrong:
        raise BackupFailure(f"这些密钥缺少,或者不是备份时的那一个:{'、'.join(wrong)}。没有恢复任何内容。")
    for name, content in contents.items():
        path = home / name
        if not path.resolve().is_relative_to(home.resolve()):
            raise BackupFailure(f"{NAME} 里有不该有的文件名:{name}")
        for folder in (*path.relative_to(home).parents,)[-2::-1]:
            (home / folder).mkdir(mode=0o700, exist_ok=True, parents=True)
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as stream:
            stream.write(content)
            stream.flush()
            os.fsync(stream.fileno())
