"""Updates from Telegram: verify, read, hand over. Read as plain JSON: the web process never loads the bot package."""

import logging
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from flask import Blueprint, Response, request

from bots.dialogue import answer
from bots.house import House
from bots.inbound import Card, Inbound, InboundKind, clean
from mcrm.actors import Actor, Channel, Role
from mcrm.api.signatures import telegram_secret_ok
from mcrm.config import Settings
from mcrm.interactions import log
from mcrm.interactions.kinds import Kind
from mcrm.transaction import transaction

logger = logging.getLogger(__name__)
ENDPOINTS = ("telegram.receive",)
BUTTON_PREFIX = "t:"
IGNORED = frozenset({"edited_message", "channel_post", "edited_channel_post"})
LEFT = frozenset({"kicked", "left"})


class Unreadable(Exception):
    """An update of a shape that nobody knows here."""


class Ignored(Exception):
    """An update that needs no answer: an edit, a group, another bot."""


def make_telegram(settings: Settings) -> Blueprint:
    """The blueprint of `POST /webhooks/telegram`; 403 without a trace unless it shows our secret."""
    blueprint = Blueprint("telegram", __name__)
    house = House.of(settings)

    @blueprint.post("/webhooks/telegram")
    def receive() -> Response:
        """Take one update in; always 200 once it is kept, because Telegram repeats everything else for hours."""
        secret = settings.telegram.webhook_secret if settings.telegram else ""
        if not telegram_secret_ok(request.headers.get("X-Telegram-Bot-Api-Secret-Token"), secret):
            return Response(status=403)
        try:
            inbound = read(request.get_json(force=True, silent=True))
        except Ignored:
            return Response(status=200)
        except (Unreadable, ValueError, TypeError, KeyError, AttributeError, OverflowError, OSError):
            _keep_unreadable()
            return Response(status=200)
        answer(inbound, house)
        return Response(status=200)

    return blueprint


def _keep_unreadable() -> None:
    logger.warning("an update of an unknown shape came in")
    with transaction() as session:
        actor = Actor(role=Role.CUSTOMER, channel=Channel.TELEGRAM)
        log.append(session, actor, Kind.MESSAGE_UNREADABLE, direction="in", payload={"channel": "telegram"})


def read(update: Any) -> Inbound:
    """The message in an update. Raises Unreadable, Ignored, or what Python raises for an odd shape."""
    if not isinstance(update, dict) or not isinstance(update.get("update_id"), int):
        raise Unreadable
    provider_id = str(update["update_id"])[:32]
    if "message" in update:
        return _message(provider_id, update["message"])
    if "callback_query" in update:
        return _button(provider_id, update["callback_query"])
    if "my_chat_member" in update:
        return _membership(provider_id, update["my_chat_member"])
    raise Ignored if IGNORED & update.keys() else Unreadable


def _message(provider_id: str, message: Mapping[str, Any]) -> Inbound:
    address, sender = _private(message["chat"]), message["from"]
    if sender.get("is_bot"):
        raise Ignored
    common: dict[str, Any] = {"locale": _locale(sender), "sent_at": datetime.fromtimestamp(int(message["date"]), UTC)}
    if (contact := message.get("contact")) is not None:
        forwarded = any(key.startswith("forward_") for key in message)
        card = Card(clean(str(contact["phone_number"]))[:32], contact.get("user_id") == sender["id"] and not forwarded)
        return Inbound("telegram", provider_id, address, InboundKind.CONTACT, card=card, **common)
    text = message.get("text", "")
    if not isinstance(text, str):
        raise Unreadable
    text = clean(text)
    return Inbound("telegram", provider_id, address, InboundKind.TEXT if text else InboundKind.OTHER, text, **common)


def _button(provider_id: str, query: Mapping[str, Any]) -> Inbound:
    message = query.get("message") or {}
    data = clean(str(query.get("data", "")))
    return Inbound(
        "telegram",
        provider_id,
        _private(message["chat"]) if message else str(int(query["from"]["id"])),
        InboundKind.BUTTON,
        button=data.removeprefix(BUTTON_PREFIX) if data.startswith(BUTTON_PREFIX) else "",
        callback_id=clean(str(query["id"]))[:64],
        message_id=str(int(message["message_id"])) if "message_id" in message else None,
        message_text=_with_choice(message, query.get("data")),
        locale=_locale(query["from"]),
    )


def _with_choice(message: Mapping[str, Any], data: Any) -> str | None:
    """The text that carried the buttons and, as they go, the label of the one that was tapped; None without text."""
    text, markup = message.get("text"), message.get("reply_markup")
    if not isinstance(text, str):
        return None
    rows = markup.get("inline_keyboard") if isinstance(markup, dict) else None
    buttons = [button for row in rows if isinstance(row, list) for button in row] if isinstance(rows, list) else []
    labels = [
        str(button.get("text", ""))
        for button in buttons
        if isinstance(button, dict) and button.get("callback_data") == data
    ]
    return clean("\n→ ".join([text, *labels[:1]]))


def _membership(provider_id: str, change: Mapping[str, Any]) -> Inbound:
    joined = change["new_chat_member"]["status"] not in LEFT
    return Inbound("telegram", provider_id, _private(change["chat"]), InboundKind.MEMBERSHIP, joined=joined)


def _private(chat: Mapping[str, Any]) -> str:
    """The id of a private chat; groups are none of our business."""
    if chat.get("type", "private") != "private":
        raise Ignored
    return str(int(chat["id"]))[:20]


def _locale(sender: Mapping[str, Any]) -> str | None:
    code = sender.get("language_code")
    return clean(code)[:12] if isinstance(code, str) else None
