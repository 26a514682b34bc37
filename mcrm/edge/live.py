"""Who waits for what: the live streams' memory. It lives on the event loop and is touched from nowhere else.

A stream carries hints (`something of yours changed, up to here`), never rows: the client pulls as usual, so scope and
roles stay in one place, a resumed stream needs no history, and 2,000 streams stay small.
"""

import asyncio
from collections.abc import Collection, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

REMEMBERED = 50_000  # topics whose latest position is kept; beyond, all are forgotten and one spurious hint follows


@dataclass(frozen=True, slots=True)
class Hint:
    """Something changed in `topics` (sorted), the latest of it at `cursor`."""

    cursor: int
    topics: tuple[str, ...]


class Waiter:
    """One client that waits for changes after `since` in its topics."""

    def __init__(self, live: "Live", topics: frozenset[str], since: int) -> None:
        """Made by `Live.waiting`."""
        self.live = live
        self.topics = topics
        self.since = since
        self.over = False
        self.woken = asyncio.Event()

    async def hint(self, within_s: float) -> Hint | None:
        """The next hint, or None when `within_s` seconds brought none or the waiting is over."""
        if not (found := self._news()) and not self.over:
            self.woken.clear()
            try:
                async with asyncio.timeout(within_s):
                    await self.woken.wait()
            except TimeoutError:
                return None
            found = self._news()
        return found

    def leave(self) -> None:
        """End the waiting: the client went, or the server stops."""
        self.over = True
        self.woken.set()

    def _news(self) -> Hint | None:
        latest = {topic: self.live.latest_of(topic) for topic in self.topics}
        changed = tuple(sorted(topic for topic, position in latest.items() if position > self.since))
        if not changed:
            return None
        self.since = max(latest.values())
        return Hint(self.since, changed)


class Live:
    """Topics, their latest positions and their waiters.

    Positions are any integers that grow in commit order. A topic is a user, a contact, a territory or a conversation,
    never a row: one integer is kept for each.
    """

    def __init__(self) -> None:
        """Nothing is known until `begin`."""
        self.following = False
        self.closed = False
        self.head = 0
        self._floor = 0
        self._latest: dict[str, int] = {}
        self._waiting: dict[str, set[Waiter]] = {}
        self._open: set[Waiter] = set()

    @property
    def open(self) -> int:
        """How many clients wait."""
        return len(self._open)

    def latest_of(self, topic: str) -> int:
        """The position of the topic's latest change; where none is known, the earliest one that rules out a miss."""
        return self._latest.get(topic, self._floor)

    def begin(self, head: int) -> None:
        """Changes after `head` will be told from now on; whoever comes with an older cursor gets a hint at once."""
        self.following = True
        self.head = self._floor = head

    def tell(self, changes: Iterable[tuple[int, Collection[str]]]) -> None:
        """Take in changes, in order of position, and wake whom they concern."""
        for position, topics in changes:
            self.head = position
            for topic in topics:
                self._latest[topic] = position
                for waiter in self._waiting.get(topic, ()):
                    waiter.woken.set()
        if len(self._latest) > REMEMBERED:
            self._latest.clear()
            self._floor = self.head

    @contextmanager
    def waiting(self, topics: frozenset[str], since: int | None) -> Iterator[Waiter]:
        """A waiter for the topics, from `since` or from now."""
        waiter = Waiter(self, topics, self.head if since is None else since)
        self._open.add(waiter)
        for topic in topics:
            self._waiting.setdefault(topic, set()).add(waiter)
        if self.closed:
            waiter.leave()
        try:
            yield waiter
        finally:
            self._open.discard(waiter)
            for topic in topics:
                self._waiting[topic].discard(waiter)
                if not self._waiting[topic]:
                    del self._waiting[topic]

    def close(self) -> None:
        """The server stops: everybody leaves, and newcomers leave at once."""
        self.closed = True
        for waiter in self._open:
            waiter.leave()
