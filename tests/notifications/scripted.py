"""A provider that answers what a test wrote down beforehand: broken bodies, cut connections and silence included."""

import json
import threading
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass(frozen=True)
class Answer:
    """One answer; `cut` closes the connection without one, `hang_s` waits first."""

    status: int = 200
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)
    cut: bool = False
    hang_s: float = 0


@dataclass(frozen=True)
class Asked:
    """One request as it came."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes


def as_json(status: int, content: Any, headers: dict[str, str] | None = None) -> Answer:
    """An answer of JSON."""
    return Answer(status, json.dumps(content).encode(), {"Content-Type": "application/json", **(headers or {})})


class Scripted:
    """Listens on loopback; gives its answers in order, and the last one for ever. `/token` always works."""

    def __init__(self) -> None:
        self.answers: list[Answer] = []
        self.asked: list[Asked] = []
        self.over = threading.Event()
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self.server.block_on_close = True
        self.thread = threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.02})
        self.thread.start()

    @property
    def base(self) -> str:
        """Its origin."""
        return f"http://127.0.0.1:{self.server.server_port}"

    def says(self, *answers: Answer) -> None:
        """What it will answer from now on; what it was asked before is forgotten."""
        self.answers, self.asked = list(answers), []

    def next_answer(self, asked: Asked) -> Answer:
        """Note the request and take the next answer."""
        if asked.path == "/token":
            return as_json(200, {"access_token": "ya29.scripted", "expires_in": 3600, "token_type": "Bearer"})
        self.asked.append(asked)
        return self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]

    def close(self) -> None:
        """Stop listening."""
        self.over.set()
        self.server.shutdown()
        self.server.server_close()
        self.thread.join()


def _handler(provider: Scripted) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True
        timeout = 5

        def answer(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            answer = provider.next_answer(Asked(self.command, self.path, dict(self.headers), body))
            if answer.hang_s:
                provider.over.wait(answer.hang_s)
            if answer.cut or answer.hang_s:
                self.close_connection = True
                return
            self.send_response(answer.status)
            for name, value in answer.headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(answer.body)))
            self.end_headers()
            self.wfile.write(answer.body)

        do_GET = do_POST = answer

        def log_message(self, *_: Any) -> None:
            pass

    return Handler
