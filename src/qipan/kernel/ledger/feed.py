"""The live feed: "channel X changed", pushed to browsers as server-sent events. Pages fetch again through their own view.

`touch` and `ticket` are for the web process; `app` is a small ASGI application of its own, without the ORM, which
listens to PostgreSQL's notifications.

A page is made, and then follows: what changed between the two it is told when it begins to follow.
"""

import asyncio
import json
import logging
import os
import time
from collections import deque
from collections.abc import AsyncIterator, Iterable
from typing import Any
from urllib.parse import parse_qs

from django.core import signing

log = logging.getLogger(__name__)
SALT = "qipan.feed"
TICKET_SECONDS = 8 * 3600
MOST_LISTENERS = 2000
HEARTBEAT = 20.0
#: Seconds for which changes are remembered for those who begin to follow.
REMEMBERED = 120.0
#: Seconds that a page may have taken between its reading and its ticket, and the clocks of two machines may differ.
EARLIER = 5.0
#: What every page of the product is told as well; this process has none of its middleware.
SAFELY = [
    (b"cache-control", b"no-store"),
    (b"x-content-type-options", b"nosniff"),
    (b"content-security-policy", b"default-src 'none'; base-uri 'none'; frame-ancestors 'none'"),
    (b"referrer-policy", b"same-origin"),
    (
        b"strict-transport-security",
        b"max-age=31536000; includeSubDomains",
    ),  # by TLS only; browsers ignore it else
]


def touch(*channels: str) -> None:
    """Say in the present transaction that channels changed; told once a dispatch round, after the commit."""
    from django.db import connection

    if channels:
        with connection.cursor() as cursor:
            cursor.execute(
                "INSERT INTO ledger_touch (channel) SELECT unnest(%s::text[])",
                [[channel[:160] for channel in dict.fromkeys(channels)]],
            )


def ticket(channels: Iterable[str], reader: Any = None) -> str:
    """A signed ticket for these channels; whoever makes one has checked that the reader may follow them.

    With a reader the messages to that person are followed as well. Empty where there is nothing to follow.
    """
    own = {f"notices:{reader.user_id}"} if reader is not None and reader.user_id is not None else set()
    if not (followed := set(channels) | own):
        return ""
    content = {"channels": sorted(followed), "at": round(time.time(), 3)}
    return signing.dumps(content, salt=SALT, compress=True)


def opened(text: str) -> tuple[frozenset[str], float]:
    """A ticket's channels and when it was made, in seconds; raises BadSignature for a forged or expired one."""
    content = signing.loads(text, salt=SALT, max_age=TICKET_SECONDS)
    return frozenset(str(channel) for channel in content["channels"]), float(content["at"])


def _concerns(channel: str, wanted: frozenset[str]) -> bool:
    return channel in wanted or any(one.endswith("*") and channel.startswith(one[:-1]) for one in wanted)


class _Hub:
    """Who listens to what, and what was heard of late."""

    def __init__(self) -> None:
        self.listeners: dict[asyncio.Queue[str], frozenset[str]] = {}
        self.task: asyncio.Task[None] | None = None
        self.heard: deque[tuple[float, str]] = deque(maxlen=50_000)
        self.since = float("inf")  # from when on nothing was missed

    def tell(self, channels: Iterable[str]) -> None:
        moment = time.time()
        while self.heard and self.heard[0][0] < moment - REMEMBERED:
            self.heard.popleft()
        for channel in channels:
            self.heard.append((moment, channel))
            for queue, wanted in self.listeners.items():
                if _concerns(channel, wanted) and queue.qsize() < 100:
                    queue.put_nowait(channel)

    def missed(self, wanted: frozenset[str], at: float) -> list[str]:
        """What a page of that moment has not heard; all that it follows, where nobody knows."""
        known_from = max(self.since, time.time() - REMEMBERED)
        if len(self.heard) == self.heard.maxlen:
            known_from = max(known_from, self.heard[0][0])
        if at - EARLIER < known_from:
            return sorted(one.removesuffix("*") for one in wanted)
        late = (channel for moment, channel in self.heard if moment >= at - EARLIER)
        return [channel for channel in dict.fromkeys(late) if _concerns(channel, wanted)]

    def begin(self) -> None:
        """It hears from now on; those who followed while it did not are told of everything."""
        self.since = time.time()
        self.heard.clear()
        for queue, wanted in self.listeners.items():
            for one in sorted(wanted):
                queue.put_nowait(one.removesuffix("*"))

    async def follow(self) -> None:
        import psycopg

        while True:
            try:
                connection = await psycopg.AsyncConnection.connect(_address(), autocommit=True)
                async with connection:
                    await connection.execute("LISTEN qipan_feed")
                    self.begin()
                    async for notice in connection.notifies():
                        self.tell(json.loads(notice.payload))
            except (psycopg.Error, OSError, ValueError) as error:
                log.warning("the feed lost its database: %s", error)
            self.since = float("inf")
            await asyncio.sleep(1.0)


