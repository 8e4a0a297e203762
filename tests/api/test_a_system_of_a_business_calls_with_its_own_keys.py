"""API clients: a system acts for its business within its scopes and rate; keys overlap and end; webhooks stay within its own."""

import datetime
import re
import socket
import threading
import time
import uuid

import httpx
import pytest
from django.test import Client

from qipan.domains.licensing import actions as licensing
from qipan.kernel.accounts import letters
from qipan.kernel.accounts.models import ApiToken, User
from qipan.kernel.documents import queries as documents
from qipan.kernel.documents.models import Document
from qipan.kernel.jobs.testing import drain
from qipan.kernel.ledger import actions as ledger
from qipan.kernel.ledger import dispatch, outbound, webhooks
from qipan.kernel.ledger.clock import now
from qipan.kernel.ledger.errors import Refused
from qipan.kernel.ledger.models import Delivery, DeliveryState, Event, Subscription
from qipan.kernel.orgs.reader import Reader
from qipan.kernel.subjects import actions
from qipan.kernel.subjects.clients import CLIENT_SCOPES
from qipan.kernel.subjects.models import ApiClient, Grant, Subject
from tests.api.programs import CONTACT, Program, Worker, loaded
from tests.licensing.city import City
from tests.orgs.factories import PublicUserFactory, as_person, reader_for, signed_in
from tests.subjects.factories import GrantFactory

pytestmark = pytest.mark.django_db


def with_key(secret: str) -> Program:
    program = Program()
    program.headers["Authorization"] = f"Bearer {secret}"
    return program


def registered(city: City, **more: object) -> tuple[ApiClient, Reader, Subject, Grant]:
    subject, grant, owner = city.restaurant()
    options = {"name": "门店系统", "scopes": CLIENT_SCOPES, **more}
    return actions.register_client(subject, owner, **options), owner, subject, grant  # type: ignore[arg-type]


def test_it_applies_for_its_business_and_reaches_no_other(city: City) -> None:
    client, owner, subject, grant = registered(city)
    other, foreign, other_owner = city.restaurant()
    program = with_key(actions.issue_key(client, owner)[1])
    assert [row["id"] for row in program.get("/subjects")] == [subject.pk]
    number = program.draft("FB-RENEW", subject.pk, grant.pk)
    assert program.fill(number, unchanged=True, **CONTACT).status_code == 200
    assert program.submit(number).json()["state"] == "GRANTED"
    hidden = licensing.start("FB-RENEW", uuid=uuid.uuid4(), reader=other_owner, subject=other, grant=foreign)
    assert program.call("get", f"/cases/{hidden.case.uuid}").status_code == 404
    assert ApiToken.objects.get().last_used_on is not None
    reader = reader_for(client.user)
    with pytest.raises(Refused):
        actions.authorise(subject, reader, login="x", acts=["FILL"], valid_to=now().date())
    with pytest.raises(Refused):
        actions.register_client(subject, reader, name="再一个", scopes=["cases.read"])
    assert not client.user.has_usable_password()


def test_scopes_rates_and_their_headers(city: City) -> None:
    client, owner, subject, _grant = registered(city, scopes=["subjects.read"], per_minute=3)
    program = with_key(actions.issue_key(client, owner)[1])
    answer = program.call("get", "/subjects")
    assert (answer["RateLimit-Limit"], answer["RateLimit-Remaining"]) == ("3", "2")
    assert answer["RateLimit-Policy"] == "3;w=60" and int(answer["RateLimit-Reset"]) <= 20
    assert program.call("get", "/cases").status_code == 403
    codes = [program.call("get", "/subjects").status_code for _call in range(4)]
    assert codes[-1] == 429
    boss = Program(User.objects.get(pk=owner.user_id))
    assert boss.call("get", "/subjects")["RateLimit-Limit"] == "1200", "a person's rate is another"
    for wrong in (["inbox.read"], []):
        with pytest.raises(Refused):
            actions.register_client(subject, owner, name="x", scopes=wrong)


def test_a_form_that_comes_twice_issues_nothing_twice(client: Client, city: City) -> None:
    system, owner, subject, _grant = registered(city)
    signed_in(client, User.objects.get(pk=owner.user_id))
    page = f"/my/clients/{system.uuid}/"
    sent = {"act": "key", "overlap": "24", "uuid": str(uuid.uuid4())}
    shown = client.post(page, sent).content.decode()
    key = re.search(r"qp_[\w-]{20,}", shown)
    assert key is not None and with_key(key[0]).get("/account")
    again = client.post(page, sent, follow=True).content.decode()
    assert "已经提交过" in again and "qp_" not in again
    assert ApiToken.objects.get(user=system.user).expires_at > now() + datetime.timedelta(days=100)
    client.post(page, {**sent, "uuid": str(uuid.uuid4())})
    told = Event.objects.get(name="accounts.token.shortened")
    assert told.record_id == ApiToken.objects.filter(user=system.user).order_by("pk")[0].pk
    hook = {
        "act": "webhook",
        "url": "https://8.8.8.8/x",
        "names": webhooks.open_names()[:1],
        "uuid": sent["uuid"],
    }
    assert "whsec_" in client.post(page, hook).content.decode()
    assert "whsec_" not in client.post(page, hook, follow=True).content.decode()
    assert Subscription.objects.filter(client=system.uuid).count() == 1
    other = {"subject": subject.pk, "name": "另一个", "scopes": CLIENT_SCOPES[:1], "per_minute": "10"}
    for _twice in range(2):
        assert client.post("/my/clients/", {**other, "uuid": sent["uuid"]}).status_code == 302
    assert ApiClient.objects.filter(name="另一个").count() == 1


