"""A program that calls the interface with a token, as an integrator's would."""

import datetime
import importlib.util
import json
import threading
import time
import uuid
from types import ModuleType
from typing import Any

import httpx
from django.db import connection
from django.http import HttpResponse
from django.test import Client

from qipan.conf import environment
from qipan.kernel.accounts import actions
from qipan.kernel.accounts.models import User
from qipan.kernel.jobs.testing import drain
from qipan.kernel.ledger import clock
from qipan.ui.interface.scopes import SCOPES
from tests.orgs.factories import SYSTEM


class Program:
    """Calls below /api/v1 with a token of a user, for all scopes or for those that are named."""

    def __init__(self, user: User | None = None, *scopes: str, language: str = "zh-hans") -> None:
        self.client = Client(raise_request_exception=False)
        self.headers = {"Accept-Language": language}
        if user is not None:
            end = clock.now() + datetime.timedelta(days=30)
            secret = actions.issue_token(user, "测试", scopes or SCOPES, expires_at=end, actor=SYSTEM)[1]
            self.headers["Authorization"] = f"Bearer {secret}"

    def call(self, method: str, path: str, body: Any = None, key: str = "", **headers: str) -> HttpResponse:
        """The answer to one call; a body is sent as JSON (text as it is)."""
        sent = self.headers | headers | ({"Idempotency-Key": key} if key else {})
        address = path if path.startswith("/evidence") else f"/api/v1{path}"
        content = body if isinstance(body, str | bytes) else json.dumps(body)
        options = {} if body is None else {"data": content, "content_type": "application/json"}
        return getattr(self.client, method)(address, headers=sent, **options)

    def get(self, path: str) -> Any:
        """What a call that must succeed gives."""
        answer = self.call("get", path)
        assert answer.status_code == 200, (path, answer.status_code, answer.content.decode())
        return answer.json()

    def send(self, path: str, *files: Any, **fields: Any) -> HttpResponse:
        """A multipart post."""
        return self.client.post(f"/api/v1{path}", {**fields}, headers=self.headers)

    def upload(self, content: bytes, name: str = "平面图.pdf", piece: int = 40) -> str:
        """A file by the resumable protocol, in pieces; returns the identifier for the form."""
        import base64

        label = base64.b64encode(name.encode()).decode()
        head = self.headers | {"Tus-Resumable": "1.0.0"}
        begun = self.client.post(
            "/evidence/uploads/",
            headers=head | {"Upload-Length": str(len(content)), "Upload-Metadata": f"filename {label}"},
        )
        assert begun.status_code == 201, begun.content.decode()
        place = begun["Location"]
        for start in range(0, len(content), piece):
            answer = self.client.patch(
                place,
                content[start : start + piece],
                content_type="application/offset+octet-stream",
                headers=head | {"Upload-Offset": str(start)},
            )
            assert answer.status_code == 204, answer.content.decode()
        return place.strip("/").split("/")[-1]

    def draft(self, item: str, subject: int, grant: int | None = None, number: str = "") -> str:
        """A new draft; returns its identifier."""
        number = number or str(uuid.uuid4())
        answer = self.call(
            "put", f"/applications/{number}", {"item": item, "subject": subject, "grant": grant}
        )
        assert answer.status_code == 201, answer.content.decode()
        return number

    def fill(self, number: str, **answers: Any) -> HttpResponse:
        """Save answers."""
        return self.call("put", f"/applications/{number}/answers", {"answers": answers})

    def submit(self, number: str, key: str = "", version: int | None = None) -> HttpResponse:
        """Hand in."""
        return self.call(
            "post", f"/applications/{number}/submit", {"version": version}, key or uuid.uuid4().hex
        )

    def step(self, number: str, code: str, key: str = "", **body: Any) -> HttpResponse:
        """Take a step of the case."""
        return self.call("post", f"/cases/{number}/steps/{code}", body, key or uuid.uuid4().hex)


CONTACT = {"contact_name": "王小明", "contact_phone": "13800138000", "truthful": True}
PDF = b"%PDF-1.4\n1 0 obj <</Type /Catalog>> endobj\ntrailer <</Root 1 0 R>>\n%%EOF\n"


def loaded(name: str) -> ModuleType:
    """A program of `examples/`."""
    path = environment.ROOT / "examples" / f"{name}.py"
    spec = importlib.util.spec_from_file_location(name, path)
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def caller(live_server: Any, user: User) -> httpx.Client:
    """An integrator's client with a token of a user, for all scopes."""
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
