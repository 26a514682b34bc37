"""Counters in the database: how often something may be tried, across processes and restarts."""

from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any, cast

from sqlalchemy import Table, delete, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session
from sqlalchemy.sql.dml import ReturningInsert

from mcrm import clock, keys
from mcrm.access.models import Counter


def count(session: Session, name: str, key: str, *, window: timedelta) -> int:
    """Count one more try of `name` by `key` in the present window; how many there are now.

    `key` is stored as a keyed digest, so that the table holds no addresses. Counting is one atomic statement.
    """
    connection = session.connection()
    row = {"name": name, "key": keys.digest("counter", key), "window_start": window_start(window), "count": 1}
    return int(connection.execute(_upsert(connection.dialect.name), row).scalar_one())


@cache
def _upsert(dialect: str) -> ReturningInsert[Any]:
    make = postgresql.insert if dialect == "postgresql" else sqlite.insert
    table = cast(Table, Counter.__table__)
    upsert = make(table).on_conflict_do_update(
        index_elements=["name", "key", "window_start"], set_={"count": table.c.count + 1}
    )
    return upsert.returning(table.c.count)


def counted(session: Session, name: str, key: str, *, window: timedelta) -> int:
    """How many tries there were in the present window."""
    query = select(Counter.count).where(
        Counter.name == name,
        Counter.key == keys.digest("counter", key),
        Counter.window_start == window_start(window),
    )
    return session.scalar(query) or 0


def window_start(window: timedelta) -> datetime:
    """The start of the window that now lies in; windows are counted from the epoch."""
    seconds = int(window.total_seconds())
    return datetime.fromtimestamp(int(clock.now().timestamp()) // seconds * seconds, UTC)


def seconds_left(window: timedelta) -> int:
    """Whole seconds until the present window ends: what Retry-After says."""
    return max(1, int((window_start(window) + window - clock.now()).total_seconds()) + 1)


def forget(session: Session, *, before: datetime) -> int:
    """Drop windows that began before a time; how many."""
    result = session.execute(delete(Counter).where(Counter.window_start < before))
    return int(result.rowcount)  # type: ignore[attr-defined]
