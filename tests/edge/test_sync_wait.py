"""A device that waits for news is held on the event loop, and answered by the application when there are some."""

import threading
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from mcrm import clock
from mcrm.config import Limits
from mcrm.edge.app import Edge, LiveSource, Timing, edge_app
from mcrm.edge.streams import Patience
from mcrm.errors import NotSignedIn
from tests.edge.ledger import SqliteLedger
from tests.edge.shop import Shop
from tests.edge.wire import Line, eventually, served

SAM = "Authorization: Bearer sam"


class Waiting:
    """An edge with one territory; what is news is the test's to say."""

    def __init__(self, shop: Shop, ledger: SqliteLedger) -> None:
        self.shop = shop
        self.ledger = ledger
        self.news = threading.Event()
        self.asked = 0
        self.edge: Edge = edge_app(
            lambda: shop,
            make_live=lambda: LiveSource(self.authorise, ledger, ledger.url, self.has_news),
            limits=Limits(),
            timing=Timing(live=Patience(poll_s=20)),
        )

    def authorise(self, token: str) -> tuple[str, set[str], object]:
        if token != "sam":
            raise NotSignedIn
        return token, {"territory:west"}, clock.now() + timedelta(minutes=15)

    def has_news(self, token: str, since: int) -> bool:
        self.asked += 1
        return self.news.is_set()


@pytest.fixture
def waiting(shop: Shop, tmp_path: Path) -> Iterator[tuple[Waiting, int]]:
    ledger = SqliteLedger(tmp_path)
    ledger.commit((1, "territory:west"))
    made = Waiting(shop, ledger)
    with served(made.edge) as port:
        yield made, port


def wait_from(port: int, since: str, *headers: str) -> Line:
    return Line(port).send(f"GET /v1/sync/wait?since={since} HTTP/1.1", *headers)


def test_only_real_news_end_the_waiting(waiting: tuple[Waiting, int]) -> None:
    field, port = waiting
    with wait_from(port, "1", SAM) as line:
        eventually(lambda: field.asked == 1)
        field.ledger.commit((2, "territory:west"))
        eventually(lambda: field.asked == 2)
        assert field.shop.served == [], "a hint that is no news for this device is waited out"
        field.news.set()
        field.ledger.commit((3, "territory:west"))
        assert b"200 OK" in line.read_until(b"}")
    assert field.shop.served == ["/v1/sync/wait"]


def test_a_device_that_is_behind_is_answered_at_once(waiting: tuple[Waiting, int]) -> None:
    field, port = waiting
    field.news.set()
    with wait_from(port, "1", SAM) as line:
        assert b"200 OK" in line.read_until(b"}")


@pytest.mark.parametrize("since", ["x", "", "0", str(2**60)])
def test_a_cursor_that_makes_no_sense_is_the_applications_to_refuse(waiting: tuple[Waiting, int], since: str) -> None:
    field, port = waiting
    with wait_from(port, since, SAM) as line:
        assert b"200 OK" in line.read_until(b"}")
    assert field.asked == 0


def test_strangers_are_not_held(waiting: tuple[Waiting, int]) -> None:
    field, port = waiting
    with wait_from(port, "1", "Authorization: Bearer eve") as line:
        assert b"401" in line.read_until(b"}")
    assert (field.asked, field.shop.served) == (0, [])
