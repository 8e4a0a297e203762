"""What the façade writes: names that others use, and acts of our rooms put together as the specification has them."""

import json
import uuid as uuids
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from qipan.adapters.govstack import events, queries
from qipan.adapters.govstack.models import Alias, Kind
from qipan.domains.licensing import actions as licensing
from qipan.domains.licensing.asking import form_of
from qipan.domains.licensing.models import Application
from qipan.domains.licensing.models import Kind as Handling
from qipan.kernel.evidence import actions as evidence
from qipan.kernel.flow import actions as flow
from qipan.kernel.flow.models import Case, OrderState, WorkOrder
from qipan.kernel.items.models import Item
from qipan.kernel.ledger.actions import append
from qipan.kernel.ledger.actor import Actor
from qipan.kernel.ledger.errors import Refused
from qipan.kernel.orgs.reader import Reader
from qipan.kernel.orgs.roles import Role
from qipan.kernel.subjects import queries as subjects
from qipan.kernel.subjects.models import Subject

LONGEST_RESULT = 5000


@transaction.atomic
def name(
    kind: Kind,
    external: str,
    *,
    actor: Actor,
    code: str = "",
    record_id: int | None = None,
    title: str = "",
    client: str = "",
    applicant: str = "",
) -> Alias:
    """Let a name of others stand for a record of ours; again with the same meaning changes nothing.

    Refuses a name that cannot be kept and one that stands for something else.
    """
    if not queries.NAME.fullmatch(external):
        raise Refused(_("外部标识应为 1 到 100 个可见字符。"), field="external")
    row, created = Alias.objects.get_or_create(
        kind=kind,
        external=external,
        defaults={
            "code": code,
            "record_id": record_id,
            "title": title[:120],
            "client": client,
            "applicant": applicant,
        },
    )
    if (row.code, row.record_id) != (code, record_id):
        raise Refused(_("外部标识 %(name)s 已用于另一记录。") % {"name": external}, code="conflict")
    if created:
        append(events.NAMED, row, actor, data={"kind": str(kind), "external": external, "client": client})
    return row


@dataclass(frozen=True)
class Submitted:
    """What a client sends of an application file (`applicationFileSubmit`), read and bounded."""

    applicant: str
    answers: Mapping[str, Any] = field(default_factory=dict)
    form: str = ""
    documents: Sequence[str] = ()


def subject_of(client: str, applicant: str, reader: Reader) -> Subject:
    """The business for which a client's applicant asks: one that the client's account represents.

    `applicant` is the business's own identifier, or the client's reference for its user, which stands for the business
    that it stood for before, else for the only one. Nobody is entered in the register by applying.
    """
    own = subjects.own_subjects(reader)
    ours = queries.number(applicant)
    found = own.filter(uuid=ours).first() if ours else None
    if found is None:
        before = Alias.objects.filter(kind=Kind.APPLICATION, client=client, applicant=applicant)
        cases = list(before.order_by("pk").values_list("record_id", flat=True)[:1])
        found = own.filter(cases__in=cases).first() if cases else None
    if found is None:
        several = list(own[:2])
        found = several[0] if len(several) == 1 else None
    if found is None:
        raise Refused(_("applicantId 不是该账户所代表的经营主体。"), field="applicantId")
    return found


@transaction.atomic
def begin(client: str, item: Item, sent: Submitted, reader: Reader) -> tuple[Application, str]:
    """Begin an application file, keep what was sent, and hand it in where it is whole.

    Gives the application and, while it is a draft, what it lacks. Refused as a whole where something sent is wrong.
    """
    # Who asks to be registered is nobody's business yet.
    subject = None if item.handling == Handling.REGISTER else subject_of(client, sent.applicant, reader)
    row = licensing.start(item.code, uuid=uuids.uuid4(), reader=reader, subject=subject, channel="api")
    name(
        Kind.APPLICATION,
        str(row.case.uuid),
        actor=reader.actor(),
        record_id=row.pk,
        client=client,
        applicant=sent.applicant,
    )
    return row, _keep(row, sent, reader)


@transaction.atomic
def go_on(client: str, row: Application, sent: Submitted, reader: Reader) -> str:
    """Keep what was sent of a file that is the applicant's to fill in; hand it in where it is whole.

    Gives what it still lacks. Refuses another business's applicant, and a file that was handed in: what was declared,
    the applicant alone answers for and changes (Licence 31), asked to or before handing in.
    """
    meant = row.case.subject_id
    if meant is not None and subject_of(client, sent.applicant, reader).pk != meant:
        raise Refused(_("applicantId 不是该账户所代表的经营主体。"), field="applicantId")
    if row.case.state not in {"DRAFT", "CORRECTION"}:
        raise Refused(_("申请已经提交，现在不能修改。"), code="state")
    return _keep(row, sent, reader)


def _keep(row: Application, sent: Submitted, reader: Reader) -> str:
    form = form_of(row)
    if sent.form:
        meant = queries.item_of_form(sent.form)
        if meant is None or meant.code != row.item_code:
            raise Refused(_("eFormId 不是该事项的表单。"), field="eFormId")
    if strange := [code for code in sent.answers if code not in form.codes]:
        raise Refused(
            _("表单没有这个字段：%(codes)s。") % {"codes": "、".join(strange[:5])}, field="formData"
        )
    for document in dict.fromkeys(sent.documents):
        _attach(document, row.case, reader)
    if not sent.answers:
        return "" if row.answers else str(_("没有填写"))
    result = licensing.save(row, sent.answers, reader)
    if result.errors:
        told = "；".join(f"{code}：{text}" for code, text in list(result.errors.items())[:5])
        raise Refused(told, field="formData")
    return _hand_in(row, reader)


def _attach(document: str, case: Case, reader: Reader) -> None:
    known = queries.alias(Kind.DOCUMENT, document)
    token = known.code if known else document.rstrip("/").rsplit("/", 1)[-1]
    if not queries.number(token):
        raise Refused(_("没有这份材料，请先上传。"), code="invalid", field="documentUrls")
    evidence.attach(token, case, role="additional", actor=reader.actor())


def _hand_in(row: Application, reader: Reader) -> str:
    row.refresh_from_db()
    row.case = Case.objects.get(pk=row.pk)
    try:
        with transaction.atomic():
            licensing.submit(row, reader)
    except Refused as refusal:
        if refusal.code != "invalid":
            raise
        return str(refusal.message)
    return ""


@transaction.atomic
def complete(order: WorkOrder, data: Mapping[str, Any], reader: Reader) -> WorkOrder:
    """Report a work order done: taken on by the officer where nobody has, then finished with what was said.

    Refused as on the page: by its role and people, its certificate, its children, and where a step of its case ends it.
    """
    said = {key: value for key, value in data.items() if value not in ({}, [], "", None)}
    text = "\n".join(f"{key}: {json.dumps(value, ensure_ascii=False)}" for key, value in said.items())
    if len(text) > LONGEST_RESULT:
        raise Refused(_("办理结果过长。"), field="data")
    role = Role(order.role)
    actor = reader.actor(role if reader.may(role, order.org_path) else None, order.org_path)
    if order.state == OrderState.OPEN:
        order = flow.claim(order, actor=actor)
    return flow.finish(order, actor=actor, result=text)
