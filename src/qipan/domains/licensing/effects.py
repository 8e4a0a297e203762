"""What steps do to the application, the register of grants and the obligation to publish."""

import datetime

from django.db.models import BigIntegerField

from qipan.conf.composed import Composed
from qipan.domains.licensing import facts
from qipan.domains.licensing.asking import form_of
from qipan.domains.licensing.drafting import ApplicationDraft
from qipan.domains.licensing.elicences import offering
from qipan.domains.licensing.granting import GRANTING
from qipan.domains.licensing.guarding.aftermath import note_aftermath
from qipan.domains.licensing.models import Application, Kind, Mode, SiteCheck
from qipan.domains.licensing.reviewing import conditions
from qipan.kernel.decisions import actions as decisions
from qipan.kernel.decisions import queries as decided
from qipan.kernel.documents import queries as documents
from qipan.kernel.flow.context import Context
from qipan.kernel.items import queries as items
from qipan.kernel.items.models import Matter
from qipan.kernel.ledger.actor import Actor
from qipan.kernel.ledger.clock import now, today
from qipan.kernel.orgs import queries as orgs
from qipan.kernel.publication import actions as publication
from qipan.kernel.subjects import actions as subjects
from qipan.kernel.subjects import queries as registry


def _row(context: Context) -> Application:
    record: Application = context.record
    return record


def number_case(context: Context) -> None:
    """办件编码: the acting body's code, the item, the day and the case's own number (the item's part is internal).

    A counter of its own would make every hand-in of a district wait for the one before it to be decided.
    """
    if context.case.number:
        return
    row = _row(context)
    district = orgs.district_of(context.case.org_path)
    day = today().strftime("%Y%m%d")
    context.case.number = f"{district.code}-{row.item_code}-{day}-{context.case.pk:06d}"


def handed_in(row: Application) -> None:
    """From now on the application stands by the version of its form that was in force when it was first handed in."""
    if row.submitted_at is None:
        row.answers = ApplicationDraft(row).kept
        row.form_version = form_of(row).valid_from
    row.submitted_at = now()


def route(context: Context) -> None:
    """Ask the released table how the application is handled: alone by rule, or by a person and for which reasons."""
    row = _row(context)
    handed_in(row)
    item = items.item(row.item_code)
    row.mode, row.mode_reasons = Mode.NORMAL, []
    if item is not None and item.table:
        decision = decisions.decide(
            item.table, facts.facts_of(row), record=context.case, actor=Actor.rules(context.case.org_path)
        )
        row.decision_id, context.shared["decided_at"] = decision.pk, decision.at
        granted = (decisions.outputs_of(decision) or {}).get("result") == "GRANT"
        # What only a person can judge satisfies no rule, whatever the table says.
        unproven = offering.unproven(row)
        if granted and not unproven:
            row.mode = Mode.AUTO
        else:
            row.mode = Mode.INSTANT if item.is_instant else Mode.NORMAL
            row.mode_reasons = [*(() if granted else decided.failed_reasons(decision)), *unproven]
    row.save()
    context.event_data |= {
        "item": row.item_code,
        "kind": row.kind,
        "channel": row.channel,
        "mode": row.mode,
        "reasons": row.mode_reasons,
    }


def stamp_submission(context: Context) -> None:
    """When and by which way it came in, where no table is asked."""
    row = _row(context)
    handed_in(row)
    row.save(update_fields=["submitted_at", "form_version", "answers"])
    context.event_data |= {"item": row.item_code, "kind": row.kind, "channel": row.channel}


def received(context: Context) -> datetime.datetime:
    """The day on which the application came in, from which silence counts as acceptance (Licence 32)."""
    return _row(context).submitted_at or now()


def keep_correction(context: Context) -> None:
    """The points that the applicant must correct."""
    row = _row(context)
    row.correction = [str(point).strip() for point in context.data["points"] if str(point).strip()]
    row.save(update_fields=["correction"])
    context.event_data["points"] = row.correction


def keep_opinion(context: Context) -> None:
    """The reviewer's opinion, and what was found of each condition of the item."""
    row = _row(context)
    row.opinion = str(context.data["opinion"]).strip()[:2000]
    if "conditions" in context.data:
        row.findings = conditions.judged(row, context.data["conditions"])
        context.event_data["conditions"] = [one["met"] for one in row.findings]
    row.save(update_fields=["opinion", "findings"])


def name_checklist(context: Context) -> None:
    """Which list the officers check by."""
    item = items.item(_row(context).item_code)
    context.event_data["checklist"] = item.checklist if item else ""


