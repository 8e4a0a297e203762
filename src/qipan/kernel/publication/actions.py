"""Every write of publication: oblige, publish, correct, annul, withdraw, expire."""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import Any

from django.db import models, transaction
from django.utils.translation import gettext as _

from qipan.conf import wall
from qipan.conf.composed import Composed
from qipan.kernel.flow import actions as flow
from qipan.kernel.flow import permissions
from qipan.kernel.flow.models import ACTIVE, WorkOrder
from qipan.kernel.law import terms
from qipan.kernel.law.dated import in_force
from qipan.kernel.law.library import grams
from qipan.kernel.ledger.actions import append
from qipan.kernel.ledger.actor import Actor
from qipan.kernel.ledger.clock import now, today
from qipan.kernel.ledger.errors import Refused
from qipan.kernel.orgs.roles import Role
from qipan.kernel.publication import events, masking
from qipan.kernel.publication.models import Mode, Publication, PublicationKind, PublicationState, Until

ORDER_KIND = "publication.publish"


def kind_on(code: str, day: datetime.date) -> PublicationKind:
    """The kind as it stood on a day; raises LookupError for one that no catalogue holds."""
    found = in_force(PublicationKind, code, day)
    if found is None:
        raise LookupError(f"no kind of publication {code!r} on {day}")
    return found


LIVING = (PublicationState.DUE, PublicationState.PUBLISHED)
_LIVING = Composed(
    lambda hole: (
        Publication.objects.filter(
            record_kind=hole("kind", models.CharField()),
            record_id=hole("record", models.BigIntegerField()),
            state__in=LIVING,
            kind__code=hole("code", models.CharField()),
        )
        .order_by("pk")
        .select_for_update()
    )
)


@transaction.atomic
@wall.lifted()
def oblige(
    kind_code: str,
    record: models.Model,
    *,
    formed_on: datetime.date,
    subject_id: int | None,
    org_path: str,
    content: Mapping[str, Any],
    actor: Actor,
    title: str = "",
    premises_id: int | None = None,
    party: masking.Party = "organisation",
    is_demo: bool = False,
) -> Publication:
    """Form the obligation to publish a record, in the transaction of the act that forms it; idempotent by record.

    `content` holds the kind's fields; it is masked here and only so kept (`party`: whose data it is). A kind that goes
    out at once is published in the same transaction; others get a work order for the publisher of the unit.
    Raises ValueError for fields that the kind does not declare, LookupError for an unknown kind.
    """
    kind = kind_on(kind_code, formed_on)
    known: Publication | None = _LIVING.first(kind=record._meta.label_lower, record=record.pk, code=kind_code)
    if known is not None:
        return known
    shown = masking.masked(kind.fields, content, party)
    made = Publication(
        kind=kind,
        record_kind=record._meta.label_lower,
        record_id=record.pk,
        subject_id=subject_id,
        premises_id=premises_id,
        org_path=org_path,
        title=masking.text(title or f"{kind.title} {getattr(record, 'number', '') or ''}".strip())[:200],
        content=shown,
        formed_on=formed_on,
        due_on=_last_day(kind.due_rule, formed_on),
        is_demo=is_demo,
    )
    if kind.mode == Mode.AT_ONCE:
        _show(made)
    made.save(force_insert=True)
    append(events.OBLIGED, made, actor, data={"kind": kind.code, "due_on": made.due_on.isoformat()})
    if kind.mode == Mode.AT_ONCE:
        return _tell_shown(made, actor)
    _ask_publisher(made, str(_("审核公示：%(title)s")) % {"title": made.title}, made.due_on, actor)
    return made


@transaction.atomic
@wall.lifted()
def publish(publication: Publication, *, actor: Actor) -> Publication:
    """Put an obligation out; again changes nothing. By a publisher of the unit, or by the system."""
    locked = _lock(publication)
    if locked.state == PublicationState.PUBLISHED:
        return locked
    _refuse_unless(locked, PublicationState.DUE)
    _refuse_stranger(locked, actor)
    return _put_out(locked, actor)


