"""At which revision a database stands, and which one this program knows: asked by every process, without Alembic.

Alembic is 7 MB in each process that only wants to know.
"""

from functools import cache
from pathlib import Path

from sqlalchemy import Engine, inspect, text

from mcrm.db import Database


class NotMigrated(Exception):
    """The database is not at this program's revision; the text says what to run."""


def current(engine: Engine) -> str | None:
    """The revision the database stands at, None when it is empty."""
    with engine.connect() as connection:
        if not inspect(connection).has_table("alembic_version"):
            return None
        stands: str | None = connection.scalar(text("SELECT version_num FROM alembic_version"))
        return stands


@cache
def newest() -> str:
    """The newest revision that this program knows: its files begin with their numbers."""
    return max(file.name[:4] for file in (Path(__file__).parent / "versions").glob("[0-9][0-9][0-9][0-9]_*.py"))


def require_migrated(database: Database) -> None:
    """Raise NotMigrated unless the database stands at the newest revision."""
    assert isinstance(database.bind, Engine)
    stands, known = current(database.bind), newest()
    if stands != known:
        raise NotMigrated(f"the database is at revision {stands or 'none'}, this program at {known}: run mcrm migrate")
