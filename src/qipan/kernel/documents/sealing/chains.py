"""The certificates above a seal's: read from PEM and held to what a chain must be (RFC 5280 6.1), in both worlds.

The issuing authority comes first, each is certified by the next, the last certifies itself; each may certify others, is in
its time, and allows as many below it as there are.
"""

import datetime
from collections.abc import Sequence
from dataclasses import dataclass

from asn1crypto import pem, x509
from cryptography import x509 as crypto_x509
from cryptography.hazmat.primitives.asymmetric import ec
from django.utils.translation import gettext as _

from qipan.kernel.documents.sealing import der, gbt38540, sm2
from qipan.kernel.documents.sealing.certificates import SM2_SM3
from qipan.kernel.ledger.errors import Refused

MOST = 6


@dataclass(frozen=True)
class Link:
    """One certificate, encoded and parsed."""

    encoded: bytes
    parsed: x509.Certificate

    @classmethod
    def of(cls, encoded: bytes) -> "Link":
        """Parsed. Raises ValueError."""
        return cls(encoded, x509.Certificate.load(encoded, strict=True))

    @property
    def title(self) -> str:
        """By what name people know it."""
        subject = self.parsed.subject
        return str(subject.native.get("common_name") or subject.human_friendly)

    @property
    def since(self) -> datetime.datetime:
        """When its time begins."""
        found: datetime.datetime = self.parsed.not_valid_before
        return found

    @property
    def until(self) -> datetime.datetime:
        """When its time is over."""
        found: datetime.datetime = self.parsed.not_valid_after
        return found

    def certified_by(self, above: "Link", gm: bool) -> bool:
        """Whether the other one's name and signature stand on it."""
        if self.parsed.issuer.dump() != above.parsed.subject.dump():
            return False
        try:
            if gm:
                algorithm = self.parsed["signature_algorithm"]["algorithm"].dotted
                gbt38540.check(
                    gbt38540.point_of(above.encoded),
                    self.parsed["tbs_certificate"].dump(),
                    self.parsed["signature_value"].native,
                    "signature",
                )
                return bool(algorithm == SM2_SM3)
            upper = crypto_x509.load_der_x509_certificate(above.encoded)
            crypto_x509.load_der_x509_certificate(self.encoded).verify_directly_issued_by(upper)
        except Exception:  # each parser has errors of its own for what is no signature of that one
            return False
        return True


def _no(text: str, **words: object) -> Refused:
    return Refused(text % words, code="state")


def read(content: bytes, file: str) -> list[Link]:
    """The certificates of a PEM file, in its order. Refuses a file that holds none or too many."""
    try:
        parts = [
            part for kind, _headers, part in pem.unarmor(content, multiple=True) if kind == "CERTIFICATE"
        ]
        links = [Link.of(part) for part in parts]
        for link in links:
            assert link.title and link.since < link.until
    except Exception as error:  # whatever the parser says of such a file, it holds no certificates
        raise _no(
            _("%(file)s 里的证书不能识别（%(error)s）。请用 PEM 格式。"),
            file=file,
            error=type(error).__name__,
        ) from None
    if not 1 <= len(links) <= MOST:
        raise _no(
            _("%(file)s 里应当有 1 到 %(most)d 张证书：先是签发印章证书的机构，再是它的上级，最后是根。"),
            file=file,
            most=MOST,
        )
    return links


def must_hold(links: Sequence[Link], moment: datetime.datetime, file: str, *, gm: bool) -> None:
    """Refuse a chain that does not hold, saying which certificate and what to do."""
    for place, link in enumerate(links):
        words = {"file": file, "place": place + 1, "name": link.title}
        usage = link.parsed.key_usage_value
        if not link.parsed.ca or (usage is not None and "key_cert_sign" not in usage.native):
            raise _no(_("%(file)s 的第 %(place)d 张证书“%(name)s”不是可以签发证书的机构证书。"), **words)
        room = link.parsed.max_path_length
        if room is not None and room < place:
            raise _no(
                _("%(file)s 的第 %(place)d 张证书“%(name)s”不允许下面再有 %(count)d 级机构。"),
                **words,
                count=place,
            )
        if not link.since <= moment <= link.until:
            raise _no(
                _("%(file)s 的第 %(place)d 张证书“%(name)s”不在有效期内（%(since)s 至 %(until)s）。"),
                **words,
                since=link.since.date(),
                until=link.until.date(),
            )
        last = place == len(links) - 1
        above = links[place if last else place + 1]
        if link.certified_by(above, gm):
            continue
        if above.parsed.subject.dump() == link.parsed.issuer.dump() and gm:
            raise _no(
                _(
                    "%(file)s 的第 %(place)d 张证书“%(name)s”的签名不成立：SM2 证书须用标识 1234567812345678 签名（openssl 加 -sigopt distid:1234567812345678）。"
                ),
                **words,
            )
        if last:
            raise _no(
                _(
                    "%(file)s 的最后一张证书“%(name)s”不是根证书，证书链不完整：请把上级证书依次放在后面，直到根。"
                ),
                **words,
            )
        raise _no(
            _(
                "%(file)s 的第 %(place)d 张证书“%(name)s”不是由后一张“%(above)s”签发的：请按由下到上的顺序放置。"
            ),
            **words,
            above=above.title,
        )


def must_be_curve(link: Link, file: str, *, gm: bool) -> None:
    """Refuse an issuing authority whose key is of another kind than its signatures will be."""
    try:
        if gm:
            good = len(gbt38540.point_of(link.encoded)) == 65
            good &= der.oid(sm2.CURVE) in link.parsed["tbs_certificate"]["subject_public_key_info"].dump()
        else:
            key = crypto_x509.load_der_x509_certificate(link.encoded).public_key()
            good = isinstance(key, ec.EllipticCurvePublicKey) and key.curve.name == "secp256r1"
    except Exception:  # a key that no parser here knows is of another kind
        good = False
    if not good:
        raise _no(
            _("%(file)s 的第一张证书“%(name)s”须是 %(curve)s 密钥的证书。"),
            file=file,
            name=link.title,
            curve="SM2" if gm else "P-256",
        )


def joined(links: Sequence[Link]) -> bytes:
    """Certificates one after another, as they are stored."""
    return b"".join(link.encoded for link in links)


def split(stored: bytes) -> list[bytes]:
    """Certificates that were stored one after another."""
    found, rest = [], bytes(stored)
    while rest:
        size, start = rest[1], 2
        if size & 0x80:
            start += size & 0x7F
            size = int.from_bytes(rest[2:start], "big")
        found.append(rest[: start + size])
        rest = rest[start + size :]
    return found
