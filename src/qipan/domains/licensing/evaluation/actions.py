"""Rating an ended case, and following up a bad rating (国务院办公厅关于建立政务服务“好差评”制度提高政务服务水平的意见)."""

from collections.abc import Iterable

from django.conf import settings
from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _
from django.utils.translation import override

from qipan.conf import wall
from qipan.domains.licensing import events
from qipan.domains.licensing.evaluation import heads
from qipan.domains.licensing.evaluation.models import (
    HEADS,
    Channel,
    Evaluation,
    Finding,
    FollowUp,
    Level,
    Tag,
)
from qipan.domains.licensing.models import Application
from qipan.kernel.flow import actions as flow
from qipan.kernel.flow.models import Case, WorkOrder
from qipan.kernel.items import queries as items
from qipan.kernel.ledger.actions import append
from qipan.kernel.ledger.actor import Actor
from qipan.kernel.ledger.clock import now
from qipan.kernel.ledger.errors import Refused
from qipan.kernel.orgs.reader import Reader
from qipan.kernel.orgs.roles import Role

FOLLOW_UP, CONTACT = "licensing.follow_up", "licensing.follow_up_contact"
#: The limit for finding and reply.
HANDLE = "Rating.handle"
MOST_ROUNDS = 2


def rateable(row: Application) -> bool:
    """Whether an application has ended and was ever handed in."""
    return row.case.closed_at is not None and row.submitted_at is not None


@wall.lifted()
def rate(
    row: Application,
    actor: Actor,
    *,
    level: int,
    tags: Iterable[str] = (),
    words: str = "",
    channel: str = Channel.WEB,
) -> Evaluation:
    """Rate an ended case once; a bad rating opens its follow-up in the same transaction. The same again changes nothing.

    The caller has made sure that the actor may see the case, or holds the code of one of its documents.
    """
    wanted = _checked(level, tags, words)
    if not rateable(row):
        raise Refused(_("这件事还没有办完，办完以后才能评价。"), code="state")
    try:
        return _enter(row, actor, wanted, channel)
    except IntegrityError:
        known = Evaluation.objects.get(case=row.case)
        if (known.level, known.tags, known.words) == wanted:
            return known
        raise Refused(_("这个办件已经评价过，可以追加一次说明。"), code="conflict") from None


def _checked(level: int, tags: Iterable[str], words: str) -> tuple[int, list[str], str]:
    if level not in Level.values:
        raise Refused(_("请选择满意程度。"), field="level")
    named = list(dict.fromkeys(tags))
    if strange := [tag for tag in named if tag not in Tag.values]:
        raise Refused(_("没有这个标签：%(tag)s") % {"tag": strange[0][:20]}, field="tags")
    return level, named, _short(words, "words")


def _short(text: str, field: str, most: int = 500) -> str:
    kept = text.strip()
    if len(kept) > most:
        raise Refused(_("最多 %(most)d 字。") % {"most": most}, field=field)
    return kept


@transaction.atomic
def _enter(row: Application, actor: Actor, wanted: tuple[int, list[str], str], channel: str) -> Evaluation:
    case = Case.objects.select_for_update(of=("self",), no_key=True).get(pk=row.pk)
    level, tags, words = wanted
    officers = heads.officers_of(case)
    with transaction.atomic():
        made = Evaluation.objects.create(
            case=case,
            item_code=row.item_code,
            org_path=heads.unit_of(case, officers),
            level=level,
            tags=tags,
            words=words,
            channel=channel,
            rated_by=actor.user_id,
            officers=officers,
        )
    append(
        events.EVALUATED, made, actor, data={"item": row.item_code, "level": level, "channel": str(channel)}
    )
    if made.is_bad:
        _follow(made)
    return made


@override(settings.LANGUAGE_CODE)  # what is recorded is Chinese, in whatever language the applicant reads
def _follow(row: Evaluation) -> FollowUp:
    """Give a bad rating to the head of the unit, never to who is rated: contact first, then finding and reply."""
    again = row.follow_ups.count()
    role, path, people = heads.head_for(row.org_path, row.officers, above=again)
    item = items.item(row.item_code)
    order = flow.create_order(
        FOLLOW_UP,
        _("差评核实：%(item)s（%(level)s）")
        % {"item": item.name if item else row.item_code, "level": row.get_level_display()},
        role,
        path,
        actor=Actor.system(path),
        record=row,
        requirement=_("联系申请人，核实情况，整改并答复。评价人信息只用于核实，不得告知被评价人员。"),
        due_rule=HANDLE,
        users=people,
        source="licensing.evaluation",
    )
    contact = None
    if not again:
        contact = flow.create_order(
            CONTACT,
            _("差评回访：联系申请人"),
            role,
            path,
            actor=Actor.system(path),
            record=row,
            due_rule="Rating.contact",
            users=people,
            parent=order,
            source="licensing.evaluation",
        )
    return FollowUp.objects.create(evaluation=row, round=again + 1, order=order, contact_order=contact)


