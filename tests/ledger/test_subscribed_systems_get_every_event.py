"""Subscriptions: CloudEvents 1.0, signed, in order per record, until they arrive; what is stuck is seen and sent again."""

import datetime
import hashlib
import hmac
import http.server
import json
import re
import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest
from django.db import transaction
from django.test import Client
from django.urls import reverse

from qipan.cli import __main__ as program
from qipan.kernel.ledger import actions, dispatch, queries
from qipan.kernel.ledger.actions import append
from qipan.kernel.ledger.actor import Actor
from qipan.kernel.ledger.errors import Refused
from qipan.kernel.ledger.models import Delivery, DeliveryState, Event, Subscription
from qipan.kernel.ledger.registry import declare
from qipan.kernel.orgs.roles import Role
from tests.orgs.factories import StaffFactory, UnitTree, signed_in

NEWS = declare("test.news.told", "测试消息", n=int, text=str)
SYSTEM = Actor.system()
SECRET = "a-secret-of-the-receiver"


class Receiver(http.server.ThreadingHTTPServer):
    """Another system: `status` is what it answers, `got` what it accepted."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.status = 204
        self.pause = 0.0
        self.location = ""
        self.got: list[dict[str, Any]] = []
        self.headers: list[Any] = []
        self.tried = 0
        threading.Thread(target=self.serve_forever, daemon=True).start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/events"


class _Handler(http.server.BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        server: Receiver = self.server  # type: ignore[assignment]
        body = self.rfile.read(int(self.headers["Content-Length"]))
        server.tried += 1
        time.sleep(server.pause)
        if server.status < 300:
            good = hmac.compare_digest(
                self.headers["Qipan-Signature"],
                "sha256=" + hmac.new(SECRET.encode(), body, hashlib.sha256).hexdigest(),
            )
            assert good
            server.got.append(json.loads(body))
            server.headers.append(self.headers)
        self.send_response(server.status)
        if server.location:
            self.send_header("Location", server.location)
        self.end_headers()

    def log_message(self, *args: object) -> None:
        pass


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    server = Receiver()
    yield server
    server.shutdown()


def subscribe(url: str, code: str = "t", **more: Any) -> Subscription:
    values = {"code": code, "title": code, "pattern": "test.news.*", "url": url, "secret": SECRET, **more}
    return actions.save_subscription(Subscription(**values), actor=SYSTEM)


def due_now() -> None:
    """Let the pauses of all deliveries pass."""
    Delivery.objects.exclude(state=DeliveryState.DONE).update(next_at=datetime.datetime.now(datetime.UTC))


def problems_of_cloud_event(event: dict[str, Any]) -> list[str]:
    """What the JSON schema of CloudEvents 1.0 would complain about."""
    found = [f"{name} is missing" for name in ("id", "source", "specversion", "type") if not event.get(name)]
    if event.get("specversion") != "1.0":
        found.append("specversion")
    found += [name for name in event if not re.fullmatch(r"[a-z0-9]{1,20}", name)]
    for name in ("id", "source", "type", "subject", "time", "datacontenttype", "sequence"):
        if name in event and not (isinstance(event[name], str) and event[name]):
            found.append(f"{name} is no text")
    if not re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z", event.get("time", "")):
        found.append("time is not RFC 3339")
    if not re.fullmatch(r"([a-z][a-z0-9+.-]*:\S+|/\S*|[^\s:]+)", event.get("source", "")):
        found.append("source is no URI reference")
    return found


@pytest.mark.django_db
def test_an_event_goes_out_as_a_signed_cloud_event(receiver: Receiver) -> None:
    subscribe(receiver.url)
    event = append(
        NEWS, UnitTree().city, SYSTEM, data={"n": 1, "text": "“引号” 𠀀"}, key="甲-1", subject_id=7
    )
    assert dispatch.send_waiting() == 1
    got = receiver.got[0]
    assert problems_of_cloud_event(got) == []
    assert problems_of_cloud_event({**got, "time": "yesterday", "Bad_Name": 1})
    assert (got["id"], got["type"], got["sequence"]) == (str(event.uuid), "test.news.told", str(event.pk))
    assert got["data"]["text"] == "“引号” 𠀀" and got["data"]["subject_id"] == 7
    assert receiver.headers[0]["Content-Type"].startswith("application/cloudevents+json")
    assert dispatch.send_waiting() == 0 and len(receiver.got) == 1


@pytest.mark.django_db
def test_when_a_receiver_is_back_nothing_waits_for_the_end_of_its_pause(receiver: Receiver) -> None:
    subscribe(receiver.url)
    tree = UnitTree()
    records = [tree.city, tree.bureau, *tree.districts]
    receiver.status = 503
    for n, record in enumerate(records):
        append(NEWS, record, SYSTEM, data={"n": n})
        dispatch.send_waiting()
    assert Delivery.objects.filter(attempts=1).count() == len(records)
    later = datetime.datetime.now(datetime.UTC) + datetime.timedelta(minutes=4)
    Delivery.objects.update(next_at=later)
    assert dispatch.send_waiting() == 0
    receiver.status = 200
    one = Delivery.objects.order_by("-pk").first()
    Delivery.objects.filter(pk=one.pk).update(next_at=datetime.datetime.now(datetime.UTC))
    assert dispatch.send_waiting() == len(records)
    assert not Delivery.objects.exclude(state=DeliveryState.DONE).exists()


@pytest.mark.django_db
def test_a_receiver_that_was_down_gets_everything_once_and_in_order(receiver: Receiver) -> None:
    subscribe(receiver.url)
    tree = UnitTree()
    receiver.status = 503
    for n in range(4):
        append(NEWS, tree.city, SYSTEM, data={"n": n})
    append(NEWS, tree.bureau, SYSTEM, data={"n": 9})
    assert dispatch.send_waiting() == 0
    assert receiver.tried == 1  # one try tells that it is down; the rest waits for the next round
    first = Delivery.objects.order_by("pk").first()
    assert first is not None and first.attempts == 1 and "503" in first.error
    assert first.next_at > datetime.datetime.now(datetime.UTC)
    receiver.status = 200
    for _round in range(3):
        due_now()
        dispatch.send_waiting()
    assert [each["data"]["n"] for each in receiver.got if each["subject"].endswith(f"/{tree.city.pk}")] == [
        0,
        1,
        2,
        3,
    ]
    assert sorted(each["data"]["n"] for each in receiver.got) == [0, 1, 2, 3, 9]
    assert len({each["id"] for each in receiver.got}) == 5


@pytest.mark.django_db
def test_pauses_grow_until_it_counts_as_stuck_and_it_is_still_tried(receiver: Receiver) -> None:
    subscribe(receiver.url)
    append(NEWS, UnitTree().city, SYSTEM)
    receiver.status = 500
    pauses = []
    for _round in range(dispatch.STUCK_AFTER + 6):
        due_now()
        dispatch.send_waiting()
        row = Delivery.objects.get()
        pauses.append((row.next_at - datetime.datetime.now(datetime.UTC)).total_seconds())
    assert pauses[:4] == [pytest.approx(2**n, abs=0.6) for n in range(4)]
    assert max(pauses) <= dispatch.LONGEST_PAUSE
    assert Delivery.objects.get().state == DeliveryState.STUCK
    [state] = [each for each in queries.receivers() if each.code == "subscription:t"]
    assert (state.stuck, state.waiting, state.done) == (1, 0, 0) and state.oldest is not None
    receiver.status = 204
    due_now()
    assert dispatch.send_waiting() == 1 and Delivery.objects.get().state == DeliveryState.DONE


@pytest.mark.django_db
def test_a_receiver_that_hangs_or_is_gone_does_not_hold_up_the_others(receiver: Receiver) -> None:
    subscribe("http://127.0.0.1:9/", code="gone")
    subscribe(receiver.url, code="there")
    tree = UnitTree()
    for n in range(3):
        append(NEWS, tree.city, SYSTEM, data={"n": n})
    assert dispatch.send_waiting() == 3
    assert [each["data"]["n"] for each in receiver.got] == [0, 1, 2]
    assert Delivery.objects.filter(receiver="subscription:gone", attempts__gt=0).count() == 1


@pytest.mark.django_db
def test_what_is_stuck_goes_to_the_present_address_when_sent_again(receiver: Receiver) -> None:
    row = subscribe("http://127.0.0.1:9/")
    append(NEWS, UnitTree().city, SYSTEM, data={"n": 5})
    dispatch.send_waiting()
    row.url = receiver.url
    actions.save_subscription(row, actor=SYSTEM)
    assert actions.resend_stuck(actor=SYSTEM, receiver="subscription:other") == 0
    assert actions.resend_stuck(actor=SYSTEM) == 1
    assert dispatch.send_waiting() == 1 and receiver.got[0]["data"]["n"] == 5
    assert Event.objects.filter(name="ledger.delivery.resent_together", data__count=1).count() == 1
    with pytest.raises(Refused, match="已经送达"):
        actions.resend(Delivery.objects.get(), actor=SYSTEM)


@pytest.mark.django_db
def test_a_subscription_hears_only_its_events_and_its_part_of_the_city(receiver: Receiver) -> None:
    tree = UnitTree()
    subscribe(receiver.url, code="futian", org_path=tree.districts[0].path)
    subscribe(receiver.url, code="other", pattern="test.gossip.*")
    subscribe(receiver.url, code="off", active=False)
    append(NEWS, tree.offices[0], SYSTEM, org_path=tree.offices[0].path)
    append(NEWS, tree.offices[2], SYSTEM, org_path=tree.offices[2].path)
    assert [row.receiver for row in Delivery.objects.all()] == ["subscription:futian"]


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("field", "values"),
    [
        ("url", {"url": "ftp://a/", "secret": SECRET}),
        ("url", {"url": "javascript:1", "secret": SECRET}),
        ("secret", {"url": "http://a/", "secret": "kurz"}),
    ],
)
def test_an_address_or_secret_that_will_not_do_is_refused(field: str, values: dict[str, str]) -> None:
    with pytest.raises(Refused) as refused:
        actions.save_subscription(Subscription(code="t", title="t", pattern="*", **values), actor=SYSTEM)
    assert refused.value.field == field and not Subscription.objects.exists()


@pytest.mark.django_db
def test_the_administrator_sees_what_is_stuck_and_sends_it_again(receiver: Receiver) -> None:
    tree = UnitTree()
    admin = StaffFactory(role=Role.SYSTEM_ADMIN, unit=tree.city)
    auditor = StaffFactory(role=Role.AUDITOR, unit=tree.city)
    inspector = StaffFactory(role=Role.INSPECTOR, unit=tree.offices[0])
    client = signed_in(Client(), admin.user)
    form = {
        "code": "tax",
        "title": "税务",
        "pattern": "test.news.*",
        "url": "http://127.0.0.1:9/",
        "secret": "kurz",
        "org_path": "",
        "active": "on",
    }
    page = client.post(reverse("admin:ledger_subscription_add"), form)
    assert "至少 16 个字符" in page.content.decode() and not Subscription.objects.exists()
    client.post(reverse("admin:ledger_subscription_add"), {**form, "secret": SECRET})
    row = Subscription.objects.get()
    append(NEWS, tree.city, SYSTEM)
    dispatch.send_waiting()
    Delivery.objects.filter(receiver="subscription:tax").update(state=DeliveryState.STUCK)
    assert "受阻 1" in client.get(reverse("admin:ledger_subscription_changelist")).content.decode()
    change = client.get(reverse("admin:ledger_subscription_change", args=[row.pk])).content.decode()
    assert SECRET not in change
    client.post(
        reverse("admin:ledger_subscription_change", args=[row.pk]),
        {**form, "secret": "", "url": receiver.url},
    )
    row.refresh_from_db()
    assert row.secret == SECRET and row.url == receiver.url
    stuck = Delivery.objects.get(receiver="subscription:tax")
    again = {"action": "send_again", "_selected_action": [stuck.pk]}
    deliveries = reverse("admin:ledger_delivery_changelist")
    reading = signed_in(Client(), auditor.user)
    assert "受阻" in reading.get(deliveries).content.decode()
    reading.post(deliveries, again)
    stuck.refresh_from_db()
    assert stuck.state == DeliveryState.STUCK
    assert reading.post(reverse("admin:ledger_subscription_add"), form).status_code == 403
    assert signed_in(Client(), inspector.user).get(deliveries).status_code in (302, 403)
    client.post(deliveries, again)
    assert dispatch.send_waiting() == 1 and len(receiver.got) == 1
    assert Event.objects.get(name="ledger.delivery.resent").actor_id == admin.user.pk


@pytest.mark.django_db(transaction=True)
def test_the_command_shows_and_resends(receiver: Receiver, capsys, monkeypatch) -> None:
    from contextlib import nullcontext

    from qipan.cli import ledger

    monkeypatch.setattr(
        ledger, "session", lambda role: nullcontext()
    )  # Django and its database are ready here
    with transaction.atomic():
        subscribe("http://127.0.0.1:9/", code="gone")
        append(NEWS, UnitTree().city, SYSTEM)
    for _round in range(dispatch.STUCK_AFTER):
        due_now()
        dispatch.send_waiting()
    assert program.main(["ledger", "status", "--json"]) == 1
    told = json.loads(capsys.readouterr().out)
    assert told["stuck"][0]["receiver"] == "subscription:gone" and told["stuck"][0]["attempts"] == 8
    assert program.main(["ledger", "status"]) == 1
    assert "subscription:gone" in capsys.readouterr().out
    Subscription.objects.update(url=receiver.url)
    assert program.main(["ledger", "resend", "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == {"resent": 1}
    assert dispatch.send_waiting() == 1
    assert program.main(["ledger", "status", "--json"]) == 0


@pytest.mark.django_db
def test_a_receiver_cannot_send_us_elsewhere(receiver: Receiver) -> None:
    """What an administrator named gets the event; where its answer points to does not."""
    other = Receiver()
    try:
        receiver.status, receiver.location = 307, other.url
        subscribe(receiver.url)
        append(NEWS, UnitTree().city, SYSTEM, data={"n": 1, "text": "x"})
        dispatch.send_waiting()
        assert receiver.tried == 1 and other.tried == 0
        assert Delivery.objects.get().state != DeliveryState.DONE
    finally:
        other.shutdown()