@transaction.atomic
@wall.lifted()
def correct(
    publication: Publication,
    content: Mapping[str, Any],
    *,
    reason: str,
    actor: Actor,
    party: masking.Party = "organisation",
) -> Publication:
    """Put right what is shown (更正, PenPub 12); it stays out as long as it would have."""
    if not reason.strip():
        raise Refused(_("请说明更正理由。"), field="reason")
    locked = _lock(publication)
    _refuse_unless(locked, PublicationState.DUE, PublicationState.PUBLISHED)
    _refuse_stranger(locked, actor)
    locked.content = masking.masked(locked.kind.fields, content, party)
    locked.grams = _grams(locked) if locked.state == PublicationState.PUBLISHED else []
    locked.save(update_fields=["content", "grams"])
    append(events.CORRECTED, locked, actor, data={"kind": locked.kind.code}, reason=reason)
    return locked


@transaction.atomic
@wall.lifted()
def annul(
    record: models.Model, *, formed_on: datetime.date, reason: str, actor: Actor, kind_code: str = ""
) -> list[Publication]:
    """Tell that what a record's publications rest on was changed or annulled (PenPub 11); gives those touched.

    What was not out yet, and what had gone out without review, is withdrawn at once; for the rest the publisher gets
    a work order with the legal limit.
    """
    rows = _living(record).select_for_update(of=("self",)).select_related("kind")
    if kind_code:
        rows = rows.filter(kind__code=kind_code)
    touched = []
    for row in rows.order_by("pk"):
        limit = row.withdraw_by = _last_day(row.kind.withdraw_rule, formed_on)
        row.save(update_fields=["withdraw_by"])
        data = {"kind": row.kind.code, "withdraw_by": limit.isoformat()}
        append(events.ANNULLED, row, actor, data=data, reason=reason)
        if row.state == PublicationState.DUE or row.kind.mode == Mode.AT_ONCE:
            _take_back(row, reason, Actor.system(row.org_path))
        else:
            _ask_publisher(row, str(_("撤回公示：%(title)s")) % {"title": row.title}, limit, actor, reason)
        touched.append(row)
    return touched


@transaction.atomic
@wall.lifted()
def withdraw(publication: Publication, *, reason: str, actor: Actor) -> Publication:
    """Take a publication back, with the reason that the law asks for (PenPub 11); again changes nothing."""
    if not reason.strip():
        raise Refused(_("请说明撤回理由。"), field="reason")
    locked = _lock(publication)
    if locked.state == PublicationState.WITHDRAWN:
        return locked
    _refuse_unless(locked, PublicationState.DUE, PublicationState.PUBLISHED)
    _refuse_stranger(locked, actor)
    return _take_back(locked, reason, actor)


@transaction.atomic
@wall.lifted()
def expire(publication: Publication, *, actor: Actor) -> Publication:
    """End a publication whose time is over; one whose time is not over is left as it is."""
    locked = _lock(publication)
    over = locked.until_on is not None and locked.until_on < today()
    if locked.state == PublicationState.PUBLISHED and over:
        _end(locked, PublicationState.EXPIRED, "")
        append(events.EXPIRED, locked, actor, data={"kind": locked.kind.code})
    return locked


@transaction.atomic
@wall.lifted()
def remind(publication: Publication, *, actor: Actor) -> Publication:
    """Make sure that an obligation past its limit lies in the publisher's inbox."""
    locked = _lock(publication)
    if locked.state == PublicationState.DUE and locked.due_on < today():
        _ask_publisher(
            locked, str(_("逾期未公示：%(title)s")) % {"title": locked.title}, locked.due_on, actor
        )
    return locked


def _last_day(rule: str, start: datetime.date) -> datetime.date:
    return terms.due(rule, start).due_on or start


def _living(record: models.Model) -> models.QuerySet[Publication]:
    return Publication.objects.filter(
        record_kind=record._meta.label_lower,
        record_id=record.pk,
        state__in=LIVING,
    )


