"""Updates on their way to the product's webhook: in order per chat, again and again until it answers 2xx."""

import asyncio
import time
from collections import OrderedDict, deque
from dataclasses import dataclass, field
from typing import Any

import orjson

from sandbox.exchange import Exchange, Posted

FIRST_PAUSE_S = 0.2
LONGEST_PAUSE_S = 2.0
KEPT_S = 24 * 3600
REPLAYABLE = 10_000
DEFAULT_CONNECTIONS = 40


@dataclass(slots=True)
class Webhook:
    """Where updates go, and what is said about it."""

    url: str = ""
    secret: str = ""
    allowed: list[str] = field(default_factory=list)
    max_connections: int = DEFAULT_CONNECTIONS
    last_error: str = ""
    last_error_at: int = 0


@dataclass(slots=True)
class Waiting:
    """One update that is not delivered yet; `first` is settled by the first answer of the webhook."""

    update: dict[str, Any]
    since: float
    first: asyncio.Future[Posted]


class TelegramUpdates:
    """The queues, one per chat, and the webhook they drain into."""

    def __init__(self, exchange: Exchange) -> None:
        """The webhook of an earlier run is known from the settings: Telegram would not have forgotten it either."""
        self.exchange = exchange
        settings = exchange.settings
        self.webhook = Webhook()
        if settings.public_url and settings.telegram_webhook_secret:
            self.webhook.url = settings.public_url + "/webhooks/telegram"
            self.webhook.secret = settings.telegram_webhook_secret
        self._room = asyncio.Semaphore(DEFAULT_CONNECTIONS)
        self._queues: dict[int, deque[Waiting]] = {}
        self._draining: set[int] = set()
        self._sent: OrderedDict[int, dict[str, Any]] = OrderedDict()

    @property
    def pending(self) -> int:
        """How many updates wait."""
        return sum(len(queue) for queue in self._queues.values())

    def point(self, webhook: Webhook, *, drop_pending: bool) -> None:
        """Send updates there from now on; an empty URL keeps them waiting."""
        self.webhook = webhook
        self._room = asyncio.Semaphore(webhook.max_connections)
        if drop_pending:
            self.drop()
        for chat_id in self._queues:
            self._start(chat_id)

    def drop(self) -> None:
        """Forget what waits."""
        for queue in self._queues.values():
            for waiting in queue:
                if not waiting.first.done():
                    waiting.first.set_result(Posted(None, "dropped"))
        self._queues.clear()

    def forget(self) -> None:
        """Forget what waits and what could be replayed."""
        self.drop()
        self._sent.clear()

    def push(self, chat_id: int, kind: str, content: dict[str, Any]) -> tuple[int, asyncio.Future[Posted]]:
        """Queue one update of a chat; its number, and the first answer of the webhook to come."""
        update_id = self.exchange.numbers.next()
        update = {"update_id": update_id, kind: content}
        first: asyncio.Future[Posted] = asyncio.get_running_loop().create_future()
        if self.webhook.allowed and kind not in self.webhook.allowed:
            first.set_result(Posted(None, "not among allowed_updates"))
            return update_id, first
        self._sent[update_id] = update
        if len(self._sent) > REPLAYABLE:
            self._sent.popitem(last=False)
        self._queues.setdefault(chat_id, deque()).append(Waiting(update, time.time(), first))
        self._start(chat_id)
        return update_id, first

    async def replay(self, update_id: int) -> Posted | None:
        """Deliver an earlier update once more, beside the queues; None when there is no such update."""
        return await self._post(update) if (update := self._sent.get(update_id)) else None

    def _start(self, chat_id: int) -> None:
        if self.webhook.url and chat_id not in self._draining:
            self._draining.add(chat_id)
            self.exchange.spawn(self._drain(chat_id))

    async def _drain(self, chat_id: int) -> None:
        pause = FIRST_PAUSE_S
        try:
            while self.webhook.url and (queue := self._queues.get(chat_id)):
                waiting = queue[0]
                posted = await self._post(waiting.update)
                if not waiting.first.done():
                    waiting.first.set_result(posted)
                if posted.ok or time.time() - waiting.since > KEPT_S:
                    pause = FIRST_PAUSE_S
                    if queue and queue[0] is waiting:
                        queue.popleft()
                    if posted.ok and self.exchange.faults.take("telegram", str(chat_id), "duplicate_callback"):
                        await self._post(waiting.update)
                    continue
                await asyncio.sleep(pause)
                pause = min(pause * 2, LONGEST_PAUSE_S)
        finally:
            self._draining.discard(chat_id)
            if not self._queues.get(chat_id):
                self._queues.pop(chat_id, None)

    async def _post(self, update: dict[str, Any]) -> Posted:
        webhook = self.webhook
        headers = {"Content-Type": "application/json"}
        if webhook.secret:
            headers["X-Telegram-Bot-Api-Secret-Token"] = webhook.secret
        async with self._room:
            posted = await self.exchange.post(webhook.url, data=orjson.dumps(update), headers=headers)
        if not posted.ok:
            webhook.last_error_at = int(time.time())
            webhook.last_error = posted.problem or f"Wrong response from the webhook: {posted.status}"
        return posted
