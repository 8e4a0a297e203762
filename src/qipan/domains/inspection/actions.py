"""Every write of inspection that is no step of the flow alone: opening, the record as it grows, signatures, the recheck."""

import datetime
import uuid as uuids
from collections.abc import Mapping
from typing import Any

from django.conf import settings
from django.db import transaction
from django.utils.translation import gettext as _
from django.utils.translation import override

from qipan.domains.inspection import events, record
from qipan.domains.inspection.models import Kind, Measure, Rectification, Source, Visit
from qipan.kernel.accounts.actions import create_person
from qipan.kernel.evidence import actions as evidence
from qipan.kernel.flow.actions import fire, open_case
from qipan.kernel.flow.models import Case, Part, WorkOrder
from qipan.kernel.ledger.actions import append
from qipan.kernel.ledger.actor import Actor
from qipan.kernel.ledger.clock import now
from qipan.kernel.ledger.errors import Refused
from qipan.kernel.orgs.reader import Reader
from qipan.kernel.orgs.roles import Role
from qipan.kernel.subjects.models import Grant, Premises, Subject

WORK, AGAIN = "inspection.visit", "inspection.recheck"
ANSWERS = ("YES", "NO", "NA")
LONGEST_NOTE, MOST_PHOTOS = 1000, 9
BY_HAND = (Kind.ROUTINE, Kind.FLYING, Kind.SYSTEM, Kind.DOUBLE_RANDOM, Kind.SPECIAL)


@transaction.atomic
def open_visit(
    kind: Kind,
    *,
    uuid: uuids.UUID,
    subject: Subject,
    actor: Actor,
    source: Source,
    grant: Grant | None = None,
    premises: Premises | None = None,
    org_path: str = "",
    cause: str = "",
    cause_event: int | None = None,
    wanted_by: datetime.date | None = None,
    decided_on: datetime.date | None = None,
) -> Visit:
    """Open an inspection in PLANNED; idempotent by `uuid`. The place is the licence's where none is named."""
    place = premises or (grant.premises if grant else None)
    path = org_path or (place.org_path if place else "") or subject.org_path
    # A record's title is Chinese, in whatever language the actor works.
    with override(settings.LANGUAGE_CODE):
        title = f"{subject.name} {kind.label}"
    case = open_case(
        "inspection.visit",
        uuid=uuid,
        org_path=path,
        actor=actor,
        title=title,
        subject_id=subject.pk,
        premises_id=place.pk if place else None,
        is_demo=subject.is_demo,
    )
    known = Visit.objects.filter(pk=case.pk).first()
    if known is not None:
        return known
    return Visit.objects.create(
        case=case,
        kind=kind,
        source=source,
        cause=cause.strip()[:300],
        cause_event=cause_event,
        grant=grant,
        premises=place,
        wanted_by=wanted_by,
        decided_on=decided_on,
        checklist_code=record.list_for(subject, grant),
    )


@transaction.atomic
def order_visit(
    reader: Reader,
    kind: str,
    *,
    uuid: uuids.UUID,
    subject: Subject,
    grant: Grant | None = None,
    wanted_by: datetime.date | None = None,
    cause: str = "",
) -> Visit:
    """An office head opens an inspection of a business and puts it into the office's inbox; idempotent by `uuid`.

    Refuses kinds that the system opens itself, a stranger's business, a licence of somebody else.
    """
    if kind not in BY_HAND:
        raise Refused(_("请选择检查类型。"), field="kind")
    if grant is not None and grant.subject_id != subject.pk:
        raise Refused(_("请选择该主体名下的证照。"), field="grant")
    if kind in {Kind.FLYING, Kind.SPECIAL} and not cause.strip():
        raise Refused(_("飞行检查和专项检查请写明问题线索或者专项名称。"), field="cause")
    place = grant.premises if grant else None
    path = place.org_path if place and place.org_path else subject.org_path
    actor = _head(reader, path)
    visit = open_visit(
        Kind(kind),
        uuid=uuid,
        subject=subject,
        grant=grant,
        actor=actor,
        source=Source.HAND,
        cause=cause,
        wanted_by=wanted_by,
    )
    if visit.case.state == "PLANNED":
        fire(visit.case, "assign", actor, data={"wanted_by": wanted_by}, key=f"open:{uuid}")
    return Visit.objects.select_related("case").get(pk=visit.pk)


def _head(reader: Reader, path: str) -> Actor:
    for role in (Role.OFFICE_HEAD, Role.BUREAU_LEADER):
        if reader.may(role, path):
            return reader.actor(role, path)
    raise Refused(_("检查任务由监管所所长或者局领导派发。"), code="forbidden")


