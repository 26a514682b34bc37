"""Connections that wait in the pool while their server goes away."""

from collections.abc import Iterator

import psycopg
import pytest
from sqlalchemy import text
from sqlalchemy.engine import make_url
from sqlalchemy.exc import DBAPIError

from mcrm import db
from mcrm.db import Database, looking


@pytest.fixture
def pooled(postgres_url: str) -> Iterator[Database]:
    """A pool of its own on the suite's server."""
    url = make_url(postgres_url).set(drivername="postgresql+psycopg")
    database = db.connect(url.render_as_string(hide_password=False))
    yield database
    database.close()


def served_by(database: Database) -> int:
    """The process of the server that the next connection of the pool talks to."""
    with looking(database) as connection:
        return int(connection.execute(text("SELECT pg_backend_pid()")).scalar_one())


def hang_up(postgres_url: str, pid: int) -> None:
    """End that process, as a restart of the server does to all."""
    with psycopg.connect(postgres_url, autocommit=True) as connection:
        assert connection.execute("SELECT pg_terminate_backend(%s, 5000)", (pid,)).fetchone() == (True,)


def test_nobody_notices_that_the_server_was_restarted_while_all_rested(
    pooled: Database, postgres_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = served_by(pooled)
    hang_up(postgres_url, first)
    monkeypatch.setattr(db, "REST_S", 0.0)

    assert served_by(pooled) != first


def test_whoever_was_in_a_hurry_is_told_once(
    pooled: Database, postgres_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(db, "REST_S", 3600.0)
    first = served_by(pooled)
    hang_up(postgres_url, first)

    with pytest.raises(DBAPIError) as lost:
        served_by(pooled)

    assert lost.value.connection_invalidated
    assert served_by(pooled) != first


def test_looking_leaves_what_the_driver_has_prepared(pooled: Database) -> None:
    for _ in range(10):
        served_by(pooled)

    with looking(pooled) as connection:
        prepared = connection.execute(text("SELECT count(*) FROM pg_prepared_statements")).scalar_one()
    assert prepared == 1
