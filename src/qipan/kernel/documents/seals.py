"""Seals: made for units and businesses, found for use, moved through their life."""

import datetime
import functools
import secrets
from dataclasses import dataclass

from asn1crypto import x509
from django.contrib.postgres.fields import ArrayField
from django.db import transaction
from django.db.models import CharField
from django.utils.translation import gettext as _

from qipan.conf.composed import Composed
from qipan.kernel.documents import events, picture
from qipan.kernel.documents.authority import authority, chain_of, issuer_of
from qipan.kernel.documents.models import (
    AGENCY_KINDS,
    BUSINESS_KINDS,
    Authority,
    Seal,
    SealKind,
    SealState,
)
from qipan.kernel.documents.moves import MOVES
from qipan.kernel.documents.sealing import certificates, gbt38540, keys
from qipan.kernel.documents.sealing.pades import Signer
from qipan.kernel.ledger.actions import append
from qipan.kernel.ledger.actor import Actor
from qipan.kernel.ledger.clock import now
from qipan.kernel.ledger.errors import Refused
from qipan.kernel.ledger.queries import timeline_of
from qipan.kernel.orgs.models import Unit

__all__ = ["authority", "create_seal", "issue", "move", "seal_of", "set_seal_state", "signers", "state_at"]

YEARS = datetime.timedelta(days=3652)
BUSINESS_YEARS = datetime.timedelta(days=1096)


@dataclass(frozen=True)
class Holder:
    """Whose seal it is: a unit (`unit_path`) or a business (`subject_id`); `name` is certified.

    `written`: what the picture says where that is not the name (a legal representative's own); `code`: the credit code.
    """

    name: str
    org_path: str
    division: str
    unit_path: str = ""
    subject_id: int | None = None
    written: str = ""
    code: str = ""


def of_unit(unit: Unit, name: str = "") -> Holder:
    """A unit as the holder of a seal."""
    return Holder(name or unit.name, unit.path, unit.division_code or "440300", unit_path=unit.path)


def _free_number(division: str) -> str:
    while True:
        number = f"{division[:6]:0<6}{secrets.randbelow(10**10):010d}"
        if not Seal.objects.filter(seal_id=number).exists():
            return number


def _last_day(root: Authority, wanted: datetime.datetime) -> datetime.datetime:
    """A seal's certificate ends with the first of those above it. Refuses when one of those is over."""
    above = [*chain_of(root), *chain_of(root, gm=True)]
    first = min(above, key=lambda link: link.until)
    if first.until <= now():
        raise Refused(
            _("印章认证机构的证书“%(name)s”已于 %(day)s 到期，不能制发印章。请由系统管理员换上新的证书。")
            % {"name": first.title, "day": first.until.date()},
            code="state",
        )
    return min(wanted, first.until)


@transaction.atomic
def issue(
    holder: Holder,
    kind: str,
    actor: Actor,
    *,
    state: SealState = SealState.ACTIVE,
    replaces: Seal | None = None,
    years: datetime.timedelta = YEARS,
    is_demo: bool = False,
) -> Seal:
    """Make a seal: two keys, a certificate of the authority for each (Esign 21), the picture, the GB/T 38540 structure.

    Refuses a kind that is not for this holder and a second seal of a kind beside one in use.
    """
    if kind not in (AGENCY_KINDS if holder.unit_path else BUSINESS_KINDS):
        raise Refused(_("这个持有人不能有这种印章。"), field="kind")
    same = Seal.objects.filter(unit_path=holder.unit_path, subject_id=holder.subject_id, kind=kind)
    if same.filter(state=state).exists():
        words = SealKind(kind).label if holder.subject_id else _("电子印章")
        raise Refused(_("%(name)s 已有%(state)s的%(kind)s。") % {"name": holder.name, "kind": words, "state": state.label},
                      code="conflict")  # fmt: skip
    root = authority()
    store = keys.store()
    tag = secrets.token_hex(8)
    key_id, sm2_key_id = f"seal-{tag}", f"seal-sm2-{tag}"
    moment = now() - datetime.timedelta(minutes=5)
    last = _last_day(root, moment + years)
    title = (
        holder.name
        if kind in {SealKind.OFFICIAL, SealKind.COMPANY}
        else f"{holder.name}{SealKind(kind).label}"
    )
    who = certificates.name(title, holder.name)
    info, sm2_info = store.create_ecdsa(key_id), certificates.sm2_key_info(store.create_sm2(sm2_key_id))

    def leaf(key_info: bytes, gm: bool) -> bytes:
        parent = x509.Certificate.load(bytes(root.sm2_certificate if gm else root.certificate))
        return certificates.make(
            subject=who,
            issuer=parent.subject.dump(),
            key_info=key_info,
            issuer_key_info=parent["tbs_certificate"]["subject_public_key_info"].dump(),
            issuer_key_id=root.sm2_key_id if gm else root.key_id,
            valid_from=moment,
            valid_to=last,
            gm=gm,
        )

    sm2_certificate = leaf(sm2_info, True)
    image = picture.png(holder.written or holder.name, kind, holder.code)
    width, height = picture.millimetres(kind)
    seal_id = _free_number(holder.division)
    seal = Seal.objects.create(
        unit_path=holder.unit_path,
        org_path=holder.org_path,
        subject_id=holder.subject_id,
        kind=kind,
        name=title,
        seal_id=seal_id,
        key_id=key_id,
        sm2_key_id=sm2_key_id,
        certificate=leaf(info, False),
        sm2_certificate=sm2_certificate,
        gm_seal=gbt38540.make_seal(
            seal_id=seal_id,
            name=title,
            certificates=[sm2_certificate],
            made=moment,
            valid_from=moment,
            valid_to=last,
            picture=image,
            width=width,
            height=height,
            maker_certificate=bytes(root.sm2_certificate),
            maker_key_id=root.sm2_key_id,
        ),
        picture=image,
        valid_from=moment,
        valid_to=last,
        state=state,
        replaces=replaces,
        is_demo=is_demo,
    )
    append(
        events.SEAL_MADE,
        seal,
        actor,
        data={
            "seal": seal_id,
            "kind": str(kind),
            "state": state.value,
            "replaces": replaces.seal_id if replaces else None,
        },
        org_path=seal.org_path,
    )
    return seal


