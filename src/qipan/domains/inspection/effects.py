"""What the steps of an inspection do: the record, the obligation to publish, the clue for investigation."""

import datetime
from typing import Any

from django.utils import timezone
from django.utils.translation import gettext as _

from qipan.domains.inspection import events, record
from qipan.domains.inspection.models import Conclusion, Measure, Rectification, Visit
from qipan.kernel.evidence import actions as evidence
from qipan.kernel.flow.actions import create_order, take_number
from qipan.kernel.flow.context import Context
from qipan.kernel.ledger.actions import append
from qipan.kernel.ledger.actor import Actor
from qipan.kernel.ledger.clock import now, today
from qipan.kernel.orgs import queries as orgs
from qipan.kernel.orgs.roles import Role
from qipan.kernel.publication import actions as publication
from qipan.kernel.publication.models import Publication, PublicationState
from qipan.kernel.subjects import queries as registry

CLUE, LISTING = "inspection.clue", "inspection.unreachable"
PUBLISHED_AS = "inspection.result"


def _row(context: Context) -> Visit:
    row: Visit = context.record
    return row


def wanted_by(context: Context) -> datetime.date | None:
    """The day that the office named; None lets the rule count."""
    return _row(context).wanted_by


def decided_on(context: Context) -> datetime.date:
    """The day of the licence decision, from which the follow-up inspection is counted."""
    return _row(context).decided_on or today()


def rectify_by(context: Context) -> datetime.date | None:
    """The day that the order to correct names."""
    return _row(context).rectify_by


def keep_date(context: Context) -> None:
    """By when the office wants the visit done."""
    wanted = context.data.get("wanted_by")
    if wanted is not None:
        row = _row(context)
        row.wanted_by = wanted
        row.save(update_fields=["wanted_by"])


def number_case(context: Context) -> None:
    """检查编号: the bureau, the year and a sequence."""
    if context.case.number:
        return
    district = orgs.unit_at("/".join(context.case.org_path.split("/")[:2]) + "/")
    year = today().year
    series = f"{district.code}-JC-{year}"
    context.case.number = f"{district.code}-JC-{year}-{take_number(series):06d}"


def tell_task(context: Context) -> None:
    """What kind of inspection, by which list."""
    row = _row(context)
    context.event_data |= {"kind": row.kind, "checklist": row.checklist_code}


def begin(context: Context) -> None:
    """Who is there, since when, where; the list and the facts it is asked by stand fast from here on."""
    row = _row(context)
    row.officers = sorted(set(context.officers("inspection.visit")))
    subject = context.case.subject
    assert subject is not None
    row.begun_at, row.checklist_on = now(), today()
    row.checklist_code = record.list_for(subject, row.grant)
    row.place = str(context.data.get("place", ""))[:60]
    row.facts = record.facts_of(row)
    row.save()
    context.event_data |= {"officers": row.officers, "place": row.place}


def conclude(context: Context) -> None:
    """The conclusion that follows from key and general items (Insp 31)."""
    row = _row(context)
    found = record.concluded(row)
    row.conclusion = Conclusion(found.result)
    row.key_failed, row.general_failed = len(found.key_failed), len(found.general_failed)
    row.concluded_at = now()
    row.save(update_fields=["conclusion", "key_failed", "general_failed", "concluded_at"])
    context.event_data |= _counts(row)


def _counts(row: Visit) -> dict[str, Any]:
    return {
        "conclusion": row.conclusion,
        "key_failed": row.key_failed,
        "general_failed": row.general_failed,
    }


def reopen(context: Context) -> None:
    """The conclusion falls with the record it rested on."""
    row = _row(context)
    row.conclusion, row.measure, row.concluded_at = "", "", None
    row.key_failed = row.general_failed = 0
    row.save(update_fields=["conclusion", "measure", "concluded_at", "key_failed", "general_failed"])


def sign(context: Context) -> None:
    """The result is formed."""
    row = _row(context)
    row.signed_at = now()
    row.save(update_fields=["signed_at"])
    context.event_data |= {
        **_counts(row),
        "measure": row.measure,
        "refused_to_sign": row.operator_refused,
    }


def content_of(context: Context, rechecked: str = "") -> dict[str, Any]:
    """What is published of an inspection (Insp 39), by the fields of its kind."""
    row, subject = _row(context), context.case.subject
    assert subject is not None
    begun = row.begun_at or now()
    lines = record.lines_of(record.failed_items(row), row)
    words = [f"{line['code']} {line['text']}" for line in lines]
    key = [text for text, line in zip(words, lines, strict=True) if line["key"]]
    district = orgs.unit_at("/".join(context.case.org_path.split("/")[:2]) + "/")
    return {
        "number": context.case.number,
        "name": subject.name,
        "code": registry.uscc_of(subject),
        "place": row.address,
        "kind": str(row.get_kind_display()),
        "checklist": record.checklist_of(row).title,
        "inspected_on": timezone.localtime(begun).date().isoformat(),
        "conclusion": str(row.get_conclusion_display()),
        "key_failed": key,
        "general_failed": [text for text in words if text not in key],
        "handling": str(row.get_measure_display()),
        "rectify_by": row.rectify_by.isoformat() if row.measure == Measure.BY_DATE and row.rectify_by else "",
        "rechecked": rechecked,
        "authority": district.name,
    }


def publish(context: Context) -> None:
    """The result is public within twenty working days after it is formed (Insp 39); here at once."""
    row, subject = _row(context), context.case.subject
    if subject is None:
        return
    publication.oblige(
        PUBLISHED_AS,
        context.case,
        formed_on=today(),
        subject_id=subject.pk,
        org_path=context.case.org_path,
        content=content_of(context),
        actor=context.actor,
        title=f"{subject.name} {row.get_kind_display()}结果",
        premises_id=row.premises_id,
        is_demo=context.case.is_demo,
    )


