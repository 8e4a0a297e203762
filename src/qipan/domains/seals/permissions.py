"""Who may use which seal for what, and who may decide about it.

In a business: the legal representative, and whom that person authorises, for the purposes named. In an agency: the posts
whose role the unit's leader authorised for that seal and purpose. Esign 13: the data is under the signer's control alone.
"""

import datetime

from django.db.models import Q, QuerySet
from django.utils.translation import gettext as _

from qipan.domains.seals.models import Authorisation
from qipan.kernel.documents.models import Seal
from qipan.kernel.ledger.clock import today
from qipan.kernel.ledger.errors import Refused
from qipan.kernel.orgs.reader import Reader
from qipan.kernel.orgs.roles import Role
from qipan.kernel.subjects.models import Representative

LEADERS = (Role.BUREAU_LEADER, Role.OFFICE_HEAD)
OFFICIALS = (Role.LIC_DECIDER, Role.BUREAU_LEADER)


def is_legal_representative(reader: Reader, subject_id: int | None) -> bool:
    """Whether the reader is the legal representative of a business today."""
    if reader.user_id is None or reader.kind != "business" or subject_id is None:
        return False
    return _legal(reader.user_id, today()).filter(subject_id=subject_id).exists()


def _legal(user_id: int, day: datetime.date) -> "QuerySet[Representative]":
    rows = Representative.objects.filter(user_id=user_id, role="LEGAL_REP", valid_from__lte=day)
    return rows.filter(Q(valid_to__isnull=True) | Q(valid_to__gt=day))


def standing(seal: Seal | None = None) -> Q:
    """The authorisations that hold today (of a seal)."""
    day = today()
    found = Q(ended_at__isnull=True, valid_from__lte=day) & (Q(valid_to__isnull=True) | Q(valid_to__gte=day))
    return found & Q(seal=seal) if seal else found


def authorisations_of(reader: Reader, seal: Seal) -> list[Authorisation]:
    """By what the reader may use a seal, where not as its legal representative."""
    rows = Authorisation.objects.filter(standing(seal))
    if reader.kind == "staff":
        return [row for row in rows.exclude(role="") if reader.may(Role(row.role), seal.unit_path)]
    return list(rows.filter(user_id=reader.user_id)) if reader.user_id else []


def may_see(reader: Reader, seal: Seal) -> bool:
    """Whether the reader may look at a seal as one of its people."""
    if reader.kind == "staff":
        return bool(seal.unit_path) and any(seal.unit_path.startswith(path) for path in reader.paths())
    return seal.subject_id in reader.subject_ids or bool(authorisations_of(reader, seal))


def may_use(reader: Reader, seal: Seal, purpose: str = "") -> bool:
    """Whether the reader may put the seal on a paper of this purpose (on any at all when empty)."""
    if is_legal_representative(reader, seal.subject_id):
        return True
    found = authorisations_of(reader, seal)
    return any(not row.purposes or not purpose or purpose in row.purposes for row in found)


def must_use(reader: Reader, seal: Seal, purpose: str) -> None:
    """Refuse a use that nobody authorised, naming who can."""
    if may_use(reader, seal, purpose):
        return
    if may_use(reader, seal):
        raise Refused(
            _("您的授权不包括这种用途，请让授权人扩大授权后再用印。"), code="forbidden", field="purpose"
        )
    if seal.unit_path:
        raise Refused(_("您的岗位没有使用这枚印章的授权，请由单位负责人授权。"), code="forbidden")
    raise Refused(_("您没有使用这枚印章的授权，请由法定代表人授权后再用印。"), code="forbidden")


def may_manage(reader: Reader, seal: Seal) -> bool:
    """Whether the reader may authorise others and end the seal: its legal representative, the unit's leader."""
    if seal.unit_path:
        return any(reader.may(role, seal.unit_path) for role in LEADERS)
    return is_legal_representative(reader, seal.subject_id)


def may_intervene(reader: Reader, seal: Seal) -> bool:
    """Whether the reader may stop a business's seal ex officio: a deciding official over the place."""
    return not seal.unit_path and any(reader.may(role, seal.org_path) for role in OFFICIALS)
