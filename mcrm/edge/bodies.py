"""Taking request bodies in, whole, before a thread is spent on them: slow senders then cost memory, never a thread."""

import asyncio
from collections.abc import Mapping
from io import BytesIO
from tempfile import SpooledTemporaryFile, TemporaryFile
from typing import IO

from mcrm.edge.asgi import Message, Receive, Scope, header
from mcrm.edge.problems import Refusal, busy, too_large, too_slow

SMALL_BYTES = 16_384  # nearly every body: kept in memory however many arrive, a thousand of them are 16 MB
SPOOL_BYTES = 256_000  # a larger body goes to a file
IN_MEMORY = 256  # so many that are not small may use that memory at once; those beyond go to a file straight away


class ClientGone(Exception):
    """The client hung up before its body was complete, or sent chunks that the server cannot read."""


class Intake:
    """Takes bodies in within the limits: bytes per path, seconds for the whole body."""

    def __init__(self, limit: int, limits: Mapping[str, int], seconds: float) -> None:
        """`limit` bytes hold everywhere except for the exact paths in `limits`."""
        self.limit = limit
        self.limits = limits
        self.seconds = seconds
        self.arriving = self.large = 0

    async def take(self, scope: Scope, receive: Receive) -> tuple[IO[bytes], int]:
        """The whole body, rewound, and its size in bytes.

        Raises Refusal with 413 (from Content-Length before a byte is read, else as a chunk passes the limit), 408 or
        400, and ClientGone. `100 Continue` is sent by the server at the first `receive`.
        """
        limit = self.limits.get(scope["path"], self.limit)
        declared = _declared_size(scope)
        if declared is not None and declared > limit:
            raise too_large(limit)
        if declared == 0:
            return BytesIO(), 0
        is_small = declared is not None and declared <= SMALL_BYTES
        self.arriving += 1
        self.large += not is_small
        body: IO[bytes] | None = None
        try:
            body = BytesIO() if is_small else self._room()
            async with asyncio.timeout(self.seconds):
                size = await _fill(body, receive, limit)
        except BaseException as error:
            if body is not None:
                body.close()
            if isinstance(error, TimeoutError):
                raise too_slow(self.seconds) from None
            if isinstance(error, OSError):
                raise busy() from error  # no room left to spool to
            raise
        finally:
            self.arriving -= 1
            self.large -= not is_small
        body.seek(0)
        return body, size

    def _room(self) -> IO[bytes]:
        """Room for a body that is large or does not tell its size."""
        return SpooledTemporaryFile(SPOOL_BYTES) if self.large <= IN_MEMORY else TemporaryFile()


async def _fill(body: IO[bytes], receive: Receive, limit: int) -> int:
    size, more = 0, True
    while more:
        message: Message = await receive()
        if message["type"] == "http.disconnect":
            raise ClientGone
        chunk: bytes = message.get("body", b"")
        size += len(chunk)
        if size > limit:
            raise too_large(limit)
        body.write(chunk)
        more = message.get("more_body", False)
    return size


def _declared_size(scope: Scope) -> int | None:
    """Bytes by Content-Length; None where only reading tells; a request with neither length nor chunks has no body."""
    if header(scope, b"transfer-encoding") is not None or scope["http_version"].startswith("2"):
        return None
    declared = header(scope, b"content-length")
    if declared is None:
        return 0
    if not (declared.isascii() and declared.isdigit()):
        raise Refusal(400, "body.bad-length", "Content-Length is not a number.", close=True)
    return int(declared[:20])
