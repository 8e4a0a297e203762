"""A business authorises somebody, who confirms it; either may end it at once (Licence 29, LicProc 12)."""

import datetime
import uuid as uuids
from collections.abc import Iterable

from django.db import transaction
from django.utils.translation import gettext as _

from qipan.kernel.accounts import limits
from qipan.kernel.accounts.models import User, UserKind
from qipan.kernel.accounts.queries import user_by_login
from qipan.kernel.items import queries as items
from qipan.kernel.ledger.actions import append
from qipan.kernel.ledger.actor import Actor
from qipan.kernel.ledger.clock import now, today
from qipan.kernel.ledger.errors import Refused
from qipan.kernel.ledger.registry import EventType
from qipan.kernel.orgs.reader import Reader
from qipan.kernel.subjects import events, mandates
from qipan.kernel.subjects.actions.locking import lock
from qipan.kernel.subjects.models import Act, EndCause, Mandate, MandateState, Subject

MOST_DAYS = 366
MOST_ITEMS = 50
#: Looking people up by their phone: so many an hour.
LOOKING_UP = limits.Rate(20, 3600)


def authorise(
    subject: Subject,
    reader: Reader,
    *,
    login: str,
    acts: Iterable[str],
    items_named: Iterable[str] = (),
    valid_to: datetime.date | None,
    valid_from: datetime.date | None = None,
    uuid: uuids.UUID | None = None,
) -> Mandate:
    """Offer a person (by sign-in name, phone or mail) to act for a business; it holds once that person has confirmed.

    Only its legal representative may: an agent authorises nobody. Who may submit may fill in as well. Refuses staff,
    people without an account, unknown items, no act, and an end that is over or more than a year away. The same
    `uuid` gives the same mandate.
    """
    if (known := _known(uuid, subject, reader)) is not None:
        return known
    if not mandates.is_legal_representative(reader.user_id, subject.pk):
        raise Refused(_("只有法定代表人（负责人）可以委托他人代办。"), code="forbidden")
    start = valid_from or today()
    wanted, named, end = _checked(acts, items_named, start, valid_to)
    if not limits.take(f"mandate:{reader.user_id}", LOOKING_UP):
        raise Refused(_("操作太频繁，请一小时后再试。"), code="state")
    return _offer(subject, reader, _agent(login, reader, subject), wanted, named, (start, end), uuid)


def _known(uuid: uuids.UUID | None, subject: Subject, reader: Reader) -> Mandate | None:
    known: Mandate | None = Mandate.objects.filter(uuid=uuid).first() if uuid else None
    if known is not None and (known.subject_id, known.granted_by_id) != (subject.pk, reader.user_id):
        raise Refused(_("同一提交编号已用于另一份委托，请刷新页面后重新提交。"), code="conflict")
    return known


def _checked(
    acts: Iterable[str],
    items_named: Iterable[str],
    start: datetime.date,
    end: datetime.date | None,
) -> tuple[list[str], list[str], datetime.date]:
    wanted = set(acts)
    if not wanted:
        raise Refused(_("请至少选择一项委托权限。"), field="acts")
    if strange := wanted - set(Act.values):
        raise Refused(_("没有这种委托权限：%(act)s") % {"act": sorted(strange)[0]}, field="acts")
    if Act.SUBMIT in wanted:
        wanted.add(Act.FILL)
    named = list(dict.fromkeys(code.strip() for code in items_named if code.strip()))
    if len(named) > MOST_ITEMS:
        raise Refused(_("一份委托最多指定 %(most)d 个事项。") % {"most": MOST_ITEMS}, field="items")
    if unknown := [code for code in named if items.item(code) is None]:
        raise Refused(_("没有编码为 %(code)s 的事项。") % {"code": unknown[0][:40]}, field="items")
    if end is None:
        raise Refused(_("请填写委托的最后一天。"), field="valid_to")
    if start < today():
        raise Refused(_("委托不能从过去开始。"), field="valid_from")
    if start > today() + datetime.timedelta(days=MOST_DAYS):
        raise Refused(_("委托须在一年之内开始。"), field="valid_from")
    if not start <= end <= start + datetime.timedelta(days=MOST_DAYS):
        raise Refused(_("委托的最后一天须在开始以后、一年之内。"), field="valid_to")
    return sorted(wanted), named, end


