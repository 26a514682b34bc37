"""HTTP by hand: what goes over the socket is written out, so that nothing in between tidies it up."""

import contextlib
import socket
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from http.client import HTTPResponse

import uvicorn

from mcrm.edge.app import Edge


@dataclass(frozen=True)
class Reply:
    """An answer, read to its end."""

    status: int
    headers: dict[str, list[str]]
    body: bytes

    def header(self, name: str) -> str | None:
        return ", ".join(self.headers[name]) if name in self.headers else None


class Line:
    """One connection."""

    def __init__(self, port: int) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=15)

    def __enter__(self) -> "Line":
        return self

    def __exit__(self, *_: object) -> None:
        self.socket.close()

    def send(self, *lines: str, body: bytes = b"") -> "Line":
        """Send a head of these lines, then `body` as it is."""
        head = "".join(f"{line}\r\n" for line in (*lines, "Host: harbourandpine.example"))
        self.socket.sendall(head.encode("latin-1") + b"\r\n" + body)
        return self

    def reply(self, method: str = "GET") -> Reply:
        with HTTPResponse(self.socket, method=method) as response:
            response.begin()
            headers: dict[str, list[str]] = {}
            for name, value in response.getheaders():
                headers.setdefault(name.lower(), []).append(value)
            return Reply(response.status, headers, response.read())

    def read_until(self, mark: bytes) -> bytes:
        """Everything up to `mark` (or to the end of the connection)."""
        got = b""
        while mark not in got and (more := self.socket.recv(65536)):
            got += more
        return got

    @property
    def cut(self) -> bool:
        """Whether the server closes this connection (waits for it)."""
        with contextlib.suppress(ConnectionResetError):
            while self.socket.recv(65536):
                pass
        return True


def get(port: int, target: str, *headers: str) -> Reply:
    """GET on a connection of its own."""
    with Line(port) as line:
        return line.send(f"GET {target} HTTP/1.1", *headers).reply()


def eventually(claim: Callable[[], bool], within_s: float = 10) -> bool:
    """Whether the claim becomes true."""
    end = time.monotonic() + within_s
    while not (holds := claim()) and time.monotonic() < end:
        time.sleep(0.01)
    return holds


@contextlib.contextmanager
def served(edge: Edge) -> Iterator[int]:
    """The edge on a free port, in a thread; its port."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        config = uvicorn.Config(
            edge,
            log_config=None,
            lifespan="on",
            ws="none",
            timeout_graceful_shutdown=1,
            proxy_headers=False,  # uvicorn believes X-Forwarded-For of loopback by default; granian never does
        )
        server = uvicorn.Server(config)
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
        thread.start()
        assert eventually(lambda: server.started or not thread.is_alive())
        assert server.started
        yield listener.getsockname()[1]
        server.should_exit = True
        thread.join(10)
        assert not thread.is_alive()
