"""Applies as a system of a business, waits for the webhook instead of asking again and again, and fetches the licence.

Register the system at /my/clients/, take a key, and add the address of this program with the event 证照制发:

QIPAN_URL=https://… QIPAN_TOKEN=qp_… QIPAN_WEBHOOK_SECRET=whsec_… \\
    python examples/follow_by_webhook.py JY24403040000019 licence.pdf 8300
"""

import hashlib
import hmac
import http.server
import json
import os
import queue
import sys
import time
import typing
import uuid

import httpx

TOLERANCE = 300  # seconds: what was signed longer ago is somebody's recording
CONTACT = {"contact_name": "王小明", "contact_phone": "13800138000", "truthful": True}


def is_genuine(header: str, body: bytes, secret: str, now: float | None = None) -> bool:
    """Whether `Qipan-Signature: t=…,v1=…` fits the raw body, and is fresh."""
    parts = dict(part.split("=", 1) for part in header.split(",") if "=" in part)
    if not parts.get("t", "").isdigit() or abs((now or time.time()) - int(parts["t"])) > TOLERANCE:
        return False
    expected = hmac.new(secret.encode(), f"{parts['t']}.".encode() + body, hashlib.sha256).hexdigest()
    return hmac.compare_digest(expected, parts.get("v1", ""))


class Receiver(http.server.ThreadingHTTPServer):
    """Takes what is sent: genuine events once each; everything else is refused."""

    def __init__(self, port: int, secret: str) -> None:
        super().__init__(("", port), Handler)
        self.secret = secret
        self.seen: set[str] = set()
        self.events: queue.Queue[dict[str, typing.Any]] = queue.Queue()


class Handler(http.server.BaseHTTPRequestHandler):
    server: Receiver

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", "0")))
        genuine = is_genuine(self.headers.get("Qipan-Signature", ""), body, self.server.secret)
        self.send_response(204 if genuine else 403)
        self.end_headers()
        if genuine:
            event = json.loads(body)
            if event["id"] not in self.server.seen:  # sent at least once: the same one may come again
                self.server.seen.add(event["id"])
                self.server.events.put(event)

    def log_message(self, *args: object) -> None:
        pass


def called(client: httpx.Client, method: str, path: str, **options: object) -> httpx.Response:
    answer = client.request(method, path, **options)  # type: ignore[arg-type]
    if answer.status_code == 429:
        time.sleep(int(answer.headers.get("Retry-After", "1")))
        return called(client, method, path, **options)
    if answer.is_error:
        raise SystemExit(f"{answer.status_code}: {answer.json()['detail']}")
    return answer


def renew(client: httpx.Client, receiver: Receiver, licence: str, wait: float = 120) -> bytes:
    grant = next(row for row in called(client, "GET", "/grants").json() if row["number"] == licence)
    number = uuid.uuid4()
    draft = {"item": "FB-RENEW", "subject": grant["subject"], "grant": grant["id"]}
    called(client, "PUT", f"/applications/{number}", json=draft)
    called(client, "PUT", f"/applications/{number}/answers", json={"answers": {"unchanged": True, **CONTACT}})
    once = {"Idempotency-Key": str(uuid.uuid4())}
    case = called(client, "POST", f"/applications/{number}/submit", json={}, headers=once).json()["number"]
    end = time.monotonic() + wait
    while True:
        try:
            event = receiver.events.get(timeout=max(0.1, end - time.monotonic()))
        except queue.Empty:
            raise SystemExit(f"{case}: nothing came within {wait:.0f} s") from None
        if event["type"] == "licensing.licence.issued" and event["data"]["record"] == case:
            break  # of this case: the business may have others, and its address hears of each
    papers = called(client, "GET", f"/cases/{number}/documents").json()
    paper = next(row for row in papers if row["template"] == "licensing.certificate")
    return called(client, "GET", paper["file"].removeprefix("/api/v1")).content


if __name__ == "__main__":
    import threading

    head = {"Authorization": f"Bearer {os.environ['QIPAN_TOKEN']}"}
    server = Receiver(int(sys.argv[3]), os.environ["QIPAN_WEBHOOK_SECRET"])
    threading.Thread(target=server.serve_forever, daemon=True).start()
    with httpx.Client(base_url=f"{os.environ['QIPAN_URL']}/api/v1", headers=head, timeout=30) as caller:
        pdf = renew(caller, server, sys.argv[1])
    with open(sys.argv[2], "wb") as file:
        file.write(pdf)
