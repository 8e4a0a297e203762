"""Offers made by night, taken or declined by the holder, lapsed at the window's end."""

import datetime
import logging
import uuid as uuids
from collections.abc import Iterator

from django.db import transaction
from django.utils.translation import gettext as _

from qipan.domains.licensing import actions as applications
from qipan.domains.licensing import events, facts
from qipan.domains.licensing.asking import form_of
from qipan.domains.licensing.models import Application, Kind
from qipan.domains.licensing.offers.models import OfferState, RenewalOffer
from qipan.domains.licensing.offers.window import WIDEST, window
from qipan.kernel.decisions import requirements
from qipan.kernel.decisions.tables import evaluate_all
from qipan.kernel.flow.actions import fire, open_case
from qipan.kernel.flow.models import Case
from qipan.kernel.forms import queries as forms
from qipan.kernel.forms.validation import prefill, validate
from qipan.kernel.items import queries as items
from qipan.kernel.items.models import Item
from qipan.kernel.ledger.actions import append
from qipan.kernel.ledger.actor import Actor
from qipan.kernel.ledger.clock import now, today
from qipan.kernel.ledger.errors import Refused
from qipan.kernel.orgs.reader import Reader
from qipan.kernel.subjects import queries as registry
from qipan.kernel.subjects.models import Grant, GrantState

log = logging.getLogger(__name__)
CHANNEL = "proactive"
#: What the holder declares by confirming; nothing else is answered for anybody.
DECLARED = {"unchanged": True, "truthful": True}


def due(day: datetime.date | None = None) -> Iterator[tuple[Grant, Item, datetime.date]]:
    """The licences in their window for which no offer was made yet, with the item that renews them and its last day.

    A licence or filing without end is never among them.
    """
    moment = day or today()
    rows = Grant.objects.filter(
        state=GrantState.VALID, valid_to__gte=moment, valid_to__lte=moment + WIDEST
    ).select_related("subject", "premises")
    for grant in rows.order_by("pk").iterator(chunk_size=500):
        assert grant.valid_to is not None
        first, last = window(grant.kind, grant.valid_to)
        if not first <= moment <= last or grant.renewal_offers.filter(valid_to=grant.valid_to).exists():
            continue
        item = items.item(items.following(grant.kind, "RENEW", grant.data))
        if item is not None and item.table and item.handler == "licensing":
            yield grant, item, last


def clean(grant: Grant, item: Item) -> bool:
    """Whether the item's own table would grant on the facts of today, were the declaration made (a dry run)."""
    case = Case(subject=grant.subject, premises=grant.premises, org_path=grant.org_path, flow_code=item.flow)
    row = Application(
        case=case,
        item_code=item.code,
        kind=Kind.RENEW,
        form_code=item.form,
        grant=grant,
        premises=grant.premises,
    )
    row.answers = dict(DECLARED)
    row.known, _asked = prefill(forms.asked(item), applications.known_of(grant.subject, grant, item))
    form = form_of(row)
    spared = frozenset(row.known) | {field.code for field in form.fields if field.personal}
    if not validate(form, row.answers, skip=spared).ok:
        return False  # something must be filled in that only the holder knows
    outcome = evaluate_all(requirements.tables(item.table), facts.facts_of(row))[-1]
    return bool((outcome.outputs or {}).get("result") == "GRANT")


def offer_renewals(day: datetime.date | None = None) -> int:
    """Prepare and offer a renewal for every licence in its window whose facts are complete and clean; how many.

    A licence that cannot be judged is left for the next night and holds up no other.
    """
    made = 0
    for grant, item, last in due(day):
        try:
            with transaction.atomic():
                made += _offered(grant, item, last)
        except Exception:
            log.exception("no renewal of %s (%s) was offered", grant.number, item.code)
    return made


def _offered(grant: Grant, item: Item, last: datetime.date) -> bool:
    if not registry.representatives_of(grant.subject_id):
        return False  # nobody could be asked
    if _open_renewal(grant) or not clean(grant, item):
        return False
    _offer(grant, item, last)
    return True


def _open_renewal(grant: Grant) -> bool:
    """Whether the holder has begun one already."""
    return Application.objects.filter(grant=grant, kind=Kind.RENEW, case__closed_at__isnull=True).exists()


