"""Calling e-licences (证照调用): by other systems with leave or law, by applications instead of asking; default deny.

Every call is a row of the holder's log and an event, refused ones too.
"""

import datetime
import uuid as uuids
from dataclasses import dataclass
from typing import Any

from django.db import transaction
from django.db.models import BigIntegerField, CharField
from django.utils.translation import gettext as _

from qipan.conf.composed import Composed
from qipan.conf.repeating import looks_again
from qipan.domains.licensing.elicences import events
from qipan.domains.licensing.elicences.models import Basis, Call, CallingSystem, CallRight, Consent
from qipan.domains.licensing.models import Application
from qipan.kernel.items import queries as items
from qipan.kernel.items.queries import Wanted
from qipan.kernel.ledger.actions import append
from qipan.kernel.ledger.actor import Actor
from qipan.kernel.ledger.clock import now, today
from qipan.kernel.ledger.errors import Refused
from qipan.kernel.orgs.reader import Reader
from qipan.kernel.subjects import queries as subjects
from qipan.kernel.subjects.models import Grant, Subject
from qipan.kernel.subjects.standing import standing

FILE_HOURS = 24
LONGEST = datetime.timedelta(days=366)


@dataclass(frozen=True)
class Wish:
    """What a system asks for: which licence, for which of its items, to what purpose, in which matter of its own."""

    number: str
    item: str
    purpose: str
    matter: str = ""


def system_of(reader: Reader) -> CallingSystem | None:
    """The calling system whose account this is, in use or not."""
    return CallingSystem.objects.filter(user_id=reader.user_id or 0).first()


@looks_again
def call(wish: Wish, reader: Reader, *, key: str) -> Call:
    """Call a licence for a system; the same key gives the same call. What is refused is entered as such, with why.

    Refuses a key under which something else was called.
    """
    system, grant = system_of(reader), subjects.grant_by_number(wish.number)
    known = Call.objects.filter(key=key).select_related("grant__subject").first()
    if known is not None:
        number = grant.number if grant is not None else wish.number[:60]
        asked = (number, wish.item[:40], wish.purpose[:200], wish.matter[:80])
        if (known.number, known.item_code, known.purpose, known.matter) != asked:
            raise Refused(_("同一提交编号已用于另一次调用，请换用新的编号。"), code="conflict")
        return known
    right = (
        system.rights.filter(item_code=wish.item, ended_at__isnull=True).first()
        if system is not None
        else None
    )
    consent = _consent(grant, right)
    reason = _refusal(wish, system, right, grant, consent)
    basis = "" if reason or right is None else (Basis.LAW if right.law else Basis.CONSENT)
    return _enter(
        Call(
            key=key,
            basis=basis,
            given=not reason,
            reason=reason[:200],
            caller=system.name if system else _("未登记的账户"),
            system=system,
            consent=consent if basis == Basis.CONSENT else None,
            law=right.law if right and basis == Basis.LAW else "",
            item_code=wish.item[:40],
            item_name=right.item_name if right else "",
            purpose=wish.purpose[:200],
            matter=wish.matter[:80],
            number=wish.number[:60],
            document_id=grant.document_id if grant and not reason and standing(grant).good else None,
        ),
        grant,
        grant.subject if grant else None,
        reader.actor(),
    )


def _consent(grant: Grant | None, right: CallRight | None) -> Consent | None:
    if grant is None or right is None:
        return None
    return Consent.objects.filter(
        grant=grant, right=right, ended_at__isnull=True, valid_to__gte=today()
    ).first()


def _refusal(
    wish: Wish,
    system: CallingSystem | None,
    right: CallRight | None,
    grant: Grant | None,
    consent: Consent | None,
) -> str:
    """Why a call is refused; empty where it is given."""
    if system is None:
        return _("这个账户没有登记为证照调用方。")
    if not system.active:
        return _("证照调用方已停用。")
    if right is None:
        return _("没有登记这个调用事项（%(item)s），或者已经停止。") % {"item": wish.item[:40]}
    if wish.purpose.strip() != right.purpose:
        return _("用途与登记的不符，登记的用途是“%(purpose)s”。") % {"purpose": right.purpose}
    if grant is None:
        return _("没有编号为 %(number)s 的证照。") % {"number": wish.number[:60]}
    if grant.kind not in right.kinds:
        return _("这个调用事项不能调用%(title)s。") % {"title": grant.title}
    if not right.law and consent is None:
        return _("持证人没有授权，或者授权已经到期、撤回。")
    return ""


def _enter(row: Call, grant: Grant | None, subject: Subject | None, actor: Actor) -> Call:
    """Write a call and its event."""
    row.uuid, row.at, row.grant = uuids.uuid4(), now(), grant
    if grant is not None:
        row.kind, row.number, row.org_path = grant.kind, grant.number, grant.org_path
    if subject is not None:
        row.subject_id = subject.pk
        row.org_path = row.org_path or subject.org_path
    row.save(force_insert=True)
    told: dict[str, Any] = {
        "number": row.number,
        "caller": row.caller,
        "item": row.item_code,
        "call": str(row.uuid),
    }
    if row.given:
        told |= {"kind": row.kind, "basis": row.basis, "case": row.case_id}
    append(events.CALLED if row.given else events.CALL_REFUSED, row, actor, data=told, reason=row.reason)
    return row


