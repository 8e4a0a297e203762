"""Who is told of what: the business of its application, the next party that it is its turn, the users of a lost seal."""

import uuid as uuids

from django.db import transaction
from django.utils.translation import gettext as _

from qipan.domains.seals.actions import applying
from qipan.domains.seals.models import Authorisation, Round
from qipan.domains.seals.permissions import standing
from qipan.kernel.accounts import letters
from qipan.kernel.accounts.models import User
from qipan.kernel.documents import moves
from qipan.kernel.documents.models import Seal, SealKind
from qipan.kernel.flow.models import Case
from qipan.kernel.ledger.dispatch import subscribe
from qipan.kernel.ledger.errors import Refused
from qipan.kernel.ledger.models import Event
from qipan.kernel.orgs import queries as orgs
from qipan.kernel.subjects import queries as subjects
from qipan.kernel.subjects.models import Subject


def told() -> dict[str, str]:
    """What the applicant is told after which event."""
    return {
        "seals.application.returned": _("“%(title)s”需要补正，请按要求补充后再提交。"),
        "seals.application.granted": _("“%(title)s”已准予制发，请在手机上激活后使用。"),
        "seals.application.refused": _("“%(title)s”不予制发，理由见办件页面。"),
        "seals.application.lapsed": _("“%(title)s”逾期未补正，已视为撤回。"),
    }


def _tell(subject_id: int, kind: str, text: str, link: str) -> None:
    for user in subjects.representatives_of(subject_id):
        _tell_user(user, kind, text, link, subject_id)


def _tell_user(user: User, kind: str, text: str, link: str, subject_id: int | None = None) -> None:
    if user.person is not None:
        letters.notify(user.person, kind, text, link, subject_id)


def tell_applicant(event: Event) -> None:
    """A message to everybody who acts for the business."""
    case = Case.objects.get(pk=event.record_id)
    if case.subject_id is not None:
        link = f"/my/seals/{event.data['seal']}/" if event.data.get("seal") else f"/my/cases/{case.uuid}/"
        _tell(case.subject_id, event.name, told()[event.name] % {"title": case.title}, link)


def ask_next(event: Event) -> None:
    """The party whose turn it is, or all when it is done or stopped."""
    row = Round.objects.prefetch_related("turns").get(pk=event.record_id)
    link = f"/my/seals/rounds/{row.uuid}/"
    if event.name == "seals.round.stopped":
        for subject_id in {row.subject_id, *(turn.subject_id for turn in row.turns.all())}:
            _tell(
                subject_id,
                event.name,
                _("会签“%(title)s”已终止：%(reason)s") % {"title": row.title, "reason": row.reason},
                link,
            )
        return
    waiting = next((turn for turn in row.turns.all().order_by("place") if turn.use_id is None), None)
    if waiting is not None:
        _tell(
            waiting.subject_id,
            event.name,
            _("请在“%(title)s”上盖章，现在轮到您。") % {"title": row.title},
            link,
        )
        return
    for subject_id in {row.subject_id, *(turn.subject_id for turn in row.turns.all())}:
        _tell(subject_id, event.name, _("“%(title)s”各方都已盖章，可以下载。") % {"title": row.title}, link)


def tell_of_move(event: Event) -> None:
    """What happened to a business's seal: its representatives and those who may use it (Esign 15)."""
    seal = Seal.objects.defer("certificate", "sm2_certificate", "gm_seal", "picture").get(pk=event.record_id)
    step = moves.MOVES.get(str(event.data.get("move")))
    if seal.subject_id is None or step is None:
        return
    text = _("印章“%(name)s”（%(number)s）已办理：%(move)s。") % {
        "name": seal.name,
        "number": seal.seal_id,
        "move": step.title,
    }
    people = {user.pk: user for user in subjects.representatives_of(seal.subject_id)}
    for row in Authorisation.objects.filter(standing(seal), user__isnull=False).select_related(
        "user__person"
    ):
        people[row.user_id] = row.user
    for user in people.values():
        _tell_user(user, event.name, text, f"/my/seals/{seal.seal_id}/", seal.subject_id)


def tell_authorised(event: Event) -> None:
    """Who was authorised to use a seal."""
    user = User.objects.select_related("person").filter(pk=event.data.get("user") or 0).first()
    seal = Seal.objects.defer("certificate", "sm2_certificate", "gm_seal", "picture").get(pk=event.record_id)
    if user is None:
        return
    ended = event.name == "seals.authorisation.ended"
    words = _("您使用印章“%(name)s”的授权已收回。") if ended else _("您已被授权使用印章“%(name)s”。")
    _tell_user(user, event.name, words % {"name": seal.name}, "/my/seals/")


def begin_wished(event: Event) -> None:
    """Who registers a business and wants an electronic seal with it need not ask again: the seal is applied for."""
    if event.data["wish"] != "electronic_seal":
        return
    subject = Subject.objects.get(pk=event.data["subject"])
    reader = orgs.reader_of(User.objects.get(pk=event.data["user"]))
    try:
        with transaction.atomic():
            applying.apply(
                uuid=uuids.uuid5(event.uuid, "seal"),
                reader=reader,
                subject=subject,
                kind=SealKind.COMPANY,
                note=_("登记时一并申领"),
            )
    except Refused as refused:
        _tell(
            subject.pk, event.name, _("电子印章没有自动申领：%(why)s") % {"why": refused}, "/my/seals/apply/"
        )


subscribe("licensing.theme.wished", handler=begin_wished, code="seals.begin_wished")
subscribe(*told(), handler=tell_applicant, code="seals.tell_applicant")
subscribe(
    "seals.round.opened", "seals.turn.taken", "seals.round.stopped", handler=ask_next, code="seals.ask_next"
)
subscribe("documents.seal.moved", handler=tell_of_move, code="seals.tell_of_move")
subscribe("seals.authorisation.*", handler=tell_authorised, code="seals.tell_authorised")
