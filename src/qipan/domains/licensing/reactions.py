"""What licensing does after the fact: the applicant is told of every step that concerns them, in plain words."""

from collections.abc import Callable

from django.db.models import BigIntegerField
from django.utils import timezone
from django.utils.translation import gettext as _

from qipan.conf.composed import Composed
from qipan.domains.licensing import telling
from qipan.domains.licensing.booking import actions as booking
from qipan.domains.licensing.booking.models import Booking, BookingState
from qipan.domains.licensing.elicences import calling
from qipan.domains.licensing.locking import case_of
from qipan.domains.licensing.models import Application
from qipan.domains.licensing.offers import actions as offers
from qipan.domains.licensing.offers.models import RenewalOffer
from qipan.domains.licensing.registering import LICENCE
from qipan.kernel.accounts import letters
from qipan.kernel.accounts.models import User
from qipan.kernel.flow.models import Case
from qipan.kernel.items import queries as items
from qipan.kernel.ledger.actor import Actor
from qipan.kernel.ledger.dispatch import subscribe
from qipan.kernel.ledger.models import Event
from qipan.kernel.ledger.queries import title_of
from qipan.kernel.ledger.webhooks import open_to_owners
from qipan.kernel.orgs.reader import MANDATE
from qipan.kernel.subjects import actions as subjects_actions
from qipan.kernel.subjects.models import Grant, GrantState, Status

Words = Callable[[Case, Event], str]


def _of(text: str) -> Words:
    return lambda case, event: text % {"title": case.title, "number": event.data.get("number", case.number)}


def told() -> dict[str, Words]:
    """What is said after which event. Steps that the applicant takes in person need no message (`is_news`)."""
    return {
        "licensing.application.returned": _of(_("“%(title)s”需要补正，请按告知的内容补充后再提交。")),
        "licensing.application.accepted": _of(_("“%(title)s”已受理（%(number)s）。")),
        "licensing.application.deemed": _of(_("“%(title)s”已视为受理（%(number)s）。")),
        "licensing.application.declined": _of(_("“%(title)s”不予受理，理由见通知书。")),
        "licensing.check.ordered": _of(_("“%(title)s”将进行现场核查，请保持电话畅通。")),
        "licensing.check.concluded": _of(_("“%(title)s”的现场核查已有结论，请查看。")),
        "licensing.application.refused": _of(_("“%(title)s”不予许可，理由和救济途径见决定书。")),
        "licensing.licence.issued": _of(_("“%(title)s”已办结，证照已经制发（%(number)s），可以下载。")),
        "licensing.application.terminated": _of(_("“%(title)s”已终止办理。")),
        "licensing.application.withdrawn": _of(
            _("“%(title)s”逾期没有补正，已视为撤回。需要办理的，请重新申请。")
        ),
        "licensing.application.extended": _of(_("“%(title)s”经批准延长了办理期限。")),
        "licensing.matter.answered": _of(_("“%(title)s”：部门已经答复，请查看。")),
        "licensing.rescission.told": _of(_("关于“%(title)s”：请在五日内陈述、申辩或者要求听证。")),
        "licensing.licence.rescinded": _of(_("“%(title)s”：证照 %(number)s 已被撤销，详见决定书。")),
        "licensing.licence.kept": _of(_("“%(title)s”：决定不予撤销。")),
    }


def is_news(event: Event) -> bool:
    """Whether an event came about without the applicant: of the withdrawals, that by a limit which ran out."""
    return event.name != "licensing.application.withdrawn" or event.data.get("transition") == "lapse"


_APPLICATION = Composed(
    lambda hole: Application.objects.filter(pk=hole("case", BigIntegerField())).select_related(
        "case__subject", "grant__subject"
    )
)


def tell_applicant(event: Event) -> None:
    """A message to everybody who acts for the business of the case, or to who opened it where there is none yet."""
    case = case_of(event.record_id)
    telling.tell(case, event.name, told()[event.name](case, event))


def tell_of_agent(event: Event) -> None:
    """What an agent handed in or took back for a business, to those who represent it."""
    case = Case.objects.get(pk=event.record_id)
    agent = User.objects.filter(pk=event.actor_id or 0).first()
    if case.subject_id is not None and agent is not None:
        text = _("代理人%(agent)s对“%(title)s”办理了：%(step)s。") % {
            "agent": agent,
            "title": case.title,
            "step": title_of(event.name),
        }
        telling.tell(case, event.name, text, agents=False)


def tell_of_expiry(event: Event) -> None:
    """A message at each reminder before a licence ends, with where to renew it."""
    grant = Grant.objects.get(pk=event.record_id)
    text = _("%(title)s %(number)s 将于 %(day)s 届满，还有 %(left)s 个工作日。请及时办理延续。") % {
        "title": grant.title,
        "number": grant.number,
        "day": event.data["valid_to"],
        "left": event.data["workdays"],
    }
    code = items.following(grant.kind, "RENEW", grant.data)
    telling.tell_business(grant.subject_id, event.name, text, f"/items/{code}/" if code else "/items/")


def note_materials(event: Event) -> None:
    """What was handed in used licences that nobody was asked for (Online 7)."""
    row: Application | None = _APPLICATION.first(case=event.record_id)
    if row is not None:
        calling.note_materials(row)


