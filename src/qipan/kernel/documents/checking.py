"""Whether a file is unchanged, whose seals it bears, and whether each might be used when it was: for anyone who asks."""

import datetime
import hashlib
import re
import uuid as uuids
from dataclasses import dataclass, field

from asn1crypto import cms as asn1_cms
from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from django.db.models import CharField
from django.db.models.functions import MD5
from django.utils.translation import gettext as _

from qipan.kernel.documents import seals, using
from qipan.kernel.documents.authority import chain_of, issuer_of
from qipan.kernel.documents.models import Authority, Document, Seal, SealState, SealUse
from qipan.kernel.documents.sealing import gbt38540
from qipan.kernel.ledger.errors import Refused

RANGE = re.compile(rb"/ByteRange\s*\[\s*(\d+)\s+(\d+)\s+(\d+)\s+(\d+)\s*\]")
MOST_SIGNATURES = 40


@dataclass(frozen=True)
class SealFinding:
    """One seal on a file: whose, when, whether that was allowed then, how it stands today, what is wrong with it.

    `certified_by`: the names of the certificates above it, the issuing authority first, the root last.
    """

    name: str
    number: str
    kind: str
    at: datetime.datetime | None
    valid_then: bool
    state_now: str
    problems: tuple[str, ...] = ()
    certified_by: tuple[str, ...] = ()

    @property
    def good(self) -> bool:
        """Whether nothing is wrong with it."""
        return self.valid_then and not self.problems


@dataclass(frozen=True)
class Checked:
    """What the seals of a file come to; `unchanged` is None for a file without a seal of ours or anybody's.

    `foreign`: everybody who signed it is certified elsewhere, and nobody goes by a name of ours.
    """

    unchanged: bool | None
    seals: tuple[SealFinding, ...] = ()
    problems: tuple[str, ...] = field(default=())
    title: str = ""
    code: str = ""
    digest: str = ""
    foreign: bool = False


def finding(seal: Seal, at: datetime.datetime | None, problems: tuple[str, ...] = ()) -> SealFinding:
    """A seal of ours at a moment: the ledger says how it stood."""
    told = list(problems)
    valid = at is not None
    if at is not None:
        then = seals.state_at(seal, at)
        if then != SealState.ACTIVE:
            valid = False
            told.append(
                _("盖章时（%(at)s）印章处于“%(state)s”状态，这次用印无效。")
                % {"at": _local(at), "state": SealState(then).label}
            )
        if not seal.valid_from <= at <= seal.valid_to:
            valid = False
            told.append(_("盖章时印章证书不在有效期内。"))
    root = issuer_of(bytes(seal.certificate))
    return SealFinding(
        seal.name,
        seal.seal_id,
        str(seal.get_kind_display()),
        at,
        valid,
        seal.state_title,
        tuple(told),
        tuple(link.title for link in chain_of(root)) if root else (),
    )


def _local(moment: datetime.datetime) -> str:
    from django.utils import timezone

    return timezone.localtime(moment).strftime("%Y-%m-%d %H:%M")


def of_use(use: SealUse) -> Checked:
    """What the register says of a sealed file, and of those that were sealed before on the same paper."""
    line, known = [use], {use.pk}
    while line[-1].before:
        earlier = SealUse.objects.filter(digest=line[-1].before).select_related("seal").first()
        if earlier is None or earlier.pk in known:
            break
        line.append(earlier)
        known.add(earlier.pk)
    found = tuple(_registered(one) for one in reversed(line))
    return Checked(True, found, (), use.title, use.code or "", use.digest)


def _registered(use: SealUse) -> SealFinding:
    problems: tuple[str, ...] = ()
    if use.value is not None:
        try:
            good = structure(using.structure_of(use))
            if good.content_digest.hex() != use.sm3:
                raise gbt38540.Broken("digest")
        except (gbt38540.Broken, Refused) as broken:
            problems = (_("国密签章校验不通过（%(step)s）。") % {"step": broken},)
    return finding(use.seal, use.at, problems)


def structure(signature: bytes, content: bytes | None = None) -> gbt38540.Sealed:
    """A GB/T 38540 signature, held to every authority there is. Raises Broken."""
    last = gbt38540.Broken("maker")
    for root in Authority.objects.order_by("-pk"):
        try:
            return gbt38540.verify(signature, content, gbt38540.point_of(bytes(root.sm2_certificate)))
        except gbt38540.Broken as broken:
            last = broken
            if str(broken) != "maker":
                break
    raise last


def check_structure(signature: bytes, content: bytes | None = None) -> Checked:
    """A seal structure that somebody has, alone or with the file it is for."""
    try:
        good = structure(signature, content)
    except gbt38540.Broken as broken:
        words = {
            "form": _("这不是完整的电子签章结构（GB/T 38540），或者已损坏。"),
            "maker": _("印章不是本平台的制章机构制发的，可能是伪造的。"),
            "seal": _("印章数据被改动过，或者是伪造的。"),
            "validity": _("盖章时印章不在有效期内。"),
            "certificate": _("签章人的证书不在印章的证书列表里，可能是冒用。"),
            "digest": _("签章是真的，但文件不是盖章时的那一份：内容被改动过，或者拿错了文件。"),
            "signature": _("签名值校验不通过：签章被改动过，或者是伪造的。"),
        }
        return Checked(False, (), (words[str(broken)],))
    seal = Seal.objects.filter(seal_id=good.seal_id).first()
    if seal is None or bytes(seal.sm2_certificate) != good.certificate:
        return Checked(False, (), (_("印章 %(number)s 不在本平台的登记中。") % {"number": good.seal_id},))
    use, at = _entered(good, seal)
    unknown = _("印章“%(name)s”的用印登记中没有这一次，不能确认盖章时间和经手人。") % {"name": seal.name}
    found = finding(seal, at, () if at else (unknown,))
    return Checked(True, (found,), (), use.title if use and content else "", (use.code or "") if use else "")


