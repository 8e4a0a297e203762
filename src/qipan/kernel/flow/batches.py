"""One step for several cases in one go: each checked singly by the engine, those that cannot are told why and left."""

from __future__ import annotations

import logging
import uuid as uuids
from collections.abc import Mapping, Sequence
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from qipan.conf import wall
from qipan.conf.repeating import looks_again
from qipan.kernel.accounts.models import User
from qipan.kernel.flow import engine, events, permissions
from qipan.kernel.flow.errors import FlowError
from qipan.kernel.flow.models import Batch, BatchEntry, Case, EntryState
from qipan.kernel.ledger import feed
from qipan.kernel.ledger.actions import append_bulk
from qipan.kernel.ledger.clock import now
from qipan.kernel.ledger.errors import Refused
from qipan.kernel.orgs.queries import reader_of
from qipan.kernel.orgs.reader import Reader

log = logging.getLogger(__name__)
MOST_CASES = 500


@looks_again
def begin(
    cases: Sequence[tuple[Case, int]],
    transition: str,
    reader: Reader,
    *,
    uuid: uuids.UUID,
    data: Mapping[str, Any] | None = None,
    reason: str = "",
) -> Batch:
    """Write down what is to be done: a step for these cases, each in the version that the officer saw.

    The same `uuid` again gives the batch as it is. Refuses nothing chosen, too many, and cases of different flows.
    The effect comes with `work_off`, which is queued with it: a batch whose request ends midway is taken up again.
    """
    from qipan.kernel.flow.jobs import work_off_batch

    if reader.kind != "staff" or reader.user_id is None:
        raise Refused(_("只有工作人员可以批量办理。"), code="forbidden")
    known = Batch.objects.filter(uuid=uuid).first()
    if known is not None:
        if known.user_id != reader.user_id:
            raise Refused(_("同一提交编号已用于另一批办理，请刷新页面。"), code="conflict")
        return known
    chosen = {case.pk: (case, version) for case, version in cases}
    if not chosen:
        raise Refused(_("请先勾选要办理的办件。"), field="case")
    if len(chosen) > MOST_CASES:
        raise Refused(_("一次最多办理 %(most)d 件。") % {"most": MOST_CASES}, field="case")
    flows = {case.flow_code for case, _version in chosen.values()}
    first = next(iter(chosen.values()))[0]
    if len(flows) > 1:
        raise Refused(_("只能批量办理同一类的办件。"), field="case")
    try:
        step = first.flow.transition(transition)
    except FlowError:
        raise Refused(_("该类办件没有这个操作，请刷新页面。"), code="not_found") from None
    if step.reason_required and not reason.strip():
        raise Refused(_("请填写理由。"), field="reason")
    batch = Batch.objects.create(
        uuid=uuid,
        user_id=reader.user_id,
        flow_code=first.flow_code,
        transition=step.code,
        data=dict(data or {}),
        reason=reason.strip(),
        org_path=reader.org_path or first.org_path,
    )
    BatchEntry.objects.bulk_create(
        BatchEntry(batch=batch, case=case, seen_version=version) for case, version in chosen.values()
    )
    work_off_batch.defer(batch_id=batch.pk, key=f"batch:{batch.pk}")
    return batch


def work_off(batch: Batch) -> Batch:
    """Take the step for every case that still waits, then close the batch with its one event. May be run again.

    Each case is a transaction of its own, in which its mark is set too: a crash in between does nothing twice. One
    that fails waits and holds up no other; its error is raised in the end. The officer's powers are those held now.
    """
    reader = reader_of(User.objects.get(pk=batch.user_id))
    failed: Exception | None = None
    for pk in batch.entries.filter(state=EntryState.WAITING).order_by("pk").values_list("pk", flat=True):
        try:
            _take(pk, batch, reader)
        except Exception as error:
            log.exception("entry %s of batch %s", pk, batch.pk)
            failed = failed or error
    if failed is not None:
        raise failed
    return _end(batch, reader)


@transaction.atomic
@wall.lifted()
def _take(pk: int, batch: Batch, reader: Reader) -> None:
    # Whoever comes second waits, so that nothing stays behind where the first one dies.
    entry = BatchEntry.objects.select_for_update(of=("self",)).filter(pk=pk, state=EntryState.WAITING).first()
    if entry is None:
        return
    case = Case.objects.get(pk=entry.case_id)
    try:
        if not Case.objects.visible_to(reader).filter(pk=case.pk).exists():
            raise Refused(_("该办件不在您的权限范围内。"), code="forbidden")
        with transaction.atomic():
            engine.fire(
                case,
                batch.transition,
                permissions.acting_in(reader, case, batch.transition),
                data=batch.data,
                reason=batch.reason,
                key=f"batch:{batch.uuid}",
                expected_version=entry.seen_version,
            )
        entry.state = EntryState.DONE
    except Refused as refused:
        entry.state, entry.why = EntryState.REFUSED, str(refused)[:1000]
    entry.save(update_fields=["state", "why"])
    feed.touch(f"batch:{batch.pk}")


@transaction.atomic
def _end(batch: Batch, reader: Reader) -> Batch:
    locked: Batch = Batch.objects.select_for_update(of=("self",)).get(pk=batch.pk)
    entries = list(locked.entries.order_by("pk").values_list("case__uuid", "state"))
    if locked.ended_at is not None or any(state == EntryState.WAITING for _case, state in entries):
        return locked
    locked.ended_at = now()
    locked.save(update_fields=["ended_at"])
    refused = sum(1 for _case, state in entries if state == EntryState.REFUSED)
    append_bulk(
        events.BATCH_TAKEN,
        locked,
        reader.actor(None, locked.org_path),
        (f"{case} {state}".encode() for case, state in entries),
        data={"transition": locked.transition, "refused": refused},
        reason=locked.reason,
    )
    feed.touch(f"batch:{locked.pk}")
    return locked
