"""Licences that ended are cancelled without anybody asking (依职权注销), and the certificate is announced void."""

from collections.abc import Iterator

from django.db import models, transaction
from django.db.models import Exists, OuterRef, Q
from django.utils.translation import gettext as _

from qipan.domains.licensing import events
from qipan.domains.licensing.models import Application
from qipan.kernel.items import queries as items
from qipan.kernel.ledger.actions import append
from qipan.kernel.ledger.actor import Actor
from qipan.kernel.ledger.clock import today
from qipan.kernel.ledger.errors import Refused
from qipan.kernel.orgs import queries as orgs
from qipan.kernel.publication import actions as publication
from qipan.kernel.subjects import actions as subjects
from qipan.kernel.subjects import queries as registry
from qipan.kernel.subjects.models import RUNNING, Grant, GrantState
from qipan.kernel.subjects.statuses import GONE

TAKEN_AWAY = (GrantState.RESCINDED, GrantState.WITHDRAWN, GrantState.REVOKED)
A_NIGHT = 2000


def ended() -> Iterator[tuple[Grant, str]]:
    """Grants to be cancelled and why: expired and not renewed, holder gone, taken away (LicProc 49 (1), (3), (4)).

    What is asked for in an open application waits for its decision; at most 2,000 a night.
    """
    asked = Application.objects.filter(
        grant=OuterRef("pk"), case__closed_at__isnull=True, case__private=False
    )
    rows = (
        Grant.objects.filter(kind__in=items.licence_codes()).filter(~Exists(asked)).select_related("subject")
    )
    living = [*RUNNING, GrantState.EXPIRED]
    over = (
        Q(state=GrantState.EXPIRED) | Q(state__in=TAKEN_AWAY) | Q(state__in=living, subject__status__in=GONE)
    )
    for grant in rows.filter(over).order_by("pk")[:A_NIGHT]:
        if grant.state in TAKEN_AWAY:
            yield grant, str(_("许可依法被撤销、撤回或者证件被吊销"))
        elif grant.subject.status in GONE:
            yield grant, str(_("持证主体依法终止"))
        else:
            yield grant, str(_("有效期届满未延续"))


@transaction.atomic
def cancel(grant: Grant, ground: str) -> Grant:
    """Cancel a grant on the authority's own motion, and announce its certificate void (LicProc 49, 52)."""
    actor = Actor.system(grant.org_path)
    row = subjects.set_grant_state(grant, GrantState.CANCELLED, actor, ground)
    append(events.CANCELLED, row, actor, data={"number": row.number, "ground": ground}, reason=ground)
    announce_void(row, row, actor, str(_("依职权注销")), ground)
    return row


def cancel_ended() -> int:
    """Cancel all that ended; returns how many. One that somebody changed meanwhile is left for the next night."""
    done = 0
    for grant, ground in list(ended()):
        try:
            cancel(grant, ground)
        except Refused:
            continue
        done += 1
    return done


def announce_void(grant: Grant, record: models.Model, actor: Actor, kind: str, ground: str) -> None:
    """The public announcement that a certificate is void; one for each record that ends it."""
    subject = grant.subject
    publication.oblige(
        "licence.void",
        record,
        formed_on=today(),
        subject_id=subject.pk,
        org_path=grant.org_path,
        content={
            "number": grant.number,
            "name": subject.name,
            "code": registry.uscc_of(subject),
            "item": grant.title,
            "kind": kind,
            "ground": ground,
            "ended_on": today().isoformat(),
            "authority": orgs.district_of(grant.org_path).name,
        },
        actor=actor,
        title=f"{subject.name} {grant.title}{kind}",
        premises_id=grant.premises_id,
        is_demo=subject.is_demo,
    )
