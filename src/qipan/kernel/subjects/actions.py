"""Every write of subjects and of the register of grants."""

import datetime
import uuid as uuids
from collections.abc import Iterable, Mapping
from typing import Any

from django.db import IntegrityError, connection, transaction
from django.db.models import BigIntegerField, Q
from django.utils.translation import gettext as _

from qipan.conf.composed import Composed
from qipan.kernel.accounts.models import Person, User
from qipan.kernel.ledger.actions import append
from qipan.kernel.ledger.actor import Actor
from qipan.kernel.ledger.clock import today
from qipan.kernel.ledger.errors import Refused
from qipan.kernel.subjects import codes, events, searching, statuses
from qipan.kernel.subjects.models import (
    Grant,
    GrantState,
    Identifier,
    IdentifierKind,
    Mark,
    MarkKind,
    Premises,
    Representative,
    Status,
    StatusChange,
    Subject,
    SubjectType,
)

CHECKS = {
    IdentifierKind.USCC: codes.is_uscc,
    IdentifierKind.REG_NO: codes.is_reg_no,
}


@transaction.atomic
def register_subject(
    *,
    name: str,
    type: SubjectType | str,
    org_path: str,
    actor: Actor,
    uuid: uuids.UUID | None = None,
    identifiers: Mapping[str, str] | None = None,
    override_reason: str = "",
    legal_rep: Person | None = None,
    domicile: str = "",
    business_scope: str = "",
    industry: str = "",
    established_on: datetime.date | None = None,
    capital: Any = None,
    is_demo: bool = False,
    **facts: Any,
) -> Subject:
    """Enter a market subject with its identifiers; the same `uuid` gives the same subject.

    Refuses an empty name, a code that is another's, and a code whose check sign fails unless a reason is given.
    """
    if uuid and (known := Subject.objects.filter(uuid=uuid).first()):
        return known
    if not name.strip():
        raise Refused(_("请填写主体名称。"), field="name")
    values = {kind: codes.tidy(value) for kind, value in (identifiers or {}).items() if value}
    try:
        with transaction.atomic():
            subject = Subject.objects.create(
                uuid=uuid or uuids.uuid4(),
                name=name.strip(),
                type=SubjectType(type),
                org_path=org_path,
                legal_rep=legal_rep,
                domicile=domicile,
                business_scope=business_scope,
                industry=industry,
                established_on=established_on,
                capital=capital,
                is_demo=is_demo,
                grams=searching.grams(name, values.values(), [domicile]),
                **facts,
            )
            for kind, value in values.items():
                _add_identifier(subject, IdentifierKind(kind), value, override_reason)
    except IntegrityError:  # somebody else registers it, or its code, in this very moment
        if uuid and (known := Subject.objects.filter(uuid=uuid).first()):
            return known
        for kind, value in values.items():
            _refuse_taken(IdentifierKind(kind), value)
        raise
    append(
        events.REGISTERED,
        subject,
        actor,
        data={"type": subject.type, "codes": list(values.values())},
        subject_id=subject.pk,
    )
    return subject


def _add_identifier(subject: Subject, kind: IdentifierKind, value: str, override_reason: str) -> None:
    if kind == IdentifierKind.USCC and not (len(value) == 18 and value.isascii() and value.isalnum()):
        raise Refused(
            _("统一社会信用代码应为 18 位数字或者大写字母，现为“%(value)s”。") % {"value": value},
            field="uscc",
        )
    if kind == IdentifierKind.REG_NO and not (value.isdigit() and 13 <= len(value) <= 15):
        raise Refused(_("注册号应为 15 位数字，现为“%(value)s”。") % {"value": value}, field="reg_no")
    check = CHECKS.get(kind)
    check_ok = check(value) if check else True
    if not check_ok and not override_reason.strip():
        raise Refused(
            _("%(kind)s %(value)s 的校验位不符，请核对；确属原证如此的，请填写仍要登记的理由。")
            % {"kind": kind.label, "value": value},
            field=kind.value.lower(),
        )
    _refuse_taken(kind, value)
    Identifier.objects.create(
        subject=subject,
        kind=kind,
        value=value,
        check_ok=check_ok,
        override_reason="" if check_ok else override_reason,
    )


