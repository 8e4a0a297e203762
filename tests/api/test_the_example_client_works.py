"""The program in examples/ renews a licence against a real server, and tells what was wrong in the server's words."""

import httpx
import pytest

from tests.api.programs import Worker, caller, loaded
from tests.licensing.city import City

pytestmark = pytest.mark.django_db(transaction=True)


def example():
    return loaded("renew_licence")


def test_it_renews_a_licence(city: City, live_server) -> None:
    subject, grant, _reader = city.restaurant()
    worker = Worker()
    worker.start()
    try:
        with caller(live_server, subject.representatives.get().user) as client:
            pdf = example().renew(client, grant.number)
    finally:
        worker.stopping.set()
        worker.join(timeout=30)
    assert pdf.startswith(b"%PDF-")
    checked = httpx.post(
        f"{live_server.url}/api/v1/verifications", files={"file": ("x.pdf", pdf)}, timeout=30, trust_env=False
    ).json()
    assert checked["unchanged"]


def test_it_tells_what_was_wrong(city: City, live_server, monkeypatch) -> None:
    subject, grant, _reader = city.restaurant()
    module = example()
    monkeypatch.setitem(module.CONTACT, "contact_phone", "12")
    with caller(live_server, subject.representatives.get().user) as client, pytest.raises(SystemExit) as told:
        module.renew(client, grant.number)
    assert "/answers/contact_phone" in str(told.value) and "11 位手机号码" in str(told.value)
