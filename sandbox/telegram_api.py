"""The Bot API: the methods that a bot with buttons needs, as strict as the real one."""

import hmac
import re
import time
from collections import deque
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

import orjson
from aiohttp import web

from sandbox.exchange import Exchange, form_of
from sandbox.faults import Fault, cut
from sandbox.people import People
from sandbox.settings import is_loopback
from sandbox.telegram_rules import LONGEST_ANSWER, Arguments, Refused, bad, check_markup, check_text
from sandbox.telegram_store import Chats, Note
from sandbox.telegram_updates import DEFAULT_CONNECTIONS, TelegramUpdates, Webhook

BLOCKED = "Forbidden: bot was blocked by the user"
NOT_MODIFIED = (
    "message is not modified: specified new message content and reply markup are exactly the same as a current "
    "content and reply markup of the message"
)
OLD_QUERY = "query is too old and response timeout expired or query ID is invalid"
DESCRIPTIONS = {400: "Bad Request: chat not found", 401: "Unauthorized", 403: BLOCKED, 404: "Not Found"}
TOKEN = re.compile(r"\d{1,20}:[A-Za-z0-9_-]{10,}", re.ASCII)
SECRET = re.compile(r"[A-Za-z0-9_-]{1,256}", re.ASCII)
COMMAND = re.compile(r"[a-z0-9_]{1,32}", re.ASCII)
PER_SECOND, PER_CHAT_SECOND = 30, 1
Method = Callable[[Arguments], Any]


