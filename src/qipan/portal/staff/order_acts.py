"""What can be done with a work order: every operation of the engine, with its fields, and who is offered it now."""

import datetime
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.http import QueryDict
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy

from qipan.kernel.flow import actions as flow
from qipan.kernel.flow.models import ACTIVE, OrderState, Urge, WorkOrder
from qipan.kernel.ledger.actor import Actor
from qipan.kernel.ledger.errors import Refused
from qipan.portal.staff.order_view import OrderView

Text = str | Promise
Doing = Callable[[OrderView, QueryDict, Actor], Any]


@dataclass(frozen=True)
class Field:
    """One field of an act: `kind` is text, date, person, people, unit, signer, urge, order, choice or number."""

    name: str
    title: Text
    kind: str = "text"
    required: bool = False
    help: Text = ""
    options: tuple[tuple[str, Text], ...] = ()


@dataclass(frozen=True)
class Act:
    """One operation: what it is called, its fields, who is offered it, what it does and what is said afterwards.

    `leading`: it is done as head of the unit rather than in the order's own role.
    """

    code: str
    title: Text
    offered: Callable[[OrderView], bool]
    do: Doing
    said: Text
    fields: tuple[Field, ...] = ()
    leading: bool = False
    danger: bool = False
    icon: str = "chevron-right"


def _id(post: QueryDict, name: str) -> int | None:
    text = post.get(name, "")
    return int(text) if text.isdecimal() and len(text) < 12 else None


def _ids(post: QueryDict, name: str) -> list[int]:
    return [int(text) for text in post.getlist(name)[:50] if text.isdecimal() and len(text) < 12]


def _day(post: QueryDict, name: str) -> datetime.date | None:
    text = post.get(name, "").strip()
    if not text:
        return None
    try:
        return datetime.date.fromisoformat(text)
    except ValueError:
        raise Refused(_("日期应当写作 2026-01-31 的样子。"), field=name) from None


def _reason(post: QueryDict) -> str:
    return post.get("reason", "").strip()[:500]


def _needs_reason(post: QueryDict) -> str:
    if not _reason(post):
        raise Refused(_("请填写理由。"), field="reason")
    return _reason(post)


def _transfer(view: OrderView, post: QueryDict, actor: Actor) -> None:
    flow.transfer(
        view.order,
        reason=_reason(post),
        actor=actor,
        to_user=_id(post, "person"),
        to_org=post.get("unit", "")[:120],
    )


def _countersign(view: OrderView, post: QueryDict, actor: Actor) -> None:
    rule = post.get("rule", "all")
    people = _ids(post, "people")
    flow.countersign(
        view.order,
        people,
        actor=actor,
        rule=rule if rule in {"all", "any", "n"} else "all",  # type: ignore[arg-type]
        n=_id(post, "n") or 0,
    )


def _reply(view: OrderView, post: QueryDict, actor: Actor) -> None:
    note = Urge.objects.filter(order=view.order, pk=_id(post, "urge") or 0).first()
    if note is None:
        raise Refused(_("请选择要答复的督办。"), field="urge")
    flow.reply_urge(note, post.get("reason", ""), actor=actor)


def _merge(view: OrderView, post: QueryDict, actor: Actor) -> None:
    into = next((other for other in view.mergeable if other.pk == _id(post, "order")), None)
    if into is None:
        raise Refused(_("请选择要并入的工单。"), field="order")
    flow.merge(view.order, into, reason=_reason(post), actor=actor)


def _sign(view: OrderView, post: QueryDict, actor: Actor) -> None:
    if post.get("opinion") not in {"yes", "no"}:
        raise Refused(_("请选择同意或者不同意。"), field="opinion")
    flow.sign(view.order, agree=post.get("opinion") == "yes", actor=actor, note=_reason(post))


def _recuse(view: OrderView, post: QueryDict, actor: Actor) -> None:
    order: WorkOrder = view.order
    where: dict[str, Any] = {"case": order.case} if order.case_id else {"subject_id": order.subject_id}
    flow.recuse(view.reader.user_id or 0, reason=_reason(post), actor=actor, **where)


REASON = Field("reason", lazy("理由"), required=True)
MOVABLE = (OrderState.OPEN, OrderState.CLAIMED)

