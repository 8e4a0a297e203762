"""The record of a site check: begun by two officers, noted by both, concluded and signed (FBL15 16)."""

import uuid as uuids
from collections.abc import Mapping
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from qipan.domains.licensing import events
from qipan.domains.licensing.locking import item_of, locked
from qipan.domains.licensing.models import Application, CheckConclusion, SiteCheck
from qipan.kernel.evidence import actions as evidence
from qipan.kernel.flow.actions import fire
from qipan.kernel.forms import checklists
from qipan.kernel.forms import queries as forms
from qipan.kernel.ledger.actions import append
from qipan.kernel.ledger.clock import now
from qipan.kernel.ledger.errors import Refused
from qipan.kernel.orgs.reader import Reader

MOST_PHOTOS = 9


def check_facts(row: Application) -> dict[str, Any]:
    """What decides which items of a checklist apply."""
    data = row.result_grant.data if row.result_grant else row.grant.data if row.grant else {}
    return {"main_format": "", "items": [], "marks": [], **data, **row.answers}


@transaction.atomic
def start_check(
    row: Application, reader: Reader, *, uuid: uuids.UUID, officers: list[int], place: str = ""
) -> SiteCheck:
    """Begin the visit: two officers who hold the order together are there (FBL15 16)."""
    if len(set(officers)) < 2:
        raise Refused(_("现场核查须由两名以上持证人员进行，请先让同事共同签收工单。"), code="state")
    if reader.user_id not in officers:
        raise Refused(_("您不是这次核查的承办人。"), code="forbidden")
    locked(row)  # two officers begin together: it is one visit
    known = SiteCheck.objects.filter(uuid=uuid).first() or row.checks.filter(conclusion="").first()
    if known:
        return known
    item = item_of(row)
    return SiteCheck.objects.create(
        uuid=uuid,
        application=row,
        round=row.checks.count() + 1,
        checklist_code=item.checklist or "LIC-CATER",
        officers=sorted(set(officers)),
        started_at=now(),
        place=place[:60],
    )


@transaction.atomic
def note_check(check: SiteCheck, reader: Reader, answers: Mapping[str, Mapping[str, Any]]) -> SiteCheck:
    """Keep what was recorded at some items of a visit; the others stay, so that two officers may record at once.

    `answers`: item code → {answer, note, value, photos: [uuid of a file or of its upload]}.
    """
    row = (
        SiteCheck.objects.select_for_update(of=("self",)).select_related("application__case").get(pk=check.pk)
    )
    if reader.user_id not in row.officers:
        raise Refused(_("您不是这次核查的承办人。"), code="forbidden")
    if row.conclusion:
        raise Refused(_("这次核查已经作出结论。"), code="state")
    taken = _keep_answers(row, answers, reader)
    row.save(update_fields=["answers"])
    if taken:
        case = row.application.case
        append(events.CHECK_NOTED, case, reader.actor(None, case.org_path), data={"items": taken})
    return row


def _keep_answers(check: SiteCheck, answers: Mapping[str, Mapping[str, Any]], reader: Reader) -> list[str]:
    """Put answers into the record, each with its photos attached to the case; gives the codes that were taken."""
    case = check.application.case
    keys = {item.code: item.key for item in forms.checklist(check.checklist_code).items}
    taken = [code for code in answers if code in keys]
    for code in taken:
        photos = [
            str(evidence.attach(str(token), case, role=f"check {code}", actor=reader.actor()).evidence.uuid)
            for token in list(answers[code].get("photos") or ())[:MOST_PHOTOS]
        ]
        texts = {
            part: str(answers[code].get(part, "")).strip()[:1000] for part in ("answer", "note", "value")
        }
        check.answers[code] = {**texts, "photos": list(dict.fromkeys(photos)), "key": keys[code]}
    return taken


@transaction.atomic
def conclude_check(
    check: SiteCheck,
    reader: Reader,
    *,
    answers: Mapping[str, Mapping[str, Any]],
    signatures: Mapping[str, str],
    refused: bool = False,
    note: str = "",
    asked_rectification: bool = False,
    place: str = "",
) -> SiteCheck:
    """Record the visit and what it comes to; signed by both officers and the operator, or with the refusal noted.

    `signatures`: PNG data URLs by "officer1", "officer2", "operator".
    """
    row = check.application
    locked(row)
    # What the other officer recorded meanwhile is part of it; who concludes second is told.
    check = SiteCheck.objects.select_for_update(of=("self",), no_key=True).get(pk=check.pk)
    if reader.user_id not in check.officers:
        raise Refused(_("您不是这次核查的承办人。"), code="forbidden")
    if check.conclusion:
        raise Refused(_("这次核查已经作出结论。"), code="state")
    checklist, facts = forms.checklist(check.checklist_code), check_facts(row)
    given = {**check.answers, **answers}
    if open_gaps := checklists.gaps(checklist, given, facts, photos_of_failed=False):
        raise Refused(
            "；".join(gap.text for gap in open_gaps[:8]),
            field=f"answer-{open_gaps[0].item.code}",
            details={
                "refusals": [{"message": gap.text, "field": f"answer-{gap.item.code}"} for gap in open_gaps]
            },
        )
    found = checklists.conclude(checklist, given, facts)
    wanted = ["officer1", "officer2", *([] if refused else ["operator"])]
    if lacking := [name for name in wanted if not signatures.get(name)]:
        names = {"officer1": _("核查人员一"), "officer2": _("核查人员二"), "operator": _("申请人")}
        raise Refused(_("还缺%(who)s的签名。") % {"who": names[lacking[0]]}, field=lacking[0])
    if refused and not note.strip():
        raise Refused(_("当事人拒绝签字的，请注明原因和见证情况。"), field="note")
    _keep_answers(check, answers, reader)
    check.signatures = {
        name: str(
            evidence.store_data_url(
                signatures[name], kind="signature", record=row.case, actor=reader.actor()
            ).uuid
        )
        for name in wanted
        if signatures.get(name)
    }
    if not found.failed:
        check.conclusion = CheckConclusion.PASS
    else:
        check.conclusion = CheckConclusion.RECTIFY if asked_rectification else CheckConclusion.FAIL
    check.operator_refused, check.note, check.concluded_at = refused, note.strip(), now()
    check.place = place[:60] or check.place
    check.save()
    step = "ask_rectification" if check.conclusion == CheckConclusion.RECTIFY else "finish_check"
    fire(row.case, step, reader.actor(None, row.case.org_path), key=f"check:{check.uuid}")
    return check
