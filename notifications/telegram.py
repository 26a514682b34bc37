"""Telegram through python-telegram-bot, on one event loop in one thread of its own; nothing here retries or sleeps."""

import asyncio
import os
import threading
from collections.abc import Coroutine, Sequence
from concurrent.futures import CancelledError
from datetime import timedelta
from typing import Any, TypeVar

# Read by the package each time it tells how long to wait; without it that is a number and a deprecation warning.
os.environ.setdefault("PTB_TIMEDELTA", "1")

from telegram import (
    Bot,
    InlineKeyboardButton,
    InlineKeyboardMarkup,
    KeyboardButton,
    Message,
    ReplyKeyboardMarkup,
    ReplyKeyboardRemove,
)
from telegram.error import BadRequest, ChatMigrated, Forbidden, InvalidToken, RetryAfter, TelegramError, TimedOut

from mcrm.config import Telegram
from mcrm.deliveries.outgoing import (
    Ambiguous,
    Deferred,
    Failed,
    Moved,
    Operation,
    Outcome,
    Outgoing,
    Sent,
    Suppressed,
)
from notifications.telegram_http import AiohttpRequest, Cut, NeverLeft
from notifications.transport import TIMEOUT_S

LONGEST_CALLBACK_DATA = 64
SETTING_PAUSE_S = 300
CALL_S = 3 * TIMEOUT_S
INBOUND_UPDATES = ["message", "callback_query", "my_chat_member"]

# Telegram has no error codes, only descriptions: the beginnings, in lower case, of those that mean something to us.
HARMLESS = ("message is not modified", "query is too old")
GONE = ("message to edit not found", "message can't be edited")
NO_SUCH_CHAT = ("chat not found", "user not found", "peer_id_invalid", "bot can't initiate conversation")

Markup = InlineKeyboardMarkup | ReplyKeyboardMarkup | ReplyKeyboardRemove
T = TypeVar("T")


class TelegramSender:
    """Hands deliveries to the Bot API; `send` may be called from many threads, whose calls run side by side."""

    def __init__(self, settings: Telegram, *, timeout_s: float = TIMEOUT_S) -> None:
        """Nothing is contacted and no thread started before the first message (which must come after any fork)."""
        base = settings.api_base or "https://api.telegram.org"
        self.request = AiohttpRequest(proxied=settings.api_base is None, timeout_s=timeout_s)
        self.secret = settings.webhook_secret
        self.bot = Bot(
            settings.bot_token,
            base_url=f"{base}/bot",
            base_file_url=f"{base}/file/bot",
            request=self.request,
            get_updates_request=self.request,  # never used; without it the package builds a second client
        )
        self.loop = _LoopThread()

    def send(self, outgoing: Outgoing) -> Outcome:
        """Send, edit or answer; what came of it."""
        return self.send_many([outgoing])[0]

    def send_many(self, batch: Sequence[Outgoing]) -> list[Outcome]:
        """The same for many at once, in one step into the loop; outcomes in the order of the batch."""
        try:
            return self._run(self._send_all(batch))
        except (TimeoutError, CancelledError):
            return [Ambiguous("telegram.no-answer")] * len(batch)

    def set_webhook(self, url: str) -> None:
        """Tell Telegram where our webhook is and which secret it must show. Raises TelegramError."""
        self._run(
            self.bot.set_webhook(url, secret_token=self.secret, allowed_updates=INBOUND_UPDATES, max_connections=10)
        )

    def username(self) -> str:
        """The bot's public name, for deep links (`https://t.me/<username>?start=…`). Raises TelegramError."""
        return str(self._run(self.bot.get_me()).username)

    def close(self) -> None:
        """End the connections, the loop and its thread; the sender starts anew if used again."""
        self.loop.close(self.request.shutdown)

    def _run(self, work: Coroutine[Any, Any, T]) -> T:
        return self.loop.run(self._ready(work), timeout_s=CALL_S)

    async def _ready(self, work: Coroutine[Any, Any, T]) -> T:
        await self.request.initialize()  # not bot.initialize(): its getMe would make a start depend on Telegram
        return await work

    async def _send_all(self, batch: Sequence[Outgoing]) -> list[Outcome]:
        if len(batch) == 1:
            return [await self._send(batch[0])]
        return list(await asyncio.gather(*(self._send(outgoing) for outgoing in batch)))

    async def _send(self, outgoing: Outgoing) -> Outcome:
        try:
            return Sent(await self._call(outgoing))
        except TelegramError as error:
            return outcome_of(error, outgoing)
        except _OurMistake as mistake:
            return Failed(str(mistake), alert=True)

    async def _call(self, outgoing: Outgoing) -> str:
        """Do it; Telegram's id of the message (unique in its chat), or of the query that was answered."""
        if outgoing.operation is Operation.ANSWER:
            await self.bot.answer_callback_query(_reference(outgoing), text=outgoing.text or None)
            return _reference(outgoing)
        chat = _number(outgoing.address, "telegram.bad-address")
        if outgoing.operation is Operation.EDIT:
            message_id = _number(_reference(outgoing), "telegram.bad-reference")
            markup = inline_keyboard(outgoing)
            if outgoing.text:
                await self.bot.edit_message_text(outgoing.text, chat, message_id, reply_markup=markup)
            else:  # the words stay as they are, and the chat does not call them edited
                await self.bot.edit_message_reply_markup(chat, message_id, reply_markup=markup)
            return str(message_id)
        message: Message = await self.bot.send_message(chat, outgoing.text, reply_markup=keyboard(outgoing))
        return str(message.message_id)


