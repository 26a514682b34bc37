"""Live streams: a hint for whom it concerns, nothing missed after a break, and an orderly end."""

import json
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from mcrm import clock
from mcrm.config import Limits
from mcrm.edge.app import Edge, LiveSource, Timing, edge_app
from mcrm.edge.streams import INBOX, PER_CALLER, Patience
from mcrm.errors import NotAllowed, NotSignedIn
from tests.edge.ledger import SqliteLedger
from tests.edge.shop import Shop
from tests.edge.test_requests import problem
from tests.edge.wire import Line, eventually, get, served

PEOPLE = {
    "ada": {"staff"},
    "noor": {"staff"},
    "ben": {"contact:ben", "offers"},
    "aisha": {"contact:aisha", "offers"},
    "late": {"contact:late"},
}
BEN = "Authorization: Bearer ben"


def authorise(token: str) -> tuple[str, set[str], Any]:
    """Tokens are names; the one called `late` ends in a moment."""
    if token not in PEOPLE:
        raise NotSignedIn
    return token, PEOPLE[token], clock.now() + timedelta(seconds=0.2 if token == "late" else 900)


AGENTS: set[str] = set()


def authorise_desk(token: str) -> tuple[str, set[str], Any]:
    """Whoever is an agent just now."""
    if token not in AGENTS:
        raise NotAllowed
    return token, {"inbox"}, clock.now() + timedelta(seconds=900)


@pytest.fixture
def ledger(tmp_path: Path) -> SqliteLedger:
    """Seven changes so far, the latest two Ben's and Aisha's."""
    ledger = SqliteLedger(tmp_path)
    ledger.commit(*((position, "contact:tom") for position in range(1, 6)), (6, "contact:ben"), (7, "contact:aisha"))
    return ledger


Opened = Callable[..., tuple[Edge, int]]


@pytest.fixture
def opened(shop: Shop, ledger: SqliteLedger) -> Iterator[Opened]:
    """Start an edge with live streams."""
    running: list[Any] = []

    def start(streams: int = 2000, **patience: float) -> tuple[Edge, int]:
        edge = edge_app(
            lambda: shop,
            make_live=lambda: LiveSource(authorise, ledger, ledger.url, None, {INBOX: authorise_desk}),
            limits=Limits(live_streams=streams),
            timing=Timing(live=Patience(**patience)),
        )
        server = served(edge)
        port = server.__enter__()
        running.append(server)
        return edge, port

    yield start
    for server in running:
        server.__exit__(None, None, None)


def listen(port: int, *headers: str, target: str = "/v1/live/events") -> Line:
    return Line(port).send(f"GET {target} HTTP/1.1", *headers)


def facts(event: bytes) -> tuple[str, Any]:
    """Name and data of the last whole event in what was read."""
    lines = dict(line.split(b": ", 1) for line in event.rstrip(b"\n").split(b"\n") if b": " in line)
    return lines[b"event"].decode(), json.loads(lines[b"data"])


def test_a_stream_begins_with_the_cursor_and_a_pause_for_coming_back(opened: Opened) -> None:
    _, port = opened()
    with listen(port, BEN) as line:
        got = line.read_until(b"}\n\n")

    head, _, body = got.partition(b"\r\n\r\n")
    assert b"content-type: text/event-stream" in head
    assert b"cache-control: no-store" in head
    assert b"retry: " in body
    assert b"id: 7\nevent: ready\n" in body


def test_a_change_reaches_whom_it_concerns_and_nobody_else(opened: Opened, ledger: SqliteLedger) -> None:
    _, port = opened()
    with listen(port, BEN) as ben, listen(port, "Authorization: Bearer aisha") as aisha:
        ben.read_until(b"ready"), aisha.read_until(b"ready")
        ledger.commit((8, "contact:aisha"))
        assert facts(aisha.read_until(b'contact:aisha"]}')) == ("changed", {"cursor": 8, "topics": ["contact:aisha"]})
        ledger.commit((9, "contact:ben"))

        got = ben.read_until(b"]}")

    assert b"id: 9\n" in got
    assert facts(got) == ("changed", {"cursor": 9, "topics": ["contact:ben"]})
    assert b"aisha" not in got


def test_what_happened_during_a_break_is_told_at_once(opened: Opened, ledger: SqliteLedger) -> None:
    edge, port = opened()
    ledger.commit((8, "offers"), (9, "contact:tom"))
    assert eventually(lambda: edge.live.head == 9)

    with listen(port, BEN, "Last-Event-ID: 7") as line:
        assert facts(line.read_until(b"]}")) == ("changed", {"cursor": 8, "topics": ["offers"]})


