"""Chats as Telegram keeps them: messages by number, open button presses, people who blocked the bot."""

import time
from collections import OrderedDict
from dataclasses import dataclass, field
from typing import Any

from sandbox.people import People

QUERY_LIFE_S = 900
MOST_MESSAGES = 200_000
MOST_QUERIES = 20_000


@dataclass(slots=True)
class Note:
    """One message of a chat: from the bot or from a person, as it stands after its edits."""

    chat_id: int
    message_id: int
    date: int
    text: str
    markup: dict[str, Any] | None = None
    from_bot: bool = True
    edited: int | None = None

    def buttons(self) -> list[str]:
        """The callback data of the inline buttons under the message."""
        rows = (self.markup or {}).get("inline_keyboard", ())
        return [button["callback_data"] for row in rows for button in row if "callback_data" in button]


@dataclass(slots=True)
class Query:
    """A button press that waits to be answered."""

    id: str
    chat_id: int
    opened: float


@dataclass(slots=True)
class Chats:
    """Everything that is known of all chats with the bot."""

    people: People
    bot_id: int
    bot_username: str
    notes: OrderedDict[tuple[int, int], Note] = field(default_factory=OrderedDict)
    queries: OrderedDict[str, Query] = field(default_factory=OrderedDict)
    blocked: set[int] = field(default_factory=set)
    commands: list[dict[str, str]] = field(default_factory=list)

    def keep(self, note: Note) -> Note:
        """Add a message; the oldest go when there are too many."""
        self.notes[note.chat_id, note.message_id] = note
        if len(self.notes) > MOST_MESSAGES:
            self.notes.popitem(last=False)
        return note

    def open_query(self, query: Query) -> None:
        """Remember a button press until it is too old."""
        self.queries[query.id] = query
        if len(self.queries) > MOST_QUERIES:
            self.queries.popitem(last=False)

    def query(self, query_id: str) -> Query | None:
        """A press that can still be answered."""
        query = self.queries.get(query_id)
        return query if query is not None and time.time() - query.opened < QUERY_LIFE_S else None

    def with_button(self, chat_id: int, data: str) -> Note | None:
        """The newest message of a chat that carries a button with this data."""
        for (chat, _), note in reversed(self.notes.items()):
            if chat == chat_id and data in note.buttons():
                return note
        return None

    def restore(self, items: list[dict[str, Any]]) -> None:
        """Take back the messages that an earlier run accepted, so that they can still be edited and tapped."""
        for item in items:
            raw = item["raw"]
            if item["channel"] != "telegram" or item["method"] == "answerCallbackQuery" or "chat_id" not in raw:
                continue
            note = Note(int(raw["chat_id"]), int(item["provider_id"]), 0, item["body"], raw.get("reply_markup"))
            self.keep(note)

    def clear(self) -> None:
        """Forget chats, presses and blocks."""
        self.notes.clear()
        self.queries.clear()
        self.blocked.clear()

    def bot(self) -> dict[str, Any]:
        """The bot as a user."""
        return {"id": self.bot_id, "is_bot": True, "first_name": "Harbour & Pine", "username": self.bot_username}

    def user(self, user_id: int, language_code: str | None = None, first_name: str | None = None) -> dict[str, Any]:
        """A person as a user."""
        user = {"id": user_id, "is_bot": False, "first_name": first_name or self.people.first_name(user_id)}
        return user | ({"language_code": language_code} if language_code else {})

    def chat(self, chat_id: int) -> dict[str, Any]:
        """A chat: private with a person, or a group for negative numbers."""
        if chat_id < 0:
            return {"id": chat_id, "type": "group", "title": "A group", "all_members_are_administrators": True}
        return {"id": chat_id, "type": "private", "first_name": self.people.first_name(chat_id)}

    def shown(self, note: Note) -> dict[str, Any]:
        """A message as the Bot API shows it; reply keyboards are not part of it, inline ones are."""
        author = self.bot() if note.from_bot else self.user(note.chat_id)
        message = {"message_id": note.message_id, "from": author, "chat": self.chat(note.chat_id), "date": note.date}
        message["text"] = note.text
        if note.edited is not None:
            message["edit_date"] = note.edited
        if "inline_keyboard" in (note.markup or {}):
            message["reply_markup"] = note.markup
        return message