@transaction.atomic
def add(row: Evaluation, actor: Actor, words: str) -> Evaluation:
    """Add to a rating, once; its level stays."""
    kept = _short(words, "words")
    if not kept:
        raise Refused(_("请填写追加的内容。"), field="words")
    locked = Evaluation.objects.select_for_update(of=("self",), no_key=True).get(pk=row.pk)
    if locked.added_at is not None:
        if locked.addition == kept:
            return locked
        raise Refused(_("每个评价只能追加一次。"), code="state")
    locked.addition, locked.added_at = kept, now()
    locked.save(update_fields=["addition", "added_at"])
    append(events.EVALUATION_ADDED, locked, actor)
    return locked


def _locked(row: FollowUp, reader: Reader) -> tuple[FollowUp, Actor]:
    """The follow-up, to a head who is not concerned; with the head in the post that acts."""
    found = (
        FollowUp.objects.select_for_update(of=("self",), no_key=True)
        .select_related("order", "contact_order", "evaluation")
        .get(pk=row.pk)
    )
    allowed = Evaluation.objects.visible_to(reader).filter(pk=found.evaluation_id).exists()
    if not allowed or reader.kind != "staff":
        raise Refused(_("差评由单位负责人核实，被评价的人员不能处理。"), code="forbidden")
    for role in (Role(found.order.role), *HEADS):
        if reader.may(role, found.order.org_path):
            return found, reader.actor(role, found.order.org_path)
    raise Refused(_("差评由单位负责人核实，被评价的人员不能处理。"), code="forbidden")


@transaction.atomic
@wall.lifted()
def contact(row: FollowUp, reader: Reader, note: str) -> FollowUp:
    """Note that the applicant was contacted, and what was said (within one working day)."""
    found, actor = _locked(row, reader)
    kept = _short(note, "note")
    if not kept:
        raise Refused(_("请写明怎样联系、了解到什么。"), field="note")
    if found.contacted_at is not None or found.replied_at is not None:
        raise Refused(_("已经登记过联系情况。"), code="state")
    found.contacted_at, found.contact_note = now(), kept
    found.save(update_fields=["contacted_at", "contact_note"])
    _done(found.contact_order, actor, kept)
    append(events.FOLLOW_UP_CONTACTED, found.evaluation, actor, data={"round": found.round})
    return found


@transaction.atomic
@wall.lifted()
def reply(row: FollowUp, reader: Reader, *, finding: str, measures: str, text: str) -> FollowUp:
    """Answer the applicant with the finding and what is put right; closes the order."""
    found, actor = _locked(row, reader)
    if finding not in Finding.values:
        raise Refused(_("请选择核实结论。"), field="finding")
    answer, kept = _short(text, "reply", 1000), _short(measures, "measures", 1000)
    if not answer:
        raise Refused(_("请填写给申请人的答复。"), field="reply")
    if finding != Finding.UNFOUNDED and not kept:
        raise Refused(_("属实的，请写明怎样整改。"), field="measures")
    if found.contact_order_id and found.contacted_at is None:
        raise Refused(_("请先联系申请人并登记联系情况。"), code="state")
    if found.replied_at is not None:
        raise Refused(_("已经答复过。"), code="state")
    found.finding, found.measures, found.reply, found.replied_at = finding, kept, answer, now()
    found.save(update_fields=["finding", "measures", "reply", "replied_at"])
    _done(found.order, actor, answer)
    append(events.FOLLOW_UP_REPLIED, found.evaluation, actor, data={"round": found.round, "finding": finding})
    return found


def _done(order: WorkOrder | None, actor: Actor, result: str) -> None:
    if order is not None:
        flow.complete(order, actor=actor, result=result)


@transaction.atomic
@wall.lifted()
def answer(row: FollowUp, actor: Actor, *, resolved: bool, words: str = "") -> FollowUp:
    """The applicant says whether it is resolved; if not, the unit above takes it up, once.

    The caller has made sure that the actor is the one who rated.
    """
    found = (
        FollowUp.objects.select_for_update(of=("self",), no_key=True)
        .select_related("evaluation")
        .get(pk=row.pk)
    )
    if found.replied_at is None:
        raise Refused(_("还没有答复，答复后再确认是否解决。"), code="state")
    if found.resolved is not None:
        if found.resolved == resolved:
            return found
        raise Refused(_("您已经确认过。"), code="state")
    found.resolved, found.answered_at, found.answer = resolved, now(), _short(words, "words")
    found.save(update_fields=["resolved", "answered_at", "answer"])
    append(
        events.FOLLOW_UP_ANSWERED, found.evaluation, actor, data={"round": found.round, "resolved": resolved}
    )
    if not resolved and found.round < MOST_ROUNDS:
        _follow(found.evaluation)
    return found
