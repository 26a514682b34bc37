"""What goes out comes back in: an export imported into an empty installation is the same business again."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from mcrm import db
from mcrm.bulk import exporting
from mcrm.bulk.acting import COMMAND_LINE
from mcrm.db import Database, reading
from mcrm.orders.importing import import_orders
from mcrm.orders.models import Order, OrderLine
from mcrm.territories.models import Territory
from mcrm.transaction import transaction
from tests import databases
from tests.bulk.files import CONTACTS, brought, exported
from tests.cast import a_customer, a_product, a_territory

HOSTILE = ("=1+1", "+44 is a prefix", "-5", "@SUM(A1)", "'=quoted", 'say "hello", then\ngo', "Zoë; Ltd")
MONTH = """\
InvoiceNo,StockCode,Description,Quantity,InvoiceDate,UnitPrice,CustomerID,Country
9001,HP01A,HOUSE BLEND,2,2010-12-01 08:26:00,12.505,12583.0,France
9001,HP02,ENAMEL MUG,3,2010-12-01 08:26:00,7.005,12583.0,France
C9002,HP02,ENAMEL MUG,-1,2010-12-02 08:26:00,7.005,12583.0,France
"""


@contextmanager
def another(store: Database) -> Iterator[None]:
    """An empty installation on the same kind of database, in use."""
    before = db.current()
    with databases.rolled_back(store) as joined:
        db.use(joined)
        try:
            yield
        finally:
            db.use(before)


@pytest.fixture
def empty(request: pytest.FixtureRequest, tmp_path: Path, postgres_url: str) -> Iterator[Database]:
    """A second database of the kind under test."""
    name = f"mcrm_bulk_other_{os.getpid()}"
    if db.current().is_sqlite:
        made = databases.make_sqlite(tmp_path, "other")
    else:
        made = databases.make_postgres(postgres_url, name)
    yield made
    is_sqlite = made.is_sqlite
    made.close()
    if not is_sqlite:
        databases.drop_postgres(postgres_url, name)


def a_business(session: Session, folder: Path) -> None:
    west = a_territory(session)
    a_customer(session, "Ben Okafor", phone="+447700900201", telegram=700201, territory_id=west.id)
    for at, name in enumerate(HOSTILE):
        a_customer(session, name, phone=f"+4477009003{at:02}")
    a_product(session, stock=40)
    a_product(session, "HP-MUG", "=Mug", price=1400, stock=3)
    session.commit()
    brought(folder, CONTACTS, "contacts")


@pytest.mark.parametrize("suffix", ["csv", "xlsx"])
def test_an_export_imported_into_an_empty_installation_exports_the_same_again(
    database: Database, session: Session, tmp_path: Path, empty: Database, suffix: str
) -> None:
    a_business(session, tmp_path)
    resources = ("contacts", "products", "prices", "stock")
    files: dict[str, bytes] = {}
    for one in resources:
        with (tmp_path / f"{one}.out").open("wb") as out:
            write = exporting.write_xlsx if suffix == "xlsx" else exporting.write_csv
            write(exporting.rows(COMMAND_LINE, one), out)
        files[one] = (tmp_path / f"{one}.out").read_bytes()
    first = {one: exported(one) for one in resources}
    with another(empty):
        with transaction() as work:
            work.add(Territory(name="West"))
        for one in resources:
            job = brought(tmp_path, files[one], one, suffix=suffix)
            assert set(job.counts) == {"created"}, job.counts
        assert {one: exported(one) for one in resources} == first


def totals() -> list[object]:
    with reading() as session:
        by_order = select(Order.number, Order.kind, Order.total).order_by(Order.number)
        lines = select(func.count(), func.sum(OrderLine.total), func.sum(OrderLine.quantity))
        return [[tuple(row) for row in session.execute(by_order)], [int(one) for one in session.execute(lines).one()]]


def test_past_orders_go_out_and_come_in_with_equal_totals(database: Database, tmp_path: Path, empty: Database) -> None:
    file, report = tmp_path / "month.csv", tmp_path / "report.csv"
    file.write_text(MONTH)
    import_orders(file, currency="GBP", timezone="Europe/London", report=report)
    before = totals()
    file.write_text(exported("orders"))
    with another(empty):
        result = import_orders(file, currency="GBP", timezone="Europe/London", report=report)
        assert (result["imported"], totals()) == (3, before)