def _refuse_taken(kind: IdentifierKind, value: str) -> None:
    if Identifier.objects.filter(kind=kind, value=value).exists():
        raise Refused(
            _("%(kind)s %(value)s 已登记在另一主体名下。") % {"kind": kind.label, "value": value},
            code="conflict",
            field=kind.value.lower(),
        )


def _lock(subject: Subject) -> Subject:
    """The subject as it stands; what it is found by is made from several tables, by one transaction at a time."""
    return Subject.objects.select_for_update(of=("self",), no_key=True).get(pk=subject.pk)


def refresh_grams(subject: Subject) -> None:
    """Make what a (locked) subject is found by anew, after names, codes or places changed."""
    subject.grams = searching.grams(
        subject.name,
        [
            *subject.identifiers.values_list("value", flat=True),
            *subject.grants.values_list("number", flat=True),
        ],
        [
            subject.domicile,
            *subject.premises.values_list("address", flat=True),
            *subject.premises.values_list("name", flat=True),
        ],
    )
    subject.save(update_fields=["grams"])


@transaction.atomic
def change_subject(subject: Subject, changes: Mapping[str, Any], actor: Actor, reason: str = "") -> Subject:
    """Change registered facts: name, legal_rep, domicile, business_scope, industry, capital."""
    allowed = {"name", "legal_rep", "domicile", "business_scope", "industry", "capital", "term_to"}
    if unknown := set(changes) - allowed:
        raise ValueError(f"not to be changed here: {unknown}")
    row = _lock(subject)
    changed = [field for field, value in changes.items() if getattr(row, field) != value]
    for field in changed:
        setattr(row, field, changes[field])
    if changed:
        row.version += 1
        row.save()
        refresh_grams(row)
        append(events.FACTS_CHANGED, row, actor, data={"fields": changed}, reason=reason, subject_id=row.pk)
    return row


@transaction.atomic
def change_status(subject: Subject, to: Status | str, actor: Actor, reason: str) -> Subject:
    """Move a subject to another status as the law allows; refuses what does not follow, and says why."""
    row = _lock(subject)
    after = Status(to)
    step = statuses.step(row.status, after)
    if step is None:
        raise Refused(
            _("主体现为“%(before)s”，不能变为“%(after)s”。")
            % {"before": row.get_status_display(), "after": after.label},
            code="state",
        )
    if not reason.strip():
        raise Refused(_("请写明变更状态的理由。"), field="reason")
    if (
        step.listed_barred
        and in_force_marks(row).filter(kind__in=[MarkKind.ABNORMAL_LIST, MarkKind.SERIOUS_LIST]).exists()
    ):
        raise Refused(
            _(
                "主体在经营异常名录或者严重违法失信名单中，不适用简易注销（《市场主体登记管理条例实施细则》第四十八条）。"
            ),
            code="state",
        )
    before, row.status = row.status, after
    row.version += 1
    row.save(update_fields=["status", "version"])
    StatusChange.objects.create(
        subject=row, before=before, after=after, on=today(), reason=reason.strip(), source=step.law
    )
    append(
        events.STATUS_CHANGED,
        row,
        actor,
        data={"before": before, "after": after.value, "source": step.law},
        reason=reason.strip(),
        subject_id=row.pk,
    )
    return row


def in_force_marks(subject: Subject, on: datetime.date | None = None) -> Any:
    """The marks of a subject that are in force on a day."""
    day = on or today()
    return subject.marks.filter(since__lte=day).filter(Q(until__isnull=True) | Q(until__gt=day))


@transaction.atomic
def add_mark(
    subject: Subject,
    kind: MarkKind | str,
    actor: Actor,
    *,
    ground: str,
    source: str = "",
    since: datetime.date | None = None,
) -> Mark:
    """Put a mark on a subject."""
    mark = Mark.objects.create(
        subject=subject, kind=MarkKind(kind), ground=ground, source=source, since=since or today()
    )
    append(events.MARKED, mark, actor, data={"kind": mark.kind}, reason=ground, org_path=subject.org_path)
    return mark


@transaction.atomic
def end_mark(mark: Mark, actor: Actor, reason: str) -> Mark:
    """Take a mark off."""
    mark.until = today()
    mark.save(update_fields=["until"])
    append(
        events.UNMARKED, mark, actor, data={"kind": mark.kind}, reason=reason, org_path=mark.subject.org_path
    )
    return mark