def _offer(grant: Grant, item: Item, last: datetime.date) -> RenewalOffer:
    """The draft, filled from what is known and marked as begun by the platform, and the offer of it."""
    system = Actor.system(grant.org_path)
    uuid = uuids.uuid4()
    case = open_case(
        item.flow,
        uuid=uuid,
        org_path=(grant.premises.org_path if grant.premises else "") or grant.org_path,
        actor=system,
        title=f"{grant.subject.name} {item.name}",
        subject_id=grant.subject_id,
        premises_id=grant.premises_id,
        is_demo=grant.subject.is_demo,
    )
    known, _asked = prefill(forms.asked(item), applications.known_of(grant.subject, grant, item))
    Application.objects.create(
        case=case,
        item_code=item.code,
        kind=Kind.RENEW,
        channel=CHANNEL,
        form_code=item.form,
        known=known,
        grant=grant,
        premises=grant.premises,
    )
    assert grant.valid_to is not None
    made = RenewalOffer.objects.create(
        uuid=uuid,
        grant=grant,
        subject_id=grant.subject_id,
        case=case,
        item_code=item.code,
        org_path=case.org_path,
        valid_to=grant.valid_to,
        until=last,
    )
    append(
        events.RENEWAL_OFFERED,
        made,
        system,
        data={"number": grant.number, "item": item.code, "until": last.isoformat()},
    )
    return made


def _lock(offer: RenewalOffer) -> RenewalOffer:
    return (
        RenewalOffer.objects.select_for_update(of=("self",)).select_related("grant", "case").get(pk=offer.pk)
    )


@transaction.atomic
def confirm(
    offer: RenewalOffer, reader: Reader, *, contact_name: str, contact_phone: str, key: str = ""
) -> Case:
    """The holder's one confirmation: declares that nothing changed, and hands the prepared application in.

    What the table grants is granted in the same transaction; what it no longer grants goes to a person as any other.
    The same again gives the case. Refuses strangers, and offers that have ended.
    """
    locked = _lock(offer)
    if reader.kind == "staff" or locked.subject_id not in reader.subject_ids:
        raise Refused(_("只有持证主体的代表人可以确认。"), code="forbidden")
    if locked.state == OfferState.TAKEN:
        return locked.case
    if locked.state != OfferState.OFFERED or today() > locked.until:
        raise Refused(_("这次延续提示已经结束，请自行申请延续。"), code="state")
    row = Application.objects.select_related("case__subject", "grant").get(pk=locked.case_id)
    answers = {**DECLARED, "contact_name": contact_name.strip(), "contact_phone": contact_phone.strip()}
    result = applications.save(row, answers, reader)
    if not result.ok:
        field, words = next(iter(result.errors.items()))
        raise Refused(words, field=field)
    case = applications.submit(row, reader, key=key or f"offer:{locked.uuid}")
    _close(locked, OfferState.TAKEN, reader.actor())
    return case


@transaction.atomic
def decline(offer: RenewalOffer, reader: Reader) -> RenewalOffer:
    """The holder does not want it: the draft goes, and nobody asks again for this term. Refuses strangers."""
    locked = _lock(offer)
    if reader.kind == "staff" or locked.subject_id not in reader.subject_ids:
        raise Refused(_("只有持证主体的代表人可以确认。"), code="forbidden")
    if locked.state == OfferState.OFFERED:
        fire(locked.case, "discard", reader.actor())
        _close(locked, OfferState.DECLINED, reader.actor())
    return locked


def follow(case_id: int, step: str) -> None:
    """The draft of an offer was handed in from its form, or deleted: the offer says so."""
    found = RenewalOffer.objects.filter(case_id=case_id, state=OfferState.OFFERED).first()
    if found is None:
        return
    with transaction.atomic():
        locked = _lock(found)
        if locked.state == OfferState.OFFERED:
            state = OfferState.TAKEN if step == "submit" else OfferState.DECLINED
            _close(locked, state, Actor.system(locked.org_path))


def lapse_offers(day: datetime.date | None = None) -> int:
    """End the offers whose window is over, or whose licence is no longer as it was offered; how many.

    One that cannot be ended is left for the next night.
    """
    moment, ended = day or today(), 0
    rows = RenewalOffer.objects.filter(state=OfferState.OFFERED).select_related("grant")
    for offer in rows.order_by("pk").iterator(chunk_size=500):
        same = offer.grant.state == GrantState.VALID and offer.grant.valid_to == offer.valid_to
        if same and moment <= offer.until:
            continue
        try:
            ended += _lapsed(offer)
        except Exception:
            log.exception("the offer %s was not ended", offer.pk)
    return ended


@transaction.atomic
def _lapsed(offer: RenewalOffer) -> bool:
    locked = _lock(offer)
    if locked.state != OfferState.OFFERED:
        return False
    system = Actor.system(locked.org_path)
    if locked.case.state == "DRAFT":
        fire(locked.case, "discard", system)
    _close(locked, OfferState.LAPSED, system)
    return True


CLOSED = {
    OfferState.TAKEN: events.RENEWAL_TAKEN,
    OfferState.DECLINED: events.RENEWAL_DECLINED,
    OfferState.LAPSED: events.RENEWAL_LAPSED,
}


def _close(offer: RenewalOffer, state: OfferState, actor: Actor) -> None:
    offer.state, offer.closed_at = state, now()
    offer.save(update_fields=["state", "closed_at"])
    append(CLOSED[state], offer, actor, data={"number": offer.grant.number, "item": offer.item_code})
