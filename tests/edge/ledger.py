"""The smallest table of changes: a position and a topic per row, in a real database of either kind."""

import sqlite3
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

import psycopg

from mcrm.edge.followers import CHANNEL, Change

TABLE = "CREATE TABLE ledger (position INTEGER PRIMARY KEY, topic TEXT NOT NULL)"
HEAD = "SELECT coalesce(max(position), 0) FROM ledger"
PAGE = "SELECT position, topic FROM ledger WHERE position > {0} ORDER BY position LIMIT 2"


class SqliteLedger:
    """In a file."""

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
    """In a database of the suite's server."""

    def __init__(self, url: str) -> None:
        self.url = url
        with psycopg.connect(self.url) as connection:
            connection.execute("DROP TABLE IF EXISTS ledger")
            connection.execute(TABLE)

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
