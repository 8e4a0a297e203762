"""A rescission begins: on the authority's own motion or at the request of an interested party (LicProc 40)."""

import uuid as uuids

from django.db import transaction
from django.utils.translation import gettext as _

from qipan.conf import wall
from qipan.domains.licensing.models import Ground, Rescission
from qipan.kernel.flow.actions import fire, open_case
from qipan.kernel.ledger.actor import Actor
from qipan.kernel.ledger.errors import Refused
from qipan.kernel.subjects.models import Grant


@transaction.atomic
@wall.lifted()
def begin(grant: Grant, *, uuid: uuids.UUID, ground: str, finding: str, actor: Actor) -> Rescission:
    """Register that a grant may have to be rescinded, and have it verified; idempotent by `uuid`.

    Refuses an unknown ground, an empty finding, a grant that has ended, and a second case about the same grant.
    """
    if ground not in Ground.values:
        raise Refused(_("请选择撤销的情形。"), field="ground")
    if not finding.strip():
        raise Refused(_("请写明发现的情况和来源。"), field="finding")
    Grant.objects.select_for_update(of=("self",)).get(pk=grant.pk)
    other = (
        Rescission.objects.filter(grant=grant, case__closed_at__isnull=True).exclude(case__uuid=uuid).first()
    )
    if other is not None:
        raise Refused(
            _("该证照已有一件在办的撤销案件（%(number)s）。") % {"number": other.case.number}, code="conflict"
        )
    case = open_case(
        "licensing.rescission",
        uuid=uuid,
        org_path=grant.org_path,
        actor=actor,
        title=f"{grant.subject.name} 撤销{grant.title}",
        subject_id=grant.subject_id,
        premises_id=grant.premises_id,
        is_demo=grant.subject.is_demo,
    )
    known = Rescission.objects.filter(pk=case.pk).first()
    if known is not None:
        return known
    row = Rescission.objects.create(case=case, grant=grant, ground=ground, finding=finding.strip()[:4000])
    fire(case, "register", actor)
    row.refresh_from_db()
    return row
