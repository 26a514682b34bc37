"""The edge as an ASGI application: everything it runs begins in the lifespan, and so after the fork."""

import asyncio
import logging
import signal
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from types import FrameType
from wsgiref.types import WSGIApplication

from mcrm.config import Limits
from mcrm.edge.asgi import Message, Receive, Scope, Send
from mcrm.edge.bodies import ClientGone, Intake
from mcrm.edge.bridge import Bridge
from mcrm.edge.environ import environ_of
from mcrm.edge.followers import Change, Changes, Follower
from mcrm.edge.live import Live
from mcrm.edge.problems import not_ready, of_error, request_id, send_problem, unreadable
from mcrm.edge.streams import Authorise, HasNews, Patience, Streams
from mcrm.edge.threads import Threads

log = logging.getLogger(__name__)
FLASK_THREADS = 2  # more only queue for the interpreter's lock
READY_S = 5.0  # so long the start waits for the database's changes; the rest works without them
STOP_S = 5.0


@dataclass(frozen=True, slots=True)
class LiveSource:
    """What live streams need: who may hear what, and the changes of the database at `database_url`.

    `rooms`: who lets into the streams that have an address of their own.
    """

    authorise: Authorise
    changes: Changes
    database_url: str
    has_news: HasNews | None = None
    rooms: Mapping[str, Authorise] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Timing:
    """Seconds: a body may take, a client may take to accept a chunk; and the live streams' patience."""

    body_s: float = 60.0
    send_s: float = 60.0
    live: Patience = field(default_factory=Patience)


def edge_app(
    make_wsgi: Callable[[], WSGIApplication],
    *,
    limits: Limits,
    make_live: Callable[[], LiveSource] | None = None,
    body_limits: Mapping[str, int] | None = None,
    timing: Timing | None = None,
) -> "Edge":
    """The edge around a WSGI application.

    `make_wsgi` and then `make_live` are called at the start of each process, after the fork; without `make_live` the
    live addresses are the application's. `body_limits` (bytes by exact path) replace `limits.body_bytes`.
    """
    return Edge(make_wsgi, make_live, limits, body_limits or {}, timing or Timing())


class Edge:
    """The ASGI application of one process."""

    def __init__(
        self,
        make_wsgi: Callable[[], WSGIApplication],
        make_live: Callable[[], LiveSource] | None,
        limits: Limits,
        body_limits: Mapping[str, int],
        timing: Timing,
    ) -> None:
        """Nothing runs yet; see `edge_app`."""
        self.make_wsgi = make_wsgi
        self.make_live = make_live
        self.limits = limits
        self.timing = timing
        self.live = Live()
        self.intake = Intake(limits.body_bytes, body_limits, timing.body_s)
        self.threads: Threads | None = None
        self.bridge: Bridge | None = None
        self.streams: Streams | None = None
        self.follower: Follower | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one ASGI conversation."""
        if scope["type"] == "http":
            await self._http(scope, receive, send)
        elif scope["type"] == "lifespan":
            await self._lifespan(receive, send)
        else:
            await send({"type": "websocket.close"})  # there are none here

    async def _http(self, scope: Scope, receive: Receive, send: Send) -> None:
        started = False

        async def sending(message: Message) -> None:
            nonlocal started
            started = True
            await send(message)

        try:
            if self.streams and self.streams.serves(scope):
                await self.streams.answer(scope, receive, sending)
            elif self.streams and self.streams.holds(scope):
                await self.streams.hold(scope, receive)
                await self._request(scope, _nothing_more(), sending)
            else:
                await self._request(scope, receive, sending)
        except ClientGone:
            if not started:  # gone, or its chunks make no sense: the server says the same of both, and would answer 500
                await send_problem(send, unreadable(), request_id(scope))
        except Exception as error:
            if started:
                raise  # the server cuts the connection: a broken answer must not look whole
            request = request_id(scope)
            await send_problem(send, of_error(error, request), request)

    async def _request(self, scope: Scope, receive: Receive, send: Send) -> None:
        if self.bridge is None:
            raise not_ready()
        body, size = await self.intake.take(scope, receive)
        with body:
            await self.bridge.answer(environ_of(scope, body, size), receive, send)

    async def _lifespan(self, receive: Receive, send: Send) -> None:
        await receive()
        try:
            await self._start()
        except Exception as error:
            log.exception("the web process cannot start")
            self._stop()
            await send({"type": "lifespan.startup.failed", "message": f"cannot start: {type(error).__name__}"})
            return
        await send({"type": "lifespan.startup.complete"})
        await receive()
        self._stop()
        await send({"type": "lifespan.shutdown.complete"})

    async def _start(self) -> None:
        wsgi = self.make_wsgi()
        self.threads = Threads(FLASK_THREADS)
        if self.make_live:
            await self._start_live(self.make_live(), self.threads)
        most, send_s = self.limits.requests_in_flight, self.timing.send_s
        self.bridge = Bridge(wsgi, self.threads, most=most, send_s=send_s)
        _on_stop(asyncio.get_running_loop(), self.live.close)

    async def _start_live(self, source: LiveSource, threads: Threads) -> None:
        loop, ready = asyncio.get_running_loop(), asyncio.Event()

        def begin(head: int) -> None:
            self.live.begin(head)
            ready.set()

        def begun(head: int) -> None:
            loop.call_soon_threadsafe(begin, head)

        def heard(changes: Sequence[Change]) -> None:
            loop.call_soon_threadsafe(self.live.tell, changes)

        self.follower = Follower(source.changes, source.database_url, begun=begun, heard=heard)
        self.follower.start()
        self.streams = Streams(
            self.live,
            threads,
            source.authorise,
            self.limits.live_streams,
            self.timing.live,
            source.has_news,
            source.rooms,
        )
        try:
            async with asyncio.timeout(READY_S):
                await ready.wait()
        except TimeoutError:
            log.warning("live streams wait for the database")

    def _stop(self) -> None:
        self.live.close()
        if self.follower:
            self.follower.stop()
        if self.threads:
            self.threads.stop(STOP_S)


def _nothing_more() -> Receive:
    """What a request without a body has to say: its end, and then nothing; whoever held it has listened already."""
    said = False

    async def receive() -> Message:
        nonlocal said
        if said:
            await asyncio.Event().wait()
        said = True
        return {"type": "http.request", "body": b"", "more_body": False}

    return receive


def _on_stop(loop: asyncio.AbstractEventLoop, tell: Callable[[], None]) -> None:
    """Call `tell` as soon as the process is asked to stop, then let the server do what it would have done.

    The lifespan's end comes only after all answers have ended; streams that waited for it would block the stop.
    """
    if threading.current_thread() is not threading.main_thread():
        return  # only the main thread hears signals

    def chain(number: signal.Signals) -> None:
        before = signal.getsignal(number)

        def stopping(received: int, frame: FrameType | None) -> None:
            loop.call_soon_threadsafe(tell)
            if callable(before):
                before(received, frame)

        signal.signal(number, stopping)

    chain(signal.SIGTERM)
    chain(signal.SIGINT)
