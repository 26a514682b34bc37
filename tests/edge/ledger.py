"""The smallest table of changes: a position and a topic per row, in a real database of either kind."""

import os
import sqlite3
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

import psycopg
from psycopg.conninfo import make_conninfo

from mcrm.edge.followers import CHANNEL, Change

TABLE = "CREATE TABLE ledger (position INTEGER PRIMARY KEY, topic TEXT NOT NULL)"
HEAD = "SELECT coalesce(max(position), 0) FROM ledger"
PAGE = "SELECT position, topic FROM ledger WHERE position > {0} ORDER BY position LIMIT 2"


class SqliteLedger:
    """In a file."""

    page = 2

    def __init__(self, folder: Path) -> None:
        self.path = folder / "ledger.db"
        self.url = f"sqlite:///{self.path}"
        with closing(sqlite3.connect(self.path)) as connection:
            connection.execute("PRAGMA journal_mode=WAL")
            connection.execute(TABLE)

    def commit(self, *rows: tuple[int, str]) -> None:
        """Add rows in one transaction, from a connection of its own."""
        with closing(sqlite3.connect(self.path)) as connection, connection:
            connection.executemany("INSERT INTO ledger VALUES (?, ?)", rows)

    def head(self) -> int:
        """The latest position."""
        with closing(sqlite3.connect(self.path)) as connection:
            return int(connection.execute(HEAD).fetchone()[0])

    def read_since(self, position: int) -> Sequence[Change]:
        """At most two rows after it."""
        with closing(sqlite3.connect(self.path)) as connection:
            return [(row[0], {row[1]}) for row in connection.execute(PAGE.format("?"), (position,))]


class PostgresLedger:
    """On the suite's server, in a schema of this test process."""

    page = 2

    def __init__(self, url: str) -> None:
        self.name = f"ledger_{os.getpid()}"
        self.url = make_conninfo(url, options=f"-c search_path={self.name}", application_name=self.name)
        with psycopg.connect(self.url) as connection:
            connection.execute(f"DROP SCHEMA IF EXISTS {self.name} CASCADE")
            connection.execute(f"CREATE SCHEMA {self.name}")
            connection.execute(TABLE)

    def hang_up(self) -> int:
        """End the connections that listen; how many there were."""
        listening = "FROM pg_stat_activity WHERE application_name = %s AND query LIKE 'LISTEN%%'"
        with psycopg.connect(self.url, autocommit=True) as connection:
            return len(connection.execute(f"SELECT pg_terminate_backend(pid) {listening}", (self.name,)).fetchall())

    def commit(self, *rows: tuple[int, str]) -> None:
        """Add rows in one transaction, and notify after it."""
        with psycopg.connect(self.url, autocommit=True) as connection:
            with connection.transaction(), connection.cursor() as cursor:
                cursor.executemany("INSERT INTO ledger VALUES (%s, %s)", rows)
            connection.execute(f"NOTIFY {CHANNEL}")

    def head(self) -> int:
        """The latest position."""
        with psycopg.connect(self.url) as connection:
            row = connection.execute(HEAD).fetchone()
            assert row is not None
            return int(row[0])

    def read_since(self, position: int) -> Sequence[Change]:
        """At most two rows after it."""
        with psycopg.connect(self.url) as connection:
            found = connection.execute(PAGE.format("%s"), (position,)).fetchall()
            return [(row[0], {row[1]}) for row in found]