def _publish_again(context: Context, words: str, reason: str) -> None:
    """Add what became of the rectification, where the result is still the one that is shown."""
    shown = Publication.objects.filter(
        record_kind=context.case._meta.label_lower,
        record_id=context.case.pk,
        kind__code=PUBLISHED_AS,
        state__in=(PublicationState.DUE, PublicationState.PUBLISHED),
    ).first()
    if shown is not None:
        system = Actor.system(context.case.org_path)
        publication.correct(shown, content_of(context, words), reason=reason, actor=system)


def publish_recheck(context: Context) -> None:
    """The recheck's result stands beside the inspection's."""
    passed = bool(_row(context).rectification.passed)
    _publish_again(context, str(_("复查合格") if passed else _("复查不合格")), str(_("整改复查")))


def publish_overdue(context: Context) -> None:
    """That nothing was put right in time stands beside the inspection's result."""
    _publish_again(context, str(_("逾期未报告整改情况")), str(_("整改期限届满")))


def annul_publication(context: Context) -> None:
    """What rests on an annulled inspection is taken back."""
    publication.annul(context.case, formed_on=today(), reason=context.reason, actor=context.actor)


def tell_items(context: Context) -> None:
    """What was put right on the spot."""
    context.event_data["items"] = [item.code for item in record.failed_items(_row(context))]


def order_rectification(context: Context) -> None:
    """What must be put right, and by when (Insp 33)."""
    row = _row(context)
    assert row.rectify_by is not None
    lines = record.lines_of(record.failed_items(row), row)
    Rectification.objects.create(visit=row, items=lines, ordered_on=today(), rectify_by=row.rectify_by)
    context.event_data |= {
        "items": [line["code"] for line in lines],
        "rectify_by": row.rectify_by.isoformat(),
    }


def extend_rectification(context: Context) -> None:
    """A later day; the one that the order named is kept, and what is public says the new one."""
    row, until = _row(context), context.data["rectify_by"]
    found = row.rectification
    context.event_data |= {"was": found.rectify_by.isoformat(), "rectify_by": until.isoformat()}
    found.first_by, found.rectify_by, found.extension_reason = found.rectify_by, until, context.reason[:2000]
    found.save(update_fields=["first_by", "rectify_by", "extension_reason"])
    row.rectify_by = until
    row.save(update_fields=["rectify_by"])
    _publish_again(context, "", str(_("延长改正期限")))


def keep_visitors(context: Context) -> None:
    """Who went there, where the visit ends before it began."""
    row = _row(context)
    if not row.officers:
        row.officers = sorted(set(context.officers("inspection.visit")))
        row.save(update_fields=["officers"])


def keep_report(context: Context) -> None:
    """What the operator says was done, with the photos."""
    found = _row(context).rectification
    found.report = str(context.data["report"]).strip()[:4000]
    found.reported_at, found.on_paper = now(), context.transition.code == "report_on_paper"
    found.save(update_fields=["report", "reported_at", "on_paper"])
    for token in context.data.get("files", ()):
        evidence.attach(token, context.case, role="rectified", actor=context.actor)
    context.event_data["on_paper"] = found.on_paper


def tell_recheck(context: Context) -> None:
    """What the recheck came to."""
    context.event_data["passed"] = bool(_row(context).rectification.passed)


def raise_clue(context: Context) -> None:
    """Failures that touch food safety are investigated (Insp 32, 33): a work order and an event."""
    codes = [item.code for item in record.failed_items(_row(context))]
    _clue(context, str(_("检查发现不符合的项目影响食品安全（Insp 32、33）")), codes)


def raise_clue_where_unsafe(context: Context) -> None:
    """The same, beside an order to correct."""
    if _row(context).affects_safety:
        raise_clue(context)


def raise_clue_overdue(context: Context) -> None:
    """Nobody reported in time."""
    _clue(context, str(_("逾期未报告整改情况")), _row(context).rectification.codes)


def raise_clue_not_rectified(context: Context) -> None:
    """The recheck found things as they were."""
    found = _row(context).rectification
    codes = [code for code in found.codes if found.found.get(code, {}).get("answer") != "YES"]
    _clue(context, str(_("复查仍不符合")), codes)


def raise_clue_refused(context: Context) -> None:
    """Refusing an inspection is an offence of its own (Insp 49; FSL 133)."""
    _clue(context, str(_("拒绝、阻挠、干涉监督检查：%(reason)s")) % {"reason": context.reason}, [])


def _clue(context: Context, ground: str, codes: list[str]) -> None:
    case = context.case
    system = Actor.system(case.org_path)
    order = create_order(
        CLUE,
        str(_("核查案源 %(title)s")) % {"title": case.title},
        Role.ENF_UNIT_HEAD,
        case.org_path,
        actor=system,
        requirement=ground,
        record=case,
        subject_id=case.subject_id,
        due_rule="PenProc18.verify",
        source=f"inspection:{case.number}",
    )
    append(
        events.CLUE_RAISED,
        case,
        system,
        data={"ground": ground, "items": codes, "order": order.pk},
        reason=context.reason,
    )


def ask_to_list(context: Context) -> None:
    """Who cannot be found at the registered address is put forward for the abnormal list (Abn 9)."""
    case = context.case
    create_order(
        LISTING,
        str(_("核实并决定是否列入经营异常名录 %(title)s")) % {"title": case.title},
        Role.BUREAU_LEADER,
        case.org_path,
        actor=Actor.system(case.org_path),
        requirement=context.reason,
        record=case,
        subject_id=case.subject_id,
        due_rule="Abn9.list_unreachable",
        source=f"inspection:{case.number}",
    )
