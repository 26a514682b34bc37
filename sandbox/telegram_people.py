"""What a person does in a chat with the bot: writes, taps a button, shares a number, blocks the bot."""

import asyncio
import time
from typing import Any

from sandbox.exchange import Posted
from sandbox.telegram_api import TelegramApi
from sandbox.telegram_store import Note, Query

FIRST_ANSWER_S = 20


async def act(api: TelegramApi, deed: dict[str, Any]) -> tuple[int, Posted]:
    """Turn one deed of a person into an update, and wait for the webhook's first answer.

    Raises ValueError with one sentence when the deed makes no sense.
    """
    user_id = _whole(deed, "user_id")
    chat_id = _whole(deed, "chat_id") if deed.get("chat_id") is not None else user_id
    user = api.chats.user(user_id, deed.get("language_code"), deed.get("first_name"))
    if isinstance(deed.get("blocked"), bool):
        kind, content = "my_chat_member", _membership(api, user, chat_id, deed["blocked"])
    elif isinstance(deed.get("callback_data"), str):
        kind, content = "callback_query", _tap(api, user, chat_id, deed)
    else:
        kind, content = "message", _write(api, user, chat_id, deed)
    update_id, first = api.updates.push(chat_id, kind, content)
    _hear(api, user_id, deed, kind, update_id, content)
    if not api.updates.webhook.url:
        return update_id, Posted(None, "no webhook is set; the update waits for one")
    try:
        return update_id, await asyncio.wait_for(asyncio.shield(first), FIRST_ANSWER_S)
    except TimeoutError:
        return update_id, Posted(None, "no answer yet; it will be repeated")


def _write(api: TelegramApi, user: dict[str, Any], chat_id: int, deed: dict[str, Any]) -> dict[str, Any]:
    text, contact, now = deed.get("text"), deed.get("contact"), int(time.time())
    if not isinstance(text, str) and not isinstance(contact, dict):
        raise ValueError("one of text, callback_data, contact or blocked is needed")
    api.chats.blocked.discard(chat_id)  # who writes has lifted the block
    note = Note(chat_id, api.exchange.numbers.next(), now, text if isinstance(text, str) else "", from_bot=False)
    api.chats.keep(note)
    message: dict[str, Any] = {"message_id": note.message_id, "from": user, "date": now}
    message["chat"] = api.chats.chat(chat_id)
    if message["chat"]["type"] == "private":
        message["chat"]["first_name"] = user["first_name"]
    if isinstance(text, str):
        message["text"] = text
        if text.startswith("/"):
            message["entities"] = [{"type": "bot_command", "offset": 0, "length": len(text.split()[0])}]
    else:
        message["contact"] = _contact(contact or {}, user)
    if deed.get("forwarded"):
        somebody = {"id": user["id"] + 1, "is_bot": False, "first_name": "Somebody"}
        message["forward_origin"] = {"type": "user", "sender_user": somebody, "date": now - 60}
    return message


def _contact(contact: dict[str, Any], user: dict[str, Any]) -> dict[str, Any]:
    number = contact.get("phone_number")
    if not isinstance(number, str) or not number:
        raise ValueError("a contact needs its phone_number")
    # A number shared with the button carries the sharer's own id, and no plus sign.
    shown: dict[str, Any] = {"phone_number": number.removeprefix("+")}
    shown["first_name"] = str(contact.get("first_name") or user["first_name"])
    if contact.get("user_id") is not None:
        shown["user_id"] = _whole(contact, "user_id")
    return shown


def _tap(api: TelegramApi, user: dict[str, Any], chat_id: int, deed: dict[str, Any]) -> dict[str, Any]:
    data = deed["callback_data"]
    query = Query(str(api.exchange.numbers.next() * 1_000_003), chat_id, time.time())
    api.chats.open_query(query)
    content = {"id": query.id, "from": user, "chat_instance": str(chat_id * 7919), "data": data}
    if deed.get("message_id") is not None:
        message_id = _whole(deed, "message_id")
        note = api.chats.notes.get((chat_id, message_id))
        # A message that Telegram no longer has comes as an inaccessible one: dated 0, without content.
        gone = {"chat": api.chats.chat(chat_id), "message_id": message_id, "date": 0}
        content["message"] = gone if note is None else api.chats.shown(note)
    elif (note := api.chats.with_button(chat_id, data)) is not None:
        content["message"] = api.chats.shown(note)
    else:
        raise ValueError("no message of this chat has such a button; name a message_id to press it all the same")
    return content


def _membership(api: TelegramApi, user: dict[str, Any], chat_id: int, blocked: bool) -> dict[str, Any]:
    before, after = ("member", "kicked") if blocked else ("kicked", "member")
    (api.chats.blocked.add if blocked else api.chats.blocked.discard)(chat_id)

    def member(status: str) -> dict[str, Any]:
        return {"user": api.chats.bot(), "status": status} | ({"until_date": 0} if status == "kicked" else {})

    content = {"chat": api.chats.chat(chat_id), "from": user, "date": int(time.time())}
    return content | {"old_chat_member": member(before), "new_chat_member": member(after)}


def _hear(
    api: TelegramApi, user_id: int, deed: dict[str, Any], kind: str, update_id: int, content: dict[str, Any]
) -> None:
    words = {"message": deed.get("text") or "Shared a contact", "callback_query": deed.get("callback_data")}
    body = words.get(kind) or ("Blocked the bot" if deed.get("blocked") else "Unblocked the bot")
    api.exchange.ledger.hear(
        "telegram",
        sender=str(user_id),
        to=api.chats.bot_username,
        body=str(body),
        provider_id=str(update_id),
        raw={"update_id": update_id, kind: content},
    )


def _whole(facts: dict[str, Any], name: str) -> int:
    value = facts.get(name)
    digits = str(value).removeprefix("-")
    if isinstance(value, bool) or not (digits.isascii() and digits.isdigit()) or int(digits) >= 2**52:
        raise ValueError(f"{name} must be a whole number")
    return int(str(value))
