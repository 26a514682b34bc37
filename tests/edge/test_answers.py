"""What comes back from Flask: heads, empty answers, streams, and answers that break."""

from http.client import IncompleteRead

import pytest

from tests.edge.shop import Shop
from tests.edge.test_requests import problem
from tests.edge.wire import Line, eventually, get


def test_every_cookie_is_set(port: int) -> None:
    reply = get(port, "/cookies")

    assert reply.headers["set-cookie"] == ["a=1", "b=2"]
    assert reply.header("x-name") == "café"
    assert reply.header("content-length") == "3"


def test_head_answers_with_the_length_and_without_the_body(port: int) -> None:
    with Line(port) as line:
        reply = line.send("HEAD /page HTTP/1.1").reply("HEAD")
        assert (reply.status, reply.header("content-length"), reply.body) == (200, "5", b"")
        assert line.send("GET /page HTTP/1.1").reply().body == b"hello"


@pytest.mark.parametrize(("path", "status"), [("/empty", 204), ("/unchanged", 304)])
def test_an_answer_without_a_body_has_none(port: int, path: str, status: int) -> None:
    with Line(port) as line:
        reply = line.send(f"GET {path} HTTP/1.1").reply()
        assert (reply.status, reply.body) == (status, b"")
        assert line.send("GET /page HTTP/1.1").reply().body == b"hello"


def test_an_old_client_is_served(port: int) -> None:
    with Line(port) as line:
        assert line.send("GET /page HTTP/1.0").reply().body == b"hello"


@pytest.mark.parametrize("path", ["/boom", "/boom-in-the-second-chunk"])
def test_a_failure_before_the_answer_is_a_problem_without_secrets(port: int, path: str) -> None:
    reply = get(port, path)

    assert reply.status == 500
    assert problem(reply)["code"] == "server.error"
    assert b"secret" not in reply.body


def test_an_answer_that_breaks_half_way_never_looks_whole(port: int) -> None:
    with pytest.raises(IncompleteRead):
        get(port, "/boom-half-way")


def test_a_stream_keeps_its_context_in_whichever_thread_it_runs(port: int) -> None:
    assert get(port, "/seats").body == b"Ben" * 20


def test_slow_readers_of_an_export_hold_no_thread(port: int, shop: Shop) -> None:
    slow = [Line(port) for _ in range(8)]
    for line in slow:
        line.send("GET /export HTTP/1.1").socket.recv(1)

    assert get(port, "/page").body == b"hello"

    for line in slow:
        line.socket.close()
    assert eventually(lambda: shop.left == 8)


def test_an_export_is_made_only_as_fast_as_it_is_read(port: int, shop: Shop) -> None:
    with Line(port) as line:
        line.send("GET /export HTTP/1.1")
        line.socket.recv(1)
        pulled = -1
        while pulled != shop.pulled:
            pulled = shop.pulled
            get(port, "/page")

        assert pulled < 500  # what the sockets' buffers take of 64 kB chunks
    assert eventually(lambda: shop.left == 1)
