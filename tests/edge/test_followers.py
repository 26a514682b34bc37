"""The follower hears every committed change once, in order, through outages, on both databases."""

import logging
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest

from mcrm.edge.followers import Change, Follower
from tests.edge.ledger import PostgresLedger, SqliteLedger
from tests.edge.wire import eventually

Ledger = SqliteLedger | PostgresLedger


@pytest.fixture(params=["sqlite", "postgresql"])
def ledger(request: pytest.FixtureRequest, tmp_path: Path) -> Ledger:
    """An empty table of changes."""
    if request.param == "sqlite":
        return SqliteLedger(tmp_path)
    return PostgresLedger(request.getfixturevalue("postgres_url"))


class Listener:
    """Notes what a follower says."""

    def __init__(self) -> None:
        self.begun: list[int] = []
        self.heard: list[int] = []

    def hear(self, changes: Sequence[Change]) -> None:
        self.heard.extend(position for position, _ in changes)


@pytest.fixture
def follow() -> Iterator[Callable[[Ledger], Listener]]:
    """Start following a ledger."""
    running: list[Follower] = []

    def start(ledger: Ledger) -> Listener:
        listener = Listener()
        follower = Follower(ledger, ledger.url, begun=listener.begun.append, heard=listener.hear)
        running.append(follower)
        follower.start()
        assert eventually(lambda: bool(listener.begun))
        return listener

    yield start
    for follower in running:
        follower.stop()


def test_following_begins_at_the_latest_change(ledger: Ledger, follow: Callable[[Ledger], Listener]) -> None:
    ledger.commit((1, "contact:ben"), (2, "contact:ben"))

    assert follow(ledger).begun == [2]


def test_each_change_is_heard_once_in_order(ledger: Ledger, follow: Callable[[Ledger], Listener]) -> None:
    listener = follow(ledger)
    for first in range(1, 40, 5):
        ledger.commit(*((position, "contact:ben") for position in range(first, first + 5)))

    assert eventually(lambda: len(listener.heard) >= 40)
    assert listener.heard == list(range(1, 41))


class Unsteady:
    """A ledger whose database is away for some readings."""

    def __init__(self, ledger: Ledger, fails: int) -> None:
        self.ledger, self.url, self.page, self.fails = ledger, ledger.url, ledger.page, fails

    def head(self) -> int:
        return self.ledger.head()

    def read_since(self, position: int) -> Sequence[Change]:
        if self.fails:
            self.fails -= 1
            raise ConnectionError("user=mcrm password=hunter2")
        return self.ledger.read_since(position)


def test_an_outage_loses_nothing_and_tells_no_secret(
    ledger: Ledger, follow: Callable[[Unsteady], Listener], caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING):
        listener = follow(Unsteady(ledger, fails=3))
        ledger.commit((1, "contact:ben"), (2, "contact:aisha"), (3, "contact:ben"))

        assert eventually(lambda: len(listener.heard) >= 3)
    assert listener.heard == [1, 2, 3]
    assert listener.begun == [0]
    assert "ConnectionError" in caplog.text
    assert "hunter2" not in caplog.text


def test_a_lost_connection_is_made_anew(postgres_url: str, follow: Callable[[Ledger], Listener]) -> None:
    ledger = PostgresLedger(postgres_url)
    listener = follow(ledger)
    assert ledger.hang_up() == 1
    ledger.commit((1, "contact:ben"))

    assert eventually(lambda: listener.heard == [1])
