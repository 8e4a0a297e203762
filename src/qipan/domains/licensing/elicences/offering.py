"""A licence offered as material: checked the moment it is uploaded, so that nobody relies on what it merely looks like.

Ours and in force is linked to the register; ours and anything else, another holder's, changed or forged is refused with
what to do; what others issued stays an ordinary paper for people, and no rule may grant on it (Esign 13, Online 10).
"""

from django.contrib.postgres.fields import ArrayField
from django.db.models import BigIntegerField, CharField
from django.utils.translation import gettext as _

from qipan.conf.composed import Composed
from qipan.domains.licensing.elicences import calling, events
from qipan.domains.licensing.elicences.models import Offer, Offering
from qipan.domains.licensing.models import Application
from qipan.kernel.documents import queries as documents
from qipan.kernel.documents.queries import Finding, Verdict
from qipan.kernel.evidence import actions as evidence
from qipan.kernel.evidence import queries as stored
from qipan.kernel.evidence.models import Evidence
from qipan.kernel.flow.context import Context
from qipan.kernel.flow.declaration import Refusal
from qipan.kernel.forms.declaration import FormField, FormRow
from qipan.kernel.forms.validation import Result
from qipan.kernel.items import queries as items
from qipan.kernel.items.models import MaterialType
from qipan.kernel.law.dated import in_force
from qipan.kernel.ledger.actions import append
from qipan.kernel.ledger.actor import Actor
from qipan.kernel.ledger.clock import now
from qipan.kernel.ledger.errors import Refused
from qipan.kernel.subjects.models import Grant
from qipan.kernel.subjects.standing import SUPERSEDED, standing

PDF = "application/pdf"
MOST_BYTES = 20 * 1024 * 1024
ANY, HELD = "ANY", "GRANT"


def check(row: Application, form: FormRow, result: Result, actor: Actor) -> None:
    """Check what the cleaned answers of a form offer as material: a refused file leaves them, and its field says why."""
    asked = _asked(row)
    for field in form.fields:
        if field.kind != "file" or not result.cleaned.get(field.code):
            continue
        kept, told = [], []
        for token in result.cleaned[field.code]:
            offer = examine(row, field, asked.get(field.material, ""), str(token), actor)
            if offer is not None and offer.outcome == Offering.REFUSED:
                told.append(offer.text)
            else:
                kept.append(token)
        if told:
            result.cleaned[field.code] = kept
            result.errors[field.code] = " ".join(dict.fromkeys(told))


def _asked(row: Application) -> dict[str, str]:
    """Which licence each material of the item is, by the material's code; what is none is left out."""
    item = items.item(row.item_code)
    return {each.code: each.licence for each in items.materials_of(item) if each.licence} if item else {}


def examine(row: Application, field: FormField, licence: str, token: str, actor: Actor) -> Offer | None:
    """What one uploaded file comes to; None for what neither is a licence nor stands for one.

    A paper once found to be one is not read again; whether a licence holds is asked anew each time.
    """
    try:
        file = evidence.by_token(token)
    except Refused:
        return None  # the field itself says that it has not arrived
    known = Offer.objects.filter(application=row, field=field.code, file=file.uuid).first()
    if known is not None and known.outcome == Offering.PAPER:
        return known
    found = _judged(row.case.subject_id, licence, file)
    if found is None:
        return None
    outcome, finding, text, grant, document = found
    values = {
        "outcome": outcome,
        "finding": finding,
        "text": text[:400],
        "grant": grant,
        "document_id": document,
    }
    if known is not None and all(getattr(known, name) == value for name, value in values.items()):
        return known
    offer = known or Offer(application=row, field=field.code, file=file.uuid)
    offer.material, offer.at = field.material or field.code, now()
    for name, value in values.items():
        setattr(offer, name, value)
    offer.save()
    append(
        events.OFFERED,
        row.case,
        actor,
        data={
            "outcome": str(outcome),
            "finding": str(finding),
            "material": offer.material,
            "grant": grant.pk if grant else None,
        },
        reason=offer.text,
    )
    return offer


def refusal(subject: int | None, material: str, token: str) -> str:
    """Why a file may not be offered as a material for a subject (None: one yet to be registered); empty where it may.

    For a draft that has no application of its own yet; what the file comes to is entered when it has.
    """
    kind = in_force(MaterialType, material)
    try:
        found = _judged(subject, kind.licence if kind else "", evidence.by_token(token))
    except Refused:
        return ""  # the field itself says that it has not arrived
    return found[2] if found is not None and found[0] == Offering.REFUSED else ""


Judged = tuple[Offering, str, str, Grant | None, int | None]


