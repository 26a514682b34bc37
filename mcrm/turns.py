"""One SQLite writer at a time: a lock among threads, a file lock among processes.

SQLite's own waiting is unfair (a writer was seen to wait over a second behind others that came later); a queue in
front of BEGIN IMMEDIATE keeps the worst wait short. The kernel hands the file lock over in order and at once, which no
polling does: with it a busy worker kept the web process waiting for milliseconds at every commit.
"""

import fcntl
import os
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from queue import SimpleQueue
from typing import IO

from mcrm.errors import Unavailable

LONGEST_WAIT_S = 10.0


class Turn:
    """`with turn():` holds the right to write. Raises Unavailable after ten seconds without it."""

    def __init__(self, path: Path) -> None:
        """`path` is a file beside the database; it is made when first needed and stays empty."""
        self._path = path
        self._lock = threading.Lock()
        self._file: IO[bytes] | None = None
        self._waiter: _Waiter | None = None
        self._pid = 0

    @contextmanager
    def __call__(self) -> Iterator[None]:
        """Wait for the turn, hold it, give it back."""
        deadline = time.monotonic() + LONGEST_WAIT_S
        if not self._lock.acquire(timeout=LONGEST_WAIT_S):
            raise Unavailable("The database is busy.")
        try:
            file = self._opened()
            self._take(file, deadline)
            try:
                yield
            finally:
                fcntl.flock(file, fcntl.LOCK_UN)
        finally:
            self._lock.release()

    def close(self) -> None:
        """Close the lock file; the next turn opens it again."""
        if self._file is not None:
            self._file.close()
            self._file = None

    def _opened(self) -> IO[bytes]:
        if self._pid != os.getpid():  # a descriptor kept over a fork would share the lock, and threads do not survive
            self._file, self._waiter, self._pid = None, None, os.getpid()
        if self._file is None:
            opened = os.open(self._path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)  # who may read it may lock it
            self._file = os.fdopen(opened, "ab")
        return self._file

    def _take(self, file: IO[bytes], deadline: float) -> None:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return
        except BlockingIOError:
            self._waiter = self._waiter or _Waiter()
        if not self._waiter.wait(file, deadline - time.monotonic()):
            self._file = self._waiter = None  # they are the late lock's now
            raise Unavailable("The database is busy.")


class _Wish:
    """One wait for the file lock: given in time, or given up; never both."""

    def __init__(self, file: IO[bytes]) -> None:
        self.file = file
        self.given = threading.Event()
        self._given_up = False
        self._deciding = threading.Lock()

    def give(self) -> bool:
        """The lock is here; whether somebody still wants it."""
        with self._deciding:
            if not self._given_up:
                self.given.set()
            return not self._given_up

    def give_up(self) -> bool:
        """Wait no longer; False when the lock came at this very moment."""
        with self._deciding:
            self._given_up = not self.given.is_set()
            return self._given_up


class _Waiter:
    """Waits for the file lock in a thread of its own: flock knows no time-out, and a holder may hang for ever."""

    def __init__(self) -> None:
        self._wishes = SimpleQueue[_Wish]()
        threading.Thread(target=self._run, name="turn", daemon=True).start()

    def wait(self, file: IO[bytes], timeout_s: float) -> bool:
        """Whether the lock was given in time; after a False this waiter is used up, and closes the file itself."""
        wish = _Wish(file)
        self._wishes.put(wish)
        return wish.given.wait(max(0.0, timeout_s)) or not wish.give_up()

    def _run(self) -> None:
        while True:
            wish = self._wishes.get()
            fcntl.flock(wish.file, fcntl.LOCK_EX)
            if not wish.give():
                wish.file.close()  # and with it the lock
                return