#: What becomes of the business licence when the business ends.
ENDS = {
    Status.CANCELLED: GrantState.CANCELLED,
    Status.EX_OFFICIO_CANCELLED: GrantState.CANCELLED,
    Status.REVOKED: GrantState.REVOKED,
    Status.ANNULLED: GrantState.RESCINDED,
}


def end_business_licence(event: Event) -> None:
    """A business that ends has no business licence any more (Reg 31, 40, 46)."""
    state = ENDS.get(Status(event.data["after"]))
    held = Grant.objects.filter(subject_id=event.record_id, kind=LICENCE).first()
    if state is None or held is None or state not in subjects_actions.GRANT_STEPS.get(held.state, ()):
        return
    subjects_actions.set_grant_state(held, state, Actor.system(held.org_path), event.reason)


subscribe(
    "licensing.application.submitted",
    "licensing.matter.handed",
    handler=note_materials,
    code="licensing.note_materials",
)
subscribe("subjects.subject.changed", handler=end_business_licence, code="licensing.end_business_licence")
subscribe(
    "licensing.application.submitted",
    "licensing.application.withdrawn",
    "licensing.matter.handed",
    handler=tell_of_agent,
    code="licensing.tell_of_agent",
    when=lambda event: event.post.startswith(MANDATE),
)


def tell_of_visit(event: Event) -> None:
    """Both sides are told of an appointment, its move, other officers, the day before, and that it did not come about.

    One that ended with its case, or for another time, is told of by that.
    """
    row = Booking.objects.select_related("case").get(pk=event.record_id)
    if event.name == "licensing.booking.cancelled" and (
        row.case.state != "CHECKING" or booking.current(row.case) is not None
    ):
        return
    words = {
        "licensing.booking.made": _("“%(title)s”的现场核查约在 %(at)s，请届时在场。"),
        "licensing.booking.moved": _("“%(title)s”的现场核查改到 %(at)s。"),
        "licensing.booking.staffed": _("“%(title)s”的现场核查人员有调整，时间不变：%(at)s。"),
        "licensing.booking.cancelled": _("“%(title)s”约定 %(at)s 的现场核查已取消：%(why)s"),
        "licensing.booking.reminded": _("提醒：“%(title)s”明天 %(at)s 进行现场核查，请届时在场。"),
        "licensing.booking.missed": _("“%(title)s”约定 %(at)s 的现场核查没有进行，请尽快重新预约。"),
    }
    at = timezone.localtime(row.starts_at).strftime("%Y-%m-%d %H:%M")
    text = words[event.name] % {"title": row.case.title, "at": at, "why": row.note}
    telling.tell(row.case, event.name, text, f"/my/bookings/{row.case.uuid}/")
    for part in row.officers.filter(active=True).select_related("user__person"):
        if part.user.person is not None:
            letters.notify(part.user.person, event.name, text, "/m/visits/")


def settle_visit(event: Event) -> None:
    """The visit was held, or the case ended without it."""
    held = event.name == "licensing.check.concluded"
    booking.settle(event.record_id, BookingState.HELD if held else BookingState.CANCELLED)


def follow_order(event: Event) -> None:
    """Who holds the order of a site check now is who comes."""
    booking.follow_order(event.record_id)


def tell_of_offer(event: Event) -> None:
    """A message that a renewal is prepared, with where it is confirmed."""
    offer = RenewalOffer.objects.select_related("grant").get(pk=event.record_id)
    text = _(
        "%(title)s %(number)s 即将到期，延续申请已经为您备好：核对后确认一次即可提交，最迟 %(day)s。"
    ) % {
        "title": offer.grant.title,
        "number": offer.grant.number,
        "day": offer.until,
    }
    telling.tell_business(offer.subject_id, event.name, text, f"/my/offers/{offer.uuid}/")


def follow_offer(event: Event) -> None:
    """An offered draft that was handed in or deleted from its own page ends its offer."""
    offers.follow(event.record_id, str(event.data.get("transition", "")))


open_to_owners(
    "licensing.application.submitted",
    "licensing.application.granted",
    "licensing.matter.handed",
    *told(),
    "subjects.grant.expiring",
    "subjects.grant.moved",
)
subscribe(*told(), handler=tell_applicant, code="licensing.tell_applicant", when=is_news)
subscribe("subjects.grant.expiring", handler=tell_of_expiry, code="licensing.tell_of_expiry")
subscribe("licensing.renewal.offered", handler=tell_of_offer, code="licensing.tell_of_offer")
subscribe(
    "licensing.application.submitted",
    "licensing.application.withdrawn",
    handler=follow_offer,
    code="licensing.follow_offer",
    when=lambda event: event.data.get("channel", offers.CHANNEL) == offers.CHANNEL,
)
subscribe(
    "licensing.booking.made",
    "licensing.booking.moved",
    "licensing.booking.staffed",
    "licensing.booking.reminded",
    "licensing.booking.missed",
    "licensing.booking.cancelled",
    handler=tell_of_visit,
    code="licensing.tell_of_visit",
)
subscribe(
    "flow.order.claimed",
    "flow.order.assigned",
    "flow.order.transferred",
    "flow.order.reissued",
    handler=follow_order,
    code="licensing.follow_order",
)
subscribe(
    "licensing.check.concluded",
    "licensing.application.terminated",
    handler=settle_visit,
    code="licensing.settle_visit",
)
