"""Google's side: the token endpoint, FCM's send, and topic subscriptions; thousands of messages a second."""

import itertools
import time
from collections.abc import Mapping
from typing import Any

import orjson
from aiohttp import web

from sandbox.exchange import Exchange, form_of
from sandbox.faults import Fault, cut
from sandbox.fcm_rules import CODES, Refused, check_request, refused, refused_with
from sandbox.keys import GRANT, TOKEN_LIFE_S, BadGrant, ServiceAccount

JSON = "application/json"


class FcmApi:
    """One Firebase project; without a key file every call is refused."""

    def __init__(self, exchange: Exchange) -> None:
        """Read the service account, of which only the public key and the project's name are used."""
        self.exchange = exchange
        path = exchange.settings.firebase_credentials
        self.account = None if path is None else ServiceAccount.read(path)
        self._proven: dict[str, int] = {}  # Authorization headers already checked, and when they end
        self._subscriptions: set[tuple[str, str]] = set()
        self._serial = itertools.count(int(time.time() * 1_000_000))

    def add_routes(self, app: web.Application) -> None:
        """Answer Google's paths."""
        project, counted = "/v1/projects/{project}", self.exchange.counted
        app.router.add_post(project + "/messages:send", counted("fcm", self.send))
        app.router.add_post("/token", counted("fcm", self.token))
        topics = project + "/registrations/{token}/topicSubscriptions"
        app.router.add_post(topics, counted("fcm", self.subscribe))
        app.router.add_delete(topics + "/{topic}", counted("fcm", self.unsubscribe))

    async def token(self, request: web.Request) -> web.Response:
        """Exchange a signed assertion for an access token (RFC 7523)."""
        form = await form_of(request)
        if form.get("grant_type") != GRANT:
            return _json({"error": "unsupported_grant_type", "error_description": "Invalid grant_type"}, 400)
        try:
            if self.account is None:
                raise BadGrant("Invalid grant: account not found")
            access = self.account.issue(form.get("assertion", ""))
        except BadGrant as bad:
            return _json({"error": "invalid_grant", "error_description": str(bad)}, 400)
        return _json({"access_token": access, "expires_in": TOKEN_LIFE_S - 1, "token_type": "Bearer"})

    async def send(self, request: web.Request) -> web.Response:
        """Accept one message."""
        project = request.match_info["project"]
        try:
            self._authorise(request.headers, project)
            payload = await request.read()
            try:
                body = orjson.loads(payload)
            except orjson.JSONDecodeError:
                raise refused_with(400, "Invalid JSON payload received. Unexpected token.") from None
            message, kind, target, only_checked = check_request(body, len(payload))
            fault = await self.exchange.faults.answer(request, "fcm", target)
            if fault is not None:
                _raise_for(fault)
        except Refused as no:
            return _json(no.body, no.status, no.headers)
        if only_checked:
            return _json({"name": f"projects/{project}/messages/fake_message_id"})
        name = f"projects/{project}/messages/0:SANDBOX{next(self._serial)}"
        self.exchange.ledger.accept(
            "push",
            to=f"/topics/{target.removeprefix('/topics/')}" if kind == "topic" else target,
            body=_words(message),
            provider_id=name,
            method="messages:send",
            raw=body,
        )
        self.exchange.counts["fcm"].accepted += 1
        if fault is not None and fault.kind == "accept_then_drop_reply":
            cut(request)
        return _json({"name": name})

    async def subscribe(self, request: web.Request) -> web.Response:
        """Subscribe one device to a topic; twice is 409, as at Google."""
        return await self._change_topic(request, request.query.get("topic_name", ""), subscribe=True)

    async def unsubscribe(self, request: web.Request) -> web.Response:
        """Take one device off a topic."""
        return await self._change_topic(request, request.match_info["topic"], subscribe=False)

    async def _change_topic(self, request: web.Request, topic: str, *, subscribe: bool) -> web.Response:
        project, token = request.match_info["project"], request.match_info["token"]
        pair = (token, topic)
        try:
            self._authorise(request.headers, project)
            fault = await self.exchange.faults.answer(request, "fcm", token)
            if fault is not None:
                _raise_for(fault)
            if not topic:
                raise refused_with(400, "topic_name is required")
            if subscribe and pair in self._subscriptions:
                raise refused_with(409, "Requested entity already exists")
            if not subscribe and pair not in self._subscriptions and request.query.get("allow_missing") != "true":
                raise refused("UNREGISTERED")
        except Refused as no:
            return _json(no.body, no.status, no.headers)
        if not subscribe:
            self._subscriptions.discard(pair)
            return _json({})
        self._subscriptions.add(pair)
        return _json({"name": f"projects/{project}/registrations/{token}/topicSubscriptions/{topic}"})

    def _authorise(self, headers: Mapping[str, str], project: str) -> None:
        given = headers.get("Authorization", "")
        expires = self._proven.get(given)
        if expires is None:
            scheme, _, token = given.partition(" ")
            expires = self.account.expiry(token) if self.account is not None and scheme.lower() == "bearer" else 0
            if expires:
                self._proven[given] = expires
        if expires <= time.time():
            raise refused_with(401, "Request had invalid authentication credentials. Expected OAuth 2 access token.")
        if self.account is None or project != self.account.project_id:
            raise refused_with(403, "Permission 'cloudmessaging.messages.create' denied on the project.")


def _words(message: dict[str, Any]) -> str:
    """Title and body as the lock screen shows them, on two lines."""
    notification = message.get("notification") or message.get("android", {}).get("notification") or {}
    return "\n".join(filter(None, (notification.get("title"), notification.get("body"))))


def _raise_for(fault: Fault) -> None:
    if fault.kind == "unregistered_token" or fault.kind == "blocked":
        raise refused("UNREGISTERED")
    if fault.kind == "rate_limit":
        seconds = fault.extra.get("retry_after_s")
        raise refused("QUOTA_EXCEEDED", headers={} if seconds is None else {"Retry-After": str(seconds)})
    if fault.kind == "server_error":
        seconds = fault.extra.get("retry_after_s")
        status = int(fault.extra.get("status", 503))
        headers = {} if seconds is None else {"Retry-After": str(seconds)}
        raise refused_with(status, CODES["UNAVAILABLE" if status == 503 else "INTERNAL"][1], headers=headers)
    if fault.kind == "error":
        code = fault.extra["code"]
        if code in CODES:
            raise refused(code)
        raise refused_with(int(code) if str(code).isdigit() else 401, "Refused on purpose by a fault of the sandbox.")


def _json(body: dict[str, Any], status: int = 200, headers: Mapping[str, str] | None = None) -> web.Response:
    return web.Response(body=orjson.dumps(body), status=status, headers=headers, content_type=JSON)
