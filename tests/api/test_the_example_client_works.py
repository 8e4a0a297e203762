"""The program in examples/ renews a licence against a real server, and tells what was wrong in the server's words."""

import importlib.util
import threading
import time

import httpx
import pytest
from django.conf import settings
from django.db import connection

from qipan.kernel.jobs.testing import drain
from qipan.ui.interface.scopes import SCOPES
from tests.api.programs import Program
from tests.licensing.city import City

pytestmark = pytest.mark.django_db(transaction=True)


def example():
    return loaded("renew_licence")


def loaded(name: str):
    path = settings.ROOT / "examples" / f"{name}.py"
    spec = importlib.util.spec_from_file_location(name, path)
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def caller(live_server, user) -> httpx.Client:
    headers = {"Authorization": Program(user, *SCOPES).headers["Authorization"]}
    return httpx.Client(base_url=f"{live_server.url}/api/v1", headers=headers, timeout=30, trust_env=False)


class Worker(threading.Thread):
    """Does what is queued, as the worker process would, until it is told to stop."""

    def __init__(self) -> None:
        super().__init__(daemon=True)
        self.stopping = threading.Event()

    def run(self) -> None:
        while not self.stopping.is_set():
            drain()
            time.sleep(0.1)
        connection.close()


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
