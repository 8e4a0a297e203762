"""The officers who have to do with a case: each at the own desk, by the own pages, until nothing waits for anybody."""

import random
import time
from typing import Any

from qipan.city.simulation import officers, territory
from qipan.city.simulation.territory import Desk
from qipan.city.simulation.visitor import NotServed, Turned, Visitor
from qipan.kernel.flow.models import Part, WorkOrder
from qipan.kernel.flow.models.orders import Countersigning, Opinion

POSTS = {
    "licensing.accept": "window",
    "licensing.review": "examine",
    "licensing.decide": "decide",
    "licensing.check": "inspector",
}


def waiting_signers(order: WorkOrder) -> list[str]:
    """The user names of those whose countersignature an order waits for."""
    if order.countersign_state != Countersigning.PENDING:
        return []
    parts = order.participants.filter(part=Part.SIGNER, active=True, opinion=Opinion.WAITING)
    return list(parts.order_by("pk").values_list("user__username", flat=True))


class Steady(random.Random):
    """Chance that brings no surprise: nothing is asked to be corrected, nothing fails."""

    def random(self) -> float:
        return 0.999


class Offices:
    """Everybody who sits at a desk of the city."""

    def __init__(self, url: str) -> None:
        self.url = url
        self._desks = {(desk.unit, desk.post): desk for desk in territory.desks()}
        self._people: dict[str, Visitor] = {}
        self._chance = Steady(7)

    def work(self, cases: list[int]) -> list[str]:
        """One step of each order that waits in these cases; returns what was done."""
        waiting = WorkOrder.objects.filter(case_id__in=cases, state__in=("OPEN", "CLAIMED"), kind__in=POSTS)
        return [done for order in waiting.order_by("pk") if (done := self._one(order))]

    def _one(self, order: Any) -> str:
        desk = self._desk(order.org_path, POSTS[order.kind])
        if signers := waiting_signers(order):
            desk = Desk(desk.unit, desk.bureau, "head", (signers[0],))
        people = [self._person(name) for name in desk.people]
        for _try in range(8):
            try:
                return officers.work_on(f"/desk/orders/{order.uuid}/", desk, people, self._chance)
            except NotServed:  # a code of the second factor is good for one use
                time.sleep(5)
        raise Turned(f"{desk.people[0]} 没有登录成")

    def _desk(self, path: str, post: str) -> Desk:
        """The desk of a post nearest to a unit, going up."""
        for unit in reversed([part for part in path.split("/") if part]):
            if desk := self._desks.get((unit, post)):
                return desk
        raise Turned(f"{path} 没有 {post} 的岗位")

    def _person(self, name: str) -> Visitor:
        return self._people.setdefault(name, Visitor(self.url, name))
