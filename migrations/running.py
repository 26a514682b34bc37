"""Run the revisions."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from alembic import command
from alembic.config import Config
from sqlalchemy import Connection, Engine, text

from migrations.standing import current

LOCK = 0x6D43524D  # "mCRM": the advisory lock that keeps two migrating processes apart on PostgreSQL


def upgrade(engine: Engine, revision: str = "head") -> str:
    """Bring the database to `revision` in one transaction per revision; the revision it stands at afterwards."""
    config = _config()
    with engine.connect() as connection, _alone(connection):
        config.attributes["connection"] = connection
        command.upgrade(config, revision)
        connection.commit()
    return current(engine) or ""


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
