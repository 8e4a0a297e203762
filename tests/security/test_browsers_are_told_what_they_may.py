"""What stands in every answer for the browser, what is not served at all, and what the pages make of planted markup."""

import asyncio
import re
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.http import HttpResponse
from django.test import Client, RequestFactory
from whitenoise.middleware import WhiteNoiseMiddleware

from qipan.conf import static_files
from qipan.kernel.flow import registry
from qipan.kernel.flow.models import Case
from qipan.kernel.ledger import feed
from qipan.kernel.ledger.models import Event
from qipan.kernel.orgs.roles import Role
from tests.api.programs import Program
from tests.licensing.city import City
from tests.orgs.factories import BusinessUserFactory, StaffFactory, signed_in
from tests.subjects.factories import SubjectFactory, owner_of

HTTPS = {"SECURE_SSL_REDIRECT": True, "SECURE_HSTS_SECONDS": 31536000, "SECURE_HSTS_INCLUDE_SUBDOMAINS": True}
PROXY = ("HTTP_X_FORWARDED_PROTO", "https")
POLICY = ("object-src 'none'", "base-uri 'none'", "frame-ancestors 'none'")


def directives(policy: str) -> list[str]:
    return [part.strip() for part in policy.split(";")]


@pytest.mark.django_db
class TestHeaders:
    @pytest.mark.parametrize(
        ("address", "kind"),
        [
            ("/", "text/html; charset=utf-8"),
            ("/accounts/login/", "text/html; charset=utf-8"),
            ("/nothing/here/", "text/html; charset=utf-8"),
            ("/api/docs/", "text/html; charset=utf-8"),
            ("/api/openapi.json", "application/json; charset=utf-8"),
            ("/api/v1/items", "application/json; charset=utf-8"),
            ("/api/v1/nothing", "application/problem+json"),
            ("/open/csv/", "text/csv; charset=utf-8"),
            ("/open/jsonl/", "application/jsonl; charset=utf-8"),
        ],
    )
    def test_every_answer_says_what_it_is_and_what_it_may(
        self, address: str, kind: str, settings: Any
    ) -> None:
        for name, value in (HTTPS | {"SECURE_PROXY_SSL_HEADER": PROXY}).items():
            setattr(settings, name, value)
        answer = Client().get(address, headers={"X-Forwarded-Proto": "https"})
        told = (
            answer["Content-Type"]
            if answer.status_code != 404 or "problem" in kind or "html" in kind
            else kind
        )
        assert told == kind
        assert set(POLICY) <= set(directives(answer["Content-Security-Policy"]))
        assert answer["X-Content-Type-Options"] == "nosniff" and answer["X-Frame-Options"] == "DENY"
        assert answer["Referrer-Policy"] == "same-origin"
        assert answer["Strict-Transport-Security"].startswith("max-age=31536000; includeSubDomains")
        assert "Access-Control-Allow-Origin" not in answer

    def test_what_was_answered_to_somebody_known_is_not_kept(self) -> None:
        user = BusinessUserFactory()
        business, program = signed_in(Client(), user), Program(user)
        for address in ("/", "/my/", "/accounts/security/", "/businesses/?q=餐厅", "/nothing/here/"):
            assert "no-store" in business.get(address)["Cache-Control"], address
        assert "no-store" in program.call("get", "/account")["Cache-Control"]
        officer = signed_in(Client(), StaffFactory(role=Role.INSPECTOR).user)
        assert "no-store" in officer.get("/desk/")["Cache-Control"]
        assert "Cache-Control" not in Client().get("/laws/"), "what is the same for all may be kept"

    def test_trace_is_not_answered(self) -> None:
        for address in ("/", "/accounts/login/", "/api/v1/items", "/nothing/"):
            assert Client().trace(address).status_code == 405

    def test_pages_lead_to_https_and_programs_are_refused(self, settings: Any) -> None:
        settings.SECURE_SSL_REDIRECT, settings.SECURE_PROXY_SSL_HEADER = True, PROXY
        assert Client().get("/accounts/login/")["Location"].startswith("https://")
        program = Program(BusinessUserFactory())
        answer = program.call("get", "/account")
        assert answer.status_code == 403 and "HTTPS" in answer.json()["detail"]
        assert program.call("get", "/account", **{"X-Forwarded-Proto": "https"}).status_code == 200
        assert program.client.post("/evidence/uploads/", headers=program.headers).status_code == 403

    def test_the_answer_to_one_is_not_sent_to_another_host(self) -> None:
        answer = Client().get("/api/v1/items", headers={"Origin": "https://evil.example"})
        assert not [name for name in answer.headers if name.startswith("Access-Control")]

    @pytest.mark.parametrize(
        "address",
        ["/.git/config", "/static/../.git/config", "/.env", "/manage.py", "/var/secrets/secret_key", "/static/", "/evidence/", "/src/qipan/conf/settings/base.py"],
    )  # fmt: skip
    def test_nothing_of_the_tree_is_served(self, address: str) -> None:
        answer = Client().get(address)
        assert answer.status_code == 404 and "Index of" not in answer.content.decode()


