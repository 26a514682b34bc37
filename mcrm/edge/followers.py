"""Following the changes of the database from one thread per process, whatever the database.

A bell rings when something may have been committed; what was committed is then read by position. A ring that is lost
costs time, never a change: the follower also looks by itself every few seconds.
"""

import logging
import sqlite3
import threading
from collections.abc import Callable, Collection, Sequence
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    import psycopg

log = logging.getLogger(__name__)
Change = tuple[int, Collection[str]]  # a position, and the topics it concerns
POLL_S = 0.05  # between two looks at SQLite's data_version: about 10 µs each
TURN_S = 1.0  # how long one wait for a ring may hold up the end of the thread
LOOK_S = 5.0  # without a ring the follower looks this often
CHANNEL = "mcrm_changes"


class Changes(Protocol):
    """The committed changes, in order of position; `page` is how many at least one reading gives while there are."""

    page: int

    def head(self) -> int:
        """The latest position; 0 when nothing has been committed yet."""

    def read_since(self, position: int) -> Sequence[Change]:
        """The changes after `position` in order of position, a page of them; empty when there are none."""


class Bell(Protocol):
    """Tells that something may have been committed."""

    def open(self) -> None:
        """Connect; commits after this ring. Raises what the database's driver raises."""

    def rang(self, within_s: float) -> bool:
        """Wait at most `within_s` seconds for a ring; whether there was one."""

    def close(self) -> None:
        """Disconnect; harmless when not connected."""


class SqliteBell:
    """Watches `PRAGMA data_version`, which moves at every commit of any other connection to the file."""

    def __init__(self, path: Path, stopping: threading.Event) -> None:
        """`path` of the database; `stopping` ends a wait at once."""
        self._path = path
        self._stopping = stopping
        self._connection: sqlite3.Connection | None = None
        self._seen = 0

    def open(self) -> None:
        """Open the file read-only; it must exist."""
        address = f"{self._path.resolve().as_uri()}?mode=ro"
        self._connection = sqlite3.connect(address, uri=True, isolation_level=None, check_same_thread=False)
        self._seen = self._version()

    def rang(self, within_s: float) -> bool:
        """Look every 50 ms."""
        for _ in range(max(1, round(within_s / POLL_S))):
            if (version := self._version()) != self._seen:
                self._seen = version
                return True
            if self._stopping.wait(POLL_S):
                return False
        return False

    def close(self) -> None:
        """Close the file."""
        if self._connection:
            self._connection.close()
        self._connection = None

    def _version(self) -> int:
        if self._connection is None:
            raise sqlite3.ProgrammingError("the bell is not open")
        with closing(self._connection.execute("PRAGMA data_version")) as cursor:
            return int(cursor.fetchone()[0])


class PostgresBell:
    """Listens on `mcrm_changes` on a connection of its own (not through a pooler, which would swallow it)."""

    def __init__(self, url: str) -> None:
        """`url` as libpq takes it."""
        self._url = url
        self._connection: psycopg.Connection[Any] | None = None

    def open(self) -> None:
        """Connect and LISTEN."""
        import psycopg  # late: an installation on SQLite never needs it

        self._connection = psycopg.connect(self._url, autocommit=True, connect_timeout=5)
        self._connection.execute(f"LISTEN {CHANNEL}")

    def rang(self, within_s: float) -> bool:
        """Wait for a notification."""
        if self._connection is None:
            raise RuntimeError("the bell is not open")
        return bool(list(self._connection.notifies(timeout=within_s, stop_after=1)))

    def close(self) -> None:
        """Disconnect."""
        if self._connection:
            self._connection.close()
        self._connection = None


def bell_for(database_url: str, stopping: threading.Event) -> Bell:
    """The bell of the database that the setting `MCRM_DATABASE_URL` names."""
    if database_url.startswith("sqlite:///"):
        return SqliteBell(Path(database_url.removeprefix("sqlite:///")), stopping)
    return PostgresBell(database_url.replace("postgresql+psycopg://", "postgresql://", 1))


class Follower:
    """Reads the changes as they come, in a thread of its own; an outage is waited out, at its position."""

    def __init__(
        self,
        changes: Changes,
        database_url: str,
        *,
        begun: Callable[[int], None],
        heard: Callable[[Sequence[Change]], None],
    ) -> None:
        """`begun` is called once with the position it starts from, then `heard` with changes, all in the thread."""
        self._changes = changes
        self._begun = begun
        self._heard = heard
        self._stopping = threading.Event()
        self._bell = bell_for(database_url, self._stopping)
        self._position: int | None = None
        self._thread = threading.Thread(target=self._run, name="follower", daemon=True)

    def start(self) -> None:
        """Begin; after the fork."""
        self._thread.start()

    def stop(self, within_s: float = 2 * TURN_S) -> None:
        """End the thread, waiting at most `within_s` seconds for it."""
        self._stopping.set()
        self._thread.join(within_s)

    def _run(self) -> None:
        pause = 0.1
        while not self._stopping.is_set():
            try:
                self._bell.open()
                self._catch_up()
                pause = 0.1
                self._follow()
            except Exception as error:
                # Only the kind: a driver's message may hold the address and user of the database.
                log.warning("following the changes failed (%s), again in %.1f s", type(error).__name__, pause)
                self._stopping.wait(pause)
                pause = min(pause * 2, LOOK_S)
            finally:
                self._bell.close()

    def _follow(self) -> None:
        quiet_s = 0.0
        while not self._stopping.is_set():
            if self._bell.rang(TURN_S) or quiet_s >= LOOK_S:
                self._catch_up()
                quiet_s = 0.0
            else:
                quiet_s += TURN_S

    def _catch_up(self) -> None:
        if self._position is None:
            self._position = self._changes.head()
            self._begun(self._position)
        while found := self._changes.read_since(self._position):
            self._position = found[-1][0]
            self._heard(found)
            if len(found) < self._changes.page:
                break  # whoever commits from here on rings again