def test_a_cursor_from_before_the_server_started_gets_a_hint_at_once(opened: Opened) -> None:
    _, port = opened()
    with listen(port, BEN, target="/v1/live/events?after=3") as line:
        assert facts(line.read_until(b"]}"))[0] == "changed"


def test_a_quiet_stream_has_a_heartbeat(opened: Opened) -> None:
    _, port = opened(heartbeat_s=0.05)
    with listen(port, BEN) as line:
        assert b":\n\n" in line.read_until(b"\n:\n\n")


def test_a_stream_ends_with_its_token(opened: Opened) -> None:
    _, port = opened()
    with listen(port, "Authorization: Bearer late") as line:
        got = line.read_until(b"0\r\n\r\n")

    assert b'event: reconnect\ndata: {"reason":"expired"}' in got


def test_a_stream_that_is_left_is_forgotten(opened: Opened) -> None:
    edge, port = opened()
    with listen(port, BEN) as line:
        line.read_until(b"ready")
        assert edge.live.open == 1

    assert eventually(lambda: edge.live.open == 0)


def test_a_poll_answers_when_something_changes(opened: Opened, ledger: SqliteLedger) -> None:
    edge, port = opened()
    with listen(port, BEN, target="/v1/live/poll?after=7") as line:
        assert eventually(lambda: edge.live.open == 1)
        ledger.commit((8, "contact:ben"))
        reply = line.reply()

    assert json.loads(reply.body) == {"changed": True, "cursor": 8, "topics": ["contact:ben"]}


def test_a_poll_without_news_ends_by_itself(opened: Opened) -> None:
    _, port = opened(poll_s=0.05)

    assert json.loads(get(port, "/v1/live/poll?after=7", BEN).body) == {"changed": False, "cursor": 7, "topics": []}


@pytest.mark.parametrize("target", ["/v1/live/events", "/v1/live/poll"])
@pytest.mark.parametrize("headers", [(), ("Authorization: Bearer mallory",), ("Authorization: Basic YTpi",)])
def test_a_stranger_hears_nothing(opened: Opened, target: str, headers: tuple[str, ...]) -> None:
    _, port = opened()
    reply = get(port, target, *headers)

    assert reply.status == 401
    assert reply.header("www-authenticate") == "Bearer"
    assert problem(reply)["code"] == "auth.required"


@pytest.mark.parametrize("query", ["after=x", "after=-1", "after=9007199254740993", "after=1&after=2", "since=1"])
def test_an_odd_cursor_is_refused(opened: Opened, query: str) -> None:
    _, port = opened()

    assert problem(get(port, f"/v1/live/poll?{query}", BEN))["status"] == 422


def test_beyond_the_streams_others_are_asked_to_come_back(opened: Opened) -> None:
    _, port = opened(streams=1)
    with listen(port, BEN) as line:
        line.read_until(b"ready")
        reply = get(port, "/v1/live/events", "Authorization: Bearer aisha")

    assert problem(reply)["code"] == "server.busy"
    assert int(reply.header("retry-after") or 0) >= 5


def test_one_caller_cannot_take_all_streams_not_even_of_those_who_hear_the_same(opened: Opened) -> None:
    _, port = opened()
    ada = "Authorization: Bearer ada"
    lines = [listen(port, ada) for _ in range(PER_CALLER)]
    for line in lines:
        line.read_until(b"ready")

    refused, other = get(port, "/v1/live/events", ada), listen(port, "Authorization: Bearer noor")

    assert problem(refused)["status"] == 429
    assert b"ready" in other.read_until(b"ready")
    for line in (*lines, other):
        line.socket.close()


def test_streams_that_nobody_prepared_are_flasks(port: int) -> None:
    assert get(port, "/v1/live/events").status == 200


def test_the_agents_stream_is_for_agents_and_ends_when_one_is_none_any_more(
    opened: Opened, ledger: SqliteLedger
) -> None:
    _, port = opened(heartbeat_s=0.05)
    with listen(port, BEN, target="/v1/inbox/events") as stranger:
        assert problem(stranger.reply())["status"] == 403
    AGENTS.add("kofi")
    with listen(port, "Authorization: Bearer kofi", target="/v1/inbox/events?after=7") as kofi:
        ledger.commit((8, "contact:ben"), (9, "inbox"))
        got = kofi.read_until(b'inbox"]}')
        assert b"id: 9\n" in got and b"contact" not in got
        AGENTS.clear()
        assert facts(kofi.read_until(b'expired"}'))[0] == "reconnect"


def test_other_methods_are_flasks_to_refuse(opened: Opened, shop: Shop) -> None:
    _, port = opened()
    with Line(port) as line:
        line.send("POST /v1/live/events HTTP/1.1", "Content-Length: 0").reply()

    assert shop.served == ["/v1/live/events"]
