"""The database's history: up from empty and from the revision before, with rows, to what the tables declare."""

import os
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from multiprocessing.queues import Queue
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Engine, MetaData, Table, insert, select, text
from sqlalchemy.exc import DBAPIError

from mcrm import db
from mcrm.ids import new_id
from mcrm.tables import metadata
from migrations.running import _config, upgrade
from migrations.standing import current, newest
from tests import databases
from tests.forking import forked

ROW = (
    "INSERT INTO interactions (position, id, at, kind, actor, channel, payload, salt, digest) "
    "VALUES (1, :id, '2026-01-02 03:04:05', 'note.added', 'system', 'system', '{}', :salt, :salt)"
)


@pytest.fixture(params=databases.ENGINES)
def fresh(request: pytest.FixtureRequest, tmp_path: Path, postgres_url: str, worker_name: str) -> Iterator[Engine]:
    """An empty database, without any revision."""
    if request.param == "sqlite":
        database = db.connect(f"sqlite:///{tmp_path / 'fresh.db'}")
    else:
        database = databases.empty_postgres(postgres_url, f"mcrm_fresh_{worker_name}")
    assert isinstance(database.bind, Engine)
    yield database.bind
    database.close()


def test_a_new_database_file_is_its_owners_alone(tmp_path: Path) -> None:
    before = os.umask(0o022)
    try:
        database = db.connect(f"sqlite:///{tmp_path / 'fresh.db'}")
        assert isinstance(database.bind, Engine)
        upgrade(database.bind)
        with database.turn():
            modes = {file.name: oct(file.stat().st_mode & 0o077) for file in tmp_path.glob("fresh.db*")}
        database.close()
    finally:
        os.umask(before)
    assert {"fresh.db", "fresh.db-wal", "fresh.db-shm", "fresh.db.turn"} <= modes.keys()
    assert set(modes.values()) == {"0o0"}, modes


def test_an_empty_database_becomes_what_the_tables_declare(fresh: Engine) -> None:
    assert current(fresh) is None
    assert upgrade(fresh) == newest()
    with fresh.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True, "compare_server_default": True})
        assert compare_metadata(context, metadata) == []
    assert upgrade(fresh) == newest(), "a second run changes nothing"


def test_rows_of_the_revision_before_survive(fresh: Engine) -> None:
    upgrade(fresh, "0001")
    values = {
        "id": b"0" * 16 if fresh.dialect.name == "sqlite" else "0190a8b0-0000-7000-8000-000000000000",
        "salt": b"s",
    }
    with fresh.begin() as connection:
        connection.execute(text(ROW), values)
    upgrade(fresh)
    with fresh.begin() as connection:
        assert connection.scalar(text("SELECT kind FROM interactions")) == "note.added"
        assert connection.scalar(text("SELECT position FROM log_head")) == 0


def test_announcements_of_the_revision_before_are_still_counted(fresh: Engine) -> None:
    upgrade(fresh, "0002")
    now = datetime(2026, 1, 2, tzinfo=UTC)
    dated = {"created_at": now, "updated_at": now, "rev": 1}
    offer, announcement, delivery = new_id(), new_id(), new_id()
    rows: dict[str, dict[str, Any]] = {
        "offers": {"id": offer, "title": "Ten per cent off", "body": "Filter coffee.", **dated},
        "announcements": {"id": announcement, "offer_id": offer, "launched_by": "system", "created_at": now},
        "deliveries": {
            "id": delivery, "channel": "push", "purpose": "marketing", "kind": "offer.announced", "text": "",
            "not_before": now, "dedupe_key": f"offer:{offer}:{new_id()}", "created_at": now,
        },
    }  # fmt: skip
    with fresh.begin() as connection:
        for name, row in rows.items():
            connection.execute(insert(metadata.tables[name]), row)
    upgrade(fresh)
    with fresh.begin() as connection:
        assert connection.scalars(select(metadata.tables["deliveries"].c.broadcast_id)).all() == [announcement]


