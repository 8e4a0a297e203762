"""The live feed: a real process that listens to PostgreSQL tells signed-in screens which channel changed."""

import asyncio
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import psycopg
import pytest
from django.core import signing
from django.db import connection, transaction
from django.test import override_settings

from qipan.kernel.ledger import dispatch, feed
from tests.jobs.test_a_killed_worker_loses_and_doubles_nothing import address

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def served(transactional_db) -> Iterator[str]:
    """The address of a feed process on the test's database."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [
        "granian",
        "--host",
        "127.0.0.1",
        "--port",
        str(port),
        "--interface",
        "asginl",
        "--workers",
        "1",
    ]
    environment = {**os.environ, "DATABASE_URL": address(), "PYTHONPATH": str(ROOT / "src")}
    process = subprocess.Popen(
        [sys.executable, "-m", *command, "qipan.kernel.ledger.feed:app"], env=environment
    )
    url = f"http://127.0.0.1:{port}/feed"
    try:
        for _attempt in range(200):
            try:
                httpx.get(url, trust_env=False)
                break
            except httpx.HTTPError:
                time.sleep(0.1)
        yield url
    finally:
        process.terminate()
        process.wait(timeout=30)


async def hear(url: str, channels: list[str], clients: int) -> list[str]:
    """What each of the clients hears first, after something was touched in one transaction."""
    ready = asyncio.Semaphore(0)

    ticket = feed.ticket(channels)
    ways = httpx.Limits(max_connections=None)

    async def one(client: httpx.AsyncClient) -> str:
        async with client.stream("GET", url, params={"ticket": ticket}) as answer:
            assert answer.status_code == 200 and answer.headers["content-type"].startswith(
                "text/event-stream"
            )
            heard = (line[6:] async for line in answer.aiter_lines() if line.startswith("data: "))
            await anext(heard)  # once the process listens, it says that anything may have changed
            ready.release()
            return await anext(heard)

    async with httpx.AsyncClient(timeout=30, trust_env=False, limits=ways) as client:
        waiting = [asyncio.create_task(one(client)) for _number in range(clients)]
        for _number in range(clients):
            await asyncio.wait_for(ready.acquire(), 30)
        await asyncio.to_thread(change)
        return await asyncio.gather(*waiting)


def change(*channels: str) -> None:
    channels = channels or ("office:SZ/FT/FT01/", "user:7", "case:1")
    try:
        with transaction.atomic():
            feed.touch(*channels)
        assert dispatch.tell_feed() == len(channels)
    finally:
        connection.close()


def test_many_screens_hear_of_their_channel(served: str) -> None:
    with ThreadPoolExecutor(1) as apart:  # a browser of another test may hold a loop on this thread
        heard = apart.submit(asyncio.run, hear(served, ["office:SZ/FT/*"], 100)).result()
    assert heard == ["office:SZ/FT/FT01/"] * 100


def told(url: str, ticket: str, last: str) -> list[str]:
    """All that a screen hears until it hears the last of it."""
    heard: list[str] = []
    with (
        httpx.Client(timeout=20, trust_env=False) as client,
        client.stream("GET", url, params={"ticket": ticket}) as answer,
    ):
        for line in answer.iter_lines():
            heard += [line[6:]] if line.startswith("data: ") else []
            if heard[-1:] == [last]:
                break
    return heard


def test_what_changed_between_the_page_and_its_following_is_told(served: str) -> None:
    """A paper that was sealed while the page was on its way to the screen."""
    # Nobody listened before: all may have changed.
    assert told(served, feed.ticket(["case:1", "case:2"]), "case:2") == ["case:1", "case:2"]
    time.sleep(feed.EARLIER + 0.5)
    page = feed.ticket(["case:1", "case:2"])
    change("case:2")
    assert told(served, page, "case:2") == ["case:2"], "nothing was missed"
    page = feed.ticket(["case:1", "office:SZ/FT/*", "case:9", "case:3"])
    change()
    change("case:3")
    assert told(served, feed.ticket(["case:3"]), "case:3") == ["case:3"], "the process has heard all of it"
    heard = told(served, page, "case:3")
    assert sorted(heard) == ["case:1", "case:3", "office:SZ/FT/FT01/"] and heard[-1] == "case:3"


def test_a_forged_and_an_expired_ticket_are_turned_away(served: str) -> None:
    good = feed.ticket(["case:1"])
    assert httpx.get(served, params={"ticket": good[:-2] + "xx"}, trust_env=False).status_code == 403
    assert httpx.get(served, trust_env=False).status_code == 403
    with pytest.MonkeyPatch.context() as patch:
        present = time.time()
        patch.setattr(signing.time, "time", lambda: present - feed.TICKET_SECONDS - 60)
        old = feed.ticket(["case:1"])
    assert httpx.get(served, params={"ticket": old}, trust_env=False).status_code == 403
    with override_settings(SECRET_KEY="another"):
        strange = feed.ticket(["case:1"])
    assert httpx.get(served, params={"ticket": strange}, trust_env=False).status_code == 403


@pytest.mark.django_db(transaction=True)
def test_one_round_is_one_notification() -> None:
    with psycopg.connect(address(), autocommit=True) as listener:
        listener.execute("LISTEN qipan_feed")
        for n in range(5):
            with transaction.atomic():
                feed.touch(f"case:{n}", "office:SZ/")
        assert dispatch.tell_feed() == 6
        assert dispatch.tell_feed() == 0
        assert len(list(listener.notifies(timeout=1))) == 1
