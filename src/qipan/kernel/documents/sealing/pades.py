"""A PAdES (B-B) signature by an incremental update: the pages stay byte for byte, the seal comes after them.

Written for the files that our renderer makes (one classic cross-reference table); certificates are encoded once and
only digest, attributes and signature are new for each file.
"""

import datetime
import hashlib
import re
from dataclasses import dataclass

from asn1crypto import x509

from qipan.kernel.documents.sealing import der, keys

DATA = der.oid("1.2.840.113549.1.7.1")
SIGNED_DATA = der.oid("1.2.840.113549.1.7.2")
SHA256 = der.sequence(der.oid("2.16.840.1.101.3.4.2.1"))
ECDSA = der.sequence(der.oid("1.2.840.10045.4.3.2"))
CONTENT_TYPE = der.sequence(der.oid("1.2.840.113549.1.9.3"), der.set_of(DATA))
ROOM = 4096


class NotOurs(ValueError):
    """A file that our renderer did not make."""


@dataclass(frozen=True)
class Signer:
    """One seal's signing part: its key and the encodings that do not change."""

    key_id: str
    name: str
    identifier: bytes
    certificates: bytes
    certificate_attribute: bytes

    @classmethod
    def of(cls, key_id: str, name: str, certificate: bytes, chain: list[bytes]) -> "Signer":
        """From a certificate (DER) and the certificates above it."""
        parsed = x509.Certificate.load(certificate)
        issuer, serial = parsed.issuer.dump(), der.integer(parsed.serial_number)
        attribute = der.sequence(
            der.oid("1.2.840.113549.1.9.16.2.47"),
            der.set_of(
                der.sequence(der.sequence(der.sequence(der.octets(hashlib.sha256(certificate).digest()))))
            ),
        )
        return cls(
            key_id=key_id,
            name=name,
            identifier=der.sequence(issuer, serial),
            certificates=der.element(0xA0, b"".join([certificate, *chain])),
            certificate_attribute=attribute,
        )

    def cms(self, digest: bytes) -> bytes:
        """The detached CMS signature over a SHA-256 digest."""
        message_digest = der.sequence(der.oid("1.2.840.113549.1.9.4"), der.set_of(der.octets(digest)))
        attributes = der.set_of(CONTENT_TYPE, message_digest, self.certificate_attribute)
        signature = keys.sign_digest(self.key_id, hashlib.sha256(attributes).digest())
        info = der.sequence(
            der.integer(1),
            self.identifier,
            SHA256,
            b"\xa0" + attributes[1:],
            ECDSA,
            der.octets(signature),
        )
        signed = der.sequence(
            der.integer(1), der.set_of(SHA256), der.sequence(DATA), self.certificates, der.set_of(info)
        )
        return der.sequence(SIGNED_DATA, der.explicit(0, signed))


TRAILER = re.compile(rb"trailer\s*<<(.*?)>>\s*startxref\s+(\d+)\s+%%EOF\s*$", re.S)


def sign(pdf: bytes, signer: Signer, moment: datetime.datetime, reason: str) -> bytes:
    """The file with a signature over all of it. Raises NotOurs for a file of another make."""
    found = TRAILER.search(pdf[-2048:])
    if not found:
        raise NotOurs("no classic trailer")
    trailer, start = found[1], int(found[2])
    root = int(_need(re.search(rb"/Root\s+(\d+)\s+0\s+R", trailer))[1])
    size = int(_need(re.search(rb"/Size\s+(\d+)", trailer))[1])
    identity = re.search(rb"/ID\s*\[.*?\]", trailer, re.S)
    info = re.search(rb"/Info\s+\d+\s+0\s+R", trailer)
    catalog = _object(pdf, start, root)
    page = _first_page(pdf, start, catalog)
    page_body = _object(pdf, start, page)
    signature, widget = size, size + 1
    stamp = moment.astimezone(datetime.UTC).strftime("D:%Y%m%d%H%M%S+00'00'").encode()
    head = pdf if pdf.endswith(b"\n") else pdf + b"\n"
    offsets: dict[int, int] = {}
    out = bytearray(head)

    def write(number: int, body: bytes) -> None:
        offsets[number] = len(out)
        out.extend(b"%d 0 obj\n" % number + body + b"\nendobj\n")

    write(page, _with(page_body, b"/Annots", b"[%d 0 R]" % widget))
    write(root, _with(catalog, b"/AcroForm", b"<</Fields[%d 0 R]/SigFlags 3>>" % widget))
    write(
        widget,
        b"<</Type/Annot/Subtype/Widget/FT/Sig/T(Seal1)/V %d 0 R/P %d 0 R/Rect[0 0 0 0]/F 132>>"
        % (signature, page),
    )
    offsets[signature] = len(out)
    hole = open_signature(out, signature, signer, stamp, reason)
    xref_at = len(out)
    out.extend(b"xref\n")
    for number in sorted(offsets):
        out.extend(b"%d 1\n%010d 00000 n\r\n" % (number, offsets[number]))
    parts = [
        b"/Size %d/Root %d 0 R/Prev %d" % (size + 2, root, start),
        info[0] if info else b"",
        identity[0] if identity else b"",
    ]
    out.extend(b"trailer\n<<" + b"".join(parts) + b">>\nstartxref\n%d\n%%%%EOF\n" % xref_at)
    close_signature(out, hole, signer)
    return bytes(out)


