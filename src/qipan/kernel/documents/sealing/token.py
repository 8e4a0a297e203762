"""Keys in a hardware module or token, reached through its PKCS#11 module: made there, used there, never handed out.

P-256 signs by CKM_ECDSA. SM2 has no mechanism in the standard: its maker's number is a setting, and what the module makes
of it is held against the public key before a seal is made with it. The library (`requirements/pkcs11.txt`) is optional.
"""

import contextlib
import fcntl
import hashlib
import os
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

from asn1crypto import algos, core
from django.conf import settings
from django.utils.translation import gettext as _
from tongsuopy.crypto import hashes as gm_hashes
from tongsuopy.crypto.asymciphers import ec as gm_ec

from qipan.conf.home import write_secret
from qipan.kernel.documents.sealing import der, sm2
from qipan.kernel.ledger.errors import Refused

P256 = "1.2.840.10045.3.1.7"
TRIAL = b"qipan: is this SM2?"


@dataclass(frozen=True)
class Access:
    """How a token is reached; `sm2_mechanism` 0: the module has no SM2."""

    module: str
    label: str
    pin_file: str
    sm2_mechanism: int = 0

    @classmethod
    def of_settings(cls) -> "Access":
        """As the operator set it. Refuses what is missing or no number."""
        wanted = (settings.QIPAN_PKCS11_MODULE, settings.QIPAN_PKCS11_TOKEN, settings.QIPAN_PKCS11_PIN_FILE)
        if not all(wanted):
            raise _no(
                _(
                    "印章密钥放在密码机里（QIPAN_SEAL_KEYS=pkcs11），还须设置 QIPAN_PKCS11_MODULE、QIPAN_PKCS11_TOKEN 和 QIPAN_PKCS11_PIN_FILE。"
                )
            )
        try:
            number = int(settings.QIPAN_PKCS11_SM2_MECHANISM or "0", 0)
        except ValueError:
            raise _no(
                _(
                    "QIPAN_PKCS11_SM2_MECHANISM 不是数字，请按密码机手册填写 SM2 签名机制的编号，例如 0x80000201。"
                )
            ) from None
        return cls(*wanted, number)

    def pin(self) -> str:
        """The PIN. Refuses a file that cannot be read or that others may read."""
        path = Path(self.pin_file)
        try:
            mode, text = path.stat().st_mode, path.read_text().strip()
        except (OSError, UnicodeDecodeError) as error:
            raise _no(
                _("读不到密码机的口令文件 %(file)s（%(error)s），请检查 QIPAN_PKCS11_PIN_FILE。")
                % {"file": path, "error": type(error).__name__}
            ) from None
        if mode & 0o077:
            raise _no(_("密码机的口令文件 %(file)s 其他用户也能读，请执行 chmod 600。") % {"file": path})
        return text


def _no(text: str) -> Refused:
    return Refused(text, code="state")


def library() -> ModuleType:
    """The optional part. Refuses with how to install it."""
    try:
        import pkcs11
    except ImportError:
        raise _no(
            _(
                "没有安装密码机接口部件。请执行 .venv/bin/pip install --require-hashes -r requirements/pkcs11.txt，再重新启动。"
            )
        ) from None
    return pkcs11  # type: ignore[no-any-return]


class RefusedPin:
    """A PIN file that the module refused, kept for every process of the installation: a few wrong tries lock a token.

    It is kept by the file's time and size, not by what stands in it; a file that was written anew is tried again.
    """

    def __init__(self, access: Access) -> None:
        kept = Path(settings.HOME) / "secrets"
        named = hashlib.sha256(f"{access.module}\n{access.label}".encode()).hexdigest()[:16]
        self.path = kept / f"pin-refused-{named}"
        try:
            status = Path(access.pin_file).stat()
        except OSError:
            self.stamp = ""  # gone since it was read
        else:
            self.stamp = f"{access.pin_file} {status.st_ino} {status.st_mtime_ns} {status.st_size}"

    @contextlib.contextmanager
    def watched(self, wrong: tuple[type[Exception], ...]) -> Iterator[None]:
        """One process signs in at a time. Refuses the file that was refused before, without asking the module."""
        self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with self.path.with_suffix(".lock").open("a") as alone:
            fcntl.flock(alone, fcntl.LOCK_EX)
            if self.path.exists() and self.path.read_text() == self.stamp:
                raise _no(
                    _(
                        "密码机拒绝过这份口令文件里的口令，为免锁死令牌不再尝试。请把正确的口令写入 QIPAN_PKCS11_PIN_FILE 所指的文件，随后自动再试。"
                    )
                )
            try:
                yield
            except wrong:
                write_secret(self.path, self.stamp)
                raise


