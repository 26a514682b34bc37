"""Waking up: whoever waits for work learns of a commit within milliseconds; a lost signal costs one poll, never work.

Inside a process a condition; between processes NOTIFY on PostgreSQL (from a connection of its own, after the commit,
at most every 20 ms: inside the transaction it would serialise all commits), and on SQLite a count of rings a topic,
read when `PRAGMA data_version` moves. Topics matter: when every commit woke everybody, most of the worker's time went
into finding nothing to do.
"""

import logging
import sqlite3
import threading
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from sqlalchemy import Engine

from mcrm.db import Database

log = logging.getLogger(__name__)
COALESCE_S = 0.02
POLL_S = 0.005
RECONNECT_S = 1.0
PREFIX = "mcrm_"


class Bell:
    """Counts rings per topic, so that one that comes between two waits is not lost."""

    def __init__(self) -> None:
        """Silent."""
        self._condition = threading.Condition()
        self._rings = 0

    @property
    def rings(self) -> int:
        """How often it has rung."""
        return self._rings

    def ring(self) -> None:
        """Wake everybody who waits."""
        with self._condition:
            self._rings += 1
            self._condition.notify_all()

    def wait(self, heard: int, timeout_s: float) -> int:
        """Wait until it has rung more often than `heard`, at most `timeout_s` seconds; how often it has rung."""
        with self._condition:
            self._condition.wait_for(lambda: self._rings > heard, timeout_s)
            return self._rings


class Notifier:
    """Tells other processes after a commit; `wake` never blocks and never fails its caller."""

    def __init__(self, database: Database) -> None:
        """Nothing is opened before the first wake. SQLite's readers watch the file by themselves."""
        self._database = database
        self._condition = threading.Condition()
        self._topics: set[str] = set()
        self._thread: threading.Thread | None = None
        self._closed = False

    def wake(self, topics: frozenset[str]) -> None:
        """Ring for these topics."""
        if self._database.is_sqlite or not topics:
            return
        with self._condition:
            self._topics |= topics
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="notifier", daemon=True)
                self._thread.start()
            self._condition.notify()

    def close(self) -> None:
        """Stop telling."""
        with self._condition:
            self._closed = True
            self._condition.notify()
        if self._thread is not None:
            self._thread.join(2)

    def _run(self) -> None:
        connection: Any = None
        while True:
            with self._condition:
                self._condition.wait_for(lambda: self._topics or self._closed)
                topics, self._topics = self._topics, set()
                if self._closed:
                    break
            try:
                connection = connection or direct(self._database)
                for topic in topics:
                    connection.execute(f"NOTIFY {PREFIX}{topic}")
            except Exception as error:
                log.warning("notify failed: %s", type(error).__name__)
                connection = None
                time.sleep(RECONNECT_S)
            time.sleep(COALESCE_S)
        if connection is not None:
            connection.close()


class Listener:
    """Rings the bell of each topic that a commit of anybody named."""

    def __init__(self, database: Database, topics: Iterable[str]) -> None:
        """Starts listening at once, in a daemon thread; make it after any fork."""
        self._bells = {topic: Bell() for topic in topics}
        self._database = database
        self._closed = threading.Event()
        run = self._watch if database.is_sqlite else self._listen
        self._thread = threading.Thread(target=run, name="listener", daemon=True)
        self._thread.start()

    def bell(self, topic: str) -> Bell:
        """The bell of a topic; KeyError for one that nobody listens to."""
        return self._bells[topic]

    def close(self) -> None:
        """Stop listening, and wake whoever waits."""
        self._closed.set()
        self._thread.join(2)
        self._ring_all()

    def _ring_all(self) -> None:
        for bell in self._bells.values():
            bell.ring()

    def _watch(self) -> None:
        assert isinstance(self._database.bind, Engine)
        path = Path(str(self._database.bind.url.database)).resolve()
        connection = sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True, isolation_level=None)
        seen, heard = 0, dict[str, int]()
        while not self._closed.wait(POLL_S):
            try:
                (version,) = connection.execute("PRAGMA data_version").fetchone()
                if version == seen:
                    continue
                rings = dict(connection.execute("SELECT topic, rings FROM wake_ups").fetchall())
            except sqlite3.Error as error:
                log.warning("watching the database failed: %s", type(error).__name__)
                continue
            for topic, bell in self._bells.items():
                if rings.get(topic) != heard.get(topic):
                    bell.ring()
            seen, heard = version, rings
        connection.close()

    def _listen(self) -> None:
        while not self._closed.is_set():
            try:
                with direct(self._database) as connection:
                    for topic in self._bells:
                        connection.execute(f"LISTEN {PREFIX}{topic}")
                    self._ring_all()  # what was committed while nobody listened
                    while not self._closed.is_set():
                        for notice in connection.notifies(timeout=0.5, stop_after=1):
                            self._bells[notice.channel.removeprefix(PREFIX)].ring()
            except Exception as error:
                log.warning("listening failed: %s", type(error).__name__)
                self._closed.wait(RECONNECT_S)


def direct(database: Database) -> Any:
    """A psycopg connection of its own, autocommit, outside the pool."""
    import psycopg

    assert isinstance(database.bind, Engine)
    url = database.bind.url.set(drivername="postgresql").render_as_string(hide_password=False)
    return psycopg.connect(url, autocommit=True, connect_timeout=3, application_name="mcrm-wakeup")
