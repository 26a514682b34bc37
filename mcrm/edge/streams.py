"""The live addresses: server-sent events and the long poll, served on the event loop, without a thread."""

import asyncio
import random
import re
from collections import Counter
from collections.abc import AsyncIterator, Callable, Collection, Mapping
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
from mcrm.errors import NotAllowed, NotSignedIn
from mcrm.interactions.log import read_cursor

EVENTS, POLL = "/v1/live/events", "/v1/live/poll"
INBOX, CHAT = "/v1/inbox/events", "/v1/me/conversation/events"
SYNC_WAIT = "/v1/sync/wait"
LARGEST_CURSOR = 2**53
BEFORE_THE_END_S = 2.0  # a held request is answered before its token ends
PER_CALLER = 20  # streams that one caller may hold at once, in one process

Authorise = Callable[[str], tuple[str, Collection[str], datetime]]
"""From a bearer token to the caller's name, topics and the token's end (aware); raises NotSignedIn or NotAllowed."""
HasNews = Callable[[str, int], bool]
"""Whether a device of this bearer token's caller would get anything from this cursor; raises like Authorise."""


@dataclass(frozen=True, slots=True)
class Patience:
    """Seconds: between heartbeats, a poll is held, a client may take to accept what is sent."""

    heartbeat_s: float = 15.0
    poll_s: float = 25.0
    send_s: float = 20.0


class Streams:
    """Serves the live streams, at most `most` at once."""

    def __init__(
        self,
        live: Live,
        threads: Threads,
        authorise: Authorise,
        most: int,
        patience: Patience,
        has_news: HasNews | None = None,
        rooms: Mapping[str, Authorise] | None = None,
    ) -> None:
        """What authorises and `has_news` are called in one of the `threads`: they may ask the database.

        `rooms` are streams of their own: by path, who lets in; that is asked again at each heartbeat while one is open.
        """
        self.live = live
        self.threads = threads
        self.authorise = authorise
        self.most = most
        self.has_news = has_news
        self.rooms = rooms or {}
        self.patience = patience
        self._entering = 0
        self._callers: Counter[str] = Counter()

    def serves(self, scope: Scope) -> bool:
        """Whether the request is for a live stream; every other method of these paths is Flask's to refuse."""
        return scope["method"] == "GET" and (scope["path"] in (EVENTS, POLL) or scope["path"] in self.rooms)

    async def answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one stream to its end; raises Refusal, NotSignedIn or NotAllowed before anything is sent."""
        async with self._admitted(scope, _cursor(scope)) as (waiter, until):
            gone = asyncio.ensure_future(_leave_when_gone(receive, waiter))
            try:
                line = _Line(scope, send, gone, self.patience.send_s)
                if scope["path"] == POLL:
                    await self._poll(line, waiter, until)
                else:
                    await self._events(line, waiter, until, _bearer(scope), self.rooms.get(scope["path"]))
            finally:
                gone.cancel()

    def holds(self, scope: Scope) -> bool:
        """Whether the request waits here for something new before the application answers it."""
        return self.has_news is not None and scope["method"] == "GET" and scope["path"] == SYNC_WAIT

    async def hold(self, scope: Scope, receive: Receive) -> None:
        """Return when a device's pull would bring something, or after the patience of a poll.

        A hint is about a territory, a device about some of its tables: so each hint is asked about, and only real news
        end the waiting. A cursor that makes no sense is the application's to refuse.
        """
        since = _sync_cursor(scope)
        if since is None or self.has_news is None:
            return
        token = _bearer(scope)
        async with self._admitted(scope, read_cursor(since)[1]) as (waiter, until):
            gone = asyncio.ensure_future(_leave_when_gone(receive, waiter))
            clock_s = asyncio.get_running_loop().time
            end_s = clock_s() + min(self.patience.poll_s, max(0.0, _seconds_to(until) - BEFORE_THE_END_S))
            try:
                while not await self.threads.run(self.has_news, token, since):
                    if await waiter.hint(max(0.0, end_s - clock_s())) is None:
                        return
            finally:
                gone.cancel()

    @asynccontextmanager
    async def _admitted(self, scope: Scope, since: int | None) -> AsyncIterator[tuple[Waiter, datetime]]:
        if not self.live.following:
            raise not_ready()
        if self.live.open + self._entering >= self.most:
            raise busy(retry_after_s=random.randint(5, 15))  # spread those who come back
        self._entering += 1
        try:
            authorise = self.rooms.get(scope["path"], self.authorise)
            caller, topics, until = await self.threads.run(authorise, _bearer(scope))
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

    async def _events(
        self, line: "_Line", waiter: Waiter, until: datetime, token: str, again: Authorise | None
    ) -> None:
        """Hints until the token's end; in a room, where `again` is asked, no longer than its holder may hear them."""
        await line.start(b"text/event-stream")
        clock_s = asyncio.get_running_loop().time
        asked_at_s = clock_s()
        opening = b"retry: %d\n" % random.randint(1000, 4000)
        await line.write(opening + _event("ready", {"cursor": waiter.since}, waiter.since))
        while not waiter.over and (left := _seconds_to(until)) > 0:
            hint = await waiter.hint(min(self.patience.heartbeat_s, left))
            if hint:
                await line.write(_event("changed", _facts(hint), hint.cursor))
            elif not waiter.over:
                await line.write(b":\n\n")
            if again is not None and asked_at_s + self.patience.heartbeat_s <= clock_s():
                if not await self._may_still_hear(again, token):
                    break
                asked_at_s = clock_s()
        await line.write(_event("reconnect", {"reason": "stopping" if waiter.over else "expired"}))
        await line.end()

    async def _may_still_hear(self, authorise: Authorise, token: str) -> bool:
        try:
            await self.threads.run(authorise, token)
        except (NotSignedIn, NotAllowed):
            return False
        return True

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


def _sync_cursor(scope: Scope) -> int | None:
    """The cursor of `?since=`; None for anything else, also for one of before the first sync."""
    given = parse_qsl(scope["query_string"].decode("latin-1"), keep_blank_values=True)
    if len(given) != 1 or given[0][0] != "since" or not re.fullmatch(r"[0-9]{1,16}", given[0][1]):
        return None
    return value if 0 < (value := int(given[0][1])) < LARGEST_CURSOR else None


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
