"""The authority that certifies seals: one of our own making, or a licensed one whose keys the operator gives us.

Its own making is for trial and says so in its name. With QIPAN_SEAL_CA naming a folder, certificates and keys are taken
from there: `ca.crt`, `ca.key` (P-256) and `ca-sm2.crt`, `ca-sm2.key`, as PEM; the keys go into the key store.
"""

import datetime
import secrets
from pathlib import Path

from asn1crypto import pem
from cryptography import x509 as crypto_x509
from cryptography.hazmat.primitives import serialization
from django.conf import settings
from django.db import transaction
from django.utils.translation import gettext as _
from tongsuopy.crypto import serialization as gm_serialization

from qipan.kernel.documents.models import Authority
from qipan.kernel.documents.sealing import certificates, gbt38540, keys
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


@transaction.atomic
def take_in(folder: Path) -> Authority:
    """Take the authority's certificates and keys from a folder. Refuses what cannot be read or does not belong together."""
    try:
        certificate = pem.unarmor(_read(folder / "ca.crt"))[2]
        sm2_certificate = pem.unarmor(_read(folder / "ca-sm2.crt"))[2]
        parsed = crypto_x509.load_der_x509_certificate(certificate)
        key = serialization.load_pem_private_key(_read(folder / "ca.key"), password=None)
        sm2_key = gm_serialization.load_pem_private_key(_read(folder / "ca-sm2.key"), password=None)
        numbers = sm2_key.public_key().public_numbers()
        point = b"\x04" + numbers.x.to_bytes(32, "big") + numbers.y.to_bytes(32, "big")
        together = key.public_key() == parsed.public_key() and point == gbt38540.point_of(sm2_certificate)
        plain = key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        sm2_plain = sm2_key.private_bytes(
            gm_serialization.Encoding.PEM,
            gm_serialization.PrivateFormat.PKCS8,
            gm_serialization.NoEncryption(),
        )
    except Refused:
        raise
    except Exception as error:  # whatever the libraries say of such files, they cannot be used
        raise Refused(
            _("印章认证机构的证书或者密钥不能识别（%(error)s）。请用 PEM 格式，密钥不加口令。")
            % {"error": type(error).__name__},
            code="state",
        ) from None
    if not together:
        raise Refused(_("印章认证机构的证书和密钥不是一对，没有使用。"), code="state")
    tag = secrets.token_hex(4)
    key_id, sm2_key_id = f"ca-{tag}", f"ca-sm2-{tag}"
    keys.store().take_in(key_id, plain)
    keys.store().take_in(sm2_key_id, sm2_plain)
    return Authority.objects.create(
        name=parsed.subject.rfc4514_string()[:100],
        key_id=key_id,
        sm2_key_id=sm2_key_id,
        certificate=certificate,
        sm2_certificate=sm2_certificate,
    )
