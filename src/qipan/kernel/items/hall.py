"""The hall of services (办事大厅): the items in force, found by words, line, kind and speed, with how many there are of each."""

import datetime
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

from django.db.models import Q, QuerySet

from qipan.kernel.items.models import Item
from qipan.kernel.ledger.clock import today

PAGE = 30
SPEEDS = {"mobile": "is_mobile", "instant": "is_instant", "auto": "is_auto"}


@dataclass(frozen=True)
class Wish:
    """What somebody looks for; empty parts do not matter. `speed` is mobile, instant or auto; `page` counts from 1."""

    text: str = ""
    line: str = ""
    kind: str = ""
    channel: str = ""
    speed: str = ""
    page: int = 1

    @property
    def empty(self) -> bool:
        """Whether nothing is asked for."""
        return not (self.text or self.line or self.kind or self.channel or self.speed)


@dataclass(frozen=True)
class Found:
    """One page of the items that fit, how many fit in all, and how many there would be of each line, kind and speed."""

    rows: Sequence[Item]
    total: int
    pages: int
    lines: Counter[str] = field(default_factory=Counter)
    kinds: Counter[str] = field(default_factory=Counter)
    speeds: Counter[str] = field(default_factory=Counter)


def in_force(on: datetime.date | None = None) -> QuerySet[Item]:
    """The items of a day, each in its newest version."""
    newest = (
        Item.objects.filter(valid_from__lte=on or today())
        .order_by("code", "-valid_from")
        .distinct("code")
        .values("pk")
    )
    return Item.objects.filter(pk__in=newest)


def look(wish: Wish) -> Found:
    """The page of items that fit a wish, in the order of their codes. Each count leaves its own filter aside."""
    every = in_force()
    for word in wish.text.split():
        every = every.filter(Q(name__icontains=word) | Q(code__iexact=word))
    facts = list(every.values_list("line", "kind", "channels", *SPEEDS.values()))

    def fits(fact: tuple, without: str = "") -> bool:  # type: ignore[type-arg]
        line, kind, channels, *speeds = fact
        return (
            (without == "line" or not wish.line or line == wish.line)
            and (without == "kind" or not wish.kind or kind == wish.kind)
            and (not wish.channel or wish.channel in channels)
            and (without == "speed" or wish.speed not in SPEEDS or speeds[list(SPEEDS).index(wish.speed)])
        )

    speeds: Counter[str] = Counter()
    for fact in facts:
        if fits(fact, "speed"):
            speeds[""] += 1
            speeds.update(name for name, holds in zip(SPEEDS, fact[3:], strict=True) if holds)
    total = sum(1 for fact in facts if fits(fact))
    pages = max(1, -(-total // PAGE))
    return Found(
        rows=_rows(every, wish, min(max(wish.page, 1), pages)),
        total=total,
        pages=pages,
        lines=Counter(fact[0] for fact in facts if fits(fact, "line")),
        kinds=Counter(fact[1] for fact in facts if fits(fact, "kind")),
        speeds=speeds,
    )


def _rows(every: QuerySet[Item], wish: Wish, page: int) -> list[Item]:
    if wish.line:
        every = every.filter(line=wish.line)
    if wish.kind:
        every = every.filter(kind=wish.kind)
    if wish.channel:
        every = every.filter(channels__contains=[wish.channel])
    if wish.speed in SPEEDS:
        every = every.filter(**{SPEEDS[wish.speed]: True})
    start = (page - 1) * PAGE
    return list(every.order_by("code")[start : start + PAGE])


def beside(item: Item, limit: int = 12) -> list[Item]:
    """The other items of the same family: what else can be asked about the same thing."""
    if not item.family:
        return []
    rows = in_force().filter(family=item.family).exclude(code=item.code)
    stem = item.code.rsplit("-", 1)[0]
    near = rows.filter(code__startswith=f"{stem}-") if stem != item.family else rows
    return list(near.order_by("code")[:limit])
