"""Letting others use a seal, and taking that back."""

import datetime
from collections.abc import Iterable

from django.db import transaction
from django.utils.translation import gettext as _

from qipan.domains.seals import events, permissions
from qipan.domains.seals.models import Authorisation, Purpose
from qipan.kernel.accounts.models import UserKind
from qipan.kernel.accounts.queries import user_by_login
from qipan.kernel.documents.models import Seal, SealState
from qipan.kernel.ledger.actions import append
from qipan.kernel.ledger.clock import now, today
from qipan.kernel.ledger.errors import Refused
from qipan.kernel.orgs.reader import Reader
from qipan.kernel.orgs.roles import ADMINISTRATORS, Role


@transaction.atomic
def authorise(
    seal: Seal,
    reader: Reader,
    *,
    login: str = "",
    role: str = "",
    purposes: Iterable[str] = (),
    until: datetime.date | None = None,
) -> Authorisation:
    """Let a person (by sign-in name, phone or mail) use a business's seal, or a role of its unit an agency's.

    Who has it already gets the new purposes and end. Refuses strangers to the seal, people without an account, a day that
    is over.
    """
    row = Seal.objects.select_for_update(of=("self",), no_key=True).get(pk=seal.pk)
    if not permissions.may_manage(reader, row):
        raise Refused(_("只有法定代表人或者单位负责人可以授权用印。"), code="forbidden")
    if row.state in {SealState.REVOKED, SealState.REPLACED, SealState.LOST}:
        raise Refused(
            _("印章现为“%(state)s”，不能再授权。") % {"state": row.get_state_display()}, code="state"
        )
    if until is not None and until < today():
        raise Refused(_("授权的最后一天不能早于今天。"), field="until")
    wanted = list(dict.fromkeys(purposes))
    if strange := [one for one in wanted if one not in Purpose.values]:
        raise Refused(_("没有这种用途：%(purpose)s") % {"purpose": strange[0]}, field="purposes")
    user = None
    if row.unit_path:
        if role not in Role.values or role in ADMINISTRATORS:
            raise Refused(_("请选择可以用印的岗位角色。"), field="role")
    else:
        role = ""
        user = user_by_login(login)
        if user is None or user.kind == UserKind.STAFF:
            raise Refused(
                _("没有这个账户。请先让被授权人注册，再填写其用户名、手机号码或者电子邮箱。"), field="login"
            )
        if user.pk == reader.user_id:
            raise Refused(_("您本人可以用印，不用授权。"), field="login")
    values = {"purposes": wanted, "valid_to": until, "granted_by": reader.user_id, "granted_at": now()}
    made, _new = Authorisation.objects.update_or_create(
        seal=row,
        user=user,
        role=role,
        ended_at=None,
        defaults=values,
        create_defaults={**values, "valid_from": today()},
    )
    append(
        events.AUTHORISED,
        row,
        reader.actor(None, row.org_path),
        data={
            "seal": row.seal_id,
            "user": user.pk if user else None,
            "role": role or None,
            "purposes": wanted,
            "valid_to": until.isoformat() if until else None,
        },
        org_path=row.org_path,
    )
    return made


@transaction.atomic
def end_authorisation(authorisation: Authorisation, reader: Reader, reason: str = "") -> Authorisation:
    """Take an authorisation back; once more changes nothing."""
    row = (
        Authorisation.objects.select_for_update(of=("self",)).select_related("seal").get(pk=authorisation.pk)
    )
    if not permissions.may_manage(reader, row.seal):
        raise Refused(_("只有法定代表人或者单位负责人可以收回授权。"), code="forbidden")
    if row.ended_at is None:
        row.ended_at, row.ended_reason = now(), reason.strip()[:200]
        row.save(update_fields=["ended_at", "ended_reason"])
        append(
            events.AUTHORISATION_ENDED,
            row.seal,
            reader.actor(None, row.seal.org_path),
            data={"seal": row.seal.seal_id, "user": row.user_id, "role": row.role or None},
            reason=reason.strip(),
            org_path=row.seal.org_path,
        )
    return row
