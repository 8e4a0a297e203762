"""Every write of documents: prepared with the decision, produced after it, revoked by it."""

import logging
import secrets
import uuid as uuids
from collections.abc import Mapping
from typing import Any

from django.conf import settings
from django.db import connection, models, transaction
from django.utils.translation import gettext as _

from qipan.conf.composed import Composed
from qipan.kernel.documents import events, rendering, seals, storage, using
from qipan.kernel.documents.models import Document, DocumentState, Seal, Template
from qipan.kernel.documents.sealing import gbt38540, pades
from qipan.kernel.law.dated import in_force
from qipan.kernel.ledger import feed
from qipan.kernel.ledger.actions import append
from qipan.kernel.ledger.actor import Actor
from qipan.kernel.ledger.clock import chinese_date, now, today
from qipan.kernel.ledger.errors import Refused
from qipan.kernel.orgs import queries as orgs

log = logging.getLogger(__name__)
ALPHABET = "23456789ABCDEFGHJKMNPQRSTUVWXYZ"
create_seal = seals.create_seal


def template_of(code: str) -> Template:
    """The template in force today; refuses an unknown one."""
    found = in_force(Template, code)
    if found is None:
        raise Refused(_("没有代码为 %(code)s 的文书模板。") % {"code": code}, code="not_found")
    return found


def take_number(rule: str, org_path: str) -> str:
    """The next number by a rule such as 深市监{unit}食许准〔{year}〕{sequence}号; its row stays locked until the commit."""
    return take_numbers(rule, org_path, 1)[0]


def take_numbers(rule: str, org_path: str, count: int) -> list[str]:
    """The next so many numbers by a rule, in their order; the series stays locked until the commit."""
    unit = orgs.unit_at(org_path)
    year = today().year
    series = rule.format(unit=unit.code, year=year, sequence="#")
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO documents_numberseries (series, last) VALUES (%(series)s, %(count)s)"
            " ON CONFLICT (series) DO UPDATE SET last = documents_numberseries.last + %(count)s RETURNING last",
            {"series": series, "count": count},
        )
        last = int(cursor.fetchone()[0])
    short = unit.short_name.removesuffix("局").removesuffix("所")
    return [
        rule.format(unit=short, year=year, sequence=last - count + place) for place in range(1, count + 1)
    ]


def verification_code() -> str:
    """A code that nobody guesses: 20 signs without look-alikes (98 bits)."""
    number = secrets.randbelow(len(ALPHABET) ** 20)  # the system's randomness is asked once, not per sign
    signs = []
    for _place in range(20):
        number, sign = divmod(number, len(ALPHABET))
        signs.append(ALPHABET[sign])
    return "".join(signs)


def verification_url(code: str) -> str:
    """Where anyone can verify a document."""
    base = settings.QIPAN_BASE_URL or "http://127.0.0.1:8000"
    return f"{base.rstrip('/')}/verify/{code}/"


def lacking(template: Template, values: Mapping[str, Any]) -> list[str]:
    """The titles of the fields that a template must have and the data lacks."""
    return [
        title
        for name, title in template.fields.items()
        if values.get(name) in (None, "") and not name.endswith("?")
    ]


_BY_KEY = Composed(lambda hole: Document.objects.filter(key=hole("key", models.CharField())))


def prepare(
    template_code: str,
    data: Mapping[str, Any],
    *,
    record: models.Model,
    org_path: str,
    actor: Actor,
    key: str,
    number: str | None = None,
    seal: str | None = None,
    seal_code: str | None = None,
    subject_id: int | None = None,
    own_job: bool = True,
) -> Document:
    """Fix a document in the deciding transaction: data, number, verification code. The same `key` gives the same one.

    `number` replaces the template's rule (a licence carries its licence number). `seal` is the path of the unit whose
    seal it gets (`org_path`'s when not given). `own_job=False`: a job of the caller's will `produce` it.
    Refuses data that lacks a field of the template.
    """
    known: Document | None = _BY_KEY.first(key=key)
    if known:
        return known
    template = template_of(template_code)
    values = dict(data)
    if gaps := lacking(template, values):
        raise Refused(
            _("《%(document)s》缺少：%(fields)s。") % {"document": template.title, "fields": "、".join(gaps)}
        )
    taken = (
        number
        if number is not None
        else (take_number(template.number_rule, org_path) if template.number_rule else "")
    )
    document = Document.objects.create(
        uuid=uuids.uuid4(),
        key=key,
        template=template,
        number=taken,
        code=verification_code(),
        record_kind=record._meta.label_lower,
        record_id=record.pk,
        org_path=org_path,
        seal_path=seal or seal_code or org_path,
        subject_id=subject_id if subject_id is not None else getattr(record, "subject_id", None),
        data=values,
        dated_on=today(),
        prepared_at=now(),
    )
    append(
        events.PREPARED,
        document,
        actor,
        data={"template": template.code, "number": taken},
        org_path=org_path,
        subject_id=document.subject_id,
    )
    if not own_job:
        return document
    from qipan.kernel.documents.jobs import produce_later

    produce_later.defer(document_id=document.pk, key=f"document:{document.pk}")
    return document