class TelegramApi:
    """One bot; its methods run between two awaits, so that each is atomic."""

    def __init__(self, exchange: Exchange, people: People) -> None:
        """Take back the messages of an earlier run."""
        settings = exchange.settings
        bot_id = settings.telegram_bot_token.partition(":")[0]
        self.exchange = exchange
        self.chats = Chats(people, int(bot_id) if bot_id.isdigit() else 0, settings.telegram_bot_username)
        self.chats.restore(exchange.ledger.restored)
        self.updates = TelegramUpdates(exchange)
        self._rates: dict[int, deque[float]] = {}
        self._plain: dict[str, Method] = {
            "getme": self._get_me,
            "setwebhook": self._set_webhook,
            "deletewebhook": self._delete_webhook,
            "getwebhookinfo": self._webhook_info,
            "setmycommands": self._set_commands,
            "getmycommands": lambda _: self.chats.commands,
            "getchat": self._get_chat,
            "sendchataction": self._send_action,
        }
        self._logged: dict[str, tuple[str, Method]] = {
            "sendmessage": ("sendMessage", self._send),
            "editmessagetext": ("editMessageText", self._edit_text),
            "editmessagereplymarkup": ("editMessageReplyMarkup", self._edit_markup),
            "answercallbackquery": ("answerCallbackQuery", self._answer),
        }

    def add_routes(self, app: web.Application) -> None:
        """Answer the Bot API's paths."""
        app.router.add_route("*", "/bot{token}/{method}", self.exchange.counted("telegram", self.call))

    async def call(self, request: web.Request) -> web.Response:
        """Run one method; whatever is wrong comes back as Telegram says it."""
        try:
            self._authorise(request.match_info["token"])
            arguments = await _arguments(request)
            name = request.match_info["method"].lower()
            if plain := self._plain.get(name):
                return _ok(plain(arguments))
            if name not in self._logged:
                raise Refused(404, "Not Found: method not found")
            chat_id = self._chat_of(arguments)
            fault = await self.exchange.faults.answer(request, "telegram", str(chat_id))
            if fault is not None and fault.kind == "server_error":
                return web.Response(status=int(fault.extra.get("status", 502)), text="<html>Bad Gateway</html>")
            self._check_reach(chat_id, fault)
            method, run = self._logged[name]
            result = run(arguments)
            if name != "answercallbackquery":
                self._log(method, arguments, chat_id, str(result.message_id), result.text)
                result = self.chats.shown(result)
            else:
                self._log(method, arguments, chat_id, arguments.text("callback_query_id"), arguments.text("text"))
        except Refused as no:
            headers = {"Retry-After": str(no.body["parameters"]["retry_after"])} if no.status == 429 else None
            return web.Response(
                body=orjson.dumps(no.body), status=no.status, headers=headers, content_type="application/json"
            )
        if fault is not None and fault.kind == "accept_then_drop_reply":
            cut(request)
        return _ok(result)

    def _authorise(self, token: str) -> None:
        if not TOKEN.fullmatch(token):
            raise Refused(404, "Not Found")
        if not hmac.compare_digest(token.encode(), self.exchange.settings.telegram_bot_token.encode()):
            raise Refused(401, "Unauthorized")

    def _chat_of(self, arguments: Arguments) -> int:
        if "callback_query_id" not in arguments.given:
            return arguments.chat_id()
        query = self.chats.query(arguments.text("callback_query_id"))
        if query is None:
            raise bad(OLD_QUERY)
        return query.chat_id

    def _check_reach(self, chat_id: int, fault: Fault | None) -> None:
        if fault is not None and fault.kind == "rate_limit":
            seconds = int(fault.extra.get("retry_after_s", 1))
            raise Refused(429, f"Too Many Requests: retry after {seconds}", retry_after=seconds)
        if fault is not None and fault.kind == "error":
            raise _refused_as(fault)
        if chat_id in self.chats.blocked or (fault is not None and fault.kind == "blocked"):
            raise Refused(403, BLOCKED)
        if self.exchange.settings.strict_rates:
            self._spend(0, PER_SECOND)
            self._spend(chat_id, PER_CHAT_SECOND)

    def _spend(self, bucket: int, per_second: int) -> None:
        now, times = time.monotonic(), self._rates.setdefault(bucket, deque())
        while times and times[0] < now - 1:
            times.popleft()
        if len(times) >= per_second:
            raise Refused(429, "Too Many Requests: retry after 1", retry_after=1)
        times.append(now)

    def _log(self, method: str, arguments: Arguments, chat_id: int, provider_id: str, body: str) -> None:
        self.exchange.ledger.accept(
            "telegram",
            to=str(chat_id),
            body=body,
            provider_id=provider_id,
            method=method,
            raw=arguments.decoded(),
            sender=self.chats.bot_username,
        )
        self.exchange.counts["telegram"].accepted += 1

    def _send(self, arguments: Arguments) -> Note:
        text, markup = check_text(arguments), check_markup(arguments)
        number = self.exchange.numbers.next()
        return self.chats.keep(Note(arguments.chat_id(), number, int(time.time()), text, markup))

    def _edit_text(self, arguments: Arguments) -> Note:
        note = self._editable(arguments)
        return _edit(note, check_text(arguments), check_markup(arguments))

    def _edit_markup(self, arguments: Arguments) -> Note:
        note = self._editable(arguments)
        return _edit(note, note.text, check_markup(arguments))

    def _editable(self, arguments: Arguments) -> Note:
        message_id = arguments.whole("message_id")
        if message_id is None:
            raise bad("message identifier is not specified")
        note = self.chats.notes.get((arguments.chat_id(), message_id))
        if note is None:
            raise bad("message to edit not found")
        if not note.from_bot:
            raise bad("message can't be edited")
        return note

    def _answer(self, arguments: Arguments) -> bool:
        if len(arguments.text("text")) > LONGEST_ANSWER:
            raise bad("MESSAGE_TOO_LONG")
        return True

    def _get_me(self, _: Arguments) -> dict[str, Any]:
        return self.chats.bot() | {
            "can_join_groups": True,
            "can_read_all_group_messages": False,
            "supports_inline_queries": False,
            "can_connect_to_business": False,
            "has_main_web_app": False,
        }

    def _get_chat(self, arguments: Arguments) -> dict[str, Any]:
        more = {"accent_color_id": 0, "max_reaction_count": 11}
        gifts = dict.fromkeys(("unlimited_gifts", "limited_gifts", "unique_gifts", "premium_subscription"), True)
        accepted = {"accepted_gift_types": gifts | {"gifts_from_channels": True}}
        return self.chats.chat(arguments.chat_id()) | more | accepted

    def _send_action(self, arguments: Arguments) -> bool:
        if not arguments.text("action"):
            raise bad("parameter action is required")
        self._check_reach(arguments.chat_id(), None)
        return True

    def _set_commands(self, arguments: Arguments) -> bool:
        commands = arguments.json("commands")
        if not isinstance(commands, list) or len(commands) > 100:
            raise bad("can't parse commands JSON object")
        for command in commands:
            if not isinstance(command, dict) or not COMMAND.fullmatch(str(command.get("command", ""))):
                raise bad("BOT_COMMAND_INVALID")
            if not 1 <= len(str(command.get("description", ""))) <= 256:
                raise bad("BOT_COMMAND_DESCRIPTION_INVALID")
        self.chats.commands = commands
        return True

    def _set_webhook(self, arguments: Arguments) -> bool:
        url, secret = arguments.text("url"), arguments.text("secret_token")
        if url and (urlsplit(url).scheme not in ("http", "https") or not is_loopback(urlsplit(url).hostname or "")):
            raise bad("bad webhook: the sandbox calls loopback addresses only")
        if secret and not SECRET.fullmatch(secret):
            raise bad("secret token contains unallowed characters")
        allowed = arguments.json("allowed_updates")
        if allowed is not None and not (isinstance(allowed, list) and all(isinstance(kind, str) for kind in allowed)):
            raise bad("can't parse allowed updates: Array of String expected")
        connections = arguments.whole("max_connections") or DEFAULT_CONNECTIONS
        if not 1 <= connections <= 100:
            raise bad("max_connections must be from 1 to 100")
        # An absent allowed_updates keeps what was set before, an empty one means all.
        kinds = self.updates.webhook.allowed if allowed is None else allowed
        webhook = Webhook(url, secret, kinds, connections)
        self.updates.point(webhook, drop_pending=arguments.flag("drop_pending_updates"))
        return True

    def _delete_webhook(self, arguments: Arguments) -> bool:
        self.updates.point(Webhook(), drop_pending=arguments.flag("drop_pending_updates"))
        return True

    def _webhook_info(self, _: Arguments) -> dict[str, Any]:
        webhook = self.updates.webhook
        info: dict[str, Any] = {
            "url": webhook.url,
            "has_custom_certificate": False,
            "pending_update_count": self.updates.pending,
            "max_connections": webhook.max_connections,
        }
        if webhook.allowed:
            info["allowed_updates"] = webhook.allowed
        if webhook.last_error_at:
            info |= {"last_error_date": webhook.last_error_at, "last_error_message": webhook.last_error}
        return info