def file_of(uuid: uuids.UUID, reader: Reader) -> Call | None:
    """A call of the reader's system whose file may still be fetched: given, of a licence in force, not a day old."""
    row = (
        Call.objects.select_related("grant")
        .filter(uuid=uuid, system__user_id=reader.user_id or 0, given=True, document_id__isnull=False)
        .first()
    )
    late = now() - datetime.timedelta(hours=FILE_HOURS)
    return row if row is not None and row.at > late else None


def supplied(application: Application) -> list[Wanted]:
    """The materials that an application's applicant need not hand in, because a register has them (Online 7)."""
    item = items.item(application.item_code)
    return [each for each in items.materials_of(item) if each.supplied_by] if item is not None else []


_OF_KIND = Composed(
    lambda hole: (
        Grant.objects.filter(subject_id=hole("subject", BigIntegerField()), kind=hole("kind", CharField()))
        .select_related("premises", "subject")
        .order_by("-valid_from", "-pk")[:20]
    )
)
_CALLED = Composed(
    lambda hole: Call.objects.filter(case_id=hole("case", BigIntegerField())).values_list("key", flat=True)
)


def grant_for(application: Application, wanted: Wanted) -> Grant | None:
    """The e-licence that is a material of an application: the one it is about, or the subject's newest of the kind."""
    if wanted.licence == "GRANT":
        return application.grant
    subject = application.case.subject
    if not wanted.licence or subject is None:
        return None
    held: list[Grant] = _OF_KIND.all(subject=subject.pk, kind=wanted.licence)
    return next((grant for grant in held if standing(grant).good), held[0] if held else None)


@transaction.atomic
def note_materials(application: Application) -> int:
    """Enter a call for each material that the application took from a register; once each. Returns how many are new.

    A licence that is not in force is entered as what it is: it was looked at, and the rules or people saw that.
    """
    case = application.case
    item = items.item(application.item_code)
    if item is None:
        return 0
    known = set(_CALLED.all(case=case.pk))
    made = 0
    for wanted in supplied(application):
        key = f"case:{case.pk}:{wanted.code}"
        if key in known:
            continue
        grant = grant_for(application, wanted)
        _enter(
            Call(
                key=key,
                basis=Basis.APPLICATION,
                given=True,
                caller=_("本平台办件"),
                item_code=item.code,
                item_name=item.name,
                purpose=item.name,
                matter=case.number,
                material=wanted.title,
                source=wanted.supplied_by,
                case_id=case.pk,
                document_id=grant.document_id if grant else None,
            ),
            grant,
            case.subject,
            Actor.system(case.org_path),
        )
        made += 1
    return made


@transaction.atomic
def give_consent(grant: Grant, right: CallRight, reader: Reader, *, until: datetime.date | None) -> Consent:
    """Let a system call one licence for one of its items until a day; given again, the day is the new one.

    Refuses a stranger, a right that has ended, needs no consent or is not for this kind, and a day that is over or
    more than a year away.
    """
    if grant.subject_id not in reader.subject_ids:
        raise Refused(_("您不是持证主体的代表人，不能授权。"), code="forbidden")
    held = standing(grant)
    if not held.good:
        raise Refused(held.text, code="state")
    if right.ended_at is not None or not right.system.active or grant.kind not in right.kinds:
        raise Refused(_("这个调用事项已经停止，或者不需要这种证照。"), field="right")
    if right.law:
        raise Refused(_("这个调用事项依法调用，不需要授权；每次调用您都能看到。"), field="right")
    if until is None:
        raise Refused(_("请填写授权的最后一天。"), field="until")
    if not today() <= until <= today() + LONGEST:
        raise Refused(_("授权的最后一天应在今天以后、一年以内。"), field="until")
    Grant.objects.select_for_update(of=("self",), no_key=True).get(pk=grant.pk)
    row = Consent.objects.filter(grant=grant, right=right, ended_at__isnull=True).first()
    if row is None:
        row = Consent(uuid=uuids.uuid4(), grant=grant, right=right, subject_id=grant.subject_id)
    row.valid_to, row.given_by, row.given_at = until, reader.user_id or 0, now()
    row.save()
    append(
        events.CONSENTED,
        row,
        reader.actor(),
        data={
            "number": grant.number,
            "system": right.system.name,
            "item": right.item_code,
            "valid_to": until.isoformat(),
        },
        org_path=grant.org_path,
    )
    return row


@transaction.atomic
def withdraw_consent(consent: Consent, reader: Reader) -> Consent:
    """Take a consent back at once; once more changes nothing."""
    row = (
        Consent.objects.select_for_update(of=("self",), no_key=True)
        .select_related("grant", "right__system")
        .get(pk=consent.pk)
    )
    if row.subject_id not in reader.subject_ids:
        raise Refused(_("您不是持证主体的代表人，不能撤回授权。"), code="forbidden")
    if row.ended_at is None:
        row.ended_at = now()
        row.save(update_fields=["ended_at"])
        append(
            events.CONSENT_ENDED,
            row,
            reader.actor(),
            data={
                "number": row.grant.number,
                "system": row.right.system.name,
                "item": row.right.item_code,
            },
            org_path=row.grant.org_path,
        )
    return row
