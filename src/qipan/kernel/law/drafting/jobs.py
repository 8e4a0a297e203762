"""A draft tried on what is recorded, in the background, with progress."""

from collections import Counter
from typing import Any

from django.utils.translation import gettext as _

from qipan.kernel.jobs import job
from qipan.kernel.law import events
from qipan.kernel.law.drafting import kinds
from qipan.kernel.law.drafting.models import Draft, Trial
from qipan.kernel.ledger.actions import append
from qipan.kernel.ledger.actor import Actor
from qipan.kernel.ledger.clock import now
from qipan.kernel.orgs import queries as orgs

#: So many records are kept by name; of the others the counts.
MOST_LINES = 200
#: After so many records the page is told how far it is.
STEP = 50


@job()
def run_trial(trial_id: int) -> None:
    """Try a draft on what the whole city recorded, since it would hold there; one that is done, or whose draft changed
    meanwhile, is left as it is."""
    trial = Trial.objects.select_related("draft").get(pk=trial_id)
    if trial.ended_at is not None:
        return
    draft = trial.draft
    runner = kinds.runner(draft.kind)
    same = (draft.digest, draft.valid_from) == (trial.digest, trial.valid_from)
    if runner is None or not same or draft.state != Draft.State.OPEN:
        _end(trial, problem=_("草稿已经改动，请重新试算。"))
        return
    row = kinds.draftable(draft.kind).read(draft.code, draft.valid_from, draft.body)
    counts: Counter[tuple[str, str]] = Counter()
    lines: list[dict[str, Any]] = []
    try:
        trial.total, records = runner(row, orgs.root().path, trial.most)
        trial.tried = trial.affected = 0
        for number, one in enumerate(records, 1):
            trial.tried = number
            if one.effects:
                trial.affected += 1
                counts.update({(each.kind, each.place) for each in one.effects})
                if len(lines) < MOST_LINES:
                    effects = [[each.kind, each.place, each.text] for each in one.effects]
                    lines.append(
                        {"record_kind": one.record_kind, "record_id": one.record_id, "effects": effects}
                    )
            if number % STEP == 0:
                trial.save(update_fields=["total", "tried", "affected"])
    except ValueError as error:
        _end(trial, problem=str(error))
        return
    trial.effects = [
        {"kind": kind, "place": place, "count": count} for (kind, place), count in counts.most_common()
    ]
    trial.lines = lines
    _end(trial)


def _end(trial: Trial, problem: str = "") -> None:
    from django.db import transaction

    with transaction.atomic():
        trial.problem, trial.ended_at = problem[:500], now()
        trial.save()
        draft = trial.draft
        append(
            events.TRIAL_ENDED,
            draft,
            Actor.system(draft.org_path),
            key=draft.code,
            data={
                "kind": draft.kind,
                "row": draft.code,
                "version": draft.valid_from.isoformat(),
                "digest": trial.digest,
                "tried": trial.tried,
                "affected": trial.affected,
            },
        )
