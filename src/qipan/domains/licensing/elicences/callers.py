"""Who may call e-licences: systems are registered by the system administrator, their rights by the bureau's leader."""

from collections.abc import Iterable

from django.db import transaction
from django.utils.translation import gettext as _

from qipan.domains.licensing.elicences import events
from qipan.domains.licensing.elicences.models import CallingSystem, CallRight
from qipan.kernel.accounts.models import UserKind
from qipan.kernel.accounts.queries import user_by_login
from qipan.kernel.items import queries as items
from qipan.kernel.law import library
from qipan.kernel.law.citations import Citation
from qipan.kernel.ledger.actions import append
from qipan.kernel.ledger.clock import now
from qipan.kernel.ledger.errors import Refused
from qipan.kernel.orgs.reader import Reader
from qipan.kernel.orgs.roles import Role

MOST_A_MINUTE = 6000


def may_register(reader: Reader) -> bool:
    """Whether the reader registers and switches systems."""
    return reader.kind == "staff" and reader.over_all(Role.SYSTEM_ADMIN)


def may_entitle(reader: Reader) -> bool:
    """Whether the reader says what systems may call."""
    return reader.kind == "staff" and reader.over_all(Role.BUREAU_LEADER)


@transaction.atomic
def register(reader: Reader, *, login: str, name: str, a_minute: int = 60) -> CallingSystem:
    """Register the system that calls with the tokens of an account. It may call nothing until it is entitled to.

    Refuses staff's accounts, an account or a name that is registered, and a limit out of range.
    """
    if not may_register(reader):
        raise Refused(_("只有市局的系统管理员可以登记证照调用方。"), code="forbidden")
    if not name.strip():
        raise Refused(_("请填写单位和系统的名称。"), field="name")
    if not 1 <= a_minute <= MOST_A_MINUTE:
        raise Refused(_("每分钟次数应在 1 到 %(most)d 之间。") % {"most": MOST_A_MINUTE}, field="a_minute")
    user = user_by_login(login)
    if user is None or user.kind == UserKind.STAFF:
        raise Refused(_("没有这个账户，或者它是工作人员的账户。请为调用方单独建立账户。"), field="login")
    if CallingSystem.objects.filter(user=user).exists():
        raise Refused(_("这个账户已经登记为调用方。"), code="conflict", field="login")
    if CallingSystem.objects.filter(name=name.strip()).exists():
        raise Refused(_("已经有这个名称的调用方。"), code="conflict", field="name")
    row = CallingSystem.objects.create(
        user=user,
        name=name.strip()[:120],
        a_minute=a_minute,
        registered_by=reader.user_id or 0,
        registered_at=now(),
    )
    append(
        events.SYSTEM_REGISTERED,
        row,
        reader.actor(Role.SYSTEM_ADMIN),
        data={"system": row.name, "user": user.pk},
    )
    return row


@transaction.atomic
def switch(system: CallingSystem, reader: Reader, *, active: bool, reason: str) -> CallingSystem:
    """Let a system call no more, or again."""
    if not may_register(reader):
        raise Refused(_("只有市局的系统管理员可以启用、停用证照调用方。"), code="forbidden")
    if not reason.strip():
        raise Refused(_("请写明理由。"), field="reason")
    row = CallingSystem.objects.select_for_update(of=("self",)).get(pk=system.pk)
    if row.active != active:
        row.active = active
        row.save(update_fields=["active"])
        append(
            events.SYSTEM_SWITCHED,
            row,
            reader.actor(Role.SYSTEM_ADMIN),
            data={"system": row.name, "active": active},
            reason=reason.strip(),
        )
    return row


@transaction.atomic
def entitle(
    system: CallingSystem,
    reader: Reader,
    *,
    item_code: str,
    item_name: str,
    purpose: str,
    kinds: Iterable[str],
    law: str = "",
) -> CallRight:
    """Let a system call some kinds for an item and a purpose: by the holder's leave, or by an article of law.

    Refuses a second right for the item, unknown kinds, and a citation that cannot be read or has no such article.
    """
    if not may_entitle(reader):
        raise Refused(_("只有市局领导可以登记调用事项。"), code="forbidden")
    for field, text in (("item_code", item_code), ("item_name", item_name), ("purpose", purpose)):
        if not text.strip():
            raise Refused(_("请填写事项编码、事项名称和用途。"), field=field)
    wanted = list(dict.fromkeys(kinds))
    if not wanted or set(wanted) - items.licence_codes():
        raise Refused(_("请选择可以调用的证照种类。"), field="kinds")
    _must_be_law(law.strip())
    CallingSystem.objects.select_for_update(of=("self",)).get(pk=system.pk)
    if system.rights.filter(item_code=item_code.strip(), ended_at__isnull=True).exists():
        raise Refused(_("这个事项已经登记，要改的请先停止再登记。"), code="conflict", field="item_code")
    row = CallRight.objects.create(
        system=system,
        item_code=item_code.strip()[:40],
        item_name=item_name.strip()[:100],
        purpose=purpose.strip()[:200],
        kinds=wanted,
        law=law.strip(),
        given_at=now(),
    )
    append(
        events.RIGHT_GIVEN,
        row,
        reader.actor(Role.BUREAU_LEADER),
        data={"system": system.name, "item": row.item_code, "kinds": wanted, "law": row.law},
    )
    return row


def _must_be_law(text: str) -> None:
    if not text:
        return
    try:
        citation = Citation.parse(text)
    except ValueError as error:
        raise Refused(str(error), field="law") from None
    if library.law_of(citation) is None:
        raise Refused(_("法规库中没有这部法规，不能作为依法调用的依据。"), field="law")
    if wrong := library.check(citation):
        raise Refused(wrong, field="law")


@transaction.atomic
def end(right: CallRight, reader: Reader, reason: str) -> CallRight:
    """End a right at once, and with it what was consented for it."""
    if not may_entitle(reader):
        raise Refused(_("只有市局领导可以停止调用事项。"), code="forbidden")
    if not reason.strip():
        raise Refused(_("请写明理由。"), field="reason")
    row = CallRight.objects.select_for_update(of=("self",)).select_related("system").get(pk=right.pk)
    if row.ended_at is None:
        row.ended_at = now()
        row.save(update_fields=["ended_at"])
        append(
            events.RIGHT_ENDED,
            row,
            reader.actor(Role.BUREAU_LEADER),
            data={"system": row.system.name, "item": row.item_code},
            reason=reason.strip(),
        )
    return row