_LOCKED = Composed(
    lambda hole: (
        Document.objects.select_for_update(of=("self",))
        .select_related("template")
        .filter(pk=hole("pk", models.BigIntegerField()))
    )
)


def produce(document_id: int, actor: Actor | None = None) -> Document:
    """Render, seal and archive a prepared document; done already, it is returned as it is.

    Two at once: the second waits and finds the work done. A problem is kept with the document and raised as Refused.
    """
    try:
        with transaction.atomic():
            document: Document | None = _LOCKED.first(pk=document_id)
            if document is None:
                raise Document.DoesNotExist
            if document.state in {DocumentState.ISSUED, DocumentState.REVOKED}:
                return document
            _make(document, actor or Actor.system(document.org_path))
            return document
    except Refused as refused:
        _fail(document_id, str(refused))
        raise


def values_of(document: Document, seal: Seal | None) -> dict[str, Any]:
    """What the template is given: the document's data, and what every document carries."""
    code_url = verification_url(document.code)
    return {
        **document.data,
        "number": document.number,
        "title": document.template.title,
        "date": chinese_date(document.dated_on),
        "verify_url": code_url,
        "verify_code": document.code,
        "qr": storage.qr_svg(code_url),
        "seal_name": seal.name if seal else "",
        "seal_picture": seals.picture.svg(seal.name, seal.kind) if seal else "",
    }


def _make(document: Document, actor: Actor) -> None:
    moment = now()
    seal = seals.seal_of(document.seal_path) if document.template.sealed else None
    values = values_of(document, seal)
    pdf = rendering.render(document.template.body, values, moment)
    if seal is not None:
        signer, gm_signer = seals.signers(seal.pk, seal.key_id)
        pdf = pades.sign(pdf, signer, moment, document.template.title)
        document.seal_signature = gm_signer.sign(gbt38540.sm3(pdf), moment, str(document.uuid))
    document.digest = storage.put(pdf)
    document.size = len(pdf)
    document.pages = pdf.count(b"/Type/Page/") or 1
    document.state, document.problem, document.issued_at = DocumentState.ISSUED, "", moment
    document.save(
        update_fields=["seal_signature", "digest", "size", "pages", "state", "problem", "issued_at"]
    )
    if seal is not None:
        append(
            events.SEAL_USED,
            seal,
            actor,
            data={"seal": seal.seal_id, "document": document.pk, "digest": document.digest},
            org_path=seal.org_path,
        )
        using.enter_document(seal, document.pk, document.template.title, document.digest, actor)
    append(
        events.ISSUED,
        document,
        actor,
        data={"template": document.template.code, "number": document.number, "digest": document.digest},
        subject_id=document.subject_id,
    )
    # Whoever follows the record sees its papers come: the last of them may be made after the record's own last step.
    feed.touch(f"document:{document.pk}", f"{document.record_kind.rpartition('.')[2]}:{document.record_id}")


@transaction.atomic
def _fail(document_id: int, problem: str) -> None:
    document = Document.objects.select_for_update(of=("self",)).select_related("template").get(pk=document_id)
    if document.state == DocumentState.ISSUED:
        return
    fresh = document.problem != problem
    document.state, document.problem = DocumentState.FAILED, problem
    document.save(update_fields=["state", "problem"])
    if fresh:
        append(
            events.FAILED,
            document,
            Actor.system(document.org_path),
            data={"template": document.template.code, "problem": problem[:500]},
        )


@transaction.atomic
def revoke(document: Document, actor: Actor, reason: str) -> Document:
    """Make a document void: the file stays, verification says that it is no longer valid."""
    if not reason.strip():
        raise Refused(_("请写明作废理由。"), field="reason")
    row = Document.objects.select_for_update(of=("self",)).select_related("template").get(pk=document.pk)
    if row.state == DocumentState.REVOKED:
        return row
    row.state, row.revoked_at, row.revoked_reason = DocumentState.REVOKED, now(), reason.strip()[:300]
    row.save(update_fields=["state", "revoked_at", "revoked_reason"])
    append(
        events.REVOKED,
        row,
        actor,
        data={"template": row.template.code, "number": row.number},
        reason=reason.strip(),
    )
    return row
