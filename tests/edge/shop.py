"""A small WSGI application with every kind of answer, and with handles to hold it and look into it."""

import contextvars
import hashlib
import json
import threading
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs
from wsgiref.types import StartResponse, WSGIEnvironment

CHUNK = b"x" * 65536
seat = contextvars.ContextVar("seat", default="nobody")


class Shop:
    """Answers by path; `doors` holds the answers back, `left` counts streams whose generator was closed."""

    def __init__(self) -> None:
        self.doors = threading.Event()
        self.left = 0
        self.pulled = 0
        self.served: list[str] = []

    def __call__(self, environ: WSGIEnvironment, start: StartResponse) -> Iterable[bytes]:
        path = environ["PATH_INFO"]
        self.served.append(path)
        answer: Callable[[WSGIEnvironment, StartResponse], Iterable[bytes]] = getattr(
            self, path.strip("/").replace("-", "_"), self.echo
        )
        return answer(environ, start)

    def echo(self, environ: WSGIEnvironment, start: StartResponse) -> Iterable[bytes]:
        body = environ["wsgi.input"].read()
        seen: dict[str, Any] = {key: value for key, value in environ.items() if isinstance(value, str)}
        seen |= {"body_bytes": len(body), "body_sha256": hashlib.sha256(body).hexdigest()}
        start("200 OK", [("Content-Type", "application/json")])
        return [json.dumps(seen).encode()]

    def cookies(self, environ: WSGIEnvironment, start: StartResponse) -> Iterable[bytes]:
        start("200 OK", [("Set-Cookie", "a=1"), ("Set-Cookie", "b=2"), ("X-Name", "café")])
        return [b"two"]

    def page(self, environ: WSGIEnvironment, start: StartResponse) -> Iterable[bytes]:
        start("200 OK", [("Content-Length", "5")])
        return [b"hello"]

    def empty(self, environ: WSGIEnvironment, start: StartResponse) -> Iterable[bytes]:
        start("204 No Content", [("Content-Length", "4")])
        return [b"oops"]

    def unchanged(self, environ: WSGIEnvironment, start: StartResponse) -> Iterable[bytes]:
        start("304 Not Modified", [("ETag", '"7"')])
        return [b"oops"]

    def boom(self, environ: WSGIEnvironment, start: StartResponse) -> Iterable[bytes]:
        raise LookupError("secret detail")

    def boom_in_the_second_chunk(self, environ: WSGIEnvironment, start: StartResponse) -> Iterator[bytes]:
        start("200 OK", [])
        yield b"first"
        raise LookupError("secret detail")

    def boom_half_way(self, environ: WSGIEnvironment, start: StartResponse) -> Iterator[bytes]:
        start("200 OK", [])
        for _ in range(3):
            yield b"row\n"
        raise LookupError("secret detail")

    def export(self, environ: WSGIEnvironment, start: StartResponse) -> Iterator[bytes]:
        start("200 OK", [("Content-Type", "text/csv")])
        try:
            while True:
                self.pulled += 1
                yield CHUNK
        finally:
            self.left += 1

    def seats(self, environ: WSGIEnvironment, start: StartResponse) -> Iterator[bytes]:
        start("200 OK", [])
        seat.set("Ben")
        for _ in range(20):
            yield seat.get().encode()

    def hold(self, environ: WSGIEnvironment, start: StartResponse) -> Iterable[bytes]:
        self.doors.wait(20)
        start("200 OK", [])
        return [b"held"]

    def hold_for_file(self, environ: WSGIEnvironment, start: StartResponse) -> Iterable[bytes]:
        path = Path(parse_qs(environ["QUERY_STRING"])["path"][0])
        while not path.exists():
            self.doors.wait(0.02)
        start("200 OK", [])
        return [b"held"]
