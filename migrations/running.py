"""Run the revisions, and tell whether a database is up to date."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine, text

from mcrm.db import Database


class NotMigrated(Exception):
    """The database is not at this program's revision; the text says what to run."""


LOCK = 0x6D43524D  # "mCRM": the advisory lock that keeps two migrating processes apart on PostgreSQL


def upgrade(engine: Engine, revision: str = "head") -> str:
    """Bring the database to `revision` in one transaction per revision; the revision it stands at afterwards."""
    config = _config()
    with engine.connect() as connection, _alone(connection):
        config.attributes["connection"] = connection
        command.upgrade(config, revision)
        connection.commit()
    return current(engine) or ""


def current(engine: Engine) -> str | None:
    """The revision the database stands at, None when it is empty."""
    with engine.connect() as connection:
        return MigrationContext.configure(connection).get_current_revision()


def newest() -> str:
    """The newest revision that this program knows."""
    return ScriptDirectory.from_config(_config()).get_current_head() or ""


def require_migrated(database: Database) -> None:
    """Raise NotMigrated unless the database stands at the newest revision."""
    assert isinstance(database.bind, Engine)
    stands, known = current(database.bind), newest()
    if stands != known:
        raise NotMigrated(f"the database is at revision {stands or 'none'}, this program at {known}: run mcrm migrate")


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent))
    config.set_main_option("path_separator", "os")
    return config


@contextmanager
def _alone(connection: Connection) -> Iterator[None]:
    """PostgreSQL: a session lock, without the lock time-out that is right for requests. SQLite: BEGIN IMMEDIATE."""
    if connection.dialect.name != "postgresql":
        yield
        return
    connection.execute(text("SET lock_timeout = '60s'"))
    connection.execute(text("SET statement_timeout = 0"))
    connection.execute(text("SELECT pg_advisory_lock(:key)"), {"key": LOCK})
    connection.commit()
    try:
        yield
    finally:
        connection.rollback()
        connection.execute(text("SELECT pg_advisory_unlock(:key)"), {"key": LOCK})
        connection.execute(text("RESET ALL"))
        connection.commit()
