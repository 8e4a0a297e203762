"""The nightly replay, and what an official makes of a difference: the rescission begins, or the grant is kept with a reason."""

import datetime
import logging
import uuid as uuids
from collections.abc import Callable, Iterator

from django.db import transaction
from django.db.models import Min, QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from qipan.conf import wall
from qipan.domains.licensing import events
from qipan.domains.licensing.guarding import comparing
from qipan.domains.licensing.guarding.models import Difference, GuardFinding, GuardRun, Outcome
from qipan.domains.licensing.models import VALID_AFTER, Application, Mode, Rescission
from qipan.domains.licensing.rescission import actions as rescissions
from qipan.domains.licensing.rescission.steps import STANDING
from qipan.kernel.decisions.models import Decision
from qipan.kernel.documents import queries as documents
from qipan.kernel.flow import actions as flow
from qipan.kernel.items import queries as items
from qipan.kernel.ledger.actions import append
from qipan.kernel.ledger.actor import Actor
from qipan.kernel.ledger.clock import now, today
from qipan.kernel.ledger.errors import Refused
from qipan.kernel.orgs import queries as orgs
from qipan.kernel.orgs.models import Level, Unit
from qipan.kernel.orgs.reader import Reader
from qipan.kernel.orgs.roles import Role

ORDER = "licensing.guard"
#: From the finding: as long as the decision on a rescission may take (LicProc 45).
DUE = "LicProc45.rescind"
A_CHUNK = 200
#: How far back missed nights are made up for.
MOST_DAYS_BEHIND = 31
log = logging.getLogger(__name__)


def _day(day: datetime.date) -> tuple[datetime.datetime, datetime.datetime]:
    begin = timezone.make_aware(datetime.datetime.combine(day, datetime.time()))
    return begin, begin + datetime.timedelta(days=1)


def granted_on(day: datetime.date) -> QuerySet[Application]:
    """What the rules granted alone on a day."""
    begin, end = _day(day)
    return Application.objects.filter(
        mode=Mode.AUTO, decided_at__gte=begin, decided_at__lt=end, decision_id__isnull=False
    ).select_related("case__subject", "grant", "premises", "result_grant")


def _chunks(day: datetime.date) -> Iterator[list[Application]]:
    keys = list(granted_on(day).order_by("pk").values_list("pk", flat=True))
    for start in range(0, len(keys), A_CHUNK):
        yield list(granted_on(day).filter(pk__in=keys[start : start + A_CHUNK]).order_by("pk"))


@wall.lifted()
def replay_day(day: datetime.date, tell: Callable[[int], None] = lambda done: None) -> list[GuardRun]:
    """Work out again what the rules granted on a day; a row for each district, each difference with its work order.

    Again for the same day counts anew and adds only what was not found before. What cannot be worked out is a difference
    of its own kind, and holds up no other; a day is kept as a whole.
    """
    if day >= today():
        raise Refused(_("只能复核已经过去的一天。"), field="day")
    documents.forget_what_holds()  # by night every seal is verified in full
    started, counts, found = now(), dict[str, list[int]](), dict[str, list[GuardFinding]]()
    for path in Unit.objects.filter(level=Level.DISTRICT).values_list("path", flat=True):
        counts[path] = [0, 0, 0]  # a quiet day is told, too
    for rows in _chunks(day):
        decided = Decision.objects.select_related("table").in_bulk([row.decision_id for row in rows])
        for row in rows:
            path = orgs.district_of(row.case.org_path).path
            count = counts.setdefault(path, [0, 0, 0])
            try:
                with transaction.atomic():
                    compared = comparing.compare(row, decided[row.decision_id])
            except Exception as error:
                log.exception("the decision on application %s could not be worked out again", row.pk)
                found.setdefault(path, []).append(_failed(row, error))
                continue
            count[0] += 1
            count[1] += bool(compared.unequal)
            count[2] += bool(compared.reasons)
            for made in _findings(row, compared):
                found.setdefault(path, []).append(made)
        tell(len(rows))
    with transaction.atomic():
        return [_kept(day, path, count, started, found.get(path, [])) for path, count in counts.items()]


def catch_up() -> list[datetime.date]:
    """Work out every day again that was missed since the guard began, the oldest first, and yesterday; which it was.

    A day that fails holds up no other; its error is raised in the end.
    """
    yesterday = today() - datetime.timedelta(days=1)
    window = [yesterday - datetime.timedelta(days=back) for back in range(MOST_DAYS_BEHIND)]
    known = set(GuardRun.objects.filter(day__in=window).values_list("day", flat=True))
    began = GuardRun.objects.aggregate(first=Min("day"))["first"] or yesterday
    missed = [day for day in reversed(window) if (day not in known and day > began) or day == yesterday]
    failed: Exception | None = None
    for day in missed:
        try:
            replay_day(day)
        except Exception as error:
            log.exception("what was granted on %s was not worked out again", day)
            failed = failed or error
    if failed is not None:
        raise failed
    return missed


def _failed(row: Application, error: Exception) -> GuardFinding:
    """What could not be worked out again, told as a difference: silence would look like a grant that stands."""
    return GuardFinding(
        application=row,
        subject_id=row.case.subject_id,
        decision_id=row.decision_id,
        org_path=row.case.org_path,
        kind=Difference.FAILED,
        reasons=[_("未能重算：%(why)s") % {"why": str(error)[:400] or type(error).__name__}],
    )


