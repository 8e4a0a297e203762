"""The simulator's loop: so many acts a minute, by whoever has something to do, until it is told to stop."""

import random
import signal
import time
from collections import Counter, OrderedDict
from collections.abc import Callable

from qipan.city import parts
from qipan.city.simulation import applicants, officers, territory
from qipan.city.simulation.visitor import NotServed, Turned, Visitor

SESSIONS = 60
"""How many people stay signed in; the one who did nothing for longest leaves first."""
LONGEST_PAUSE = 30.0
STROLL = 3
"""How many desks are looked at by chance in one act, besides those known to be busy."""
MOST_BUSY = 24


class Simulator:
    """Plays applicants and officers against one address.

    `rate`: acts a minute; `tell` hears a line for each act; `applicants`: how many applicant accounts there are.
    What is to be done is found on the pages each time, so a restart of either side loses nothing.
    """

    def __init__(
        self,
        address: str,
        rate: float,
        *,
        tell: Callable[[str], None] = print,
        applicants: int = 80,
        seed: int | None = None,
    ) -> None:
        self.address = address.rstrip("/")
        self.rate = rate
        self.tell = tell
        self.done: Counter[str] = Counter()
        self.refused: Counter[str] = Counter()
        self._people = applicants
        self._chance = random.Random(seed)  # noqa: S311 (a game, not a secret)
        self._sessions: OrderedDict[str, Visitor] = OrderedDict()
        self._desks = territory.desks()
        self._units = territory.codes()
        self._busy: list[territory.Desk] = []
        self._stopping = False

    def stop(self, *_signal: object) -> None:
        """Finish the act in hand, then end."""
        self._stopping = True

    def run(self, seconds: float | None = None) -> Counter[str]:
        """Act until told to stop (or for so many seconds); returns how often each kind of act was done."""
        before = {number: signal.signal(number, self.stop) for number in (signal.SIGTERM, signal.SIGINT)}
        end = time.monotonic() + seconds if seconds is not None else None
        pause = 60 / self.rate
        wait, following = 1.0, time.monotonic()
        try:
            while not self._stopping and (end is None or time.monotonic() < end):
                try:
                    self.act()
                    wait = 1.0
                except NotServed as problem:
                    self.tell(f"{_clock()} 服务没有应答（{problem}），{wait:.0f} 秒后再试")
                    self._rest(wait, end)
                    wait = min(wait * 2, LONGEST_PAUSE)
                following = max(following + pause, time.monotonic() - pause)
                self._rest(following - time.monotonic(), end)
        finally:
            self._leave()
            for number, handler in before.items():
                signal.signal(number, handler)
        return self.done

    def act(self) -> str:
        """One act of somebody; returns what it was. Raises NotServed where the server is away."""
        return (
            (self._officer() if self._chance.random() < 0.6 else "") or self._applicant() or self._officer()
        )

    def _officer(self) -> str:
        looks = [
            *self._chance.sample(self._busy, len(self._busy)),
            *self._chance.sample(self._desks, STROLL),
        ]
        for desk in looks:
            if self._stopping:
                return ""
            found = self._try(
                desk.people[0],
                lambda desk=desk: officers.work(
                    desk, [self._visitor(name) for name in desk.people], self._chance
                ),
            )  # type: ignore[misc]
            if found:
                return found
            if desk in self._busy:
                self._busy.remove(desk)
        return ""

    def _applicant(self) -> str:
        name = parts.applicant(self._chance.randrange(1, self._people + 1))

        def play() -> str:
            visitor = self._visitor(name)
            if found := applicants.carry_on(visitor, self._chance):
                return found
            if self._chance.random() < 0.1 and (found := applicants.fetch(visitor)):
                return found
            return applicants.begin(visitor, self._chance)

        return self._try(name, play)

    def _try(self, name: str, play: Callable[[], str]) -> str:
        try:
            found = play()
        except Turned as refusal:
            self.refused[str(refusal)[:80]] += 1
            self.tell(f"{_clock()} {name} 没有办成：{refusal}")
            return ""
        if found:
            self._remember(self._visitor(name))
            self.done[found.split(" ")[0].split("（")[0]] += 1
            self.tell(f"{_clock()} {name} {found}")
        return found

    def _remember(self, visitor: Visitor) -> None:
        """Where a page says that work lies, there and at the bureau above there will be more to do."""
        units = {code for name, code in self._units.items() if name in visitor.seen}
        if not units:
            return
        innermost = max(units, key=len)
        for desk in self._desks:
            if desk.unit == innermost or (desk.bureau == desk.unit and innermost.startswith(desk.unit)):
                if desk in self._busy:
                    self._busy.remove(desk)
                self._busy.append(desk)
        del self._busy[:-MOST_BUSY]

    def _visitor(self, name: str) -> Visitor:
        visitor = self._sessions.pop(name, None) or Visitor(self.address, name)
        self._sessions[name] = visitor
        while len(self._sessions) > SESSIONS:
            self._sessions.popitem(last=False)[1].close()
        return visitor

    def _rest(self, seconds: float, end: float | None) -> None:
        until = time.monotonic() + max(seconds, 0)
        until = min(until, end) if end is not None else until
        while not self._stopping and (left := until - time.monotonic()) > 0:
            time.sleep(min(left, 0.2))

    def _leave(self) -> None:
        for visitor in self._sessions.values():
            visitor.close()
        self._sessions.clear()


def _clock() -> str:
    return time.strftime("%H:%M:%S")