def test_static_files_are_nobodys_page(tmp_path: Path, settings: Any) -> None:
    """An SVG opened by its own address runs nothing, and no other site reads it."""
    (tmp_path / "mark.svg").write_text("<svg xmlns='http://www.w3.org/2000/svg'/>")
    settings.STATIC_ROOT = tmp_path
    assert settings.WHITENOISE_ADD_HEADERS_FUNCTION is static_files.add_headers
    serve = WhiteNoiseMiddleware(lambda request: HttpResponse(status=404))
    answer = serve(RequestFactory().get("/static/mark.svg"))
    assert answer.status_code == 200 and answer["Content-Type"] == "image/svg+xml"
    assert {*POLICY, "sandbox", "default-src 'none'"} <= set(directives(answer["Content-Security-Policy"]))
    assert "Access-Control-Allow-Origin" not in answer
    assert serve(RequestFactory().get("/static/")).status_code == 404


@pytest.mark.django_db
def test_the_feed_says_so_too() -> None:
    sent: list[dict[str, Any]] = []

    async def ask() -> None:
        async def receive() -> dict[str, Any]:
            return {"type": "http.disconnect"}

        async def send(message: dict[str, Any]) -> None:
            sent.append(message)

        for query in (b"ticket=forged", f"ticket={feed.ticket(['case:1'])}".encode()):
            await feed.app({"type": "http", "query_string": query, "headers": []}, receive, send)

    asyncio.run(ask())
    starts = [message for message in sent if message["type"] == "http.response.start"]
    assert [message["status"] for message in starts] == [403, 200]
    for message in starts:
        headers = dict(message["headers"])
        assert headers[b"x-content-type-options"] == b"nosniff" and headers[b"cache-control"] == b"no-store"
        assert b"frame-ancestors 'none'" in headers[b"content-security-policy"]
        assert headers[b"strict-transport-security"].startswith(b"max-age=31536000")


MARKUP = "<script>alert(1)</script>\"'><img src=x onerror=alert(2)>${7*7}{{7*7}}"


@pytest.mark.django_db
def test_planted_markup_stays_text() -> None:
    subject = SubjectFactory(name=f"粤味{MARKUP}小馆")
    client = signed_in(Client(), owner_of(subject))
    for address in (
        f"/businesses/{subject.pk}/",
        "/businesses/?q=粤味",
        "/search/?q=粤味",
        f"/search/?q={MARKUP}",
        "/search/?q=(.*%2B[",
        "/laws/?q=(.*%2B[",
        "/my/",
    ):
        answer = client.get(address)
        page = answer.content.decode()
        assert answer.status_code == 200 and "<script>alert" not in page and "<img src=x" not in page, address
        assert "49" not in re.findall(r"粤味.{0,120}", page), address
    assert "&lt;script&gt;alert(1)" in client.get(f"/businesses/{subject.pk}/").content.decode()
    answer = client.get("/api/v1/businesses?q=粤味")
    assert answer["Content-Type"].startswith("application/json") and MARKUP in answer.json()[0]["name"]


@pytest.mark.django_db
def test_reading_changes_nothing(tmp_path: Path, settings: Any) -> None:
    """Every step of every declared flow, asked for by GET on both sides, leaves the case and the ledger as they were."""
    settings.HOME = tmp_path
    city = City()
    subject, grant, reader = city.restaurant()
    row = city.drafted("FB-RENEW", subject, grant, reader, unchanged=True)
    codes = {step.code for flow in registry.all_flows() for step in flow.transitions}
    clients = signed_in(Client(), owner_of(subject)), signed_in(Client(), city.receiver.user)
    before = (Event.objects.count(), Case.objects.values_list("pk", "state", "version").get())
    for client in clients:
        for code in sorted(codes):
            for address in (f"/my/cases/{row.case.uuid}/{code}/", f"/desk/cases/{row.case.uuid}/{code}/"):
                client.get(address)
        for address in (
            "/desk/claim/",
            "/me/delegations/",
            "/me/absences/",
            "/accounts/logout/",
            "/accounts/tokens/1/revoke/",
        ):
            client.get(address)
    assert len(codes) > 20
    assert before == (Event.objects.count(), Case.objects.values_list("pk", "state", "version").get())


@pytest.mark.django_db
def test_a_query_does_not_stand_in_for_a_body() -> None:
    """Parameters of the same name: each is read from where it belongs, the last one counts, both never mix."""
    user = BusinessUserFactory()
    client = Client()
    client.post(f"/accounts/login/?login={user.username}&password=qipan-test-2026", {})
    assert "_auth_user_id" not in client.session
    program = Program(user)
    number = "00000000-0000-4000-8000-000000000001"
    answer = program.call("put", f"/applications/{number}?item=FB-NEW&subject=1", {})
    assert answer.status_code == 422 and {error["field"] for error in answer.json()["errors"]} >= {"item"}


def test_scripts_set_text_and_listen_to_nobody() -> None:
    """No script of ours writes HTML, evaluates text, or takes messages of other windows."""
    forbidden = re.compile(
        r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(|new Function|srcdoc|createContextualFragment|DOMParser|addEventListener\(\"message\"|postMessage"
    )
    scripts = sorted((Path(settings.ROOT) / "frontend" / "src").rglob("*.ts"))
    found = [
        f"{path.name}: {match[0]}"
        for path in scripts
        for match in forbidden.finditer(path.read_text(encoding="utf-8"))
    ]
    assert len(scripts) > 10 and found == []