def create_seal(unit: Unit, actor: Actor, name: str = "", kind: str = SealKind.OFFICIAL) -> Seal:
    """Make the seal of a unit; refuses a second one of the kind while the first is in use."""
    return issue(of_unit(unit, name), kind, actor)


@transaction.atomic
def move(seal: Seal, code: str, actor: Actor, reason: str = "") -> Seal:
    """One step in the life of a seal (`moves.MOVES`), as an event. Refuses a step that does not begin at its state."""
    step = MOVES[code]
    row = Seal.objects.select_for_update(of=("self",), no_key=True).get(pk=seal.pk)
    if row.state not in step.sources:
        if row.state == SealState.REVOKED:
            raise Refused(_("印章已注销，不能再启用。"), code="state")
        raise Refused(
            _("印章现为“%(state)s”，不能%(move)s。") % {"state": row.get_state_display(), "move": step.title},
            code="state",
        )
    if step.reason_required and not reason.strip():
        raise Refused(_("请写明理由。"), field="reason")
    before, row.state = row.state, step.target.value
    row.save(update_fields=["state"])
    append(
        events.SEAL_MOVED,
        row,
        actor,
        data={"before": before, "after": row.state, "move": code},
        reason=reason.strip(),
        org_path=row.org_path,
    )
    return row


def set_seal_state(seal: Seal, state: SealState, actor: Actor, reason: str) -> Seal:
    """Move a seal by the step that leads to a state."""
    steps = [step for step in MOVES.values() if step.target == state]
    found = next((step for step in steps if seal.state in step.sources), steps[0])
    return move(seal, found.code, actor, reason)


def state_at(seal: Seal, moment: datetime.datetime) -> str:
    """The state in which a seal stood at a moment, as the ledger tells it."""
    story = list(
        timeline_of(seal)
        .filter(name__in=[events.SEAL_MADE.name, events.SEAL_MOVED.name])
        .order_by("id")
        .values_list("at", "data")
    )
    state = story[0][1].get("state") or seal.state if story else seal.state
    moved = [(at, data) for at, data in story if "after" in data]
    if moved:
        state = moved[0][1]["before"]
    for at, data in moved:
        if at <= moment:
            state = data["after"]
    return str(state)


_IN_USE = Composed(
    lambda hole: Seal.objects.filter(
        unit_path__among=hole("paths", ArrayField(CharField())),
        kind=hole("kind", CharField()),
        state=SealState.ACTIVE,
    )
)


def seal_of(path: str, kind: str = SealKind.OFFICIAL) -> Seal:
    """The seal in use of the nearest unit upward from a path. Refuses when there is none or its time is over."""
    parts = path.strip("/").split("/")
    paths = ["/".join(parts[:count]) + "/" for count in range(len(parts), 0, -1)]
    found = {seal.unit_path: seal for seal in _IN_USE.all(paths=paths, kind=str(kind))}
    for one in paths:
        if one in found:
            if not found[one].valid_from <= now() <= found[one].valid_to:
                raise Refused(
                    _("%(name)s 的电子印章不在有效期内。") % {"name": found[one].name}, code="state"
                )
            return found[one]
    raise Refused(_("没有可用的电子印章，请先为机构制作印章。"), code="state")


@functools.lru_cache(maxsize=256)
def signers(pk: int, key_id: str) -> tuple[Signer, gbt38540.GmSigner]:
    """Both signing parts of a seal, encoded once a process."""
    seal = Seal.objects.get(pk=pk)
    root = issuer_of(bytes(seal.certificate)) or authority()
    chain = [link.encoded for link in chain_of(root)]
    return (
        Signer.of(key_id, seal.name, bytes(seal.certificate), chain),
        gbt38540.GmSigner(seal.sm2_key_id, bytes(seal.gm_seal), bytes(seal.sm2_certificate)),
    )
