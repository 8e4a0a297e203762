"""Using a seal on a file: checked, signed twice (PAdES inside, GB/T 38540 beside), entered in the register of uses."""

import hashlib
import uuid as uuids
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from django.db import connection
from django.utils.translation import gettext as _

from qipan.conf.repeating import looks_again
from qipan.kernel.documents import events, picture, seals, storage
from qipan.kernel.documents.models import Seal, SealState, SealUse
from qipan.kernel.documents.sealing import bounds, foreign, gbt38540
from qipan.kernel.evidence import scanning, sniffing
from qipan.kernel.ledger.actions import append, append_bulk
from qipan.kernel.ledger.actor import Actor
from qipan.kernel.ledger.clock import now
from qipan.kernel.ledger.errors import Refused

MOST_BYTES = 20 * 1024 * 1024
MOST_AT_ONCE = 200


@dataclass(frozen=True)
class Paper:
    """A PDF to be sealed: its name, its bytes, where the seal comes. `uuid` is the idempotency key."""

    uuid: uuids.UUID
    title: str
    content: bytes
    place: foreign.Place


def must_be_usable(seal: Seal) -> None:
    """Refuse a seal that may not be used now, in words that say why (Esign 15). Locks its state until the commit."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT state FROM documents_seal WHERE id = %s FOR SHARE", [seal.pk])
        (state,) = cursor.fetchone()
    words = {
        SealState.ISSUED: _("印章“%(name)s”还没有激活，请先用手机激活。"),
        SealState.SUSPENDED: _("印章“%(name)s”已停用，恢复使用后才能用印。"),
        SealState.LOST: _("印章“%(name)s”已挂失，不能再用，请申请换发。"),
        SealState.REVOKED: _("印章“%(name)s”已注销，不能用印。"),
        SealState.REPLACED: _("印章“%(name)s”已换发，请使用新的印章。"),
    }
    if state != SealState.ACTIVE:
        raise Refused(words[SealState(state)] % {"name": seal.name}, code="state")
    if not seal.valid_from <= now() <= seal.valid_to:
        raise Refused(
            _("印章“%(name)s”的证书已于 %(day)s 到期，请申请换发。")
            % {"name": seal.name, "day": seal.valid_to.date().isoformat()},
            code="state",
        )


def must_fit(content: bytes, title: str = "") -> int:
    """The number of pages of a PDF that can be sealed. Refuses one that cannot, saying what to do."""
    _must_be_of_size(content)
    try:
        pages = foreign.pages_of(content)
    except foreign.Unfit as unfit:
        raise unfit_words(unfit, title) from unfit
    _must_stay_as_it_is(content)
    return pages


def _must_stay_as_it_is(content: bytes) -> None:
    """Refuse a file that could show something else once it is sealed (Esign 13)."""
    if sniffing.is_scripted(content):
        raise Refused(
            _("PDF 中含有脚本或者自动动作，盖章后显示的内容可能改变，不能盖章。请另存为普通 PDF 后再上传。"),
            field="file",
        )
    scanning.must_be_clean(content)


def _must_be_of_size(content: bytes) -> None:
    if not content:
        raise Refused(_("请选择要盖章的 PDF 文件。"), field="file")
    if len(content) > MOST_BYTES:
        raise Refused(_("文件超过 20 MB，不能盖章。请压缩图片或者分成几份。"), field="file")


def unfit_words(unfit: foreign.Unfit, title: str = "") -> Refused:
    """Why a file cannot be sealed, in plain words."""
    words = {
        "broken": _("这个 PDF 已损坏，或者不是 PDF，不能盖章。请重新导出后再上传。"),
        "encrypted": _("这个 PDF 设有密码或者加密，不能盖章。请去掉密码、另存为普通 PDF 后再上传。"),
        "locked": _("这个 PDF 的作者已锁定它，不允许再添加签章。请向作者要一份没有锁定的文件。"),
        "pages": _("这个 PDF 的页数太多，不能盖章。请分成几份。"),
        "page": _("没有这一页，请在文件的页数以内选择盖章的页。"),
        "place": _("印章放不进选定的位置，请换一个位置。"),
    }
    text = words[unfit.why]
    return Refused(
        f"{title}{_('：')}{text}" if title else text, field="file" if unfit.why != "place" else "place"
    )


def _known(seal: Seal, papers: list[Paper], **about: object) -> list[SealUse]:
    """The uses that were made of these papers under the same number. Refuses a number that other papers have."""
    found = list(SealUse.objects.filter(**about).order_by("pk"))
    if not found:
        return []
    same = [hashlib.sha256(paper.content).hexdigest() for paper in papers] == [use.before for use in found]
    if not same or {use.seal_id for use in found} != {seal.pk}:
        raise Refused(_("同一提交编号已用于另一次用印，请刷新页面后重新提交。"), code="conflict")
    return found


@looks_again
def seal_file(
    seal: Seal,
    paper: Paper,
    actor: Actor,
    *,
    purpose: str = "",
) -> SealUse:
    """Put a seal on one PDF; the same paper twice is one use.

    Refuses an unusable seal, an unfit file, and another file under the number of one that is sealed.
    """
    if known := _known(seal, [paper], uuid=paper.uuid):
        return known[0]
    use = _sealed(seal, paper, actor, purpose, None)
    append(
        events.SEAL_USED,
        seal,
        actor,
        data={"seal": seal.seal_id, "digest": use.digest, "use": str(use.uuid)},
        org_path=seal.org_path,
    )
    return use


def seal_files(
    seal: Seal,
    papers: Iterable[Paper],
    actor: Actor,
    *,
    batch: uuids.UUID,
    purpose: str = "",
    tell: Callable[[int], None] = lambda done: None,
) -> list[SealUse]:
    """Put a seal on several PDFs: all of them or, where one does not fit, none. One event with their manifest."""
    several = list(papers)
    if not several:
        raise Refused(_("请选择要盖章的 PDF 文件。"), field="file")
    if len(several) > MOST_AT_ONCE:
        raise Refused(
            _("一次最多盖 %(most)d 份，这里有 %(count)d 份。请分几次。")
            % {"most": MOST_AT_ONCE, "count": len(several)},
            field="file",
        )
    if known := _known(seal, several, batch=batch):
        return known
    bounds.look([paper.content for paper in several if 0 < len(paper.content) <= MOST_BYTES])
    for paper in several:
        must_fit(paper.content, paper.title)
    return _seal_all(seal, several, actor, batch, purpose, tell)


@looks_again
def _seal_all(
    seal: Seal,
    papers: list[Paper],
    actor: Actor,
    batch: uuids.UUID,
    purpose: str,
    tell: Callable[[int], None],
) -> list[SealUse]:
    if known := _known(seal, papers, batch=batch):
        return known
    made = []
    for paper in papers:
        made.append(_sealed(seal, paper, actor, purpose, batch))
        tell(len(made))
    append_bulk(
        events.SEAL_USED_MANY,
        seal,
        actor,
        (f"{use.uuid} {use.digest}".encode() for use in made),
        data={"seal": seal.seal_id, "batch": str(batch)},
    )
    return made


def _sealed(seal: Seal, paper: Paper, actor: Actor, purpose: str, batch: uuids.UUID | None) -> SealUse:
    from qipan.kernel.documents.actions import verification_code

    must_be_usable(seal)
    _must_be_of_size(paper.content)
    signer, gm_signer = seals.signers(seal.pk, seal.key_id)
    moment = now()
    width, height = picture.millimetres(seal.kind)
    try:
        content = foreign.sign(
            paper.content,
            signer,
            moment,
            purpose or paper.title,
            look=foreign.Look(bytes(seal.picture), width, height),
            place=paper.place,
            field=f"Seal{paper.uuid.hex[:12]}",
        )
    except foreign.Unfit as unfit:
        raise unfit_words(unfit, paper.title if batch else "") from unfit
    _must_stay_as_it_is(paper.content)
    sm3 = gbt38540.sm3(content)
    return SealUse.objects.create(
        uuid=paper.uuid,
        seal=seal,
        at=moment,
        org_path=seal.org_path,
        subject_id=seal.subject_id,
        kind=seal.kind,
        user_id=actor.user_id,
        title=paper.title[:200],
        purpose=purpose[:200],
        digest=storage.put(content),
        before=hashlib.sha256(paper.content).hexdigest(),
        sm3=sm3.hex(),
        value=gm_signer.value(sm3, moment, str(paper.uuid)),
        code=verification_code(),
        batch=batch,
    )


def enter_document(seal: Seal, document_id: int, title: str, digest: str, actor: Actor) -> None:
    """Enter in the register that a document of the house was sealed; its event is the document room's."""
    SealUse.objects.create(
        uuid=uuids.uuid4(),
        seal=seal,
        at=now(),
        org_path=seal.org_path,
        kind=seal.kind,
        user_id=actor.user_id,
        title=title[:200],
        digest=digest,
        document_id=document_id,
    )


def structure_of(use: SealUse) -> bytes:
    """The GB/T 38540 signature of a use, put together from what the register and the seal hold."""
    if use.value is None:
        raise Refused(_("这次用印的签章结构随文书保存，请在文书页面核验。"), code="not_found")
    seal = use.seal
    signer = gbt38540.GmSigner(seal.sm2_key_id, bytes(seal.gm_seal), bytes(seal.sm2_certificate))
    return signer.assembled(signer.body(bytes.fromhex(use.sm3), use.at, str(use.uuid)), bytes(use.value))


def file_of(use: SealUse) -> bytes:
    """The sealed file; refuses when it is gone or no longer what it was."""
    return storage.get(use.digest)