def officers_of(case: Case, kind: str) -> list[int]:
    """The user ids of those who hold the case's order of a kind, the leader first."""
    order = WorkOrder.objects.filter(case=case, kind=kind).order_by("-pk").first()
    if order is None:
        return []
    parts = order.participants.filter(active=True, part__in=[Part.LEAD, Part.CO]).order_by("pk")
    return list(parts.values_list("user_id", flat=True))


def _lock(visit: Visit) -> Case:
    return Case.objects.select_for_update(of=("self",), no_key=True).get(pk=visit.pk)


def _locked(visit: Visit, reader: Reader, kind: str, *states: str) -> Visit:
    """The inspection, locked, for one of its officers, in one of these states."""
    case = _lock(visit)
    if reader.user_id not in officers_of(case, kind):
        raise Refused(_("您不是这次检查的承办人，请先签收工单。"), code="forbidden")
    row = Visit.objects.select_related("case__subject", "premises", "grant").get(pk=visit.pk)
    if case.state not in states:
        raise Refused(
            _("检查当前为“%(state)s”，不能再改动这部分记录。") % {"state": case.state_title}, code="state"
        )
    return row


def _actor(visit: Visit, reader: Reader) -> Actor:
    return reader.actor(Role.INSPECTOR, visit.case.org_path)


def begin(visit: Visit, reader: Reader, *, shown: bool, place: str = "") -> Case:
    """The officers are there, have shown their certificates and told what they come for (Insp 23, 24)."""
    data = {"shown": shown, "place": place}
    return fire(visit.case, "begin", _actor(visit, reader), data=data)


@transaction.atomic
def note(visit: Visit, reader: Reader, changes: Mapping[str, Mapping[str, Any]], *, place: str = "") -> Visit:
    """Keep what was recorded at some items; the others stay as they are, so that two officers may record at once.

    `changes`: item code → {answer: YES|NO|NA or empty, note, value, photos: [uuid of a file or of its upload]}.
    Items that are not on the list are ignored. Refuses other people's files, and once the record is concluded.
    """
    row = _locked(visit, reader, WORK, "ON_SITE")
    known = {item.code for item in record.applicable(row)}
    taken = [code for code in changes if code in known]
    for code in taken:
        row.answers[code] = _kept(row, code, changes[code], _actor(row, reader))
    if place and not row.place:
        row.place = place[:60]
    row.save(update_fields=["answers", "place"])
    if taken:
        answered = sum(1 for given in row.answers.values() if given.get("answer") in ANSWERS)
        append(
            events.NOTED,
            row,
            _actor(row, reader),
            data={"items": taken, "answered": answered},
            org_path=row.case.org_path,
            subject_id=row.case.subject_id,
        )
    return row


def _kept(visit: Visit, code: str, change: Mapping[str, Any], actor: Actor) -> dict[str, Any]:
    answer = str(change.get("answer", ""))
    return {
        "answer": answer if answer in ANSWERS else "",
        "note": str(change.get("note", "")).strip()[:LONGEST_NOTE],
        "value": str(change.get("value", "")).strip()[:20],
        "photos": _photos(visit.case, f"item {code}", change.get("photos") or [], actor),
    }


def _photos(case: Case, role: str, tokens: Any, actor: Actor) -> list[str]:
    """The files by their own uuid, each attached to the case."""
    found: list[str] = []
    for token in list(tokens)[:MOST_PHOTOS]:
        kept = str(evidence.attach(str(token), case, role=role, actor=actor).evidence.uuid)
        if kept not in found:
            found.append(kept)
    return found


def conclude(
    visit: Visit, reader: Reader, changes: Mapping[str, Mapping[str, Any]], *, place: str = ""
) -> Visit:
    """Keep the last changes (they stay even where the record is not complete) and compute the conclusion."""
    row = note(visit, reader, changes, place=place)
    fire(row.case, "conclude", _actor(row, reader))
    return Visit.objects.select_related("case").get(pk=row.pk)


def reopen(visit: Visit, reader: Reader) -> Case:
    """Back to the record, before anybody has signed."""
    return fire(visit.case, "reopen", _actor(visit, reader))