def _agent(login: str, reader: Reader, subject: Subject) -> User:
    user = user_by_login(login) if login.strip() else None
    if user is None or user.kind == UserKind.STAFF:
        raise Refused(
            _("没有这个账户。请先让代理人注册，再填写其用户名、手机号码或者电子邮箱。"), field="login"
        )
    if user.pk == reader.user_id:
        raise Refused(_("您本人就是代表人，不用委托自己。"), field="login")
    if mandates.legal_representatives(user.pk, today(), subject.pk).exists():
        raise Refused(_("这个人本来就是该主体的法定代表人，不用委托。"), field="login")
    return user


@transaction.atomic
def _offer(
    subject: Subject,
    reader: Reader,
    agent: User,
    acts: list[str],
    named: list[str],
    days: tuple[datetime.date, datetime.date],
    uuid: uuids.UUID | None,
) -> Mandate:
    lock(subject)
    if (known := _known(uuid, subject, reader)) is not None:
        return known  # the same form, sent twice at once
    row = Mandate.objects.create(
        uuid=uuid or uuids.uuid4(),
        subject=subject,
        agent=agent,
        granted_by=User.objects.get(pk=reader.user_id or 0),
        acts=acts,
        items=named,
        valid_from=days[0],
        valid_to=days[1],
        granted_at=now(),
    )
    span = {"valid_from": row.valid_from.isoformat(), "valid_to": row.valid_to.isoformat()}
    append(
        events.MANDATE_OFFERED,
        row,
        reader.actor(),
        data={"agent": agent.pk, "acts": acts, "items": named, **span},
    )
    return row


def _lock(mandate: Mandate) -> Mandate:
    rows = Mandate.objects.select_for_update(of=("self",), no_key=True).select_related("subject")
    return rows.get(pk=mandate.pk)


@transaction.atomic
def answer_mandate(mandate: Mandate, reader: Reader, *, accepts: bool) -> Mandate:
    """The agent takes the mandate on or declines it; the same answer again changes nothing."""
    row = _lock(mandate)
    if row.agent_id != reader.user_id:
        raise Refused(_("只有被委托的人可以确认。"), code="forbidden")
    wanted = MandateState.HELD if accepts else MandateState.DECLINED
    if row.state == wanted:
        return row
    if row.state != MandateState.OFFERED:
        raise Refused(
            _("这份委托现为“%(state)s”，不能再确认。") % {"state": row.get_state_display()}, code="state"
        )
    if accepts and row.valid_to < today():
        raise Refused(_("这份委托已经到期，请委托人重新委托。"), code="state")
    if accepts and not mandates.is_legal_representative(row.granted_by_id, row.subject_id):
        raise Refused(_("授权人已不是该主体的法定代表人，这份委托不能生效。"), code="state")
    row.state, row.confirmed_at = wanted, now()
    row.save(update_fields=["state", "confirmed_at"])
    event: EventType = events.MANDATE_CONFIRMED if accepts else events.MANDATE_DECLINED
    append(event, row, reader.actor(), data={"agent": row.agent_id})
    return row


@transaction.atomic
def end_mandate(mandate: Mandate, reader: Reader, *, reason: str = "") -> Mandate:
    """End a mandate at once: a legal representative of the business withdraws it, the agent renounces it."""
    row = _lock(mandate)
    if mandates.is_legal_representative(reader.user_id, row.subject_id):
        cause = EndCause.WITHDRAWN
    elif row.agent_id == reader.user_id:
        cause = EndCause.RENOUNCED
    else:
        raise Refused(_("只有法定代表人或者代理人本人可以终止委托。"), code="forbidden")
    return _end(row, cause, reader.actor(), reason)


def end_mandates_of(user_id: int, subject: Subject, actor: Actor) -> int:
    """End what a legal representative authorised who is one no more; within the act that ends the representation."""
    rows = Mandate.objects.select_for_update(of=("self",), no_key=True).select_related("subject")
    found = list(
        rows.filter(
            granted_by_id=user_id, subject=subject, state__in=[MandateState.OFFERED, MandateState.HELD]
        ).order_by("pk")
    )
    for row in found:
        _end(row, EndCause.REPRESENTATIVE, actor, "")
    return len(found)


def _end(row: Mandate, cause: EndCause, actor: Actor, reason: str) -> Mandate:
    if row.state in {MandateState.ENDED, MandateState.DECLINED}:
        return row
    row.state, row.ended_at, row.cause, row.reason = MandateState.ENDED, now(), cause, reason.strip()[:200]
    row.save(update_fields=["state", "ended_at", "cause", "reason"])
    append(
        events.MANDATE_ENDED,
        row,
        actor,
        data={"agent": row.agent_id, "cause": str(cause)},
        reason=reason.strip(),
    )
    return row