def open_signature(out: bytearray, number: int, signer: Signer, stamp: bytes, reason: str) -> tuple[int, int]:
    """Write the signature object with room for range and value; returns where the two are."""
    out.extend(
        b"%d 0 obj\n<</Type/Sig/Filter/Adobe.PPKLite/SubFilter/ETSI.CAdES.detached/ByteRange[" % number
    )
    range_at = len(out)
    out.extend(b" " * 40 + b"]/Contents<")
    contents_at = len(out) - 1
    out.extend(
        b"0" * (ROOM * 2)
        + b">/M(%s)/Name%s/Reason%s>>\nendobj\n" % (stamp, _text(signer.name), _text(reason))
    )
    return range_at, contents_at


def close_signature(out: bytearray, hole: tuple[int, int], signer: Signer) -> None:
    """Sign all of the finished file but the hole, and fill the hole."""
    range_at, contents_at = hole
    after = contents_at + 2 + ROOM * 2
    span = b"0 %d %d %d" % (contents_at, after, len(out) - after)
    out[range_at : range_at + len(span)] = span
    digest = hashlib.sha256()
    digest.update(memoryview(out)[:contents_at])
    digest.update(memoryview(out)[after:])
    cms = signer.cms(digest.digest()).hex().encode()
    if len(cms) > ROOM * 2:
        raise ValueError("the certificates need more room than the signature has")
    out[contents_at + 1 : contents_at + 1 + len(cms)] = cms


def _need(found: re.Match[bytes] | None) -> re.Match[bytes]:
    if found is None:
        raise NotOurs("a part of the trailer is missing")
    return found


def _text(text: str) -> bytes:
    return b"<" + b"\xfe\xff".hex().encode() + text.encode("utf-16-be").hex().encode() + b">"


def _object(pdf: bytes, start: int, number: int) -> bytes:
    """The body of an object, found through the cross-reference table."""
    lines = pdf[start : start + 64].split(b"\n", 2)
    if not lines[0].startswith(b"xref"):
        raise NotOurs("no classic cross-reference table")
    first, _count = (int(part) for part in lines[1].split())
    entries = start + len(lines[0]) + len(lines[1]) + 2
    offset = int(pdf[entries + 20 * (number - first) : entries + 20 * (number - first) + 10])
    end = pdf.index(b"endobj", offset)
    body = pdf[offset:end]
    return body[body.index(b"obj") + 3 :].strip()


def _first_page(pdf: bytes, start: int, catalog: bytes) -> int:
    node = int(_need(re.search(rb"/Pages\s+(\d+)\s+0\s+R", catalog))[1])
    for _depth in range(16):
        body = _object(pdf, start, node)
        if re.search(rb"/Type\s*/Page\b(?!s)", body):
            return node
        node = int(_need(re.search(rb"/Kids\s*\[\s*(\d+)\s+0\s+R", body))[1])
    raise NotOurs("no page")


def _with(body: bytes, key: bytes, value: bytes) -> bytes:
    if key in body:
        raise NotOurs(f"{key.decode()} is there already")
    end = body.rindex(b">>")
    return body[:end] + key + b" " + value + body[end:]


def covered(pdf: bytes) -> tuple[bytes, bytes] | None:
    """(SHA-256 digest of what the last signature covers, its CMS), or None for a file that has none."""
    at = pdf.rfind(b"/ByteRange[")
    if at < 0:
        return None
    numbers = re.match(rb"\s*(\d+)\s+(\d+)\s+(\d+)\s+(\d+)", pdf[at + 11 : at + 60])
    if not numbers:
        return None
    first, size, after, rest = (int(number) for number in numbers.groups())
    if first != 0 or after + rest != len(pdf) or size >= after:
        return None
    digest = hashlib.sha256(pdf[:size] + pdf[after:]).digest()
    try:
        cms = bytes.fromhex(pdf[size + 1 : after - 1].decode("ascii"))
    except ValueError:
        return None
    return digest, cms
