"""One SQLite writer at a time: a lock among threads, a file lock among processes.

SQLite's own waiting is unfair (a writer was seen to wait over a second behind others that came later); a queue in
front of BEGIN IMMEDIATE keeps the worst wait short.
"""

import fcntl
import os
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
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
        self._pid = 0

    @contextmanager
    def __call__(self) -> Iterator[None]:
        """Wait for the turn, hold it, give it back."""
        deadline = time.monotonic() + LONGEST_WAIT_S
        if not self._lock.acquire(timeout=LONGEST_WAIT_S):
            raise Unavailable("The database is busy.")
        try:
            file = self._opened()
            _wait_for(file, deadline)
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
        if self._file is None or self._pid != os.getpid():  # a descriptor kept over a fork would share the lock
            opened = os.open(self._path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)  # who may read it may lock it
            self._file, self._pid = os.fdopen(opened, "ab"), os.getpid()
        return self._file


def _wait_for(file: IO[bytes], deadline: float) -> None:
    """Try every 0.2 to 2 ms: flock has no time-out of its own, and a stopped holder must not hang everybody."""
    pause = 0.0002
    while True:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return
        except BlockingIOError:
            if time.monotonic() >= deadline:
                raise Unavailable("The database is busy.") from None
            time.sleep(pause)
            pause = min(pause * 1.5, 0.002)
