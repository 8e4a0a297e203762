"""What officials' software reads: the one inbox and its orders."""

import datetime
import uuid as uuids
from typing import Any, Literal

from django.http import Http404, HttpRequest
from django.utils.translation import gettext_noop
from ninja import Query, Router, Schema
from pydantic import Field

from qipan.kernel.flow import actions as flow
from qipan.kernel.flow import queries
from qipan.kernel.flow.models import OrderState, WorkOrder
from qipan.kernel.flow.queries import InboxFilters
from qipan.kernel.flow.queries.orders import remaining
from qipan.kernel.orgs.roles import Role
from qipan.ui.access import api
from qipan.ui.interface.reading import Words

router = Router()
PAGE = 50
STAFF = ("staff",)


class Order(Schema):
    """A work order."""

    uuid: uuids.UUID
    kind: str
    title: str
    state: str
    role: str
    org_path: str
    case: uuids.UUID | None
    case_number: str
    subject: int | None
    due_on: datetime.date | None
    light: str = Field(description="期限的灯：green、yellow、red、overdue；没有期限的为空")
    people: list[str]
    still_needed: int = Field(description="还缺几个人签收")
    mine: bool


class Inbox(Schema):
    """A page of the inbox."""

    orders: list[Order]
    after: str = Field(description="下一页的 after；空为没有了")


def _order(order: WorkOrder, people: tuple[str, ...], still_needed: int, mine: bool) -> dict[str, Any]:
    left = remaining(order)
    return {
        "uuid": order.uuid,
        "kind": order.kind,
        "title": order.title,
        "state": order.state,
        "role": order.role,
        "org_path": order.org_path,
        "case": order.case.uuid if order.case else None,
        "case_number": order.case.number if order.case else "",
        "subject": order.subject_id,
        "due_on": order.due_on,
        "light": left.light if left else "",
        "people": list(people),
        "still_needed": still_needed,
        "mine": mine,
    }


@router.get("/inbox", response=Inbox, auth=api("inbox.read", kinds=STAFF), summary=gettext_noop("收件箱"))
def inbox(
    request: HttpRequest,
    box: Literal[
        "todo", "mine", "unclaimed", "countersign", "returned", "supervised", "unit", "done"
    ] = Query("todo", description="待办、我承办的、待认领、会签、退回、督办、本单位、已办"),
    q: Words = Query("", description="名称或者编号"),
    light: Literal["", "overdue", "red", "yellow", "green"] = Query("", description="期限的灯"),
    after: Words = Query("", description="上一页给出的 after"),
) -> Any:
    """One's work orders and those of one's units, nearest limit first, 50 a page."""
    page = queries.inbox(
        request.reader,  # type: ignore[attr-defined]
        InboxFilters(box=box, text=q, light=light),
        after=after,
        limit=PAGE,
    )
    return {
        "orders": [_order(row.order, row.people, row.still_needed, row.mine) for row in page.rows],
        "after": page.after,
    }


def _detail(request: HttpRequest, uuid: uuids.UUID) -> dict[str, Any]:
    reader = request.reader  # type: ignore[attr-defined]
    order = queries.order_for(reader, uuid)
    if order is None:
        raise Http404
    parts = list(order.participants.filter(active=True).exclude(part="SIGNER").select_related("user"))
    missing = max(order.needs - len(parts), 0) if order.state == OrderState.OPEN else 0
    mine = any(part.user_id == reader.user_id for part in parts)
    return _order(order, tuple(str(part.user) for part in parts), missing, mine)


@router.get(
    "/orders/{uuid}",
    response=Order,
    auth=api("inbox.read", kinds=STAFF),
    summary=gettext_noop("一张工单"),
)
def order_detail(request: HttpRequest, uuid: uuids.UUID) -> Any:
    """One work order that the caller may see."""
    return _detail(request, uuid)


@router.post(
    "/orders/{uuid}/claim",
    response=Order,
    auth=api("orders.write", kinds=STAFF),
    summary=gettext_noop("签收工单"),
)
def claim(request: HttpRequest, uuid: uuids.UUID) -> Any:
    """Take an order on; who has it already keeps it, whom another was quicker than is told."""
    reader = request.reader  # type: ignore[attr-defined]
    order = queries.order_for(reader, uuid)
    if order is None:
        raise Http404
    role = Role(order.role)
    post = role if reader.may(role, order.org_path) else None
    flow.claim(order, actor=reader.actor(post, order.org_path))
    return _detail(request, uuid)