class TokenStore:
    """Keys in one token. One session a process; who comes at the same time waits."""

    def __init__(self, access: Access) -> None:
        self.access = access
        self._lock = threading.Lock()
        self._session: Any = None
        self._process = 0
        self._keys: dict[tuple[str, bool], Any] = {}
        self._points: dict[str, bytes] = {}

    def holds(self, key_id: str) -> bool:
        """Whether a key of that name lies in the token."""
        return bool(self._using(lambda session: self._found(session, key_id, True) is not None))

    def create_ecdsa(self, key_id: str) -> bytes:
        """Make a P-256 key in the token; returns the public key (DER, SubjectPublicKeyInfo)."""
        point = self._make(key_id, P256)
        return der.sequence(der.sequence(der.oid("1.2.840.10045.2.1"), der.oid(P256)), der.bits(point))

    def create_sm2(self, key_id: str) -> bytes:
        """Make an SM2 key in the token; returns the public point (65 bytes). Refuses a module that cannot sign with it."""
        self._must_have_sm2()
        point = self._make(key_id, sm2.CURVE)
        try:
            public = gm_ec.EllipticCurvePublicNumbers(
                int.from_bytes(point[1:33], "big"), int.from_bytes(point[33:], "big"), gm_ec.SM2()
            ).public_key()
            public.verify(self.sign_sm2(key_id, TRIAL), TRIAL, gm_ec.ECDSA(gm_hashes.SM3()))
        except Refused:
            self._remove(key_id)
            raise
        except Exception:  # the binding has an error of its own for each way in which a signature may be none
            self._remove(key_id)
            raise _no(
                _(
                    "密码机用机制 %(number)#x 给出的不是 SM2 签名，没有使用。请按密码机手册核对 QIPAN_PKCS11_SM2_MECHANISM。"
                )
                % {"number": self.access.sm2_mechanism}
            ) from None
        return point

    def sign_digest(self, key_id: str, digest: bytes) -> bytes:
        """ECDSA P-256 over a SHA-256 digest, DER."""
        return self._signed(key_id, digest, library().Mechanism.ECDSA)

    def sign_sm2(self, key_id: str, message: bytes) -> bytes:
        """SM2 with SM3 over a message, DER: the digest is made here, the module signs it."""
        self._must_have_sm2()
        digest = sm2.digest(self.point(key_id), message)
        return self._signed(key_id, digest, _mechanism(self.access.sm2_mechanism))

    def point(self, key_id: str) -> bytes:
        """The public point of a key (65 bytes)."""
        if key_id not in self._points:
            self._points[key_id] = self._using(lambda session: _point(self._key(session, key_id, False)))
        return self._points[key_id]

    def _must_have_sm2(self) -> None:
        number = self.access.sm2_mechanism
        if not number:
            raise _no(
                _(
                    "密码机没有设置 SM2 签名机制。请按密码机手册设置 QIPAN_PKCS11_SM2_MECHANISM；密码机不支持 SM2 的，设置 QIPAN_SEAL_SM2_KEYS=file，把国密密钥放在加密文件里。"
                )
            )
        wanted = _mechanism(number)
        if wanted not in self._using(lambda session: session.token.slot.get_mechanisms()):
            raise _no(
                _(
                    "密码机没有机制 %(number)#x，不能做 SM2 签名。请按密码机手册核对 QIPAN_PKCS11_SM2_MECHANISM。"
                )
                % {"number": number}
            )

    def _make(self, key_id: str, curve: str) -> bytes:
        pkcs11 = library()

        def make(session: Any) -> bytes:
            if self._found(session, key_id, True) is not None:
                raise _no(_("密码机里已有名为 %(key)s 的密钥。") % {"key": key_id})
            parameters = session.create_domain_parameters(
                pkcs11.KeyType.EC, {pkcs11.Attribute.EC_PARAMS: der.oid(curve)}, local=True
            )
            public, _private = parameters.generate_keypair(
                store=True,
                id=key_id.encode(),
                label=key_id,
                capabilities=pkcs11.MechanismFlag.SIGN | pkcs11.MechanismFlag.VERIFY,
                private_template={
                    pkcs11.Attribute.PRIVATE: True,
                    pkcs11.Attribute.SENSITIVE: True,
                    pkcs11.Attribute.EXTRACTABLE: False,
                },
            )
            return _point(public)

        return bytes(self._using(make))

    def _remove(self, key_id: str) -> None:
        def remove(session: Any) -> None:
            for private in (True, False):
                self._keys.pop((key_id, private), None)
                found = self._found(session, key_id, private)
                if found is not None:
                    found.destroy()

        self._points.pop(key_id, None)
        self._using(remove)

    def _signed(self, key_id: str, digest: bytes, mechanism: Any) -> bytes:
        raw = self._using(lambda session: self._key(session, key_id, True).sign(digest, mechanism=mechanism))
        return bytes(algos.DSASignature.from_p1363(bytes(raw)).dump())

    def _key(self, session: Any, key_id: str, private: bool) -> Any:
        known = self._keys.get((key_id, private))
        if known is None:
            known = self._found(session, key_id, private)
            if known is None:
                raise _no(_("印章密钥 %(key)s 不在密码机里，不能用印。") % {"key": key_id})
            self._keys[key_id, private] = known
        return known

    def _found(self, session: Any, key_id: str, private: bool) -> Any:
        pkcs11 = library()
        kind = pkcs11.ObjectClass.PRIVATE_KEY if private else pkcs11.ObjectClass.PUBLIC_KEY
        wanted = {pkcs11.Attribute.LABEL: key_id, pkcs11.Attribute.CLASS: kind}
        return next(iter(list(session.get_objects(wanted))), None)

    def _using(self, act: Callable[[Any], Any]) -> Any:
        """Do something in the session; one that the module closed is opened once more."""
        pkcs11 = library()
        again = (
            pkcs11.exceptions.SessionHandleInvalid,
            pkcs11.exceptions.SessionClosed,
            pkcs11.exceptions.UserNotLoggedIn,
            pkcs11.exceptions.DeviceRemoved,
            pkcs11.exceptions.ObjectHandleInvalid,
            pkcs11.exceptions.KeyHandleInvalid,
        )
        with self._lock:
            try:
                try:
                    return act(self._open())
                except again:
                    self.close()
                    return act(self._open())
            except pkcs11.exceptions.PKCS11Error as error:
                self.close()
                raise _told(error, self.access) from None

    def close(self) -> None:
        """End the session; the next use opens another."""
        session, self._session = self._session, None
        self._keys.clear()
        if session is not None and self._process == os.getpid():
            with contextlib.suppress(library().exceptions.PKCS11Error):
                session.close()

    def _open(self) -> Any:
        pkcs11 = library()
        if self._session is None or self._process != os.getpid():
            self.close()
            try:
                module = pkcs11.lib(self.access.module)
            except (RuntimeError, OSError):
                raise _no(
                    _("密码机的接口模块 %(file)s 打不开，请检查 QIPAN_PKCS11_MODULE。")
                    % {"file": self.access.module}
                ) from None
            if self._process and self._process != os.getpid():
                module.reinitialize()  # a module that a parent process opened is not this one's
            token = module.get_token(token_label=self.access.label)
            pin = self.access.pin()
            with RefusedPin(self.access).watched(
                (pkcs11.exceptions.PinIncorrect, pkcs11.exceptions.PinLenRange)
            ):
                try:
                    self._session = token.open(rw=True, user_pin=pin)
                except pkcs11.exceptions.UserAlreadyLoggedIn:  # this process is, by another session
                    self._session = token.open(rw=True)
            self._process = os.getpid()
        return self._session


