"""The controls: act as a person, replay, read what was accepted, make things go wrong (`/_control/…`)."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import asdict
from typing import Any
from urllib.parse import urlsplit

import orjson
from aiohttp import web

from sandbox.exchange import Exchange, Posted
from sandbox.people import People
from sandbox.settings import is_loopback
from sandbox.telegram_api import TelegramApi
from sandbox.telegram_people import act
from sandbox.twilio_api import TwilioApi
from sandbox.twilio_rules import E164

CHANNELS = ("sms", "telegram", "push", "email")
HEARTBEAT_S = 15
STREAM_BATCH = 500
Control = Callable[[web.Request], Awaitable[web.StreamResponse]]


class Controls:
    """Everything under `/_control`."""

    def __init__(self, exchange: Exchange, twilio: TwilioApi, telegram: TelegramApi, people: People) -> None:
        """Control these carriers."""
        self.exchange, self.twilio, self.telegram, self.people = exchange, twilio, telegram, people

    def add_routes(self, app: web.Application) -> None:
        """Answer the control paths, for callers on this machine and its own page alone."""
        for method, path, control in (
            ("POST", "sms", self.sms),
            ("POST", "telegram", self.tell),
            ("POST", "replay", self.replay),
            ("GET", "messages", self.messages),
            ("DELETE", "messages", self.delete_messages),
            ("GET", "faults", self.faults),
            ("POST", "faults", self.add_fault),
            ("DELETE", "faults", self.delete_faults),
            ("POST", "reset", self.reset),
            ("GET", "stats", self.stats),
            ("GET", "stream", self.stream),
            ("GET", "history", self.history),
            ("GET", "people", self.who),
        ):
            app.router.add_route(method, f"/_control/{path}", guarded(control))

    async def sms(self, request: web.Request) -> web.Response:
        """A person texts our number."""
        wanted = await _object(request)
        settings = self.exchange.settings
        sender, to, body = wanted.get("from"), wanted.get("to") or settings.twilio_from, wanted.get("body")
        if not isinstance(sender, str) or not E164.fullmatch(sender):
            return _problem("from must be an E.164 number")
        if not isinstance(to, str) or not E164.fullmatch(to):
            return _problem("to must be an E.164 number; without it TWILIO_FROM must be set")
        if not isinstance(body, str) or len(body) > 1600:
            return _problem("body must be text of at most 1600 characters")
        sid, posted = await self.twilio.webhooks.hear(sender=sender, to=to, body=body)
        return _json({"sid": sid} | _answer(posted))

    async def tell(self, request: web.Request) -> web.Response:
        """A person writes to the bot, taps, shares a number, or blocks it."""
        try:
            update_id, posted = await act(self.telegram, await _object(request))
        except ValueError as odd:
            return _problem(str(odd))
        return _json({"update_id": update_id} | _answer(posted))

    async def replay(self, request: web.Request) -> web.Response:
        """The carrier delivers the same inbound once more."""
        wanted = await _object(request)
        sid, update_id = wanted.get("sid"), wanted.get("update_id")
        if isinstance(sid, str):
            posted = await self.twilio.webhooks.replay(sid)
            name: dict[str, Any] = {"sid": sid}
        elif isinstance(update_id, int):
            posted = await self.telegram.updates.replay(update_id)
            name = {"update_id": update_id}
        else:
            return _problem("sid or update_id is needed")
        if posted is None:
            return _problem("no such inbound message", 404)
        return _json(name | _answer(posted))

    async def messages(self, request: web.Request) -> web.Response:
        """What the carriers accepted, in order."""
        query = request.query
        channel, after = query.get("channel") or None, _after(query.get("after"))
        if after is None or channel not in (None, *CHANNELS):
            return _problem("channel is one of sms, telegram, push, email; after is a whole number")
        lines = self.exchange.ledger.accepted(after=after, channel=channel, to=query.get("to") or None)
        return _items(lines)

    async def delete_messages(self, _: web.Request) -> web.Response:
        """Forget what was recorded; opt-outs and blocks are facts, not messages, and stay."""
        self.exchange.ledger.clear()
        return web.Response(status=204)

    async def faults(self, _: web.Request) -> web.Response:
        """The faults that are still to happen."""
        return _json({"items": [fault.shown() for fault in self.exchange.faults.active]})

    async def add_fault(self, request: web.Request) -> web.Response:
        """Make something go wrong."""
        try:
            fault = self.exchange.faults.add(await _object(request))
        except ValueError as odd:
            return _problem(str(odd))
        return _json(fault.shown(), 201)

    async def delete_faults(self, _: web.Request) -> web.Response:
        """Everything works again."""
        self.exchange.faults.clear()
        return web.Response(status=204)

    async def reset(self, _: web.Request) -> web.Response:
        """As after a start: no faults, items, opt-outs, blocks, and nothing on its way; webhooks stay set."""
        await self.exchange.forget_work()
        self.exchange.faults.clear()
        self.exchange.ledger.clear()
        self.twilio.texts.stopped.clear()
        self.twilio.texts.by_sid.clear()
        self.twilio.webhooks.forget()
        self.telegram.chats.clear()
        self.telegram.updates.forget()
        for count in self.exchange.counts.values():
            count.accepted = count.refused = 0
        return web.Response(status=204)

    async def stats(self, _: web.Request) -> web.Response:
        """Counts per provider, for load runs."""
        return _json({provider: asdict(count) for provider, count in self.exchange.counts.items()})

    async def history(self, request: web.Request) -> web.Response:
        """All items in memory, in both directions, with status changes."""
        after = _after(request.query.get("after"))
        if after is None:
            return _problem("after must be a whole number")
        return _items(entry.line for entry in self.exchange.ledger.everything(after=after))

    async def stream(self, request: web.Request) -> web.StreamResponse:
        """The same items as they happen (server-sent events; `Last-Event-ID` goes on where a reader stopped)."""
        last = _after(request.headers.get("Last-Event-ID") or request.query.get("after"))
        if last is None:
            return _problem("after must be a whole number")
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream", "Cache-Control": "no-store"})
        await response.prepare(request)
        ledger, changed = self.exchange.ledger, self.exchange.ledger.watch()
        try:
            await response.write(b"retry: 1000\n\n")
            while not self.exchange.closing:
                changed.clear()
                if entries := ledger.everything(after=last, limit=STREAM_BATCH):
                    await response.write(b"".join(b"id: %d\ndata: %s\n\n" % (e.n, e.line) for e in entries))
                    last = entries[-1].n
                    continue
                try:
                    await asyncio.wait_for(changed.wait(), HEARTBEAT_S)
                except TimeoutError:
                    await response.write(b": still here\n\n")
        except ConnectionError:
            pass  # the reader left
        finally:
            ledger.unwatch(changed)
        return response

    async def who(self, _: web.Request) -> web.Response:
        """The people whose phones are shown, and our side."""
        settings = self.exchange.settings
        ours = {"our_number": settings.twilio_from, "bot_username": settings.telegram_bot_username}
        ours |= {"product": settings.public_url} if settings.public_url else {}
        return _json({"people": self.people.known()} | ours | self._chat() | self._reps() | self._agents())

    def _chat(self) -> dict[str, Any]:
        """Where the customers' app is; it is on the phone of everybody who is known by a number."""
        product = self.exchange.settings.public_url
        return {"chat_app": f"{product}/app/"} if product and self.people.known() else {}

    def _reps(self) -> dict[str, Any]:
        """The reps with phones of their own on the page, and where their app is; nothing where there are none."""
        reps, product = self.people.reps(), self.exchange.settings.public_url
        return {"reps": reps, "rep_app": f"{product}/rep/"} if reps and product else {}

    def _agents(self) -> dict[str, Any]:
        """The agents who may be signed in with one click, and where their screen is."""
        agents, product = self.people.agents(), self.exchange.settings.public_url
        return {"agents": agents, "agent_app": f"{product}/agent/"} if agents and product else {}


