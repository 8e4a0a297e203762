"""A subscribed system is down for five minutes while events go on: every one arrives afterwards, in order per record."""

import contextlib
import hashlib
import hmac
import http.server
import json
import secrets
import subprocess
import sys
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from typing import Any

from drills.systems import set_up_django, system
from qipan.cli.drill import Promise, Scale

HELP = "接收方中断 300 秒:事件一条不少,同一记录的先后不乱"
DOWN_FOR = {"full": 300.0, "small": 20.0}
A_SECOND = 20
PATIENCE = 600.0


class Receiver(http.server.ThreadingHTTPServer):
    """Another system that is there or is not; keeps what it accepted, in the order in which it came."""

    def __init__(self, secret: str) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.secret = secret
        self.up = True
        self.refused = self.forged = 0
        self.got: list[tuple[str, str, int]] = []
        threading.Thread(target=self.serve_forever, daemon=True).start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/events"

    def out_of_order(self) -> int:
        """Events that came, for the first time, after a later one of the same record."""
        last: dict[str, int] = defaultdict(int)
        seen: set[str] = set()
        wrong = 0
        for name, subject, number in self.got:
            if name not in seen:
                wrong += number < last[subject]
                last[subject] = max(last[subject], number)
                seen.add(name)
        return wrong


class _Handler(http.server.BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        server: Receiver = self.server  # type: ignore[assignment]
        body = self.rfile.read(int(self.headers["Content-Length"]))
        if not server.up:
            server.refused += 1
            self.connection.close()  # as a host that went away in the middle
            return
        told = "sha256=" + hmac.new(server.secret.encode(), body, hashlib.sha256).hexdigest()
        server.forged += told != self.headers["Qipan-Signature"]
        event = json.loads(body)
        server.got.append((event["id"], event["subject"], int(event["sequence"])))
        self.send_response(204)
        self.end_headers()

    def log_message(self, *args: object) -> None:
        pass


@contextlib.contextmanager
def living(url: str) -> Iterator[None]:
    """The city's people act over HTTP inside this block."""
    command = [sys.executable, "-P", "-m", "qipan.cli", "city", "simulate", "--url", url, "--rate", "120"]
    people = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        yield
    finally:
        people.terminate()
        people.wait(30)


def run(tell: Callable[[str], None], scale: Scale = "full") -> Iterator[Promise]:
    """Takes the receiver away for a while under load, brings it back, and waits until nothing waits."""
    tell("正在启动一套系统…")
    with system() as made:
        set_up_django(made.home)
        yield from _under(made.url, tell, DOWN_FOR[scale])
        made.interrupt()


def _under(url: str, tell: Callable[[str], None], seconds: float) -> Iterator[Promise]:
    from django.db import transaction

    from qipan.kernel.ledger.actions import append, save_subscription
    from qipan.kernel.ledger.actor import Actor
    from qipan.kernel.ledger.models import Delivery, DeliveryState, Subscription
    from qipan.kernel.ledger.registry import declare
    from qipan.kernel.orgs.models import Unit

    ticked = declare("drill.record.ticked", "演练", n=int)
    secret = secrets.token_hex(16)
    receiver = Receiver(secret)
    actor = Actor.system()
    values: dict[str, Any] = {
        "code": "drill",
        "title": "演练",
        "pattern": "*",
        "url": receiver.url,
        "secret": secret,
    }
    row = save_subscription(Subscription(**values), actor=actor)
    units = list(Unit.objects.order_by("pk")[:50])
    with living(url):
        began = time.monotonic()
        gone, back = began + 10, began + 10 + seconds
        number = 0
        tell(f"接收方将中断 {seconds:.0f} 秒,其间每秒 {A_SECOND} 条事件,另有模拟器办事…")
        while time.monotonic() < back + 10:
            receiver.up = not gone <= time.monotonic() < back
            with transaction.atomic():
                append(ticked, units[number % len(units)], actor, data={"n": number})
            number += 1
            time.sleep(max(0.0, began + number / A_SECOND - time.monotonic()))
    tell("接收方已恢复,等待补送…")
    mine = Delivery.objects.filter(subscription=row)
    end = time.monotonic() + PATIENCE
    while mine.exclude(state=DeliveryState.DONE).exists() and time.monotonic() < end:
        time.sleep(0.5)
    caught_up = time.monotonic() - back
    wanted = {str(uuid) for uuid in mine.values_list("event__uuid", flat=True)}
    got = {name for name, _subject, _number in receiver.got}
    receiver.shutdown()
    lost = len(wanted - got)
    told = (
        f"{len(wanted)} 条,丢失 {lost},重复 {len(receiver.got) - len(got)},中断时拒绝 {receiver.refused} 次"
    )
    yield Promise("receiver", "事件一条不少", told, not lost and receiver.refused > 0 and not receiver.forged)
    wrong = receiver.out_of_order()
    yield Promise("receiver", "同一记录的先后不乱", f"{wrong} 条错序", not wrong)
    stuck = mine.filter(state=DeliveryState.STUCK).count()
    yield Promise(
        "receiver",
        "恢复后自行补齐(≤ 600 秒)",
        f"{caught_up:.0f} 秒,仍受阻 {stuck}",
        caught_up < PATIENCE and not stuck,
    )
