"""The electronic seal of GB/T 38540-2020: the seal itself and the signature that a sealed document carries.

Field order as the open readers of the standard have it (v4). SM2 with SM3; detached, beside the file it seals.
"""

import datetime
from dataclasses import dataclass

from asn1crypto import core
from tongsuopy.crypto import hashes as gm_hashes
from tongsuopy.crypto.asymciphers import ec as gm_ec

from qipan.kernel.documents.sealing import der, keys
from qipan.kernel.documents.sealing.certificates import SM2_SM3
from qipan.kernel.documents.sealing.sm2 import sm3

VENDOR = "Qipan"
ALGORITHM = der.oid(SM2_SM3)


def make_seal(
    *,
    seal_id: str,
    name: str,
    certificates: list[bytes],
    made: datetime.datetime,
    valid_from: datetime.datetime,
    valid_to: datetime.datetime,
    picture: bytes,
    width: int,
    height: int,
    maker_certificate: bytes,
    maker_key_id: str,
) -> bytes:
    """SESeal: who may use which picture from when to when, signed by the maker of the seal. Sizes in millimetres."""
    info = der.sequence(
        der.sequence(der.ia5("ES"), der.integer(4), der.ia5(VENDOR)),
        der.ia5(seal_id),
        der.sequence(
            der.integer(1),
            der.utf8(name),
            der.integer(1),
            der.sequence(*(der.octets(certificate) for certificate in certificates)),
            der.general_time(made),
            der.general_time(valid_from),
            der.general_time(valid_to),
        ),
        der.sequence(der.ia5("PNG"), der.octets(picture), der.integer(width), der.integer(height)),
    )
    signature = keys.store().sign_sm2(maker_key_id, info)
    return der.sequence(info, der.octets(maker_certificate), ALGORITHM, der.bits(signature))


@dataclass(frozen=True)
class GmSigner:
    """One seal's GB/T 38540 part: its key, its certificate and the seal, encoded once."""

    key_id: str
    seal: bytes
    certificate: bytes

    def body(self, content_digest: bytes, moment: datetime.datetime, document_id: str) -> bytes:
        """What is signed: the whole seal, the time, the SM3 digest of the file, which document it is."""
        return der.sequence(
            der.integer(4),
            self.seal,
            der.general_time(moment),
            der.bits(content_digest),
            der.ia5(document_id),
        )

    def assembled(self, body: bytes, value: bytes) -> bytes:
        """SES_Signature of a body and its signature value: the same two always give the same bytes."""
        return der.sequence(body, der.octets(self.certificate), ALGORITHM, der.bits(value))

    def value(self, content_digest: bytes, moment: datetime.datetime, document_id: str) -> bytes:
        """The signature value over the body."""
        return keys.store().sign_sm2(self.key_id, self.body(content_digest, moment, document_id))

    def sign(self, content_digest: bytes, moment: datetime.datetime, document_id: str) -> bytes:
        """SES_Signature over the SM3 digest of a file."""
        body = self.body(content_digest, moment, document_id)
        return self.assembled(body, keys.store().sign_sm2(self.key_id, body))


class Broken(ValueError):
    """A seal signature that does not hold; the text says which step of the standard's verification failed."""


@dataclass(frozen=True)
class Sealed:
    """What a good seal signature says."""

    seal_id: str
    seal_name: str
    signed_at: datetime.datetime
    document_id: str
    content_digest: bytes = b""
    certificate: bytes = b""


def _children(value: core.Any | core.Sequence | bytes) -> list[core.Any]:
    content = value if isinstance(value, bytes) else value.dump()
    parsed = core.SequenceOf.load(content, spec=core.Any, strict=True)
    return list(parsed)


def verify(signature: bytes, content: bytes | None, root_point: bytes) -> Sealed:
    """Check a seal signature over a file, in the order of the standard: form, seal, dates, certificate list, digest, time.

    `root_point` is the maker's public point (65 bytes). Without the file (`content` None) all but the digest is checked;
    the answer says which digest it is for. Raises Broken.
    """
    try:
        body, certificate, algorithm, value = _children(signature)
        version, seal, moment, digest, document = _children(body)
        info, maker, seal_algorithm, seal_value = _children(seal)
        _header, seal_id, properties, _picture = _children(info)
        _kind, name, _list, allowed, _made, valid_from, valid_to = _children(properties)
    except (ValueError, TypeError, OverflowError) as error:
        raise Broken("form") from error
    if der.sequence(body.dump(), certificate.dump(), algorithm.dump(), value.dump()) != signature:
        raise Broken("form")
    if (
        algorithm.dump() != ALGORITHM
        or seal_algorithm.dump() != ALGORITHM
        or version.dump() != der.integer(4)
    ):
        raise Broken("form")
    try:
        when = _moment(moment)
        first, last = _moment(valid_from), _moment(valid_to)
        maker_point = point_of(_octets(maker))
        signer_point = point_of(_octets(certificate))
        if maker_point != root_point:
            raise Broken("maker")
        check(maker_point, info.dump(), _bits(seal_value), "seal")
        if not first <= when <= last:
            raise Broken("validity")
        if _octets(certificate) not in [_octets(one) for one in _children(allowed)]:
            raise Broken("certificate")
        if content is not None and _bits(digest) != sm3(content):
            raise Broken("digest")
        check(signer_point, body.dump(), _bits(value), "signature")
        return Sealed(_text(seal_id), _text(name), when, _text(document), _bits(digest), _octets(certificate))
    except (ValueError, IndexError, UnicodeDecodeError) as error:
        if isinstance(error, Broken):
            raise
        raise Broken("form") from error


def _content(value: core.Any) -> bytes:
    parsed = core.Any.load(value.dump(), strict=True) if isinstance(value, core.Any) else value
    encoded = parsed.dump()
    first = encoded[1]
    start = 2 if first < 0x80 else 2 + (first & 0x7F)
    return encoded[start:]


def _octets(value: core.Any) -> bytes:
    if value.dump()[0] != 0x04:
        raise Broken("form")
    return _content(value)


def _bits(value: core.Any) -> bytes:
    content = _content(value)
    if value.dump()[0] != 0x03 or content[:1] != b"\x00":
        raise Broken("form")
    return content[1:]


def _text(value: core.Any) -> str:
    return _content(value).decode("utf-8")


def _moment(value: core.Any) -> datetime.datetime:
    return datetime.datetime.strptime(_content(value).decode("ascii"), "%Y%m%d%H%M%SZ").replace(
        tzinfo=datetime.UTC
    )


def point_of(certificate: bytes) -> bytes:
    """The public point of an SM2 certificate."""
    body = _children(certificate)[0]
    key_info = _children(body)[6]
    return _bits(_children(key_info)[1])


def check(point: bytes, message: bytes, signature: bytes, what: str) -> None:
    """Hold an SM2 signature to a public point. Raises Broken, which says `what`."""
    public = gm_ec.EllipticCurvePublicNumbers(
        int.from_bytes(point[1:33], "big"), int.from_bytes(point[33:], "big"), gm_ec.SM2()
    ).public_key()
    try:
        public.verify(signature, message, gm_ec.ECDSA(gm_hashes.SM3()))
    except Exception as error:
        raise Broken(what) from error
