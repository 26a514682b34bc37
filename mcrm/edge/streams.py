"""The two live addresses: server-sent events and the long poll, served on the event loop, without a thread."""

import asyncio
import random
import re
from collections import Counter
from collections.abc import AsyncIterator, Callable, Collection
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import parse_qsl

import orjson

from mcrm import clock
from mcrm.edge.asgi import Receive, Scope, Send, disconnected, header
from mcrm.edge.live import Hint, Live, Waiter
from mcrm.edge.problems import Refusal, busy, not_ready, request_id
from mcrm.edge.threads import Threads
from mcrm.errors import NotSignedIn

EVENTS, POLL = "/v1/live/events", "/v1/live/poll"
LARGEST_CURSOR = 2**53
PER_CALLER = 20  # streams that one caller may hold at once, in one process

Authorise = Callable[[str], tuple[str, Collection[str], datetime]]
"""From a bearer token to the caller's name, topics and the token's end (aware); raises NotSignedIn or NotAllowed."""


@dataclass(frozen=True, slots=True)
class Patience:
    """Seconds: between heartbeats, a poll is held, a client may take to accept what is sent."""

    heartbeat_s: float = 15.0
    poll_s: float = 25.0
    send_s: float = 20.0


class Streams:
    """Serves the live streams, at most `most` at once."""

    def __init__(self, live: Live, threads: Threads, authorise: Authorise, most: int, patience: Patience) -> None:
        """`authorise` is called in one of the `threads`: it may ask the database."""
        self.live = live
        self.threads = threads
        self.authorise = authorise
        self.most = most
        self.patience = patience
        self._entering = 0
        self._callers: Counter[str] = Counter()

    def serves(self, scope: Scope) -> bool:
        """Whether the request is for a live stream; every other method of these paths is Flask's to refuse."""
        return scope["method"] == "GET" and scope["path"] in (EVENTS, POLL)

    async def answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one stream to its end; raises Refusal, NotSignedIn or NotAllowed before anything is sent."""
        async with self._admitted(scope) as (waiter, until):
            gone = asyncio.ensure_future(_leave_when_gone(receive, waiter))
            try:
                serve = self._events if scope["path"] == EVENTS else self._poll
                await serve(_Line(scope, send, gone, self.patience.send_s), waiter, until)
            finally:
                gone.cancel()

    @asynccontextmanager
    async def _admitted(self, scope: Scope) -> AsyncIterator[tuple[Waiter, datetime]]:
        if not self.live.following:
            raise not_ready()
        since = _cursor(scope)
        if self.live.open + self._entering >= self.most:
            raise busy(retry_after_s=random.randint(5, 15))  # spread those who come back
        self._entering += 1
        try:
            caller, topics, until = await self.threads.run(self.authorise, _bearer(scope))
        finally:
            self._entering -= 1
        if self._callers[caller] >= PER_CALLER:
            raise Refusal(429, "live.too-many", f"At most {PER_CALLER} live streams at once.", retry_after_s=30)
        self._callers[caller] += 1
        try:
            with self.live.waiting(frozenset(topics), since) as waiter:
                yield waiter, until
        finally:
            self._callers[caller] -= 1
            if not self._callers[caller]:
                del self._callers[caller]

    async def _events(self, line: "_Line", waiter: Waiter, until: datetime) -> None:
        await line.start(b"text/event-stream")
        opening = b"retry: %d\n" % random.randint(1000, 4000)
        await line.write(opening + _event("ready", {"cursor": waiter.since}, waiter.since))
        while not waiter.over and (left := _seconds_to(until)) > 0:
            hint = await waiter.hint(min(self.patience.heartbeat_s, left))
            if hint:
                await line.write(_event("changed", _facts(hint), hint.cursor))
            elif not waiter.over:
                await line.write(b":\n\n")
        await line.write(_event("reconnect", {"reason": "stopping" if waiter.over else "expired"}))
        await line.end()

    async def _poll(self, line: "_Line", waiter: Waiter, until: datetime) -> None:
        hint = await waiter.hint(min(self.patience.poll_s, max(0.0, _seconds_to(until))))
        body = orjson.dumps({"changed": hint is not None, **_facts(hint or Hint(waiter.since, ()))})
        await line.start(b"application/json", len(body))
        await line.write(body)
        await line.end()


class _Line:
    """The way to one client; whoever does not take what is sent within the time is cut off by TimeoutError."""

    def __init__(self, scope: Scope, send: Send, gone: "asyncio.Future[None]", send_s: float) -> None:
        self._request = request_id(scope)
        self._send = send
        self._gone = gone
        self._send_s = send_s

    async def start(self, content_type: bytes, length: int | None = None) -> None:
        headers = [
            (b"content-type", content_type),
            (b"cache-control", b"no-store"),
            (b"x-accel-buffering", b"no"),
            (b"x-request-id", self._request.encode("ascii")),
        ]
        if length is not None:
            headers.append((b"content-length", b"%d" % length))
        await self._pass({"type": "http.response.start", "status": 200, "headers": headers})

    async def write(self, chunk: bytes) -> None:
        await self._pass({"type": "http.response.body", "body": chunk, "more_body": True})

    async def end(self) -> None:
        await self._pass({"type": "http.response.body", "body": b""})

    async def _pass(self, message: dict[str, Any]) -> None:
        if not self._gone.done():
            async with asyncio.timeout(self._send_s):
                await self._send(message)


async def _leave_when_gone(receive: Receive, waiter: Waiter) -> None:
    await disconnected(receive)
    waiter.leave()


def _cursor(scope: Scope) -> int | None:
    """Where the client is: `Last-Event-ID` of a resumed stream, else `?after=`; None is now."""
    given: list[str] = []
    for name, value in parse_qsl(scope["query_string"].decode("latin-1"), keep_blank_values=True):
        if name != "after" or given:
            raise Refusal(422, "invalid", "Only one query parameter is known here: after.")
        given.append(value)
    value = header(scope, b"last-event-id") or "".join(given)
    if not value and not given:
        return None
    if not re.fullmatch(r"[0-9]{1,16}", value) or int(value) > LARGEST_CURSOR:
        raise Refusal(422, "invalid", "A cursor is a whole number from an earlier answer.")
    return int(value)


def _bearer(scope: Scope) -> str:
    scheme, _, token = (header(scope, b"authorization") or "").partition(" ")
    if scheme.lower() != "bearer" or not token.strip():
        raise NotSignedIn
    return token.strip()


def _seconds_to(instant: datetime) -> float:
    return (instant - clock.now()).total_seconds()


def _facts(hint: Hint) -> dict[str, Any]:
    return {"cursor": hint.cursor, "topics": hint.topics}


def _event(name: str, facts: dict[str, Any], cursor: int | None = None) -> bytes:
    id_line = b"" if cursor is None else b"id: %d\n" % cursor
    return b"%bevent: %b\ndata: %b\n\n" % (id_line, name.encode(), orjson.dumps(facts))
