"""Twilio's REST API, as far as messages go: create, fetch, list, and the account itself."""

import base64
import binascii
import hmac
from datetime import timedelta
from urllib.parse import urlencode

import orjson
from aiohttp import web

from sandbox.exchange import Exchange, form_of
from sandbox.faults import Fault, cut
from sandbox.twilio_rules import ON_THE_WAY, Refused, Wanted, checked
from sandbox.twilio_store import LARGEST_PAGE, PAGE, Dates, Text, Texts, now, parse_date
from sandbox.twilio_webhooks import TwilioWebhooks

RESUMED = timedelta(minutes=2)  # how young a message must be for its callbacks to go on after a restart
BROKEN_PAGE = "<html><body><h1>503 Service Unavailable</h1>No server is available to handle this request.</body></html>"


class TwilioApi:
    """The account at the pretended Twilio."""

    def __init__(self, exchange: Exchange) -> None:
        """Take back what an earlier run accepted."""
        self.exchange = exchange
        self.texts = Texts(exchange.settings.keep)
        self.webhooks = TwilioWebhooks(exchange, self.texts)
        self._unfinished: list[Text] = []
        for text in self.texts.restore(exchange.ledger.restored):
            if now() - text.created < RESUMED:
                self._unfinished.append(text)
            else:
                text.status = "delivered"

    def add_routes(self, app: web.Application) -> None:
        """Answer Twilio's paths."""
        base, router = "/2010-04-01/Accounts/{account}", app.router
        for method, path, handler in (
            ("POST", f"{base}/Messages.json", self.create),
            ("GET", f"{base}/Messages.json", self.list),
            ("GET", f"{base}/Messages/{{sid}}.json", self.fetch),
            ("GET", f"{base}.json", self.account),
        ):
            router.add_route(method, path, self.exchange.counted("twilio", handler))
        app.on_startup.append(self.resume)

    async def resume(self, _: web.Application) -> None:
        """Carry on with messages whose process was killed before their last callback."""
        for text in self._unfinished:
            self.exchange.spawn(self.webhooks.life(text, None))
        self._unfinished.clear()

    async def create(self, request: web.Request) -> web.Response:
        """Accept a message, or refuse it with Twilio's code."""
        try:
            self._authorise(request)
            fields = await form_of(request)
            fault = await self.exchange.faults.answer(request, "twilio", fields.get("To", "").strip())
            if (broken := _refused_by(fault, fields)) is not None:
                return broken
            settings = self.exchange.settings
            wanted = checked(fields, our_number=settings.twilio_from, our_service=settings.twilio_messaging_service_sid)
            if (wanted.sender, wanted.to) in self.texts.stopped:
                raise Refused(21610, wanted.to, wanted.sender)
        except Refused as refused:
            return _json(refused.body, refused.status, refused.headers)
        text = self._accept(wanted, fields, fault)
        if fault is not None and fault.kind == "accept_then_drop_reply":
            cut(request)
        return _json(text.shown(settings.twilio_account_sid), 201)

    async def fetch(self, request: web.Request) -> web.Response:
        """One message."""
        try:
            self._authorise(request)
        except Refused as refused:
            return _json(refused.body, refused.status, refused.headers)
        text = self.texts.by_sid.get(request.match_info["sid"])
        if text is None:
            return _json(Refused(20404).body, 404)
        return _json(text.shown(self.exchange.settings.twilio_account_sid))

    async def list(self, request: web.Request) -> web.Response:
        """Messages by number and date, newest first, in pages."""
        query, account = request.query, self.exchange.settings.twilio_account_sid
        try:
            self._authorise(request)
            dates = Dates(*(parse_date(query.get(name)) for name in ("DateSent", "DateSent>", "DateSent<")))
            number, size = int(query.get("Page", "0")), min(int(query.get("PageSize", str(PAGE))), LARGEST_PAGE)
        except Refused as refused:
            return _json(refused.body, refused.status, refused.headers)
        except ValueError:
            return _json(Refused(20001).body, 400)
        if number < 0 or size < 1:
            return _json(Refused(20001).body, 400)
        found = self.texts.found(to=query.get("To"), sender=query.get("From"), dates=dates)
        page, more = self.texts.page(found, number, size)
        path = request.path

        def uri(page_number: int) -> str:
            return f"{path}?" + urlencode({**query, "PageSize": size, "Page": page_number})

        return _json(
            {
                "messages": [text.shown(account) for text in page],
                "page": number,
                "page_size": size,
                "start": number * size,
                "end": number * size + max(len(page) - 1, 0),
                "uri": uri(number),
                "first_page_uri": uri(0),
                "previous_page_uri": uri(number - 1) if number else None,
                "next_page_uri": uri(number + 1) if more else None,
            }
        )

    async def account(self, request: web.Request) -> web.Response:
        """The account, as a check of its credentials reads it."""
        try:
            self._authorise(request)
        except Refused as refused:
            return _json(refused.body, refused.status, refused.headers)
        sid = self.exchange.settings.twilio_account_sid
        return _json({"sid": sid, "friendly_name": "SANDBOX", "status": "active", "type": "Full"})

    def _authorise(self, request: web.Request) -> None:
        settings = self.exchange.settings
        scheme, _, proof = request.headers.get("Authorization", "").partition(" ")
        try:
            given = base64.b64decode(proof, validate=True) if scheme.lower() == "basic" else b""
        except (binascii.Error, ValueError):
            given = b""
        right = f"{settings.twilio_account_sid}:{settings.twilio_auth_token}".encode()
        known = bool(settings.twilio_account_sid and settings.twilio_auth_token)
        if not known or not hmac.compare_digest(given, right):
            raise Refused(20003)
        if request.match_info["account"] != settings.twilio_account_sid:
            raise Refused(20404)

    def _accept(self, wanted: Wanted, fields: dict[str, str], fault: Fault | None) -> Text:
        text = self.texts.create(wanted)
        self.exchange.ledger.accept(
            "sms",
            to=text.to,
            body=text.body,
            provider_id=text.sid,
            method="messages.create",
            raw=fields,
            sender=text.sender,
        )
        self.exchange.counts["twilio"].accepted += 1
        code = int(fault.extra["code"]) if fault is not None and fault.kind == "error" else None
        self.exchange.spawn(self.webhooks.life(text, code))
        return text


def _refused_by(fault: Fault | None, fields: dict[str, str]) -> web.Response | None:
    """The answer that a fault forces; None when the message is taken all the same."""
    if fault is None or fault.kind in ("accept_then_drop_reply", "unregistered_token"):
        return None
    if fault.kind == "server_error":
        return web.Response(status=int(fault.extra.get("status", 503)), text=BROKEN_PAGE, content_type="text/html")
    if fault.kind == "rate_limit":
        seconds = str(fault.extra.get("retry_after_s", 1))
        raise Refused(20429, headers={"Retry-After": seconds, "Twilio-Concurrent-Requests": "100"})
    if fault.kind == "blocked":
        raise Refused(21610)
    if fault.kind == "error" and (code := int(fault.extra["code"])) not in ON_THE_WAY:
        raise Refused(code, fields.get("To", ""), fields.get("From", ""))
    return None


def _json(body: dict[str, object], status: int = 200, headers: dict[str, str] | None = None) -> web.Response:
    return web.Response(body=orjson.dumps(body), status=status, headers=headers, content_type="application/json")
