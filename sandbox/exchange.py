"""What all pretended carriers share: settings, ledger, faults, counts, and the way to the product's webhooks."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import aiohttp
from aiohttp import web
from yarl import URL

from sandbox.faults import Faults, Hung
from sandbox.ledger import Ledger
from sandbox.numbers import Numbers
from sandbox.settings import SandboxSettings, is_loopback

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
log = logging.getLogger("sandbox")


@dataclass(slots=True)
class Count:
    """How one provider is doing: messages taken, requests refused, requests being answered now."""

    accepted: int = 0
    refused: int = 0
    in_flight: int = 0


class Exchange:
    """The one place that carriers, controls and page stand on; made once per application."""

    def __init__(self, settings: SandboxSettings) -> None:
        """Open the ledger; the connection pool follows at `start`, inside the loop."""
        self.settings = settings
        self.public_url = settings.public_url  # where the product is; tests move it
        self.ledger = Ledger(settings.log, settings.keep)
        self.numbers = Numbers(settings.log)
        self.faults = Faults()
        self.counts = {"twilio": Count(), "telegram": Count(), "fcm": Count(), "mail": Count()}
        self.closing = False
        self._pool: aiohttp.ClientSession | None = None
        self._tasks: set[asyncio.Task[None]] = set()

    async def start(self, _: web.Application) -> None:
        """Open the pool towards the product."""
        self._pool = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=100), cookie_jar=aiohttp.DummyCookieJar(), trust_env=False
        )

    async def stop(self, _: web.Application) -> None:
        """Let the live streams end."""
        self.closing = True
        await self.forget_work()

    async def close(self, _: web.Application) -> None:
        """Close the pool and the file."""
        if self._pool is not None:
            await self._pool.close()
        self.ledger.close()

    async def forget_work(self) -> None:
        """Drop callbacks and updates that are still on their way."""
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def spawn(self, work: Coroutine[Any, Any, None]) -> None:
        """Run something beside the requests; it is cancelled at the end."""
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def post(self, url: str, *, data: bytes, headers: dict[str, str], timeout_s: float = 15) -> "Posted":
        """Post to a webhook of the product exactly as `url` is written; never beyond this machine."""
        if self._pool is None or not is_loopback(urlsplit(url).hostname or ""):
            return Posted(None, "not a loopback address")
        timeout = aiohttp.ClientTimeout(total=timeout_s)
        try:
            async with self._pool.post(
                URL(url, encoded=True), data=data, headers=headers, timeout=timeout, allow_redirects=False
            ) as answer:
                return Posted(answer.status, "", answer.content_type, await answer.content.read(70_000))
        except aiohttp.ClientConnectorError as error:
            return Posted(None, f"connection failed: {error.os_error.strerror}", connected=False)
        except (aiohttp.ClientError, TimeoutError, ValueError) as error:
            return Posted(None, type(error).__name__)

    def counted(self, provider: str, handler: Handler) -> Handler:
        """A handler whose requests in flight and refusals are counted."""
        count = self.counts[provider]

        async def counting(request: web.Request) -> web.StreamResponse:
            count.in_flight += 1
            response: web.StreamResponse
            try:
                response = await handler(request)
            except Hung:
                response = web.Response(status=503)  # nobody is there to read it
            finally:
                count.in_flight -= 1
            if response.status >= 400:
                count.refused += 1
            return response

        return counting


async def form_of(request: web.Request) -> dict[str, str]:
    """The text fields of a posted form, the first of each name; a form that cannot be read has none."""
    try:
        form = await request.post()
    except (ValueError, LookupError):
        return {}
    return {name: value for name in form if isinstance(value := form[name], str)}


@dataclass(frozen=True, slots=True)
class Posted:
    """What a webhook answered: its status, or None and the reason why there was no answer."""

    status: int | None
    problem: str
    content_type: str = ""
    body: bytes = b""
    connected: bool = True

    @property
    def ok(self) -> bool:
        """Whether the product took it."""
        return self.status is not None and 200 <= self.status < 300