def _entered(good: gbt38540.Sealed, seal: Seal) -> tuple[SealUse | None, datetime.datetime | None]:
    """The use that a structure tells of, and when it was by the register; a document of the house keeps its own time."""
    try:
        number = uuids.UUID(good.document_id)
    except ValueError:
        return None, None
    use = SealUse.objects.filter(uuid=number, seal=seal).first()
    if use is not None:
        return (use, use.at) if use.sm3 == good.content_digest.hex() else (None, None)
    document = Document.objects.filter(uuid=number).only("issued_at").first()
    return None, document.issued_at if document else None


def check_pdf(content: bytes) -> Checked:
    """The signatures within a PDF that the register does not know as it is: what was changed, what is forged."""
    ranges = list(RANGE.finditer(content))[:MOST_SIGNATURES]
    if not ranges:
        return Checked(None)
    found, problems, covered, strangers = [], [], 0, 0
    for match in ranges:
        first, size, after, rest = (int(number) for number in match.groups())
        if first != 0 or not 0 < size < after or after + rest > len(content):
            problems.append(_("文件中的签章被改动过：它所保护的范围不对。"))
            continue
        covered = max(covered, after + rest)
        digest = hashlib.sha256(content[:size] + content[after : after + rest])
        one = _signature(content[size + 1 : after - 1], digest.digest(), content[: after + rest])
        if isinstance(one, Stranger):
            strangers += 1
            problems.append(one.text)
        elif isinstance(one, str):
            problems.append(one)
        else:
            found.append(one)
    if not problems and covered < len(content.rstrip()):
        problems.append(_("盖章之后文件又被改动过：后面增加了没有签章保护的内容。"))
    problems += [text for one in found for text in one.problems if not one.valid_then]
    changed = bool(problems)
    return Checked(
        not changed, tuple(found), tuple(dict.fromkeys(problems)), foreign=strangers == len(ranges)
    )


@dataclass(frozen=True)
class Stranger:
    """A signature certified elsewhere."""

    text: str


def _signature(hexadecimal: bytes, digest: bytes, revision: bytes) -> SealFinding | Stranger | str:
    """One signature of a PDF: what it says of a seal, or in words why it cannot be believed."""
    try:
        raw = bytes.fromhex(hexadecimal.decode("ascii"))
        signed = asn1_cms.ContentInfo.load(raw)["content"]
        info = signed["signer_infos"][0]
        serial = info["sid"].chosen["serial_number"].native
        certificate = next(
            one.chosen for one in signed["certificates"] if one.chosen.serial_number == serial
        ).dump()
        attributes = info["signed_attrs"]
        told = next(one["values"][0].native for one in attributes if one["type"].native == "message_digest")
        signature = info["signature"].native
        parsed = x509.load_der_x509_certificate(certificate)
        public = parsed.public_key()
    except Exception:  # whatever the parsers say of a damaged signature, it is one
        return _("文件中的签章已损坏，不能识别。")
    if not _ours(parsed):
        if _goes_by_our_name(parsed):
            return _("签章冒用本平台印章的名称，证书却不是本平台认证的：这是伪造的文件。")
        return Stranger(
            _("签章的证书不是本平台认证的，不能证明是谁盖的章：可能是别处的签章，也可能是伪造的。")
        )
    if told != digest:
        return _("文件内容与盖章时不一致：盖章之后被改动过。")
    try:
        assert isinstance(public, ec.EllipticCurvePublicKey)
        public.verify(signature, b"\x31" + attributes.dump()[1:], ec.ECDSA(hashes.SHA256()))
    except (InvalidSignature, AssertionError):
        return _("签名值校验不通过：签章被改动过，或者是伪造的。")
    digested = hashlib.md5(certificate, usedforsecurity=False).hexdigest()
    same = Seal.objects.alias(digested=MD5("certificate", output_field=CharField())).filter(digested=digested)
    seal = next((one for one in same if bytes(one.certificate) == certificate), None)
    if seal is None:
        return _("签章的证书不在印章登记中。")
    use = SealUse.objects.filter(seal=seal, digest=hashlib.sha256(revision).hexdigest()).only("at").first()
    if use is not None:
        return finding(seal, use.at)
    # Whoever has the key can write any time into a file; what was sealed here stands in the register.
    return finding(
        seal,
        None,
        (_("印章“%(name)s”的用印登记中没有这一次，不能确认盖章时间和经手人。") % {"name": seal.name},),
    )


def _ours(certificate: x509.Certificate) -> bool:
    for root in Authority.objects.order_by("-pk"):
        above = x509.load_der_x509_certificate(bytes(root.certificate))
        try:
            certificate.verify_directly_issued_by(above)
            return True
        except (ValueError, TypeError, InvalidSignature):
            continue
    return False


def _goes_by_our_name(certificate: x509.Certificate) -> bool:
    """Whether somebody else's certificate names a seal of an agency or an authority of ours."""
    names = {
        str(part.value)
        for who in (certificate.subject, certificate.issuer)
        for part in who.get_attributes_for_oid(x509.NameOID.COMMON_NAME)
    }
    if Authority.objects.filter(name__in=names).exists():
        return True
    return Seal.objects.filter(name__in=names).exclude(unit_path="").exists()
