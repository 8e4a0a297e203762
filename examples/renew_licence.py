"""Renews a food business licence through the open interface, from the first call to the sealed PDF.

QIPAN_URL=http://127.0.0.1:8000 QIPAN_TOKEN=qp_… python examples/renew_licence.py JY24403040000019 licence.pdf
"""

import os
import sys
import time
import uuid

import httpx

CONTACT = {"contact_name": "王小明", "contact_phone": "13800138000", "truthful": True}


def called(client: httpx.Client, method: str, path: str, **options: object) -> httpx.Response:
    answer = client.request(method, path, **options)  # type: ignore[arg-type]
    if answer.status_code == 429:
        time.sleep(int(answer.headers.get("Retry-After", "1")))
        return called(client, method, path, **options)
    if answer.is_error:
        problem = answer.json()
        wrong = "".join(f"\n  {each['pointer']}: {each['detail']}" for each in problem.get("errors", []))
        raise SystemExit(f"{problem['status']} {problem['title']}: {problem['detail']}{wrong}")
    return answer


def renew(client: httpx.Client, licence: str, wait: float = 60) -> bytes:
    grant = next(row for row in called(client, "GET", "/grants").json() if row["number"] == licence)
    number = uuid.uuid4()  # ours: sending the same one again makes no second draft
    draft = {"item": "FB-RENEW", "subject": grant["subject"], "grant": grant["id"]}
    called(client, "PUT", f"/applications/{number}", json=draft)
    called(client, "PUT", f"/applications/{number}/answers", json={"answers": {"unchanged": True, **CONTACT}})
    once = {"Idempotency-Key": str(uuid.uuid4())}  # kept while trying again: it is handed in once
    called(client, "POST", f"/applications/{number}/submit", json={}, headers=once)
    end = time.monotonic() + wait
    while (case := called(client, "GET", f"/cases/{number}").json())["state"] != "ISSUED":
        if case["state"] != "GRANTED" or time.monotonic() > end:
            raise SystemExit(f"{case['state_title']}：{case['due_on']} 前办理")
        time.sleep(0.2)
    papers = [row for row in case["documents"] if row["template"] == "licensing.certificate"]
    return called(client, "GET", papers[0]["file"].removeprefix("/api/v1")).content


if __name__ == "__main__":
    head = {"Authorization": f"Bearer {os.environ['QIPAN_TOKEN']}"}
    with httpx.Client(base_url=f"{os.environ['QIPAN_URL']}/api/v1", headers=head, timeout=30) as caller:
        pdf = renew(caller, sys.argv[1])
    with open(sys.argv[2], "wb") as file:
        file.write(pdf)
