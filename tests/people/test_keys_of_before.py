"""People stored before there were search keys are found afterwards."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine, text

from mcrm import db
from mcrm.db import Database
from migrations.running import upgrade
from tests import databases

ROWS = (
    "INSERT INTO accounts (id, name, kind, number, custom, rev, updated_at, created_at) "
    "VALUES (:id, 'Zoë Lin', 'person', 'A-7', '{}', 1, '2026-01-02 03:04:05', '2026-01-02 03:04:05')",
    "INSERT INTO contacts (id, account_id, name, custom, rev, updated_at, created_at) "
    "VALUES (:id, :id, 'Zoë Lin', '{}', 1, '2026-01-02 03:04:05', '2026-01-02 03:04:05')",
    "INSERT INTO contact_points (id, contact_id, channel, address, state, rev, updated_at, created_at) "
    "VALUES (:id, :id, 'sms', '+447700900222', 'active', 1, '2026-01-02 03:04:05', '2026-01-02 03:04:05')",
)


@pytest.fixture(params=databases.ENGINES)
def before(request: pytest.FixtureRequest, tmp_path: Path, postgres_url: str, worker_name: str) -> Iterator[Engine]:
    """A database as it was before search keys, with one person in it."""
    if request.param == "sqlite":
        database: Database = db.connect(f"sqlite:///{tmp_path / 'before.db'}")
    else:
        database = databases.empty_postgres(postgres_url, f"mcrm_before_{worker_name}")
    assert isinstance(database.bind, Engine)
    upgrade(database.bind, "0002")
    id_ = b"0" * 16 if request.param == "sqlite" else "0190a8b0-0000-7000-8000-000000000000"
    with database.bind.begin() as connection:
        for statement in ROWS:
            connection.execute(text(statement), {"id": id_})
    yield database.bind
    database.close()


def test_whoever_was_there_before_is_found(before: Engine) -> None:
    upgrade(before)
    with before.connect() as connection:
        rows = connection.execute(text("SELECT table_name, key FROM search_keys ORDER BY table_name, key"))
        found = [tuple(row) for row in rows]
    points = [("contact_points", key) for key in ("=p:00900222", "p:447700900222", "r:222009007744")]
    contacts = [("contacts", key) for key in ("=n:lin zoe", "w:lin", "w:zoe")]
    assert sorted(found) == sorted([("accounts", key) for key in ("n:a7", "w:lin", "w:zoe")] + points + contacts)
