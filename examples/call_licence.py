"""Calls an e-licence for an item of another department, and fetches its file; a refusal is told in words.

QIPAN_URL=http://127.0.0.1:8000 QIPAN_TOKEN=qp_… python examples/call_licence.py JY24403040000019 TAX-REG 核对纳税人的经营许可 licence.pdf
"""

import os
import sys
import uuid
from typing import Any

import httpx


class Refused(Exception):
    """The call was not given; the holder's log has it with the same reason."""


def call(client: httpx.Client, number: str, item: str, purpose: str, matter: str = "") -> dict[str, Any]:
    """The licence as it stands today: holder, lines, state. `purpose` is the registered one."""
    once = {"Idempotency-Key": str(uuid.uuid4())}  # sent again with the same key, it is one call
    wish = {"number": number, "item": item, "purpose": purpose, "matter": matter}
    answer = client.post("/licence-calls", json=wish, headers=once)
    if answer.status_code == 403:
        raise Refused(answer.json()["detail"])
    answer.raise_for_status()
    found: dict[str, Any] = answer.json()
    return found


def file_of(client: httpx.Client, called: dict[str, Any]) -> bytes:
    """The sealed PDF, within 24 hours; nothing for a licence that is not in force."""
    if not called["file"]:
        return b""
    answer = client.get(called["file"].removeprefix("/api/v1"))
    answer.raise_for_status()
    return answer.content


if __name__ == "__main__":
    head = {"Authorization": f"Bearer {os.environ['QIPAN_TOKEN']}"}
    with httpx.Client(base_url=f"{os.environ['QIPAN_URL']}/api/v1", headers=head, timeout=30) as caller:
        try:
            got = call(caller, *sys.argv[1:4])
        except Refused as refused:
            raise SystemExit(str(refused)) from None
        licence = got["licence"]
        print(licence["title"], licence["number"], licence["holder"], licence["state_text"])
        with open(sys.argv[4], "wb") as file:
            file.write(file_of(caller, got))
