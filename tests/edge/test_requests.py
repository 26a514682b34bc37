"""What reaches Flask of a request, byte for byte where signatures depend on it."""

import asyncio
import hashlib
import json
from typing import Any

import pytest

from mcrm.config import Limits
from mcrm.edge.app import Edge, Timing, edge_app
from mcrm.edge.asgi import Message
from tests.edge.shop import Shop
from tests.edge.wire import Line, Reply, eventually, get, served


def seen(reply: Reply) -> dict[str, Any]:
    assert reply.status == 200
    found: dict[str, Any] = json.loads(reply.body)
    return found


def problem(reply: Reply) -> dict[str, Any]:
    assert reply.header("content-type") == "application/problem+json"
    found: dict[str, Any] = json.loads(reply.body)
    assert set(found) == {"type", "title", "status", "detail", "code", "request_id"}
    assert found["status"] == reply.status
    assert found["request_id"] == reply.header("x-request-id")
    return found


def chunked(*chunks: bytes) -> bytes:
    return b"".join(b"%x\r\n%b\r\n" % (len(chunk), chunk) for chunk in chunks)


@pytest.mark.parametrize(
    ("target", "path"),
    [
        ("/webhooks/twilio%2Fsms?d=%7Ea%2Fb%C3%A9&e=%c3%a9", "/webhooks/twilio/sms"),
        ("/caf%C3%A9?", "/caf\u00c3\u00a9"),
        ("/odd%FF//x", "/odd\u00ff//x"),
    ],
)
def test_flask_can_see_the_target_as_the_provider_signed_it(port: int, target: str, path: str) -> None:
    environ = seen(get(port, target))

    assert environ["RAW_URI"] == target.removesuffix("?")
    assert environ["PATH_INFO"] == path
    assert environ["QUERY_STRING"] == target.partition("?")[2]


def test_a_header_with_an_underscore_cannot_pass_for_another(port: int) -> None:
    environ = seen(get(port, "/echo", "X_Actor: evil", "X-Actor: good", "Proxy: http://evil.example"))

    assert environ["HTTP_X_ACTOR"] == "good"
    assert "HTTP_PROXY" not in environ


def test_repeated_headers_are_joined_and_cookies_stay_apart(port: int) -> None:
    environ = seen(get(port, "/echo", "X-A: 1", "X-A: 2", "Cookie: a=1", "Cookie: b=2"))

    assert environ["HTTP_X_A"] == "1,2"
    assert environ["HTTP_COOKIE"] == "a=1; b=2"


def test_the_address_of_the_client_is_the_sockets(port: int) -> None:
    environ = seen(get(port, "/echo", "X-Forwarded-For: 203.0.113.9"))

    assert environ["REMOTE_ADDR"] == "127.0.0.1"
    assert environ["HTTP_X_FORWARDED_FOR"] == "203.0.113.9"