@transaction.atomic
def add_premises(
    subject: Subject,
    *,
    address: str,
    org_path: str,
    actor: Actor,
    name: str = "",
    division_code: str = "",
    street: str = "",
    longitude: Any = None,
    latitude: Any = None,
    area_m2: Any = None,
) -> Premises:
    """Enter a place of business."""
    if not address.strip():
        raise Refused(_("请填写经营场所地址。"), field="address")
    locked = _lock(subject)
    known = Premises.objects.filter(subject=subject, address=address.strip()).first()
    if known:
        return known
    place = Premises.objects.create(
        subject=subject,
        name=name,
        address=address.strip(),
        division_code=division_code,
        street=street,
        org_path=org_path,
        longitude=longitude,
        latitude=latitude,
        area_m2=area_m2,
    )
    refresh_grams(locked)
    append(
        events.PLACE_ADDED,
        subject,
        actor,
        data={"premises": place.pk},
        org_path=org_path,
        subject_id=subject.pk,
    )
    return place


@transaction.atomic
def represent(user: User, subject: Subject, actor: Actor, role: str = "LEGAL_REP") -> Representative:
    """Let a user act for a subject."""
    row, created = Representative.objects.get_or_create(
        user=user, subject=subject, role=role, defaults={"valid_from": today()}
    )
    if created:
        append(
            events.REPRESENTED, row, actor, data={"user": user.pk, "role": role}, org_path=subject.org_path
        )
    return row


@transaction.atomic
def end_representation(row: Representative, actor: Actor, reason: str) -> Representative:
    """A user no longer acts for a subject."""
    row.valid_to = today()
    row.save(update_fields=["valid_to"])
    append(
        events.REPRESENTATION_ENDED,
        row,
        actor,
        data={"user": row.user_id},
        reason=reason,
        org_path=row.subject.org_path,
    )
    return row