def test_what_was_paid_before_there_were_taxes_is_the_net_and_products_can_be_searched(fresh: Engine) -> None:
    upgrade(fresh, "0004")
    ids = [new_id() for _ in range(5)]
    account, contact, order, line, product = ids if fresh.dialect.name == "postgresql" else [id.bytes for id in ids]
    now = datetime(2026, 1, 2, tzinfo=UTC)
    rows: dict[str, dict[str, Any]] = {
        "accounts": {"id": account, "name": "Ben Okafor", "kind": "person"},
        "contacts": {"id": contact, "name": "Ben Okafor", "account_id": account},
        "products": {"id": product, "code": "HP-1", "code_key": "HP-1", "name": "Café cup", "is_active": True},
        "orders": {
            "id": order, "number": "1", "number_key": "1", "kind": "order", "status": "new", "payment_status": "unpaid",
            "account_id": account, "contact_id": contact, "currency": "GBP", "total": 1700, "placed_at": now,
        },
        "order_lines": {
            "id": line, "order_id": order, "line_number": 1, "product_id": product, "description": "Café cup",
            "quantity": 2, "unit_price": 850, "total": 1700,
        },
    }  # fmt: skip
    with fresh.begin() as connection:
        for name, row in rows.items():
            table = Table(name, MetaData(), autoload_with=connection)  # as it was then
            usual = {"created_at": now, "updated_at": now, "rev": 1, "custom": {}}
            connection.execute(insert(table), row | {key: usual[key] for key in usual if key in table.c})
    upgrade(fresh)
    with fresh.begin() as connection:
        assert connection.execute(text("SELECT net_total, tax_total, total FROM orders")).all() == [(1700, 0, 1700)]
        assert connection.execute(text("SELECT net, tax, total FROM order_lines")).all() == [(1700, 0, 1700)]
        assert connection.scalar(text("SELECT search_text FROM products")) == "cafe cup"


def test_stock_and_orders_of_the_revision_before_add_up_afterwards(fresh: Engine) -> None:
    """What nobody wrote down before gets a movement; what has left counts as shipped."""
    script = ScriptDirectory.from_config(_config())
    upgrade(fresh, str(script.get_revision("0011").down_revision))
    ids = {name: new_id() for name in ("product", "counted", "silent", "account", "contact", "gone", "waiting")}
    now = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
    with fresh.begin() as connection:
        tables = MetaData()
        tables.reflect(connection)

        def put(name: str, /, **values: Any) -> None:
            table = tables.tables[name]
            common = {"id": new_id(), "created_at": now, "updated_at": now, "rev": 1, "custom": {}} | values
            raw = {
                key: value.bytes if isinstance(value, UUID) and fresh.dialect.name == "sqlite" else value
                for key, value in common.items()
                if key in table.c
            }
            connection.execute(table.insert(), raw)

        put("products", id=ids["product"], code="ESP", code_key="ESP", name="Espresso", is_active=True)
        for name, place in (("counted", "main"), ("silent", "back")):
            put("stock_items", id=ids[name], product_id=ids["product"], location=place, on_hand=5, reserved=0)
        put("stock_moves", stock_item_id=ids["counted"], quantity=7, reason="opening")
        put("stock_moves", stock_item_id=ids["counted"], quantity=-2, reason="shipped", subject_type="order")
        put("accounts", id=ids["account"], name="Ben", kind="person")
        put("contacts", id=ids["contact"], account_id=ids["account"], name="Ben")
        for number, (name, status) in enumerate((("gone", "delivered"), ("waiting", "confirmed"))):
            order = {"account_id": ids["account"], "contact_id": ids["contact"], "currency": "GBP", "total": 1900}
            order |= {"kind": "order", "status": status, "payment_status": "unpaid", "placed_at": now}
            put("orders", id=ids[name], number=str(number), number_key=str(number), **order)
            line = {"line_number": 1, "description": "Espresso", "quantity": 2, "unit_price": 950, "total": 1900}
            put("order_lines", order_id=ids[name], product_id=ids["product"], **line)
    upgrade(fresh)
    with fresh.begin() as connection:
        moves = connection.execute(text("SELECT kind, quantity, reason FROM stock_moves ORDER BY quantity")).all()
        shipped = connection.execute(
            text("SELECT o.status, l.shipped_quantity FROM order_lines l JOIN orders o ON o.id = l.order_id ORDER BY 1")
        ).all()
    assert [tuple(move) for move in moves] == [
        ("shipment", -2, "shipped"),
        ("adjustment", 5, "carried over"),
        ("adjustment", 7, "opening"),
    ]
    assert [tuple(line) for line in shipped] == [("confirmed", 0), ("delivered", 2)]