def test_keys_overlap_and_end_at_once(city: City) -> None:
    client, owner, _subject, _grant = registered(city)
    first = with_key(actions.issue_key(client, owner)[1])
    second = with_key(actions.issue_key(client, owner, overlap_hours=24)[1])
    assert first.get("/account") and second.get("/account"), "both are good while the system changes over"
    old = ApiToken.objects.order_by("pk")[0]
    assert old.expires_at <= now() + datetime.timedelta(hours=24)
    third = with_key(actions.issue_key(client, owner, overlap_hours=0)[1])
    assert {one.call("get", "/account").status_code for one in (first, second)} == {401}
    actions.end_key(client, owner, ApiToken.objects.order_by("-pk")[0].pk)
    assert third.call("get", "/account").status_code == 401
    fourth = with_key(actions.issue_key(client, owner)[1])
    actions.end_client(client, owner)
    assert fourth.call("get", "/account").status_code == 401
    assert reader_for(User.objects.get(pk=client.user_id)).subject_ids == frozenset()
    with pytest.raises(Refused):
        actions.issue_key(client, owner)


@pytest.mark.parametrize(
    "url",
    [
        "http://example.com/",
        "https://user:pw@example.com/",
        "https://127.0.0.1/",
        "https://[::1]/",
        "https://10.1.2.3/",
        "https://169.254.169.254/latest/meta-data/",
        "https://[::ffff:192.168.0.1]/",
        "https://localhost/",
        "https://0.0.0.0/",
        "https://8.8.8.8:22/",
        "ftp://8.8.8.8/",
        "https:///x",
    ],
)
def test_a_webhook_never_leads_inside(url: str) -> None:
    with pytest.raises(Refused) as refused:
        outbound.way_to(url)
    assert refused.value.field == "url"


def test_an_address_is_held_to_what_was_looked_up(monkeypatch, settings) -> None:
    way = outbound.way_to("https://8.8.8.8/hook?x=1")
    assert way.url == "https://8.8.8.8:443/hook?x=1" and way.headers["Host"] == "8.8.8.8"
    entry = (socket.AF_INET, socket.SOCK_STREAM, 6, "", ("10.0.0.9", 443))
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_all, **_more: [entry])
    with pytest.raises(Refused):
        outbound.way_to("https://rebound.example/")
    settings.QIPAN_WEBHOOK_PRIVATE = True
    assert outbound.way_to("http://rebound.example/").url == "http://10.0.0.9:80/"


def hooked(city: City, settings, url: str = "http://127.0.0.1:9/") -> tuple[ApiClient, Reader, Subscription]:
    settings.QIPAN_WEBHOOK_PRIVATE = True
    client, owner, _subject, _grant = registered(city)
    hook, _secret = actions.add_webhook(
        client,
        owner,
        title="ERP",
        url=url,
        names=["licensing.application.submitted", "licensing.licence.issued"],
    )
    return client, owner, hook


def test_only_open_events_about_the_own_business_are_sent(city: City, settings) -> None:
    client, owner, hook = hooked(city, settings)
    for names in ([], ["licensing.application.reviewed"], ["inspection.*"], ["*"]):
        with pytest.raises(Refused):
            actions.add_webhook(client, owner, title="x", url="https://8.8.8.8/", names=names)
    grant = Grant.objects.get(subject=client.subject)
    other, foreign, other_owner = city.restaurant()
    for subject, licence, reader in ((client.subject, grant, owner), (other, foreign, other_owner)):
        licensing.submit(city.drafted("FB-RENEW", subject, licence, reader, unchanged=True), reader)
    drain()
    sent = Delivery.objects.filter(subscription=hook).select_related("event")
    assert {row.event.subject_id for row in sent} == {client.subject_id}
    assert {row.event.name for row in sent} == set(hook.names)
    assert Event.objects.filter(name="licensing.application.submitted").count() == 2


