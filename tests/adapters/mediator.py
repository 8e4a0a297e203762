"""The information mediator: registers clients in the operator's file, and calls the façade in their name."""

import datetime
import json
from pathlib import Path
from typing import Any

from django.http import HttpResponse
from django.test import Client

from qipan.kernel.accounts import actions
from qipan.kernel.accounts.models import User
from qipan.kernel.ledger import clock
from tests.orgs.factories import SYSTEM

APPLICANT = ("applications.read", "applications.write", "files.write")
OFFICER = ("cases.read", "inbox.read", "orders.write")
SHOP, OTHER, OFFICE = "SZ/COM/1001/shop", "SZ/COM/1002/other", "SZ/GOV/9000/office"


class Mediator:
    """Its clients; every change of the file counts from the next call on."""

    def __init__(self, settings: Any, file: Path) -> None:
        self.file = file
        self.said: dict[str, Any] = {"mediators": ["127.0.0.1"], "clients": {}}
        settings.QIPAN_GOVSTACK_CLIENTS = str(file)
        self.client = Client(raise_request_exception=False)
        self.write()

    def write(self, text: str = "", mode: int = 0o600) -> None:
        """Put the file there, as a whole and under another moment than before."""
        self.file.unlink(missing_ok=True)
        self.file.touch(mode)
        self.file.write_text(text or json.dumps(self.said))

    def register(
        self,
        name: str,
        *,
        applicant: User | None = None,
        officer: User | None = None,
        scopes: tuple[str, ...] = (),
    ) -> None:
        """Register a client with tokens for one side or both."""
        end = clock.now() + datetime.timedelta(days=30)
        sides = {}
        for side, user, usual in (("applicant", applicant, APPLICANT), ("officer", officer, OFFICER)):
            if user is not None:
                issued = actions.issue_token(user, "测试", scopes or usual, expires_at=end, actor=SYSTEM)
                sides[side] = issued[1]
        self.said["clients"][name] = sides
        self.write()

    def call(self, method: str, path: str, name: str | None = None, **more: Any) -> HttpResponse:
        """One call as a client; without a name, without the header."""
        headers = {} if name is None else {"Information-Mediator-Client": name}
        return getattr(self.client, method)(f"/govstack/{path}", headers=headers, **more)

    def get(self, path: str, name: str | None = None) -> Any:
        """What a call that must succeed gives."""
        answer = self.call("get", path, name)
        assert answer.status_code == 200, (path, answer.status_code, answer.content.decode())
        return answer.json()

    def send(self, method: str, path: str, name: str | None, body: Any) -> HttpResponse:
        """A call with JSON."""
        return self.call(method, path, name, data=json.dumps(body), content_type="application/json")