def tell_check(context: Context) -> None:
    """What the visit came to."""
    row = _row(context)
    check = row.checks.order_by("-round").first()
    if check is None:
        return
    failed = [answer for answer in check.answers.values() if answer.get("answer") == "NO"]
    key = sum(1 for answer in failed if answer.get("key"))
    context.event_data |= {
        "conclusion": check.conclusion,
        "key_failed": key,
        "general_failed": len(failed) - key,
    }


def grant(context: Context) -> None:
    """Enter what was decided in the register; the number is taken here, in the deciding transaction."""
    row = _row(context)
    actor = Actor.rules(context.case.org_path) if row.mode == Mode.AUTO else context.actor
    row.decided_at = now()
    row.result_grant = GRANTING[Kind(row.kind)](row, actor)
    row.save()
    note_aftermath(row, context.shared.get("decided_at"))
    number = row.result_grant.number if row.result_grant else context.case.number
    context.event_data |= {"number": number, "mode": row.mode}
    _publish(row, actor)
    from qipan.domains.licensing.jobs import issue_licence

    issue_licence.defer(case_id=context.case.pk, key=f"issue:{context.case.pk}")


def _named(title: str, kind: str) -> str:
    """What was done to what, no word twice: 食品经营许可证 + 延续, 仅销售预包装食品经营者备案 + 备案注销."""
    return title + (kind.removeprefix("备案") if title.endswith("备案") else kind)


def _publish(row: Application, actor: Actor) -> None:
    """The decision is published (Licence 40)."""
    subject, held = row.case.subject, row.result_grant
    if subject is None or held is None:
        return
    item = items.item(row.item_code)
    if item is None or (item.kind != Matter.LICENCE and item.licence != "YB"):
        return  # only the decision on a licence is published by this law
    district = orgs.district_of(row.case.org_path)
    place = row.premises.address if row.premises else subject.domicile
    common = {
        "number": held.number,
        "name": subject.name,
        "code": registry.uscc_of(subject),
        "place": place,
        "authority": district.name,
    }
    if row.kind == Kind.FILING:
        kind, content = "filing.record", {**common, "filed_on": today().isoformat()}
    elif row.kind == Kind.FILING_CANCEL:
        return
    else:
        kind = "licence.grant"
        content = {
            **common,
            "item": held.title,
            "kind": str(row.get_kind_display()),
            "decided_on": today().isoformat(),
            "valid_from": held.valid_from.isoformat(),
            "valid_to": held.valid_to.isoformat() if held.valid_to else "",
        }
    publication.oblige(
        kind,
        row.case,
        formed_on=today(),
        subject_id=subject.pk,
        org_path=row.case.org_path,
        content=content,
        actor=actor,
        title=f"{subject.name} {_named(held.title, str(row.get_kind_display()))}",
        premises_id=row.premises_id,
        is_demo=subject.is_demo,
    )


def tell_issue(context: Context) -> None:
    """What other rooms need to know of what was issued."""
    row = _row(context)
    held = row.result_grant
    checked = _CHECKED.first(application=row.pk) is not None
    unchecked_kinds = {Kind.NEW, Kind.RENEW, Kind.CHANGE}
    item = items.item(row.item_code)
    food = item is None or item.flow == "licensing.application"
    context.event_data |= {
        "number": held.number if held else context.case.number,
        "kind": row.kind,
        "grant": held.pk if held else 0,
        "premises": row.premises_id,
        "unchecked": food and row.kind in unchecked_kinds and not checked,
        "catering": food and held is not None and str(held.data.get("main_format", "")) in {"2", "3"},
    }
    if held is None:
        return
    certificates = certificates_of(row.case_id, held.kind)
    if certificates:
        subjects.attach_documents(held, certificates[0], certificates[1:])


_CHECKED = Composed(
    lambda hole: (
        SiteCheck.objects.filter(application_id=hole("application", BigIntegerField()))
        .exclude(conclusion="")
        .values_list("pk", flat=True)
    )
)


def certificates_of(case_id: int, kind_code: str) -> list[int]:
    """The files of a case that are the licence itself: the original, then its copy (副本)."""
    kind = items.licence_kind(kind_code)
    if kind is None or not kind.template:
        return []
    found = {code: pk for pk, code in documents.papers_of("flow.case", case_id)}
    return [found[code] for code in (kind.template, f"{kind.template}_copy") if code in found]


def stamp_decision(context: Context) -> None:
    """When it was decided."""
    row = _row(context)
    row.decided_at = now()
    row.save(update_fields=["decided_at"])
