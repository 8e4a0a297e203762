"""The life of a seal: made for a unit, activated, stopped, lost, ended."""

from django.db import transaction
from django.utils.translation import gettext as _

from qipan.domains.seals import events, permissions
from qipan.domains.seals.actions.authorising import authorise, end_authorisation
from qipan.domains.seals.models import Authorisation
from qipan.kernel.accounts import limits
from qipan.kernel.accounts.actions.registration import send_code as send
from qipan.kernel.accounts.actions.registration import use_code
from qipan.kernel.accounts.models import Letter, OneTimeCode, User
from qipan.kernel.documents import moves, seals
from qipan.kernel.documents.models import AGENCY_KINDS, Seal, SealState
from qipan.kernel.ledger.actions import append
from qipan.kernel.ledger.errors import Refused
from qipan.kernel.orgs.models import Unit
from qipan.kernel.orgs.reader import Reader

CODES = limits.Rate(5, 3600)


def _must_be_legal_representative(seal: Seal, reader: Reader) -> None:
    if not permissions.is_legal_representative(reader, seal.subject_id):
        raise Refused(_("印章须由法定代表人（负责人）本人激活。"), code="forbidden")


def _must_wait(seal: Seal) -> None:
    if seal.state != SealState.ISSUED:
        raise Refused(
            _("印章现为“%(state)s”，不用激活。") % {"state": seal.get_state_display()}, code="state"
        )


def send_code(seal: Seal, reader: Reader) -> Letter:
    """Send the code with which the legal representative activates a seal."""
    _must_be_legal_representative(seal, reader)
    _must_wait(seal)
    if not limits.take(f"seal:code:{reader.user_id}", CODES):
        raise Refused(_("验证码发送得太频繁，请过一会儿再试。"), code="state")
    with transaction.atomic():
        letter = send(User.objects.select_related("person").get(pk=reader.user_id), OneTimeCode.Purpose.SEAL)
        append(events.CODE_SENT, seal, reader.actor(), data={"seal": seal.seal_id}, org_path=seal.org_path)
    return letter


def activate(seal: Seal, reader: Reader, code: str) -> Seal:
    """Take a seal into use with the code that was sent; the one that it replaces ends with it (Esign 13).

    The page has asked for password or passkey before. A wrong code counts and is refused.
    """
    _must_be_legal_representative(seal, reader)
    _must_wait(seal)
    use_code(User.objects.get(pk=reader.user_id), OneTimeCode.Purpose.SEAL, code)
    with transaction.atomic():
        old = seal.replaces
        if old is not None and old.state in {SealState.ACTIVE, SealState.SUSPENDED, SealState.LOST}:
            seals.move(old, "replace", reader.actor())
        return seals.move(seal, "activate", reader.actor())


def move(seal: Seal, code: str, reader: Reader, reason: str = "") -> Seal:
    """Suspend, resume, report lost or revoke a seal, by those who may.

    The legal representative or the unit's leader; whoever uses it may report it lost at once (Esign 15); a deciding
    official may suspend or revoke a business's seal ex officio, which the business itself cannot undo.
    """
    if code not in moves.MOVES or code in {"activate", "replace"}:
        raise Refused(_("没有这个操作，请刷新页面。"), code="not_found")
    official = reader.kind == "staff" and permissions.may_intervene(reader, seal)
    allowed = permissions.may_manage(reader, seal)
    allowed |= code == "report_lost" and permissions.may_use(reader, seal)
    allowed |= official and code in {"suspend", "resume", "revoke"}
    if not allowed:
        raise Refused(_("您不能对这枚印章做这项操作，请由法定代表人或者单位负责人办理。"), code="forbidden")
    if code == "resume" and not official and not seal.unit_path and suspended_by_official(seal):
        raise Refused(_("印章由监管部门停用，须由监管部门恢复。"), code="forbidden")
    return seals.move(seal, code, reader.actor(None, seal.org_path), reason)


def suspended_by_official(seal: Seal) -> bool:
    """Whether the suspension that holds was an official's."""
    from qipan.kernel.documents import events as documents
    from qipan.kernel.ledger.queries import timeline_of

    last = (
        timeline_of(seal).filter(name=documents.SEAL_MOVED.name, data__move="suspend").order_by("-id").first()
    )
    return last is not None and last.actor_kind == "staff"


RENEWABLE = (SealState.ACTIVE, SealState.SUSPENDED, SealState.LOST)


@transaction.atomic
def renew_for_unit(seal: Seal, reader: Reader) -> Seal:
    """Exchange a unit's seal for a new one with new keys, by its leader: the old one ends, who may use it may use the new.

    Refuses one that has ended already. What was sealed before stays valid.
    """
    if not seal.unit_path or not permissions.may_manage(reader, seal):
        raise Refused(_("机关印章由单位负责人换发。"), code="forbidden")
    row = Seal.objects.select_for_update(of=("self",), no_key=True).get(pk=seal.pk)
    if row.state not in RENEWABLE:
        raise Refused(
            _("原印章现为“%(state)s”，不能换发。") % {"state": row.get_state_display()}, code="state"
        )
    actor = reader.actor(None, row.unit_path)
    unit = Unit.objects.get(path=row.unit_path)
    seals.move(row, "replace", actor)
    made = seals.issue(seals.of_unit(unit), row.kind, actor, replaces=row, is_demo=row.is_demo)
    for one in Authorisation.objects.filter(permissions.standing(row)):
        authorise(made, reader, role=one.role, purposes=one.purposes, until=one.valid_to)
        end_authorisation(one, reader, _("印章已换发"))
    return made


def issue_for_unit(unit: Unit, kind: str, reader: Reader) -> Seal:
    """Make a seal for a unit, by its leader (Online 9). It is in use at once."""
    if not any(reader.may(role, unit.path) for role in permissions.LEADERS):
        raise Refused(_("机关印章由单位负责人制发。"), code="forbidden")
    if kind not in AGENCY_KINDS:
        raise Refused(_("请选择印章种类。"), field="kind")
    return seals.create_seal(unit, reader.actor(None, unit.path), kind=kind)