def test_a_refused_order_of_the_revision_before_is_found_by_whom_it_names(fresh: Engine) -> None:
    upgrade(fresh, "0036")
    now, contact_id = datetime(2026, 1, 2, tzinfo=UTC), new_id()
    user = {"id": new_id(), "email": "sam@harbourandpine.example", "name": "Sam Doyle", "role": "rep"}
    user |= {"password_hash": "none", "created_at": now, "updated_at": now, "rev": 1}
    kept = {"user_id": user["id"], "table_name": "orders", "kind": "refused", "theirs": {}, "applied": "nothing"}
    named = [{"contact_id": str(contact_id)}, {"contact_id": "nobody"}, {"reference": "A-1"}]
    with fresh.begin() as connection:
        connection.execute(insert(metadata.tables["users"]), user)
        for number, mine in enumerate(named):
            row = kept | {"id": new_id(), "row_id": new_id(), "created_at": now, "fingerprint": str(number)}
            connection.execute(insert(metadata.tables["sync_conflicts"]), row | {"mine": mine})
    upgrade(fresh)
    conflicts = metadata.tables["sync_conflicts"].c
    with fresh.begin() as connection:
        found = connection.execute(select(conflicts.fingerprint, conflicts.contact_id).order_by("fingerprint")).all()
    assert [tuple(row) for row in found] == [("0", contact_id), ("1", None), ("2", None)]


def test_the_guard_of_the_log_stands_after_all_revisions(fresh: Engine) -> None:
    """SQLite's table rebuilds drop triggers without a word; this is where it would show."""
    test_rows_of_the_revision_before_survive(fresh)
    for statement in ("DELETE FROM interactions", "UPDATE interactions SET kind = 'order.placed'"):
        with pytest.raises(DBAPIError, match="append-only"), fresh.begin() as connection:
            connection.execute(text(statement))


def migrate(url: str, results: "Queue[str]") -> None:
    """One migrating process; puts the revision it ends at."""
    results.put(upgrade(db.make_engine(url)))


def test_two_processes_that_migrate_at_once_do_no_harm(fresh: Engine) -> None:
    url = fresh.url.render_as_string(hide_password=False)
    results: Queue[str] = forked.Queue()
    processes = [forked.Process(target=migrate, args=(url, results)) for _ in range(2)]
    for process in processes:
        process.start()
    assert [results.get(timeout=60) for _ in processes] == [newest()] * 2
    for process in processes:
        process.join()
    with fresh.connect() as connection:
        assert connection.scalar(text("SELECT count(*) FROM log_head")) == 1


def test_a_foreign_key_knows_its_type_before_the_table_it_names_is_imported() -> None:
    """Else a statement built when a module is imported binds raw values, or not, by the order of imports."""
    alone = (
        "import mcrm.stock.models as models; from sqlalchemy.types import NullType; "
        "tables = (models.StockItem, models.StockReservation, models.StockMove); "
        "print([str(c) for t in tables for c in t.__table__.c if isinstance(c.type, NullType)])"
    )
    found = subprocess.run([sys.executable, "-c", alone], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "[]"


def test_every_foreign_key_names_its_type() -> None:
    for path in sorted((Path(__file__).parents[2] / "mcrm").rglob("models.py")):
        assert "mapped_column(ForeignKey(" not in path.read_text(), path
