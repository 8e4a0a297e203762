"""One person with a browser: signs in with password and code, opens pages, fills in and sends forms."""

import base64
import hashlib
import hmac
import struct
import time
from collections.abc import Mapping, Sequence
from urllib.parse import urljoin, urlsplit

import httpx

from qipan.city.parts import PASSWORD, SECRET
from qipan.city.simulation.pages import Form, Page, parse

Value = str | Sequence[str]
PERIOD = 30
AWAY = frozenset({429, 502, 503, 504})
"""Answers after which one tries again later; a page that fails by itself (500) stops nobody else's work."""


class NotServed(Exception):
    """The server does not answer, or answers that it cannot now: try again later."""


class Turned(Exception):
    """The server understood and said no; the message is what the page says."""


def totp(secret: str, moment: float) -> str:
    """The six digits an authenticator shows at a moment (RFC 6238)."""
    step = struct.pack(">Q", int(moment) // PERIOD)
    digest = hmac.new(base64.b32decode(secret), step, hashlib.sha1).digest()
    start = digest[-1] & 0x0F
    return f"{(struct.unpack('>I', digest[start : start + 4])[0] & 0x7FFFFFFF) % 1_000_000:06d}"


class Visitor:
    """A signed-in session of one account; `seen` is the text of the last page.

    Raises NotServed where the server is away, Turned where it says no.
    """

    def __init__(self, address: str, username: str, transport: httpx.BaseTransport | None = None) -> None:
        self.username = username
        self._client = httpx.Client(
            base_url=address,
            follow_redirects=True,
            timeout=httpx.Timeout(60, connect=5),
            trust_env=False,  # a proxy of the machine has no business between us and the city
            headers={"User-Agent": "qipan-simulator", "Accept": "text/html", "Accept-Language": "zh-hans"},
            transport=transport,
        )
        self.seen = ""
        self._signed_in = False
        self._last_step = 0

    def close(self) -> None:
        """Let go of the connections."""
        self._client.close()

    def cookies(self) -> dict[str, str]:
        """The session, for a browser that goes on from here."""
        return dict(self._client.cookies.items())

    def get(self, path: str) -> Page:
        """Open a page; signs in first, and again where the session has ended."""
        if not self._signed_in:
            self._sign_in()
        page = self._ask("GET", path)
        if urlsplit(page.url).path.startswith("/accounts/"):
            self._sign_in()
            page = self._ask("GET", path)
        if page.status >= 400:
            raise Turned(f"{path} {page.status}")
        return page

    def send(
        self, page: Page, form: Form, values: Mapping[str, Value] | None = None, button: str = ""
    ) -> Page:
        """Send a form with some fields filled in; `button` is the value of the one pressed.

        Raises Turned with the page's own words where it is refused.
        """
        data: dict[str, list[str]] = form.values()
        for name, value in (values or {}).items():
            data[name] = [value] if isinstance(value, str) else list(value)
        pressed = next((pair for pair in form.buttons if pair[1] == button), None) if button else None
        if pressed:
            data[pressed[0]] = [pressed[1]]
        answer = self._ask("POST", urljoin(page.url, form.action or page.url), data=data)
        if answer.status >= 400 or answer.errors:
            raise Turned("；".join(answer.errors)[:300] or f"{answer.url} {answer.status}")
        return answer

    def upload(self, page: Page, name: str, content: bytes, kind: str = "material") -> str:
        """Upload a file as the page's script does (tus); returns what the form sends for it."""
        token = next(
            (
                form.fields["csrfmiddlewaretoken"].chosen[0]
                for form in page.forms
                if "csrfmiddlewaretoken" in form.fields
            ),
            "",
        )
        metadata = ",".join(
            f"{key} {base64.b64encode(value.encode()).decode()}"
            for key, value in (("filename", name), ("kind", kind))
        )
        headers = {"X-CSRFToken": token, "Tus-Resumable": "1.0.0"}
        begun = self._request(
            "POST",
            "/evidence/uploads/",
            headers={**headers, "Upload-Length": str(len(content)), "Upload-Metadata": metadata},
        )
        place = begun.headers.get("Location", "")
        if begun.status_code != 201 or not place:
            raise Turned(f"上传 {begun.status_code} {begun.text[:100]}")
        sent = self._request(
            "PATCH",
            place,
            content=content,
            headers={**headers, "Upload-Offset": "0", "Content-Type": "application/offset+octet-stream"},
        )
        if sent.status_code != 204:
            raise Turned(f"上传 {sent.status_code} {sent.text[:100]}")
        return place.rstrip("/").rsplit("/", 1)[-1]

    def fetch(self, path: str) -> bytes:
        """A file, as it comes."""
        answer = self._request("GET", path)
        if answer.status_code >= 400:
            raise Turned(f"{path} {answer.status_code}")
        return answer.content

    def _sign_in(self) -> None:
        self._client.cookies.clear()
        page = self._ask("GET", "/accounts/login/")
        form = next((each for each in page.forms if "password" in each.fields), None)
        if form is None:
            raise Turned(f"{page.url} 没有登录表单")
        page = self.send(page, form, {"login": self.username, "password": PASSWORD})
        asked = next((each for each in page.forms if "code" in each.fields), None)
        if asked is not None:
            page = self.send(page, asked, {"code": self._code()})
        if urlsplit(page.url).path.startswith("/accounts/login"):
            raise Turned(f"{self.username} 不能登录")
        self._signed_in = True

    def _code(self) -> str:
        """The next code that this account has not used yet: each is good for one use."""
        now = time.time()
        step = max(int(now) // PERIOD, self._last_step + 1)
        if step > int(now) // PERIOD + 1:
            raise NotServed("动态口令要等下一个半分钟")
        self._last_step = step
        return totp(SECRET, step * PERIOD)

    def _ask(self, method: str, path: str, data: dict[str, list[str]] | None = None) -> Page:
        answer = self._request(method, path, data=data)
        page = parse(str(answer.url), answer.status_code, answer.text)
        self.seen = page.text
        return page

    def _request(self, method: str, path: str, **given: object) -> httpx.Response:
        try:
            answer = self._client.request(method, path, **given)  # type: ignore[arg-type]
        except httpx.TransportError as error:
            raise NotServed(f"{type(error).__name__}") from error
        if answer.status_code in AWAY:
            raise NotServed(f"{urlsplit(path).path} {answer.status_code}")
        return answer
