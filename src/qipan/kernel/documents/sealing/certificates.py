"""Certificates of seals: a root of the city and one certificate a unit, in both worlds (P-256 and SM2).

Made by hand in DER, since no library at hand writes SM2 certificates; pyHanko and OpenSSL read them in the tests.
"""

import datetime
import hashlib
import secrets

from qipan.kernel.documents.sealing import der, keys

ECDSA_SHA256 = "1.2.840.10045.4.3.2"
SM2_SM3 = "1.2.156.10197.1.501"
EC_PUBLIC_KEY = "1.2.840.10045.2.1"
SM2_CURVE = "1.2.156.10197.1.301"


def name(common: str, organisation: str) -> bytes:
    """A distinguished name: country, organisation, common name."""
    parts = (
        ("2.5.4.6", element_c("CN")),
        ("2.5.4.10", der.utf8(organisation)),
        ("2.5.4.3", der.utf8(common)),
    )
    return der.sequence(*(der.set_of(der.sequence(der.oid(number), value)) for number, value in parts))


def element_c(country: str) -> bytes:
    """A country is a PrintableString."""
    return der.element(0x13, country.encode("ascii"))


def sm2_key_info(point: bytes) -> bytes:
    """SubjectPublicKeyInfo of an SM2 point."""
    return der.sequence(der.sequence(der.oid(EC_PUBLIC_KEY), der.oid(SM2_CURVE)), der.bits(point))


def _extensions(*, authority: bool, key_info: bytes, issuer_key_info: bytes) -> bytes:
    def extension(number: str, content: bytes, critical: bool = False) -> bytes:
        flag = b"\x01\x01\xff" if critical else b""
        return der.sequence(der.oid(number), flag, der.octets(content))

    basic = der.sequence(b"\x01\x01\xff") if authority else der.sequence()
    usage = b"\x03\x02\x01\x06" if authority else b"\x03\x02\x06\xc0"
    parts = [
        extension("2.5.29.19", basic, critical=True),
        extension("2.5.29.15", usage, critical=True),
        extension("2.5.29.14", der.octets(hashlib.sha1(key_info, usedforsecurity=False).digest())),
        extension(
            "2.5.29.35",
            der.sequence(der.element(0x80, hashlib.sha1(issuer_key_info, usedforsecurity=False).digest())),
        ),
    ]
    return der.explicit(3, der.sequence(*parts))


def make(
    *,
    subject: bytes,
    issuer: bytes,
    key_info: bytes,
    issuer_key_info: bytes,
    issuer_key_id: str,
    valid_from: datetime.datetime,
    valid_to: datetime.datetime,
    gm: bool,
    authority: bool = False,
) -> bytes:
    """An X.509 v3 certificate, signed by the issuer's key in the store."""
    algorithm = der.sequence(der.oid(SM2_SM3 if gm else ECDSA_SHA256))
    body = der.sequence(
        der.explicit(0, der.integer(2)),
        der.integer(secrets.randbits(120) | 1 << 119),
        algorithm,
        issuer,
        der.sequence(_time(valid_from), _time(valid_to)),
        subject,
        key_info,
        _extensions(authority=authority, key_info=key_info, issuer_key_info=issuer_key_info),
    )
    store = keys.store()
    if gm:
        signature = store.sign_sm2(issuer_key_id, body)
    else:
        signature = store.sign_digest(issuer_key_id, hashlib.sha256(body).digest())
    return der.sequence(body, algorithm, der.bits(signature))


def _time(moment: datetime.datetime) -> bytes:
    return der.utc_time(moment) if moment.year < 2050 else der.general_time(moment)