ACTS = (
    Act(
        "claim",
        lazy("认领"),
        lambda view: view.order.state == OrderState.OPEN and view.holds and not view.mine,
        lambda view, post, actor: flow.claim(view.order, actor=actor),
        lazy("已签收，请按期办理。"),
        icon="hand-click",
    ),
    Act(
        "confirm",
        lazy("签收"),
        lambda view: view.order.state == OrderState.OPEN and view.mine and not view.waits_for_others,
        lambda view, post, actor: flow.claim(view.order, actor=actor),
        lazy("已签收，请按期办理。"),
        icon="hand-click",
    ),
    Act(
        "resume",
        lazy("恢复办理"),
        lambda view: view.order.state == OrderState.SUSPENDED and (view.mine or view.directs),
        lambda view, post, actor: flow.resume(view.order, actor=actor),
        lazy("已恢复办理。"),
        icon="player-play",
    ),
    Act(
        "sign",
        lazy("会签意见"),
        lambda view: view.must_sign,
        _sign,
        lazy("会签意见已提交。"),
        (
            Field(
                "opinion",
                lazy("意见"),
                "choice",
                required=True,
                options=(("yes", lazy("同意")), ("no", lazy("不同意"))),
            ),
            Field("reason", lazy("说明"), help=lazy("不同意的，请写明意见。")),
        ),
        icon="signature",
    ),
    Act(
        "finish",
        lazy("办结"),
        lambda view: view.order.state == OrderState.CLAIMED and view.mine and view.finishes_here,
        lambda view, post, actor: flow.finish(view.order, actor=actor, result=_needs_reason(post)),
        lazy("已办结。"),
        (Field("reason", lazy("办理结果"), required=True),),
        icon="circle-check",
    ),
    Act(
        "reply",
        lazy("答复督办"),
        lambda view: bool(view.open_urges) and view.order.active and (view.mine or view.directs),
        _reply,
        lazy("督办已答复。"),
        (Field("urge", lazy("督办"), "urge", required=True), Field("reason", lazy("答复"), required=True)),
        icon="message",
    ),
    Act(
        "assign",
        lazy("指派"),
        lambda view: view.directs and view.order.state in (*MOVABLE, OrderState.RETURNED),
        lambda view, post, actor: flow.assign(view.order, _ids(post, "people"), actor=actor),
        lazy("已指派。"),
        (Field("people", lazy("办理人"), "people", required=True, help=lazy("先选的主办，其余协办。")),),
        leading=True,
        icon="user-plus",
    ),
    Act(
        "reissue",
        lazy("重新派发"),
        lambda view: view.directs and view.order.state == OrderState.RETURNED,
        lambda view, post, actor: flow.reissue(
            view.order, actor=actor, users=_ids(post, "people"), to_org=post.get("unit", "")[:120]
        ),
        lazy("已重新派发。"),
        (
            Field("unit", lazy("派给机构"), "unit", help=lazy("不选的，仍派给原机构。")),
            Field("people", lazy("派给人员"), "people", help=lazy("不选的，进入机构收件箱待认领。")),
        ),
        leading=True,
        icon="send",
    ),
    Act(
        "transfer",
        lazy("转办"),
        lambda view: view.order.state in MOVABLE and (view.mine or view.directs),
        _transfer,
        lazy("已转办。"),
        (
            Field("person", lazy("转给人员"), "person", help=lazy("人员和机构选一个。")),
            Field("unit", lazy("转给机构"), "unit"),
            REASON,
        ),
        icon="arrows-exchange",
    ),
    Act(
        "countersign",
        lazy("会签"),
        lambda view: view.mine and view.order.state == OrderState.CLAIMED,
        _countersign,
        lazy("已送会签。"),
        (
            Field("people", lazy("会签人"), "signers", required=True),
            Field(
                "rule",
                lazy("通过条件"),
                "choice",
                required=True,
                options=(("all", lazy("全部同意")), ("any", lazy("一人同意即可"))),
            ),
        ),
        icon="users",
    ),
    Act(
        "drop",
        lazy("减少会签人"),
        lambda view: view.mine and len(view.waiting_signers) > 1,
        lambda view, post, actor: flow.drop_signer(
            view.order, _id(post, "person") or 0, reason=_needs_reason(post), actor=actor
        ),
        lazy("已减少会签人。"),
        (Field("person", lazy("会签人"), "signer", required=True), REASON),
        icon="x",
    ),
    Act(
        "release",
        lazy("放回收件箱"),
        lambda view: view.mine and view.order.state in MOVABLE,
        lambda view, post, actor: flow.release(view.order, reason=_needs_reason(post), actor=actor),
        lazy("已放回机构收件箱。"),
        (REASON,),
        icon="inbox",
    ),
    Act(
        "return",
        lazy("退回"),
        lambda view: (
            view.order.state in MOVABLE
            and (view.mine or (view.holds and not view.parts and view.order.state == OrderState.OPEN))
        ),
        lambda view, post, actor: flow.return_order(view.order, reason=_reason(post), actor=actor),
        lazy("已退回派发人。"),
        (REASON,),
        icon="arrow-back-up",
    ),
    Act(
        "suspend",
        lazy("挂起"),
        lambda view: view.order.state in MOVABLE and (view.mine or view.directs),
        lambda view, post, actor: flow.suspend(view.order, reason=_reason(post), actor=actor),
        lazy("已挂起；法定期限照常计算。"),
        (Field("reason", lazy("理由"), required=True, help=lazy("挂起不停止法定期限。")),),
        icon="player-pause",
    ),
    Act(
        "urge",
        lazy("督办"),
        lambda view: view.directs and view.order.active,
        lambda view, post, actor: flow.urge(
            view.order, _reason(post), actor=actor, reply_by=_day(post, "reply_by")
        ),
        lazy("已督办。"),
        (
            Field("reason", lazy("督办要求"), required=True),
            Field("reply_by", lazy("答复期限"), "date"),
        ),
        leading=True,
        icon="flag",
    ),
    Act(
        "merge",
        lazy("合并"),
        lambda view: view.directs and view.order.active and bool(view.mergeable),
        _merge,
        lazy("已合并。"),
        (Field("order", lazy("并入"), "order", required=True), REASON),
        leading=True,
        icon="arrows-exchange",
    ),
    Act(
        "recuse",
        lazy("申请回避"),
        lambda view: view.mine and view.order.active and bool(view.order.case_id or view.order.subject_id),
        _recuse,
        lazy("已登记回避，工单交由其他人员办理。"),
        (REASON,),
        icon="ban",
    ),
    Act(
        "cancel",
        lazy("取消工单"),
        lambda view: view.directs and view.order.state in ACTIVE and not view.order.case_id,
        lambda view, post, actor: flow.cancel(view.order, reason=_reason(post), actor=actor),
        lazy("已取消。"),
        (REASON,),
        leading=True,
        danger=True,
        icon="trash",
    ),
)

BY_CODE = {act.code: act for act in ACTS}
