"""`mcrm serve`: the real server, its workers, and how it stops."""

import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from mcrm.config import Settings
from mcrm.edge.app import Edge
from mcrm.edge.server import CannotListen, serve
from tests.edge.wire import Line, eventually, get


def is_up(port: int) -> bool:
    with suppress(OSError):
        return get(port, "/page").status == 200
    return False


def is_free(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) != 0


@pytest.fixture
def port() -> int:
    """A port that is free now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        number: int = probe.getsockname()[1]
        return number


@pytest.fixture
def server(port: int, tmp_path: Path) -> Iterator[subprocess.Popen[bytes]]:
    """The shop on the real server."""
    command = [sys.executable, "-m", "tests.edge.granian_shop", str(port), str(tmp_path)]
    with subprocess.Popen(command) as process:
        assert eventually(lambda: is_up(port), within_s=30)
        yield process
        process.kill()
    assert eventually(lambda: is_free(port))


def test_a_stop_finishes_requests_and_tells_streams_to_come_back(
    server: subprocess.Popen[bytes], port: int, tmp_path: Path
) -> None:
    go_on = tmp_path / "go-on"
    with Line(port) as request, Line(port) as stream:
        request.send(f"GET /hold-for-file?path={go_on} HTTP/1.1")
        stream.send("GET /v1/live/events HTTP/1.1", "Authorization: Bearer contact:ben")
        stream.read_until(b"ready")

        server.send_signal(signal.SIGTERM)
        assert b'event: reconnect\ndata: {"reason":"stopping"}' in stream.read_until(b'"}\n\n')
        go_on.touch()

        assert request.reply().body == b"held"
    assert server.wait(15) == 0


def test_workers_do_not_outlive_the_server(server: subprocess.Popen[bytes], port: int) -> None:
    server.kill()
    server.wait(5)

    assert eventually(lambda: is_free(port))


def test_the_real_server_refuses_cuts_and_keeps_apart_like_the_tests_one(
    server: subprocess.Popen[bytes], port: int
) -> None:
    with Line(port) as line:
        line.send("POST /echo HTTP/1.1", "Content-Length: 1000001", "Expect: 100-continue")
        assert line.read_until(b"\r\n").startswith(b"HTTP/1.1 413")
    environ = get(port, "/a%7Eb?x=%2F", "X_Actor: evil", "X-Actor: good").body
    assert b'"RAW_URI": "/a%7Eb?x=%2F"' in environ
    assert b'"HTTP_X_ACTOR": "good"' in environ
    with Line(port) as line:
        assert line.send("HEAD /page HTTP/1.1").reply("HEAD").header("content-length") == "5"
        assert line.send("GET /empty HTTP/1.1").reply().status == 204
        assert line.send("GET /page HTTP/1.1").reply().body == b"hello"
    with Line(port) as line:
        broken = line.send("GET /boom-half-way HTTP/1.1").read_until(b"0\r\n\r\n")
        assert broken.startswith(b"HTTP/1.1 200")
        assert b"0\r\n\r\n" not in broken.partition(b"\r\n\r\n")[2]


def test_chunks_that_make_no_sense_are_the_clients_fault(server: subprocess.Popen[bytes], port: int) -> None:
    with Line(port) as line:
        line.send("POST /echo HTTP/1.1", "Transfer-Encoding: chunked", body=b"FFFFFFFFFFFFFFFFF\r\n")
        reply = line.reply()
    assert (reply.status, reply.header("content-type")) == (400, "application/problem+json")


def test_a_taken_port_is_said_in_one_sentence(tmp_path: Path) -> None:
    environment = {
        "MCRM_DATABASE_URL": f"sqlite:///{tmp_path}/mcrm.db",
        "MCRM_SECRET_KEY": "0123456789abcdef0123456789abcdef",
        "MCRM_PUBLIC_URL": "http://127.0.0.1",
    }

    def never() -> Edge:
        raise AssertionError("no worker may start")

    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        with pytest.raises(CannotListen, match=f"127.0.0.1:{port}: Address already in use"):
            serve(never, Settings.from_environment(environment), host="127.0.0.1", port=port)