def _findings(row: Application, compared: comparing.Compared) -> Iterator[GuardFinding]:
    both = ((Difference.REPLAY, compared.unequal), (Difference.CURRENT, compared.reasons))
    for kind, reasons in both:
        if reasons:
            yield GuardFinding(
                application=row,
                subject_id=row.case.subject_id,
                decision_id=row.decision_id,
                org_path=row.case.org_path,
                kind=kind,
                lines=[vars(line) for line in compared.lines] if kind == Difference.CURRENT else [],
                reasons=list(reasons),
            )


@transaction.atomic
def _kept(
    day: datetime.date, path: str, count: list[int], started: datetime.datetime, found: list[GuardFinding]
) -> GuardRun:
    checked, unequal, changed = count
    values = {"checked": checked, "unequal": unequal, "changed": changed}
    run, _made = GuardRun.objects.update_or_create(
        day=day, org_path=path, defaults={**values, "started_at": started, "finished_at": now()}
    )
    fresh = [one for one in found if _open(one, run)]
    append(
        events.GUARDED, run, Actor.system(path), data={"day": day.isoformat(), **values, "found": len(fresh)}
    )
    return run


def _open(finding: GuardFinding, run: GuardRun) -> bool:
    """Keep a difference that is new, with a work order for the unit's decider; one whose grant has ended needs none."""
    row = finding.application
    if GuardFinding.objects.filter(application=row, kind=finding.kind).exists():
        return False
    finding.run = run
    if _is_over(row):
        finding.outcome, finding.closed_at = Outcome.ENDED, now()
        finding.save()
    else:
        finding.save()
        item = items.item(row.item_code)
        finding.order = flow.create_order(
            ORDER,
            _("秒办复核：%(item)s（%(number)s）")
            % {"item": item.name if item else row.item_code, "number": row.case.number},
            Role.LIC_DECIDER,
            finding.org_path,
            actor=Actor.system(finding.org_path),
            uuid=finding.uuid,
            record=finding,
            subject_id=finding.subject_id,
            requirement=_("%(kind)s：%(reasons)s。请核实，应当撤销的启动撤销程序，不应撤销的写明理由。")
            % {"kind": finding.get_kind_display(), "reasons": "；".join(finding.reasons)},
            due_rule=DUE,
            source="licensing.guard",
        )
        finding.save(update_fields=["order"])
    append(
        events.DIFFERENCE_FOUND,
        finding,
        Actor.system(finding.org_path),
        data={"item": row.item_code, "kind": str(finding.kind), "case": row.pk, "reasons": finding.reasons},
    )
    return True


def _is_over(row: Application) -> bool:
    """Whether what was granted has ended otherwise, so that nothing is left to rescind."""
    grant = row.result_grant
    return grant is not None and row.kind in VALID_AFTER and grant.state not in STANDING


def _locked(finding: GuardFinding, reader: Reader) -> tuple[GuardFinding, Actor]:
    found = (
        GuardFinding.objects.select_for_update(of=("self",), no_key=True)
        .select_related("order", "application__result_grant__subject", "application__case")
        .get(pk=finding.pk)
    )
    if not reader.may(Role.LIC_DECIDER, found.org_path):
        raise Refused(_("只有作出许可决定的人员可以处理。"), code="forbidden")
    if found.outcome != Outcome.OPEN:
        raise Refused(_("这项差异已经处理过。"), code="state")
    return found, reader.actor(Role.LIC_DECIDER, found.org_path)


@transaction.atomic
@wall.lifted()
def begin_rescission(finding: GuardFinding, reader: Reader, *, ground: str, text: str) -> Rescission:
    """Begin the rescission of what was granted (LicProc 40, decided within 60 days), with the difference as its finding."""
    found, actor = _locked(finding, reader)
    grant = found.application.result_grant
    if grant is None or grant.state not in STANDING:
        raise Refused(_("这一件没有可以撤销的证照；请按登记、公示的更正程序处理后写明理由。"), code="state")
    row = rescissions.begin(grant, uuid=_uuid(found), ground=ground, finding=text, actor=actor)
    found.rescission = row
    _close(found, Outcome.RESCISSION, actor, text)
    return row


def _uuid(finding: GuardFinding) -> uuids.UUID:
    return uuids.uuid5(finding.uuid, "rescission")


@transaction.atomic
@wall.lifted()
def keep(finding: GuardFinding, reader: Reader, *, note: str) -> GuardFinding:
    """Keep the grant: the difference was looked into and is no ground to rescind."""
    found, actor = _locked(finding, reader)
    if not note.strip():
        raise Refused(_("请写明核实的情况和维持的理由。"), field="note")
    _close(found, Outcome.KEPT, actor, note)
    return found


def _close(found: GuardFinding, outcome: Outcome, actor: Actor, note: str) -> None:
    found.outcome, found.note = outcome, note.strip()[:4000]
    found.closed_at, found.closed_by = now(), actor.user_id
    found.save()
    if found.order is not None:
        flow.complete(found.order, actor=actor, result=found.note)
    append(
        events.DIFFERENCE_SETTLED,
        found,
        actor,
        data={"case": found.application_id, "outcome": str(outcome)},
        reason=found.note,
    )
