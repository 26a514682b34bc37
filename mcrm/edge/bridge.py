"""The bridge to Flask: one call of the WSGI application in a thread, its answer pulled as fast as the client reads.

Bridges that push hold a thread for each slow reader; this one takes one chunk in a thread and waits for the client
outside of it.
"""

import asyncio
import contextvars
import logging
import threading
from collections.abc import Callable, Iterable, Iterator
from types import TracebackType
from typing import Any
from wsgiref.types import WSGIApplication, WSGIEnvironment

from mcrm.edge.asgi import Receive, Send, disconnected
from mcrm.edge.problems import busy
from mcrm.edge.threads import Threads

log = logging.getLogger(__name__)
ExcInfo = tuple[type[BaseException], BaseException, TracebackType] | tuple[None, None, None]
END = object()  # no further chunk


class Bridge:
    """Hands whole requests to a WSGI application and sends its answers."""

    def __init__(self, wsgi: WSGIApplication, threads: Threads, *, most: int, send_s: float) -> None:
        """At most `most` requests wait for a thread or are in one; a client has `send_s` seconds to take a chunk."""
        self.wsgi = wsgi
        self.threads = threads
        self.most = most
        self.send_s = send_s
        self.in_flight = 0

    async def answer(self, environ: WSGIEnvironment, receive: Receive, send: Send) -> None:
        """Answer one request.

        Whatever the application raises before its second chunk comes out of here with nothing sent yet, also Refusal
        503 beyond the limit; later the exception reaches the server, which cuts the connection: a broken answer must
        not look whole.
        """
        if self.in_flight >= self.most:
            raise busy()
        answer = _Answer(self.wsgi, environ)
        self.in_flight += 1
        try:
            await self.threads.run(answer.begin)
            head = answer.start_message()
        except BaseException:
            self.threads.run(answer.close).add_done_callback(_log_failure)
            raise
        finally:
            self.in_flight -= 1
        await send(head)
        if answer.complete:
            await send({"type": "http.response.body", "body": answer.chunk})
        else:
            await self._stream(answer, receive, send)

    async def _stream(self, answer: "_Answer", receive: Receive, send: Send) -> None:
        gone = asyncio.ensure_future(disconnected(receive))
        try:
            while answer.chunk is not END and not gone.done():
                async with asyncio.timeout(self.send_s):
                    await send({"type": "http.response.body", "body": answer.chunk, "more_body": True})
                await self.threads.run(answer.advance)
            if answer.chunk is END:
                await send({"type": "http.response.body", "body": b""})
        finally:
            gone.cancel()
            await asyncio.shield(self.threads.run(answer.close))


def _log_failure(closing: "asyncio.Future[None]") -> None:
    if not closing.cancelled() and (error := closing.exception()):
        log.warning("an answer that failed could not be closed", exc_info=error)


class _Answer:
    """One call of the application: its head, and its chunks one by one, always in the same context.

    The lock lets `close` wait for a step that still runs in the other thread after its request was cancelled.
    """

    def __init__(self, wsgi: WSGIApplication, environ: WSGIEnvironment) -> None:
        self.wsgi = wsgi
        self.environ = environ
        self.status = 0
        self.headers: list[tuple[str, str]] = []
        self.chunk: Any = b""  # bytes, or END
        self.complete = False  # whether `chunk` is all there is
        self.sent = False
        self._chunks: Iterable[bytes] = ()
        self._each: Iterator[bytes] = iter(())
        self._following: Any = END
        self._written: list[bytes] = []
        self._inside = contextvars.Context()
        self._lock = threading.Lock()
        self._closed = False

    def begin(self) -> None:
        """Call the application and read one chunk ahead, so that an early failure can still become a 500."""
        with self._lock:
            if not self._closed:
                self._inside.run(self._begin)

    def advance(self) -> None:
        """Make the following chunk the present one and read one more."""
        with self._lock:
            self.chunk = self._following
            if self.chunk is not END:
                self._following = END if self._closed else self._inside.run(next, self._each, END)

    def close(self) -> None:
        """Let the application tidy up; harmless when that has been done."""
        with self._lock:
            if not self._closed:
                self._closed = True
                self._inside.run(self._close)

    def _begin(self) -> None:
        self._chunks = self.wsgi(self.environ, self._start_response)
        self._each = iter(self._chunks)
        self.chunk = next(self._each, b"")
        self._following = next(self._each, END)
        if not self.status:
            raise RuntimeError("the application answered without calling start_response")
        if self._written:
            self.chunk = b"".join(self._written) + self.chunk
        if self._silent:
            self.chunk, self._following = b"", END
        self.complete = self._following is END
        if self.complete:
            self._closed = True
            self._close()

    def _close(self) -> None:
        if close := getattr(self._chunks, "close", None):
            close()

    @property
    def _silent(self) -> bool:
        return self.environ["REQUEST_METHOD"] == "HEAD" or self.status in {204, 304}

    def _start_response(
        self, status: str, headers: list[tuple[str, str]], exc_info: ExcInfo | None = None, /
    ) -> Callable[[bytes], object]:
        if self.sent and exc_info and exc_info[1]:
            raise exc_info[1].with_traceback(exc_info[2])
        self.status, self.headers = int(status[:3]), headers
        return self._written.append

    def start_message(self) -> dict[str, Any]:
        """The head as an ASGI message; an answer that is whole gets its length if the application named none."""
        self.sent = True
        headers = [(name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in self.headers]
        if self.status == 204:
            headers = [pair for pair in headers if pair[0] != b"content-length"]
        elif self.complete and not self._silent and not any(name == b"content-length" for name, _ in headers):
            headers.append((b"content-length", b"%d" % len(self.chunk)))
        return {"type": "http.response.start", "status": self.status, "headers": headers}
