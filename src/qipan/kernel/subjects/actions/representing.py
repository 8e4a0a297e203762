"""Who acts for a subject."""

from django.db import transaction

from qipan.kernel.accounts.models import User
from qipan.kernel.ledger.actions import append
from qipan.kernel.ledger.actor import Actor
from qipan.kernel.ledger.clock import today
from qipan.kernel.subjects import events
from qipan.kernel.subjects.actions.locking import lock
from qipan.kernel.subjects.actions.mandating import end_mandates_of
from qipan.kernel.subjects.models import (
    Representative,
    Subject,
)


@transaction.atomic
def represent(user: User, subject: Subject, actor: Actor, role: str = "LEGAL_REP") -> Representative:
    """Let a user act for a subject; whoever did before does so again."""
    lock(subject)
    row, created = Representative.objects.get_or_create(
        user=user, subject=subject, role=role, defaults={"valid_from": today()}
    )
    ended = row.valid_to is not None
    if ended:
        row.valid_to = None
        row.save(update_fields=["valid_to"])
    if created or ended:
        append(
            events.REPRESENTED, row, actor, data={"user": user.pk, "role": role}, org_path=subject.org_path
        )
    return row


@transaction.atomic
def end_representation(row: Representative, actor: Actor, reason: str) -> Representative:
    """A user no longer acts for a subject, from today on; the first day of two stays.

    What a legal representative authorised others to do ends with it.
    """
    row = (
        Representative.objects.select_for_update(of=("self",), no_key=True)
        .select_related("subject")
        .get(pk=row.pk)
    )
    if row.valid_to is not None and row.valid_to <= today():
        return row
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
    if row.role == "LEGAL_REP":
        end_mandates_of(row.user_id, row.subject, actor)
    return row