def test_deliveries_are_seen_sent_again_and_given_up_with_a_notice(city: City, settings) -> None:
    client, owner, hook = hooked(city, settings)
    as_person(User.objects.get(pk=owner.user_id))
    webhooks.test_webhook(hook, actor=owner.actor())
    assert dispatch.send_waiting() == 0
    page = signed_in(Client(), User.objects.get(pk=owner.user_id))
    address = f"/my/clients/{client.uuid}/"
    text = page.get(address).content.decode()
    assert "测试推送" in text and "ERP" in text and "重发" in text
    row = Delivery.objects.get(subscription=hook)
    assert (row.attempts, row.code, row.state) == (1, None, DeliveryState.WAITING) and row.next_at > now()
    page.post(address, {"act": "resend", "number": row.pk})
    row.refresh_from_db()
    assert row.attempts == 0 and row.next_at <= now()
    Delivery.objects.update(attempts=8)
    from django.db import connection

    with (
        connection.cursor() as cursor
    ):  # the ledger's rows are never changed: only their trigger's absence is tried
        cursor.execute("ALTER TABLE ledger_event DISABLE TRIGGER USER")
        cursor.execute("UPDATE ledger_event SET at = at - interval '4 days'")
        cursor.execute("ALTER TABLE ledger_event ENABLE TRIGGER USER")
    assert dispatch.send_waiting() == 0
    hook.refresh_from_db()
    assert not hook.active
    drain()
    assert any("停止推送" in one.text for one in letters.notices_of(owner.user_id or 0))


def test_pages_belong_to_the_legal_representative(city: City, settings) -> None:
    client, owner, hook = hooked(city, settings)
    address = f"/my/clients/{client.uuid}/"
    stranger = signed_in(Client(), PublicUserFactory())
    assert stranger.get(address).status_code == 404
    assert stranger.post(address, {"act": "key"}).status_code == 404
    _other, _grant, other = city.restaurant()
    rival = signed_in(Client(), User.objects.get(pk=other.user_id))
    assert rival.post(address, {"act": "end_webhook", "number": hook.pk}).status_code == 404
    mine = signed_in(Client(), User.objects.get(pk=owner.user_id))
    assert "门店系统" in mine.get("/my/clients/").content.decode()
    shown = mine.post(address, {"act": "key", "overlap": "24"}).content.decode()
    secret = shown.split('text-break">qp_')[1].split("<")[0]
    assert with_key(f"qp_{secret}").get("/account")["name"] == "门店系统"
    assert f"qp_{secret}" not in mine.get(address).content.decode(), "it is shown once"
    wrong = mine.post(address, {"act": "webhook", "url": "ftp://x/", "names": hook.names})
    assert wrong.status_code == 422 and "推送地址" in wrong.content.decode()
    made = {"subject": client.subject_id, "name": "第二个", "scopes": ["cases.read"], "per_minute": "60"}
    assert mine.post("/my/clients/", made).status_code == 302
    assert mine.post("/my/clients/", {**made, "per_minute": "0"}).status_code == 422
    sent = webhooks.test_webhook(hook, actor=owner.actor())
    with pytest.raises(Refused) as refused:
        actions.delivery_of(client, other, sent.pk)
    assert refused.value.code != "not_found"
    assert rival.post(address, {"act": "resend", "number": sent.pk}).status_code == 404
    assert ledger.resend(actions.delivery_of(client, owner, sent.pk), actor=owner.actor()).pk == sent.pk
    mine.post(address, {"act": "end"})
    assert "已停用" in mine.get(address).content.decode()


@pytest.mark.django_db(transaction=True)
def test_the_example_follows_by_webhook(city: City, live_server, settings) -> None:
    settings.QIPAN_WEBHOOK_PRIVATE = True
    module = loaded("follow_by_webhook")
    client, owner, subject, grant = registered(city)
    server = module.Receiver(0, "")
    threading.Thread(target=server.serve_forever, daemon=True).start()
    url = f"http://127.0.0.1:{server.server_port}/qipan"
    _hook, server.secret = actions.add_webhook(
        client, owner, title="", url=url, names=["licensing.licence.issued"]
    )
    other = city.drafted("FB-RENEW", subject, GrantFactory(subject, ends_in=60), owner, unchanged=True)
    licensing.submit(other, owner)
    drain()
    assert server.events.qsize() == 1, "a licence of another case of the same business comes first"
    head = {"Authorization": f"Bearer {actions.issue_key(client, owner)[1]}"}
    worker = Worker()
    worker.start()
    try:
        with httpx.Client(
            base_url=f"{live_server.url}/api/v1", headers=head, timeout=30, trust_env=False
        ) as caller:
            pdf = module.renew(caller, server, grant.number, wait=60)
    finally:
        worker.stopping.set()
        worker.join(timeout=30)
        server.shutdown()
    assert pdf == documents.file_of(Document.objects.get(pk=Grant.objects.get(pk=grant.pk).document_id))
    body = b"{}"
    header = dispatch.timed_signature(server.secret, body)
    assert module.is_genuine(header, body, server.secret)
    assert not module.is_genuine(header, b"{ }", server.secret)
    assert not module.is_genuine(header, body, server.secret, now=time.time() + 400), (
        "no recording is played again"
    )
    assert not module.is_genuine("sha256=00", body, server.secret)