async def _arguments(request: web.Request) -> Arguments:
    given: dict[str, Any] = dict(request.query)
    if request.content_type == "application/json":
        try:
            body = orjson.loads(await request.read() or b"{}")
        except orjson.JSONDecodeError:
            raise bad("can't parse JSON object") from None
        if not isinstance(body, dict):
            raise bad("object expected")
        return Arguments(given | body)
    return Arguments(given | await form_of(request))


def _edit(note: Note, text: str, markup: dict[str, Any] | None) -> Note:
    if markup is not None and "inline_keyboard" not in markup:
        raise bad("inline keyboard expected")
    if markup == {"inline_keyboard": []}:
        markup = None
    if (note.text, note.markup if "inline_keyboard" in (note.markup or {}) else None) == (text, markup):
        raise bad(NOT_MODIFIED)
    note.text, note.markup, note.edited = text, markup, int(time.time())
    return note


def _refused_as(fault: Fault) -> Refused:
    status = int(fault.extra["code"])
    if "migrate_to_chat_id" in fault.extra:
        upgraded = "Bad Request: group chat was upgraded to a supergroup chat"
        return Refused(400, upgraded, migrate_to_chat_id=int(fault.extra["migrate_to_chat_id"]))
    description = str(fault.extra.get("description") or DESCRIPTIONS.get(status, "Internal Server Error"))
    if status == 429:
        return Refused(429, "Too Many Requests: retry after 1", retry_after=1)
    return Refused(status, description)


def _ok(result: Any) -> web.Response:
    return web.Response(body=orjson.dumps({"ok": True, "result": result}), content_type="application/json")