_hub = _Hub()


def _address() -> str:
    from django.conf import settings
    from psycopg.conninfo import make_conninfo

    database: dict[str, Any] = settings.DATABASES["default"]
    return make_conninfo(
        dbname=database["NAME"],
        user=database["USER"],
        password=database["PASSWORD"],
        host=database["HOST"],
        port=database["PORT"],
    )


async def _stream(wanted: frozenset[str], at: float) -> AsyncIterator[bytes]:
    queue: asyncio.Queue[str] = asyncio.Queue()
    _hub.listeners[queue] = wanted
    if _hub.since < float("inf"):  # else it is told once the hub hears
        for channel in _hub.missed(wanted, at):
            queue.put_nowait(channel)
    try:
        yield b"retry: 3000\n\n"
        while True:
            try:
                channel = await asyncio.wait_for(queue.get(), HEARTBEAT)
                yield f"event: changed\ndata: {channel}\n\n".encode()
            except TimeoutError:
                yield b": alive\n\n"
    finally:
        _hub.listeners.pop(queue, None)


async def _answer(send: Any, status: int, text: str) -> None:
    await send(
        {
            "type": "http.response.start",
            "status": status,
            "headers": [(b"content-type", b"text/plain; charset=utf-8"), *SAFELY],
        }
    )
    await send({"type": "http.response.body", "body": text.encode()})


async def app(scope: dict[str, Any], receive: Any, send: Any) -> None:
    """`GET /feed?ticket=…`: the stream of changes of the ticket's channels."""
    if scope["type"] == "lifespan":
        while True:
            event = await receive()
            await send({"type": f"{event['type']}.complete"})
            if event["type"] == "lifespan.shutdown":
                return
    if scope["type"] != "http":
        return
    if _hub.task is None or _hub.task.done():
        _hub.task = asyncio.create_task(_hub.follow())
    try:
        query = parse_qs(scope["query_string"].decode())
        wanted, at = opened(query.get("ticket", [""])[0])
    except (signing.BadSignature, UnicodeDecodeError, ValueError, TypeError, KeyError):
        await _answer(send, 403, "凭据无效或者已过期，请刷新页面。")
        return
    if len(_hub.listeners) >= MOST_LISTENERS:
        await _answer(send, 503, "连接过多，页面将定时刷新。")
        return
    headers = [
        (b"content-type", b"text/event-stream; charset=utf-8"),
        (b"x-accel-buffering", b"no"),
        *SAFELY,
    ]
    origin = dict(scope["headers"]).get(b"origin", b"").decode()
    if origin and origin in os.environ.get("QIPAN_FEED_ORIGINS", "").split(","):
        headers.append((b"access-control-allow-origin", origin.encode()))
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    gone = asyncio.create_task(_until_gone(receive))
    stream = _stream(wanted, at)
    try:
        while not gone.done():
            following = asyncio.ensure_future(anext(stream))
            await asyncio.wait({following, gone}, return_when=asyncio.FIRST_COMPLETED)
            if gone.done():
                following.cancel()
                await asyncio.wait({following})
                break
            await send({"type": "http.response.body", "body": following.result(), "more_body": True})
    finally:
        gone.cancel()
        await stream.aclose()  # type: ignore[attr-defined]


async def _until_gone(receive: Any) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


def _setup() -> None:
    """The ASGI process needs Django's settings (its secret, its database), and nothing else of it."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "qipan.conf.settings.production")


_setup()