def _lock(publication: Publication) -> Publication:
    return (
        Publication.objects.select_for_update(of=("self",))
        .select_related("kind", "order")
        .get(pk=publication.pk)
    )


def _refuse_unless(row: Publication, *states: PublicationState) -> None:
    if row.state not in states:
        raise Refused(
            _("该公示当前为“%(state)s”，不能进行该操作。") % {"state": row.get_state_display()}, code="state"
        )


def _refuse_stranger(row: Publication, actor: Actor) -> None:
    if permissions.is_automatic(actor):
        return
    if not permissions.covers(permissions.powers_of_user(actor.user_id), Role.PUBLISHER, row.org_path):
        raise Refused(_("公示由公示管理员办理。"), code="forbidden")


def _put_out(row: Publication, actor: Actor) -> Publication:
    _show(row)
    row.save(update_fields=["state", "published_at", "until_on", "grams"])
    return _tell_shown(row, actor)


def _show(row: Publication) -> None:
    kind, day = row.kind, today()
    row.state, row.published_at = PublicationState.PUBLISHED, now()
    row.until_on = terms.due(kind.until_rule, day).due_on if kind.until == Until.TERM else None
    row.grams = _grams(row)


def _tell_shown(row: Publication, actor: Actor) -> Publication:
    kind = row.kind
    if kind.until == Until.NEXT:
        _supersede(row, actor)
    until = row.until_on.isoformat() if row.until_on else None
    append(events.PUBLISHED, row, actor, data={"kind": kind.code, "until_on": until})
    _finish_order(row, actor)
    return row


def _grams(row: Publication) -> list[str]:
    return grams(" ".join([row.title, *_words(row.content)]))


def _words(value: Any) -> list[str]:
    if isinstance(value, str):
        return [value]
    if isinstance(value, Mapping):
        return [word for each in value.values() for word in _words(each)]
    if isinstance(value, list):
        return [word for each in value for word in _words(each)]
    return []


def _supersede(row: Publication, actor: Actor) -> None:
    """The one before it of the same subject and place goes when the next is out."""
    if row.subject_id is None:
        return
    before = (
        Publication.objects.select_for_update(of=("self",))
        .select_related("kind", "order")
        .filter(
            kind__code=row.kind.code,
            subject=row.subject,
            premises=row.premises,
            state=PublicationState.PUBLISHED,
        )
        .exclude(pk=row.pk)
    )
    for each in before.order_by("pk"):
        _end(each, PublicationState.EXPIRED, "")
        append(events.EXPIRED, each, Actor.system(each.org_path), data={"kind": each.kind.code})


def _take_back(row: Publication, reason: str, actor: Actor) -> Publication:
    _end(row, PublicationState.WITHDRAWN, reason)
    append(events.WITHDRAWN, row, actor, data={"kind": row.kind.code}, reason=reason)
    _finish_order(row, actor)
    return row


def _end(row: Publication, state: PublicationState, reason: str) -> None:
    row.state, row.ended_at, row.reason, row.grams = state, now(), reason.strip()[:500], []
    row.save(update_fields=["state", "ended_at", "reason", "grams"])


def _ask_publisher(row: Publication, title: str, due_on: datetime.date, actor: Actor, why: str = "") -> None:
    if row.order_id and WorkOrder.objects.filter(pk=row.order_id, state__in=ACTIVE).exists():
        return
    system = Actor.system(row.org_path)
    row.order = flow.create_order(
        ORDER_KIND,
        title,
        Role.PUBLISHER,
        row.org_path,
        actor=system,
        record=row,
        subject_id=row.subject_id,
        due_on=max(due_on, today()),
        requirement=why,
        source=f"publication.{row.kind.code}",
    )
    row.save(update_fields=["order"])


def _finish_order(row: Publication, actor: Actor) -> None:
    if row.order_id is None:
        return
    flow.complete(WorkOrder.objects.get(pk=row.order_id), actor=actor)