def take_sequence(series: str) -> int:
    """The next of a series of licence numbers, without gaps or doubles.

    Taken last in the deciding transaction: the row of the series stays locked until it ends.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO subjects_licenceseries (series, last) VALUES (%s, 1)"
            " ON CONFLICT (series) DO UPDATE SET last = subjects_licenceseries.last + 1 RETURNING last",
            [series],
        )
        return int(cursor.fetchone()[0])


def take_licence_number(prefix: str, first: str, area: str) -> str:
    """The next food licence number (JY, YB: six digits of sequence; SC: four)."""
    width = 4 if prefix == "SC" else 6
    return codes.licence_number(prefix, first, area, take_sequence(f"{prefix}{first}{area}"), width)


@transaction.atomic
def register_grant(
    *,
    number: str,
    kind: str,
    title: str,
    subject: Subject,
    org_path: str,
    actor: Actor,
    data: Mapping[str, Any],
    valid_from: datetime.date,
    valid_to: datetime.date | None = None,
    premises: Premises | None = None,
    item_code: str = "",
    issuer: str = "",
) -> Grant:
    """Enter a licence or filing in the register; the same number again is refused."""
    locked = _lock(subject)
    if Grant.objects.filter(number=number).exists():
        raise Refused(_("编号 %(number)s 已登记。") % {"number": number}, code="conflict", field="number")
    grant = Grant.objects.create(
        number=number,
        kind=kind,
        title=title,
        subject=subject,
        premises=premises,
        org_path=org_path,
        item_code=item_code,
        data=dict(data),
        decided_on=valid_from,
        valid_from=valid_from,
        valid_to=valid_to,
        issuer=issuer,
    )
    locked.grams = sorted({*locked.grams, *searching.code_pieces(number)})
    locked.save(update_fields=["grams"])
    append(events.GRANTED, grant, actor, data={"number": number, "kind": kind})
    return grant


_LOCKED_GRANT = Composed(
    lambda hole: Grant.objects.select_for_update(of=("self",), no_key=True).filter(
        pk=hole("grant", BigIntegerField())
    )
)


def _locked_grant(grant: Grant) -> Grant:
    row: Grant | None = _LOCKED_GRANT.first(grant=grant.pk)
    if row is None:
        raise Grant.DoesNotExist
    return row


@transaction.atomic
def change_grant(grant: Grant, changes: Mapping[str, Any], actor: Actor, reason: str = "") -> Grant:
    """Change what a grant says; `data` is merged. The number never changes (FBL15 33, 34)."""
    allowed = {"data", "decided_on", "valid_from", "valid_to", "premises", "document_id", "title"}
    if unknown := set(changes) - allowed:
        raise ValueError(f"not to be changed: {unknown}")
    row = _locked_grant(grant)
    if row.state != GrantState.VALID:
        raise Refused(
            _("证照 %(number)s 现为“%(state)s”，不能变更。")
            % {"number": row.number, "state": row.get_state_display()},
            code="state",
        )
    for field, value in changes.items():
        setattr(row, field, {**row.data, **value} if field == "data" else value)
    row.version += 1
    row.reminded = 0 if "valid_to" in changes else row.reminded
    row.save()
    append(
        events.GRANT_CHANGED,
        row,
        actor,
        data={"number": row.number, "fields": sorted(changes)},
        reason=reason,
    )
    return row


GRANT_STEPS: dict[str, set[str]] = {
    "VALID": {"EXPIRED", "SUSPENDED", "REVOKED", "RESCINDED", "WITHDRAWN", "CANCELLED"},
    "SUSPENDED": {"VALID", "EXPIRED", "REVOKED", "RESCINDED", "CANCELLED"},
    "EXPIRED": {"CANCELLED", "RESCINDED"},
    "REVOKED": {"CANCELLED"},
    "RESCINDED": {"CANCELLED"},
    "WITHDRAWN": {"CANCELLED"},
}


@transaction.atomic
def set_grant_state(grant: Grant, state: GrantState | str, actor: Actor, reason: str) -> Grant:
    """Move a grant to another state; refuses what does not follow."""
    row = _locked_grant(grant)
    after = GrantState(state)
    if after.value not in GRANT_STEPS.get(row.state, set()):
        raise Refused(
            _("证照现为“%(before)s”，不能变为“%(after)s”。")
            % {"before": row.get_state_display(), "after": after.label},
            code="state",
        )
    before, row.state = row.state, after
    row.version += 1
    row.save(update_fields=["state", "version"])
    append(
        events.GRANT_STATE,
        row,
        actor,
        data={"number": row.number, "before": before, "after": after.value},
        reason=reason,
    )
    return row


def expire_grants(day: datetime.date | None = None, actor: Actor | None = None) -> int:
    """Grants whose last day is over become expired; returns how many."""
    limit = day or today()
    done = 0
    ended = Grant.objects.filter(state=GrantState.VALID, valid_to__lt=limit)
    for grant in ended.iterator(chunk_size=500):
        with transaction.atomic():
            # It may have been renewed since the list was read.
            if ended.select_for_update(of=("self",), no_key=True).filter(pk=grant.pk).first() is None:
                continue
            by = actor or Actor.system(grant.org_path)
            set_grant_state(grant, GrantState.EXPIRED, by, str(_("有效期届满")))
        done += 1
    return done


REMINDERS = (90, 60, 30, 15)


def remind_of_expiry(workdays_left: Any, horizon: datetime.date, day: datetime.date | None = None) -> int:
    """Tell the ledger once at each of 90, 60, 30 and 15 working days before a grant ends; returns how many told.

    `workdays_left(date)` counts the working days until a date; `horizon` is the last date worth looking at.
    """
    moment = day or today()
    told = 0
    rows = Grant.objects.filter(state=GrantState.VALID, valid_to__gte=moment, valid_to__lte=horizon)
    for grant in rows.iterator(chunk_size=500):
        if grant.valid_to is None:
            continue
        left = workdays_left(grant.valid_to)
        stage = sum(1 for limit in REMINDERS if left <= limit)
        if stage > grant.reminded:
            with transaction.atomic():
                same = Grant.objects.filter(pk=grant.pk, state=GrantState.VALID, valid_to=grant.valid_to)
                if not same.update(reminded=stage):  # renewed since the list was read
                    continue
                append(
                    events.GRANT_EXPIRING,
                    grant,
                    Actor.system(grant.org_path),
                    data={"number": grant.number, "workdays": left, "valid_to": grant.valid_to.isoformat()},
                )
            told += 1
    return told


def attach_document(grant: Grant, document_id: int) -> None:
    """Point a grant to its newest certificate; part of the issuing transaction."""
    Grant.objects.filter(pk=grant.pk).update(document_id=document_id)


def identifiers_of(values: Iterable[tuple[str, str]]) -> dict[str, str]:
    """Kind → tidy value."""
    return {kind: codes.tidy(value) for kind, value in values}