def guarded(control: Control) -> Control:
    """Refuse web pages of other sites: they too can reach loopback from a browser on this machine."""

    async def guard(request: web.Request) -> web.StreamResponse:
        host = urlsplit(f"//{request.host}").hostname or ""
        origin = request.headers.get("Origin")
        if not is_loopback(host) or (origin is not None and urlsplit(origin).netloc != request.host):
            return _problem("only for this machine", 403)
        return await control(request)

    return guard


async def _object(request: web.Request) -> dict[str, Any]:
    try:
        body = orjson.loads(await request.read())
    except orjson.JSONDecodeError:
        body = None
    if not isinstance(body, dict):
        text = orjson.dumps({"error": "a JSON object is needed"}).decode()
        raise web.HTTPBadRequest(text=text, content_type="application/json")
    return body


def _after(text: str | None) -> int | None:
    if not text:
        return 0
    return int(text) if text.isascii() and text.isdigit() and len(text) < 16 else None


def _answer(posted: Posted) -> dict[str, Any]:
    return {"webhook_status": posted.status} | ({"problem": posted.problem} if posted.problem else {})


def _items(lines: Any) -> web.Response:
    return web.Response(body=b'{"items":[' + b",".join(lines) + b"]}", content_type="application/json")


def _json(body: dict[str, Any], status: int = 200) -> web.Response:
    return web.Response(body=orjson.dumps(body), status=status, content_type="application/json")


def _problem(sentence: str, status: int = 400) -> web.Response:
    return _json({"error": sentence}, status)
