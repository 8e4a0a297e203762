"""The authority that certifies seals: one of our own making, or a licensed one whose keys the operator gives us.

Its own making is for trial and says so in its name. With QIPAN_SEAL_CA naming a folder, certificates and keys are taken
from there: `ca.crt`, `ca.key` (P-256) and `ca-sm2.crt`, `ca-sm2.key`, as PEM. A certificate file holds its whole chain.
"""

import datetime
import re
import secrets
from collections.abc import Callable
from pathlib import Path

from cryptography import x509 as crypto_x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed
from django.conf import settings
from django.db import transaction
from django.utils.translation import gettext as _
from tongsuopy.crypto import serialization as gm_serialization

from qipan.kernel.documents.models import Authority
from qipan.kernel.documents.sealing import certificates, chains, gbt38540, keys
from qipan.kernel.ledger.clock import now
from qipan.kernel.ledger.errors import Refused
from qipan.kernel.orgs.models import Level, Unit

YEARS = datetime.timedelta(days=3652)


@transaction.atomic
def authority() -> Authority:
    """What certifies seals here; made or taken in at first use."""
    known = Authority.objects.order_by("-pk").first()
    if known:
        return known
    folder = getattr(settings, "QIPAN_SEAL_CA", "")
    return take_in(Path(folder)) if folder else _make()


def _make() -> Authority:
    store = keys.store()
    tag = secrets.token_hex(4)
    key_id, sm2_key_id = f"root-{tag}", f"root-sm2-{tag}"
    info = store.create_ecdsa(key_id)
    sm2_info = certificates.sm2_key_info(store.create_sm2(sm2_key_id))
    city = Unit.objects.filter(level=Level.CITY).order_by("path").first()
    organisation = city.name if city else "棋盘"
    title = f"{organisation}电子印章根证书" + ("（示范）" if settings.QIPAN_DEMO else "")
    who = certificates.name(title, organisation)
    moment = now() - datetime.timedelta(days=1)

    def root(key_info: bytes, signing_key: str, gm: bool) -> bytes:
        return certificates.make(
            subject=who,
            issuer=who,
            key_info=key_info,
            issuer_key_info=key_info,
            issuer_key_id=signing_key,
            valid_from=moment,
            valid_to=moment + 2 * YEARS,
            gm=gm,
            authority=True,
        )

    return Authority.objects.create(
        name=title,
        key_id=key_id,
        sm2_key_id=sm2_key_id,
        certificate=root(info, key_id, False),
        sm2_certificate=root(sm2_info, sm2_key_id, True),
    )


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise Refused(
            _("读不到印章认证机构的文件 %(file)s（%(error)s）。请检查 QIPAN_SEAL_CA 文件夹。")
            % {"file": path.name, "error": type(error).__name__},
            code="state",
        ) from None


def _chain(folder: Path, file: str, *, gm: bool) -> list[chains.Link]:
    links = chains.read(_read(folder / file), file)
    chains.must_be_curve(links[0], file, gm=gm)
    chains.must_hold(links, now(), file, gm=gm)
    return links


@transaction.atomic
def take_in(folder: Path) -> Authority:
    """Take the authority's certificates and keys from a folder; seals are certified by it from now on.

    Each certificate file holds its chain up to the root. Refuses what cannot be read, a chain that does not hold, and a
    key that is not the first certificate's. What was taken in before is known again.
    """
    links, sm2_links = _chain(folder, "ca.crt", gm=False), _chain(folder, "ca-sm2.crt", gm=True)
    kept = {
        "certificate": links[0].encoded,
        "sm2_certificate": sm2_links[0].encoded,
        "chain": chains.joined(links[1:]),
        "sm2_chain": chains.joined(sm2_links[1:]),
    }
    known = Authority.objects.filter(**kept).order_by("-pk").first()
    if known is not None and not Authority.objects.filter(pk__gt=known.pk).exists():
        return known
    tag = secrets.token_hex(4)
    key_id = _take_key(_read(folder / "ca.key"), f"ca-{tag}", _p256, "ca.key")
    sm2_key_id = _take_key(_read(folder / "ca-sm2.key"), f"ca-sm2-{tag}", _sm2, "ca-sm2.key")
    must_belong(links[0].encoded, key_id, gm=False)
    must_belong(sm2_links[0].encoded, sm2_key_id, gm=True)
    return Authority.objects.create(
        name=_free_name(links[0].title), key_id=key_id, sm2_key_id=sm2_key_id, **kept
    )


def _free_name(title: str) -> str:
    """A name that no other authority has: one that was certified anew has the same."""
    same = Authority.objects.filter(name__startswith=title[:90]).count()
    return f"{title[:90]}（{same + 1}）" if same else title[:100]


def _p256(content: bytes) -> bytes:
    key = serialization.load_pem_private_key(content, password=None)
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )


def _sm2(content: bytes) -> bytes:
    key = gm_serialization.load_pem_private_key(content, password=None)
    plain: bytes = key.private_bytes(
        gm_serialization.Encoding.PEM, gm_serialization.PrivateFormat.PKCS8, gm_serialization.NoEncryption()
    )
    return plain


def _take_key(content: bytes, key_id: str, load: Callable[[bytes], bytes], file: str) -> str:
    """The name under which a key is used from now on: one in a file goes into the store, one in a token stays there."""
    named = re.fullmatch(rb"pkcs11:object=([A-Za-z0-9-]{1,60})\s*", content)
    if named:
        return named[1].decode()
    try:
        plain = load(content)
    except Exception as error:  # whatever the libraries say of such a file, it cannot be used
        raise Refused(
            _(
                "%(file)s 里的密钥不能识别（%(error)s）。请用 PEM 格式，密钥不加口令；密钥在密码机里的，写一行 pkcs11:object=名称。"
            )
            % {"file": file, "error": type(error).__name__},
            code="state",
        ) from None
    keys.store().take_in(key_id, plain)
    return key_id


def must_belong(certificate: bytes, key_id: str, *, gm: bool) -> None:
    """Refuse a key that is not the certificate's: something signed with the one must hold against the other."""
    trial = secrets.token_bytes(32)
    try:
        if gm:
            gbt38540.check(
                gbt38540.point_of(certificate), trial, keys.store().sign_sm2(key_id, trial), "signature"
            )
        else:
            public = crypto_x509.load_der_x509_certificate(certificate).public_key()
            assert isinstance(public, ec.EllipticCurvePublicKey)
            public.verify(
                keys.store().sign_digest(key_id, trial), trial, ec.ECDSA(Prehashed(hashes.SHA256()))
            )
    except Refused:
        raise
    except Exception:  # each library has an error of its own for a signature that does not hold
        raise Refused(_("印章认证机构的证书和密钥不是一对，没有使用。"), code="state") from None


def issuer_of(certificate: bytes) -> Authority | None:
    """The authority that certified a seal's P-256 certificate; None where none here did."""
    try:
        link = chains.Link.of(bytes(certificate))
    except ValueError:
        return None
    for row in Authority.objects.order_by("-pk"):
        if link.certified_by(chains.Link.of(bytes(row.certificate)), False):
            return row
    return None


def chain_of(row: Authority, *, gm: bool = False) -> list[chains.Link]:
    """An authority's certificate and those above it."""
    first, above = (row.sm2_certificate, row.sm2_chain) if gm else (row.certificate, row.chain)
    return [chains.Link.of(one) for one in [bytes(first), *chains.split(bytes(above))]]