@transaction.atomic
def sign(
    visit: Visit,
    reader: Reader,
    *,
    submission: uuids.UUID,
    signatures: Mapping[str, str],
    measure: str = "",
    affects_safety: bool | None = None,
    safety_reason: str = "",
    rectify_by: datetime.date | None = None,
    refused: bool = False,
    refusal_note: str = "",
    witness_name: str = "",
    note: str = "",
) -> Visit:
    """Sign the result: both officers and the operator (or the refusal, noted), the measure; idempotent by `submission`.

    `signatures`: PNG data URLs by officer1, officer2, operator, witness. Nothing is kept when something is refused.
    """
    _lock(visit)  # sent twice at once, the second finds what the first has signed
    known = Visit.objects.filter(pk=visit.pk, submission=submission, signed_at__isnull=False).first()
    if known is not None:
        return known
    row = _locked(visit, reader, WORK, "CONCLUDED")
    actor = _actor(row, reader)
    failed = bool(record.failed_items(row))
    row.measure = measure if measure in Measure.values and failed else ("" if failed else Measure.NONE)
    row.affects_safety = affects_safety if failed else None
    row.safety_reason = safety_reason.strip()[:2000]
    row.rectify_by = rectify_by if row.measure == Measure.BY_DATE else None
    row.operator_refused, row.refusal_note = refused, refusal_note.strip()[:2000]
    row.note, row.submission = note.strip()[:2000], submission
    wanted = ("officer1", "officer2", "witness" if refused else "operator")
    row.signatures = _signed(row.case, signatures, wanted, actor)
    if refused and witness_name.strip():
        row.witness = create_person(name=witness_name.strip()[:50], actor=actor)
    row.save()
    fire(row.case, "sign", actor)
    return Visit.objects.select_related("case").get(pk=row.pk)


def _signed(
    case: Case, signatures: Mapping[str, str], wanted: tuple[str, ...], actor: Actor
) -> dict[str, str]:
    return {
        name: str(evidence.store_data_url(signatures[name], kind="signature", record=case, actor=actor).uuid)
        for name in wanted
        if signatures.get(name)
    }


def extend(visit: Visit, reader: Reader, until: datetime.date | None, *, reason: str, key: str = "") -> Case:
    """A head gives the operator longer to put things right; audited with its reason, once, told in writing."""
    actor = _head(reader, visit.case.org_path)
    return fire(visit.case, "extend", actor, data={"rectify_by": until}, reason=reason, key=key or None)


def leave(visit: Visit, reader: Reader, step: str, *, reason: str, key: str = "") -> Case:
    """The visit cannot be made: nobody is found, business has stopped, or the operator refuses."""
    if step not in {"unreachable", "closed_down", "refuse"}:
        raise Refused(_("没有这个操作。"), code="not_found")
    return fire(visit.case, step, _actor(visit, reader), reason=reason, key=key or None)


@transaction.atomic
def recheck(
    visit: Visit,
    reader: Reader,
    *,
    submission: uuids.UUID,
    found: Mapping[str, Mapping[str, Any]],
    signatures: Mapping[str, str],
    refused: bool = False,
    note: str = "",
    place: str = "",
) -> Visit:
    """Record a recheck by two officers, item by item, and close or escalate; idempotent by `submission` (Insp 33)."""
    _lock(visit)
    row_now = Rectification.objects.filter(pk=visit.pk, submission=submission).first()
    if row_now is not None and row_now.passed is not None:
        return Visit.objects.select_related("case").get(pk=visit.pk)
    row = _locked(visit, reader, AGAIN, "RECHECK")
    officers, actor = officers_of(row.case, AGAIN), _actor(row, reader)
    if len(set(officers)) < 2:
        raise Refused(_("复查须由两名以上持证人员进行，请先让同事共同签收工单。"), code="state")
    rectification = row.rectification
    for code in rectification.codes:
        given = found.get(code, {})
        if given.get("answer") not in {"YES", "NO"}:
            raise Refused(_("%(code)s 还没有复查结果。") % {"code": code}, field=f"answer-{code}")
        if given.get("answer") == "NO" and not str(given.get("note", "")).strip():
            raise Refused(_("%(code)s 没有改正，请写明情况。") % {"code": code}, field=f"answer-{code}")
    names = {"officer1": _("复查人员一"), "officer2": _("复查人员二"), "operator": _("被检查单位")}
    wanted = ("officer1", "officer2") if refused else ("officer1", "officer2", "operator")
    if lacking := [name for name in wanted if not signatures.get(name)]:
        raise Refused(_("还缺%(who)s的签名。") % {"who": names[lacking[0]]}, field=lacking[0])
    if refused and not note.strip():
        raise Refused(_("被检查单位拒绝签字的，请注明原因和见证情况。"), field="note")
    rectification.found = {
        code: {
            "answer": str(found[code]["answer"]),
            "note": str(found[code].get("note", "")).strip()[:LONGEST_NOTE],
            "photos": _photos(row.case, f"recheck {code}", found[code].get("photos") or [], actor),
        }
        for code in rectification.codes
    }
    rectification.passed = all(given["answer"] == "YES" for given in rectification.found.values())
    rectification.officers, rectification.rechecked_at = sorted(set(officers)), now()
    rectification.operator_refused, rectification.note = refused, note.strip()[:2000]
    rectification.place, rectification.submission = place[:60], submission
    rectification.signatures = _signed(row.case, signatures, wanted, actor)
    rectification.save()
    fire(row.case, "recheck_passed" if rectification.passed else "recheck_failed", actor)
    return Visit.objects.select_related("case").get(pk=row.pk)