@pytest.mark.parametrize("size", [1, 200_000, 900_000])
def test_a_body_arrives_whole_with_its_length(port: int, size: int) -> None:
    body = bytes(range(256)) * (size // 256) + b"!" * (size % 256)
    with Line(port) as line:
        reply = line.send("POST /echo HTTP/1.1", f"Content-Length: {size}", "Content-Encoding: gzip", body=body).reply()
    environ = seen(reply)

    assert environ["CONTENT_LENGTH"] == str(size)
    assert environ["body_sha256"] == hashlib.sha256(body).hexdigest()
    assert environ["HTTP_CONTENT_ENCODING"] == "gzip"


def test_a_chunked_body_arrives_like_any_other(port: int) -> None:
    body = chunked(b"half", b" and half") + chunked(b"")
    with Line(port) as line:
        environ = seen(line.send("POST /echo HTTP/1.1", "Transfer-Encoding: chunked", body=body).reply())

    assert (environ["CONTENT_LENGTH"], environ["body_bytes"]) == ("13", 13)
    assert "HTTP_TRANSFER_ENCODING" not in environ


def test_several_requests_share_a_connection(port: int) -> None:
    with Line(port) as line:
        line.send("POST /a HTTP/1.1", "Content-Length: 3", body=b"one")
        assert seen(line.reply())["PATH_INFO"] == "/a"
        line.send("GET /b HTTP/1.1")
        assert seen(line.reply())["body_bytes"] == 0


def test_a_body_declared_too_large_is_refused_before_any_of_it_is_sent(port: int, shop: Shop) -> None:
    with Line(port) as line:
        line.send("POST /echo HTTP/1.1", "Content-Length: 1000001", "Expect: 100-continue", "X-Request-ID: till-7")
        reply = line.reply()
        assert line.cut

    assert reply.status == 413
    assert reply.header("connection") == "close"
    assert problem(reply)["code"] == "body.too-large"
    assert problem(reply)["request_id"] == "till-7"
    assert shop.served == []


def test_a_chunked_body_is_refused_as_it_passes_the_limit(port: int, shop: Shop) -> None:
    with Line(port) as line:
        line.send("POST /echo HTTP/1.1", "Transfer-Encoding: chunked", body=chunked(b"x" * 600_000, b"x" * 400_001))
        reply = line.reply()

    assert reply.status == 413
    assert problem(reply)["code"] == "body.too-large"
    assert shop.served == []


def test_some_paths_take_larger_bodies(port: int) -> None:
    with Line(port) as line:
        line.send("POST /roomy HTTP/1.1", "Content-Length: 1500000", body=b"x" * 1_500_000)
        assert seen(line.reply())["body_bytes"] == 1_500_000
    with Line(port) as line:
        assert line.send("POST /roomy HTTP/1.1", "Content-Length: 2000001").reply().status == 413


def test_a_body_that_never_ends_is_given_up(shop: Shop) -> None:
    edge = edge_app(lambda: shop, limits=Limits(), timing=Timing(body_s=0.2))
    with served(edge) as port, Line(port) as line:
        reply = line.send("POST /echo HTTP/1.1", "Content-Length: 10", body=b"x").reply()
        assert line.cut

    assert reply.status == 408
    assert reply.header("connection") == "close"
    assert problem(reply)["code"] == "body.too-slow"
    assert shop.served == []


def test_forty_slow_senders_do_not_stop_anybody(port: int, edge: Edge) -> None:
    slow = [Line(port).send("POST /echo HTTP/1.1", "Content-Length: 4", body=b"slo") for _ in range(40)]
    assert eventually(lambda: edge.intake.arriving == 40)

    assert get(port, "/page").body == b"hello"

    for line in slow:
        line.socket.sendall(b"w")
    for line in slow:
        with line:
            assert seen(line.reply())["body_bytes"] == 4


def test_a_sender_that_hangs_up_leaves_nothing_behind(port: int, edge: Edge, shop: Shop) -> None:
    with Line(port) as line:
        line.send("POST /echo HTTP/1.1", "Content-Length: 4", body=b"slo")
        assert eventually(lambda: edge.intake.arriving == 1)

    assert eventually(lambda: edge.intake.arriving == 0)
    assert shop.served == []


def test_beyond_the_requests_in_flight_others_are_asked_to_come_back(shop: Shop) -> None:
    edge = edge_app(lambda: shop, limits=Limits(requests_in_flight=3))
    with served(edge) as port:
        held = [Line(port).send("GET /hold HTTP/1.1") for _ in range(3)]
        assert eventually(lambda: edge.bridge is not None and edge.bridge.in_flight == 3)

        refused = get(port, "/page")
        shop.doors.set()

        assert refused.status == 503
        assert problem(refused)["code"] == "server.busy"
        assert int(refused.header("retry-after") or 0) > 0
        for line in held:
            with line:
                assert line.reply().body == b"held"
        assert get(port, "/page").status == 200


def test_a_start_that_fails_stops_the_server(caplog: pytest.LogCaptureFixture) -> None:
    def broken() -> Shop:
        raise LookupError("no database")

    sent: list[Message] = []

    async def receive() -> Message:
        return {"type": "lifespan.startup"}

    async def send(message: Message) -> None:
        sent.append(message)

    asyncio.run(edge_app(broken, limits=Limits())({"type": "lifespan"}, receive, send))

    assert [message["type"] for message in sent] == ["lifespan.startup.failed"]
    assert "cannot start" in caplog.text
