"""Seals: made for units, found for use, every use an event."""

import datetime
import functools
import secrets

from asn1crypto import x509
from django.conf import settings
from django.db import transaction
from django.utils.translation import gettext as _

from qipan.kernel.documents import events, picture
from qipan.kernel.documents.models import Authority, Seal, SealState
from qipan.kernel.documents.sealing import certificates, gbt38540, keys
from qipan.kernel.documents.sealing.pades import Signer
from qipan.kernel.ledger.actions import append
from qipan.kernel.ledger.actor import Actor
from qipan.kernel.ledger.clock import now
from qipan.kernel.ledger.errors import Refused
from qipan.kernel.orgs.models import Level, Unit

YEARS = datetime.timedelta(days=3652)


@transaction.atomic
def authority() -> Authority:
    """The city's root; made at first use."""
    known = Authority.objects.first()
    if known:
        return known
    store = keys.store()
    tag = secrets.token_hex(4)
    key_id, sm2_key_id = f"root-{tag}", f"root-sm2-{tag}"
    info = store.create_ecdsa(key_id)
    sm2_info = certificates.sm2_key_info(store.create_sm2(sm2_key_id))
    city = Unit.objects.filter(level=Level.CITY).order_by("path").first()
    organisation = city.name if city else "棋盘"
    title = f"{organisation}电子印章根证书" + ("（示范）" if settings.QIPAN_DEMO else "")
    who = certificates.name(title, organisation)
    moment = now() - datetime.timedelta(days=1)

    def root(key_info: bytes, signing_key: str, gm: bool) -> bytes:
        return certificates.make(
            subject=who,
            issuer=who,
            key_info=key_info,
            issuer_key_info=key_info,
            issuer_key_id=signing_key,
            valid_from=moment,
            valid_to=moment + 2 * YEARS,
            gm=gm,
            authority=True,
        )

    return Authority.objects.create(
        name=title,
        key_id=key_id,
        sm2_key_id=sm2_key_id,
        certificate=root(info, key_id, False),
        sm2_certificate=root(sm2_info, sm2_key_id, True),
    )


@transaction.atomic
def create_seal(unit: Unit, actor: Actor, name: str = "") -> Seal:
    """Make the seal of a unit; refuses a second one while the first is in use."""
    if Seal.objects.filter(unit_path=unit.path, state=SealState.ACTIVE).exists():
        raise Refused(_("%(unit)s 已有在用的电子印章。") % {"unit": unit.name}, code="conflict")
    root = authority()
    store = keys.store()
    title = name or unit.name
    tag = f"{unit.code.lower()}-{secrets.token_hex(4)}"
    key_id, sm2_key_id = f"seal-{tag}", f"seal-sm2-{tag}"
    moment = now() - datetime.timedelta(minutes=5)
    who = certificates.name(title, title)
    above = x509.Certificate.load(bytes(root.certificate)).subject.dump()
    info, point = store.create_ecdsa(key_id), store.create_sm2(sm2_key_id)
    sm2_info = certificates.sm2_key_info(point)

    def leaf(key_info: bytes, gm: bool) -> bytes:
        parent = bytes(root.sm2_certificate if gm else root.certificate)
        return certificates.make(
            subject=who,
            issuer=above,
            key_info=key_info,
            issuer_key_info=x509.Certificate.load(parent)["tbs_certificate"][
                "subject_public_key_info"
            ].dump(),
            issuer_key_id=root.sm2_key_id if gm else root.key_id,
            valid_from=moment,
            valid_to=moment + YEARS,
            gm=gm,
        )

    sm2_certificate = leaf(sm2_info, True)
    image = picture.png(title)
    seal_id = f"{unit.division_code or '440300'}{secrets.randbelow(10**10):010d}"
    seal = Seal.objects.create(
        unit_path=unit.path,
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
            valid_to=moment + YEARS,
            picture=image,
            width=42,
            height=42,
            maker_certificate=bytes(root.sm2_certificate),
            maker_key_id=root.sm2_key_id,
        ),
        picture=image,
        valid_from=moment,
        valid_to=moment + YEARS,
    )
    append(events.SEAL_MADE, seal, actor, data={"seal": seal_id}, org_path=unit.path)
    return seal


@transaction.atomic
def set_seal_state(seal: Seal, state: SealState, actor: Actor, reason: str) -> Seal:
    """Suspend, revoke or take a seal into use again; a revoked one stays revoked."""
    row = Seal.objects.select_for_update().get(pk=seal.pk)
    if row.state == SealState.REVOKED:
        raise Refused(_("印章已注销，不能再启用。"), code="state")
    if not reason.strip():
        raise Refused(_("请写明理由。"), field="reason")
    before, row.state = row.state, state
    row.save(update_fields=["state"])
    append(
        events.SEAL_MOVED,
        row,
        actor,
        data={"before": before, "after": state.value},
        reason=reason,
        org_path=row.unit_path,
    )
    return row


def seal_of(path: str) -> Seal:
    """The seal in use of the nearest unit upward from a path. Refuses when there is none or its time is over."""
    parts = path.strip("/").split("/")
    paths = ["/".join(parts[:count]) + "/" for count in range(len(parts), 0, -1)]
    found = {
        seal.unit_path: seal for seal in Seal.objects.filter(unit_path__in=paths, state=SealState.ACTIVE)
    }
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
    chain = [bytes(authority().certificate)]
    return (
        Signer.of(key_id, seal.name, bytes(seal.certificate), chain),
        gbt38540.GmSigner(seal.sm2_key_id, bytes(seal.gm_seal), bytes(seal.sm2_certificate)),
    )
