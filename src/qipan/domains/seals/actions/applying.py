"""Asking for a seal."""

import uuid as uuids

from django.db import transaction
from django.utils.translation import gettext as _

from qipan.domains.seals.models import Ask, SealApplication
from qipan.kernel.documents.models import BUSINESS_KINDS, Seal, SealKind
from qipan.kernel.flow.actions import fire, open_case
from qipan.kernel.flow.models import Case
from qipan.kernel.ledger.errors import Refused
from qipan.kernel.orgs.reader import Reader
from qipan.kernel.subjects.models import Subject


@transaction.atomic
def apply(
    *,
    uuid: uuids.UUID,
    reader: Reader,
    subject: Subject,
    kind: str,
    ask: str = Ask.NEW,
    replaces: Seal | None = None,
    note: str = "",
) -> SealApplication:
    """Ask for a seal of a business and hand the application in; idempotent by `uuid`. Nothing stays of what is refused."""
    if subject.pk not in reader.subject_ids:
        raise Refused(_("您不是该主体的代表人，不能代为办理。"), code="forbidden")
    if kind not in BUSINESS_KINDS:
        raise Refused(_("请选择印章种类。"), field="kind")
    if ask not in Ask.values:
        raise Refused(_("请选择申请类型。"), field="ask")
    case = open_case(
        "seals.application",
        uuid=uuid,
        org_path=subject.org_path,
        actor=reader.actor(),
        title=f"{subject.name} {SealKind(kind).label}（{Ask(ask).label}）",
        subject_id=subject.pk,
        is_demo=subject.is_demo,
    )
    known: SealApplication | None = SealApplication.objects.select_related("case").filter(pk=case.pk).first()
    if known is not None:
        return known
    row = SealApplication.objects.create(
        case=case, ask=ask, kind=kind, replaces=replaces, note=note.strip()[:500]
    )
    row.case = fire(case, "submit", reader.actor(), key="submit")
    return row


@transaction.atomic
def resubmit(row: SealApplication, reader: Reader, *, note: str, key: str = "") -> SealApplication:
    """Hand an application in again, with what was asked for."""
    case = Case.objects.select_for_update(of=("self",), no_key=True).get(pk=row.pk)
    if case.state != "CORRECTION":
        raise Refused(_("申请现在不需要补正。"), code="state")
    row = SealApplication.objects.get(pk=row.pk)
    row.note = note.strip()[:500]
    row.save(update_fields=["note"])
    row.case = fire(case, "resubmit", reader.actor(), key=key or None)
    return row