def _mechanism(number: int) -> Any:
    """A mechanism by its number; a maker's own is none of the library's list."""
    kind = library().Mechanism
    try:
        return kind(number)
    except ValueError:
        made = int.__new__(kind, number)
        made._name_, made._value_ = f"VENDOR_{number:#x}", number
        return made


def _point(public: Any) -> bytes:
    encoded = bytes(public[library().Attribute.EC_POINT])
    point = encoded if len(encoded) == 65 else core.OctetString.load(encoded).native
    if len(point) != 65 or point[0] != 4:
        raise _no(_("密码机给出的公钥不能识别，没有使用。"))
    return bytes(point)


def _told(error: Exception, access: Access) -> Refused:
    """What a module says, in words that say what to do."""
    name = type(error).__name__
    words = {
        "NoSuchToken": _("密码机里没有名为“%(token)s”的令牌，请检查 QIPAN_PKCS11_TOKEN。"),
        "TokenNotPresent": _("密码机里没有名为“%(token)s”的令牌，请检查 QIPAN_PKCS11_TOKEN。"),
        "PinIncorrect": _(
            "密码机的口令不对，请检查 QIPAN_PKCS11_PIN_FILE。连续输错会锁定令牌，同一份口令文件不再尝试。"
        ),
        "PinLenRange": _(
            "密码机的口令不对，请检查 QIPAN_PKCS11_PIN_FILE。连续输错会锁定令牌，同一份口令文件不再尝试。"
        ),
        "PinLocked": _("密码机的令牌已锁定，请由密码机管理员解锁。"),
    }
    text = words.get(name, _("密码机没有完成操作（%(error)s），请由系统管理员检查密码机。"))
    return _no(text % {"token": access.label, "error": name})