def keyboard(outgoing: Outgoing) -> Markup | None:
    """The buttons under a message; a reply keyboard without buttons takes away the one that is there."""
    if not outgoing.reply_keyboard:
        return inline_keyboard(outgoing)
    if not outgoing.buttons:
        return ReplyKeyboardRemove()
    rows = [
        [KeyboardButton(label, request_contact=kind == "contact") for label, kind in row] for row in outgoing.buttons
    ]
    return ReplyKeyboardMarkup(rows, resize_keyboard=True, one_time_keyboard=True)


def inline_keyboard(outgoing: Outgoing) -> InlineKeyboardMarkup | None:
    """The buttons that send their data back; the limit is in bytes, and the package does not check it."""
    if not outgoing.buttons:
        return None
    for row in outgoing.buttons:
        for _, data in row:
            if not 1 <= len(data.encode()) <= LONGEST_CALLBACK_DATA:
                raise _OurMistake("telegram.bad-button")
    return InlineKeyboardMarkup(
        [[InlineKeyboardButton(label, callback_data=data) for label, data in row] for row in outgoing.buttons]
    )


def outcome_of(error: TelegramError, outgoing: Outgoing) -> Outcome:
    """What an error means. The order matters: BadRequest and TimedOut are kinds of NetworkError."""
    match error:
        case ChatMigrated():
            return Moved(str(error.new_chat_id))
        case RetryAfter():
            wait = error.retry_after
            seconds = wait.total_seconds() if isinstance(wait, timedelta) else float(wait)
            return Deferred("telegram.429", retry_after_s=seconds, pauses_sender=True, counts=False)
        case Forbidden():
            if _says(error, NO_SUCH_CHAT):
                return Failed("telegram.never-linked", address_invalid=True)
            return Suppressed("telegram.forbidden")  # blocked, deactivated, kicked, or something new: leave them alone
        case InvalidToken():
            return Deferred(
                "telegram.bad-token", retry_after_s=SETTING_PAUSE_S, pauses_sender=True, counts=False, alert=True
            )
        case BadRequest():
            return _refused(error, outgoing)
        case NeverLeft():
            return Deferred("telegram.connect-failed")
        case TimedOut() | Cut():
            return Ambiguous("telegram.no-answer")
    if str(error) == "Invalid server response":  # a 200 that is not JSON: taken, perhaps
        return Ambiguous("telegram.unreadable-answer")
    return Deferred("telegram.5xx")


def _refused(error: BadRequest, outgoing: Outgoing) -> Outcome:
    if outgoing.operation is not Operation.SEND and _says(error, HARMLESS):
        return Sent(outgoing.reference or "")
    if _says(error, NO_SUCH_CHAT):
        return Failed("telegram.chat-not-found", address_invalid=True)
    if _says(error, GONE):
        return Failed("telegram.message-gone")
    return Failed("telegram.bad-request", alert=True)


def _says(error: TelegramError, beginnings: tuple[str, ...]) -> bool:
    words = error.message.lower().removeprefix("bad request: ").removeprefix("forbidden: ")
    return words.startswith(beginnings)


def _reference(outgoing: Outgoing) -> str:
    if not outgoing.reference:
        raise _OurMistake("telegram.no-reference")
    return outgoing.reference


def _number(text: str, otherwise: str) -> int:
    try:
        return int(text)
    except ValueError:
        raise _OurMistake(otherwise) from None


class _OurMistake(Exception):
    """A delivery that Telegram could only refuse; the text is the reason's code."""


class _LoopThread:
    """One event loop in one daemon thread, started at the first use: threads do not survive a fork."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.loop: asyncio.AbstractEventLoop | None = None
        self.thread: threading.Thread | None = None

    def run(self, work: Coroutine[Any, Any, T], *, timeout_s: float) -> T:
        """Run it on the loop and wait; raises what it raises, or TimeoutError."""
        future = asyncio.run_coroutine_threadsafe(work, self._started())
        try:
            return future.result(timeout_s)
        except TimeoutError:
            future.cancel()
            raise

    def close(self, last: Any) -> None:
        """Run `last`, then stop; nothing happens if it never started."""
        with self.lock:
            loop, thread, self.loop, self.thread = self.loop, self.thread, None, None
        if loop is None or thread is None:
            return
        asyncio.run_coroutine_threadsafe(last(), loop).result(TIMEOUT_S)
        loop.call_soon_threadsafe(loop.stop)
        thread.join(TIMEOUT_S)
        loop.close()

    def _started(self) -> asyncio.AbstractEventLoop:
        with self.lock:
            if self.loop is None:
                self.loop = asyncio.new_event_loop()
                self.thread = threading.Thread(target=self.loop.run_forever, name="telegram", daemon=True)
                self.thread.start()
            return self.loop
