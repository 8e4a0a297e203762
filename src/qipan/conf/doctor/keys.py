"""Checks of the key files: a key that cannot be read is noticed before the day on which it is needed."""

import base64
import binascii
import os
import stat
from collections.abc import Callable
from pathlib import Path

from cryptography.hazmat.primitives.serialization import load_pem_private_key, load_pem_public_key

from qipan.conf import environment as env
from qipan.conf.doctor import Finding, check, error, ok

RESTORE = "请从备份恢复这个文件(备份时 keys 与 secrets 文件夹要和数据库分开保存);没有它,{lost}。"


def _private_key(content: bytes) -> bool:
    load_pem_private_key(content, password=None)
    return True


def _public_key(content: bytes) -> bool:
    load_pem_public_key(content)
    return True


def _vault_keys(content: bytes) -> bool:
    lines = [line.strip() for line in content.decode("ascii").splitlines()]
    keys = [base64.b64decode(line, validate=True) for line in lines if line and not line.startswith("#")]
    return bool(keys) and all(len(key) == 32 for key in keys)


#: What each file must hold, and what is lost without it.
KNOWN: dict[str, tuple[Callable[[bytes], bool], str]] = {
    "ledger.pem": (_private_key, "新的封存无法签名"),
    "ledger.pub.pem": (_public_key, "封存的签名无法核对"),
    "seals.master": (lambda content: len(content) == 32, "所有电子印章都不能使用"),
    "vault.keys": (_vault_keys, "保险库中的个人信息再也读不出来"),
}


@check("keys", "签名与加密密钥", needs="machine")
def keys_can_be_read() -> Finding:
    return keys_in(env.home() / "keys")


def keys_in(folder: Path) -> Finding:
    """Every key file that is there can be read, holds what it must, and is nobody else's to read."""
    if not folder.exists():
        return ok("尚未建立(首次使用时生成)")
    for path in sorted(each for each in folder.rglob("*") if each.is_file()):
        holds, lost = KNOWN.get(path.name, (bool, "用它签署的印章不能使用"))
        try:
            good = holds(path.read_bytes())
        except (OSError, ValueError, TypeError, UnicodeDecodeError, binascii.Error):
            good = False
        if not good:
            readable = os.access(path, os.R_OK)
            mend = RESTORE.format(lost=lost) if readable else f"请用拥有 {folder} 的账户运行。"
            return error(f"{path.name} {'内容已损坏' if readable else '读不到'}", mend)
        if path.name != "ledger.pub.pem" and stat.S_IMODE(path.stat().st_mode) & 0o077:
            return error(f"其他账户也能读 {path.name}", f"chmod -R go= {folder}")
    for name, sign_of_use in {"ledger.pem": "ledger.pub.pem", "seals.master": "seals/*.key"}.items():
        if not (folder / name).exists() and any(folder.glob(sign_of_use)):
            return error(f"{name} 不见了", RESTORE.format(lost=KNOWN[name][1]))
    return ok(f"{sum(1 for each in folder.rglob('*') if each.is_file())} 个")