def _judged(subject: int | None, licence: str, file: Evidence) -> Judged | None:
    name = file.name or _("上传的文件")
    if file.media_type != PDF or file.size > MOST_BYTES:
        text = _("“%(name)s”是图片或者扫描件，不能核验，由工作人员核对。") % {"name": name}
        return (Offering.PAPER, Finding.UNSEALED, text, None, None) if licence else None
    verdict = documents.check_upload(stored.content_of(file.uuid))
    if verdict.kind in {Finding.FORGED, Finding.COPY}:
        text = _("“%(name)s”不能作为材料：%(why)s请删除它，改为上传从发证机关下载的原件。")
        return Offering.REFUSED, verdict.kind, text % {"name": name, "why": _why(verdict)}, None, None
    if verdict.kind == Finding.FOREIGN:
        text = _("“%(name)s”由其他机构签章，本平台不能核验，作为普通材料由工作人员核对。") % {"name": name}
        return Offering.PAPER, verdict.kind, text, None, None
    if verdict.standing is not None:
        return _ours(subject, licence, name, verdict)
    if verdict.document_id is not None and not verdict.good:
        text = _("“%(name)s”不能作为材料：%(why)s请删除它，改为上传有效的文件。")
        return (
            Offering.REFUSED,
            verdict.kind,
            text % {"name": name, "why": _why(verdict)},
            None,
            verdict.document_id,
        )
    text = _("“%(name)s”没有发证机关的电子签章，不能核验，作为普通材料由工作人员核对。") % {"name": name}
    return (Offering.PAPER, verdict.kind, text, None, None) if licence else None


def _why(verdict: Verdict) -> str:
    return "".join(verdict.problems[:2])


def _ours(subject: int | None, licence: str, name: str, verdict: Verdict) -> Judged:
    """A file of one of our licences: linked where it is the holder's, of the kind asked for, and in force."""
    held, document = verdict.standing, verdict.document_id
    assert held is not None
    grant, wrong = held.grant, ""
    if subject is not None and grant.subject_id != subject:
        wrong = _("这是别的主体的证照。请上传本主体的证照。")
    elif licence not in {"", ANY, HELD, grant.kind}:
        kind = items.licence_kind(licence)
        wrong = _("这里要的是%(wanted)s，不是%(given)s。") % {
            "wanted": kind.title if kind else licence,
            "given": grant.title,
        }
    elif held.code == SUPERSEDED:
        wrong = held.text + _("最新的文件可以在“我的证照”下载。")
    elif not held.good:
        wrong = held.text + _("请先办理延续、启用或者重新申请，取得有效的证照后再提交。")
    elif not verdict.good:
        wrong = _why(verdict)
    if wrong:
        text = _("“%(name)s”不能作为材料：%(why)s") % {"name": name, "why": wrong}
        own = grant if grant.subject_id == subject else None
        return Offering.REFUSED, verdict.kind, text, own, document if own else None
    text = _("“%(name)s”核验有效：%(title)s %(number)s，已关联电子证照，以后不用再传。") % {
        "name": name,
        "title": grant.title,
        "number": grant.number,
    }
    return Offering.LINKED, verdict.kind, text, grant, document


def offers_stand(context: Context) -> Refusal | None:
    """What was linked at upload is the applicant's and still in force when the application is handed in."""
    row: Application = context.record
    for offer in _of(row, Offering.LINKED):
        if not _used(row, offer) or offer.grant is None:
            continue
        if row.case.subject_id is not None and offer.grant.subject_id != row.case.subject_id:
            # Linked while the business was yet to be registered: only now it is known whose it would have to be.
            text = _("材料中的%(title)s是别的主体的证照。请更换为本主体的证照后再提交。")
            return Refusal(text % {"title": offer.grant.title}, offer.field)
        held = standing(offer.grant)
        if not held.good:
            text = _("材料中的%(title)s %(number)s 已不能使用：%(why)s请更换材料后再提交。")
            return Refusal(
                text % {"title": offer.grant.title, "number": offer.grant.number, "why": held.text},
                offer.field,
            )
    return None


def _used(row: Application, offer: Offer) -> bool:
    """Whether the file still is among the answers; they name it, or the upload that brought it."""
    tokens = [str(token) for token in row.answers.get(offer.field) or ()]
    return any(str(file.uuid) == str(offer.file) for file in stored.by_tokens(tokens).values())


def used(row: Application, *outcomes: Offering) -> list[Offer]:
    """The offers of an application whose files are among its answers."""
    return [offer for offer in _of(row, *outcomes) if _used(row, offer)]


_OFFERS = Composed(
    lambda hole: (
        Offer.objects.filter(
            application_id=hole("application", BigIntegerField()),
            outcome__among=hole("outcomes", ArrayField(CharField())),
        )
        .select_related("grant__subject")
        .order_by("pk")
    )
)


def _of(row: Application, *outcomes: Offering) -> list[Offer]:
    return _OFFERS.all(application=row.pk, outcomes=[str(one) for one in outcomes])


def unproven(row: Application) -> list[str]:
    """Why no rule may grant on the materials of an application: licences that nobody but a person can judge."""
    return [offer.text for offer in used(row, Offering.PAPER)]


def licences_verified(row: Application) -> bool:
    """Whether every licence among an application's materials is one of ours and in force (DOMAIN 3.4).

    Those that the registers supply, those that were uploaded; a paper of whoever else makes it False. A material that
    the base library supplies without an e-licence of ours (a business registered elsewhere) is the library's to answer
    for: the status of the subject says so.
    """
    for wanted in calling.supplied(row):
        grant = calling.grant_for(row, wanted)
        if grant is not None and not standing(grant).good:
            return False
        if grant is None and wanted.licence == HELD:
            return False
    linked = used(row, Offering.LINKED)
    return not unproven(row) and all(offer.grant and standing(offer.grant).good for offer in linked)
