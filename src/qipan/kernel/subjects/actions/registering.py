"""What is entered about a subject: identifiers, status, premises."""

import datetime
import uuid as uuids
from collections.abc import Iterable, Mapping
from typing import Any

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from qipan.kernel.accounts.models import Person
from qipan.kernel.ledger.actions import append
from qipan.kernel.ledger.actor import Actor
from qipan.kernel.ledger.clock import today
from qipan.kernel.ledger.errors import Refused
from qipan.kernel.subjects import codes, events, searching, statuses
from qipan.kernel.subjects.actions.locking import lock
from qipan.kernel.subjects.actions.marks import in_force_marks
from qipan.kernel.subjects.models import (
    Identifier,
    IdentifierKind,
    MarkKind,
    Premises,
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
    row = lock(subject)
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
    row = lock(subject)
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
    locked = lock(subject)
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


def identifiers_of(values: Iterable[tuple[str, str]]) -> dict[str, str]:
    """Kind → tidy value."""
    return {kind: codes.tidy(value) for kind, value in values}
