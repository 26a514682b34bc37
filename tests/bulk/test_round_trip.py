"""What goes out comes back in: an export imported into an empty installation is the same business again."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from mcrm import db
from mcrm.actors import SYSTEM
from mcrm.bulk import exporting
from mcrm.bulk.acting import COMMAND_LINE
from mcrm.contacts import points
from mcrm.db import Database, reading
from mcrm.orders import cancelling
from mcrm.orders.importing import import_orders
from mcrm.orders.lines import Pieces
from mcrm.orders.models import Order, OrderLine
from mcrm.taxes.models import TaxRate
from mcrm.territories.models import Territory
from mcrm.transaction import transaction
from tests import databases
from tests.bulk.files import CONTACTS, brought, exported
from tests.cast import a_customer, a_product, a_territory
from tests.tills import a_credit_order, a_sale

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
def empty(templates: databases.Templates, tmp_path: Path) -> Iterator[Database]:
    """A second database of the kind under test."""
    name = f"mcrm_bulk_other_{os.getpid()}"
    made = templates.sqlite(tmp_path / "other.db") if db.current().is_sqlite else templates.postgres(name)
    yield made
    made.close()
    if not made.is_sqlite:
        databases.drop_postgres(templates.server_url, name)


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
        sums = (Order.total, Order.net_total, Order.tax_total)
        by_order = select(Order.number, Order.kind, Order.reference, *sums).order_by(Order.number)
        live = OrderLine.quantity - OrderLine.cancelled_quantity
        lines = select(func.sum(OrderLine.total), func.sum(OrderLine.tax), func.sum(live))
        return [[tuple(row) for row in session.execute(by_order)], [int(one) for one in session.execute(lines).one()]]


def test_our_own_orders_go_out_and_come_in_with_equal_totals(
    database: Database, session: Session, tmp_path: Path, empty: Database
) -> None:
    """Taxed, discounted, part cancelled, cancelled, credited; of people with a number, a phone or a mail alone."""
    mug = a_product(session, "HP-MUG", "=Mug", price=1433, stock=50)
    session.add(TaxRate(code="standard", name="VAT", basis_points=2000, valid_from=datetime(2020, 1, 1, tzinfo=UTC)))
    mug.tax_code = "standard"
    ben, zoe = a_customer(session, phone="+447700900201"), a_customer(session, "Zoë", phone=None)
    points.add(session, SYSTEM, contact=zoe, channel="email", address="zoe@example.org")
    aisha = a_customer(session, "Aisha Khan", phone="+447700900202")
    aisha.number = "C-7"
    made = [a_sale(session, who, (mug.id, 3)) for who in (ben, zoe, aisha, ben)]
    session.commit()
    line = session.scalars(select(OrderLine.id).where(OrderLine.order_id == made[0].id)).one()
    cancelling.cancel(session, SYSTEM, order_id=made[0].id, lines=[Pieces(line, 1)])
    cancelling.cancel(session, SYSTEM, order_id=made[1].id)
    credit = a_credit_order(session, ben, total=1433, of=made[3])
    of_credit = session.scalars(select(OrderLine).where(OrderLine.order_id == credit.id)).one()
    of_credit.tax, of_credit.net, credit.tax_total, credit.net_total = -239, -1194, -239, -1194
    session.commit()
    before, people = totals(), exported("contacts")
    files = {one: exported(one) for one in ("contacts", "products", "orders")}
    assert "'+447700900201" in files["orders"]
    assert "zoe@example.org" in files["orders"]
    with another(empty):
        for one in ("contacts", "products"):
            brought(tmp_path, files[one].encode(), one)
        file, report = tmp_path / "orders.csv", tmp_path / "report.csv"
        file.write_text(files["orders"])
        result = import_orders(file, currency="GBP", timezone="Europe/London", report=report)
        assert (result["imported"], result["reasons"], totals()) == (5, {}, before)
        assert exported("contacts") == people
        assert exported("orders") == files["orders"].replace(",new,", ",delivered,")
        assert import_orders(file, currency="GBP", timezone="Europe/London", report=report)["imported"] == 5
        assert totals() == before


def test_orders_of_another_currency_or_of_nobody_known_stay_out(database: Database, tmp_path: Path) -> None:
    heading, *_ = MONTH.splitlines()
    row = "{},HP02,ENAMEL MUG,1,2010-12-01 08:26:00,7,{},France,{},{},{},{}"
    rows = [
        row.format("1", "12583", "EUR", "1", "order", "delivered"),
        row.format("2", "'+447700900999", "GBP", "1", "order", "delivered"),
        row.format("3", "12583", "GBP", "8", "order", "delivered"),
        row.format("4", "12583", "GBP", "1", "gift", "delivered"),
        row.format("5", "12583", "GBP", "1", "order", "lost"),
        row.format("6", "12583", "GBP", "1", "order", "new"),
    ]
    file = tmp_path / "month.csv"
    file.write_text("\n".join([f"{heading},Currency,Tax,Kind,Status", *rows]))
    result = import_orders(file, currency="GBP", timezone="Europe/London", report=tmp_path / "report.csv")
    reasons = ("bad-kind", "bad-status", "bad-tax", "no-such-customer", "other-currency")
    assert (result["imported"], result["reasons"]) == (1, dict.fromkeys(reasons, 1))
    with reading() as session:
        kept = session.execute(select(Order.number, Order.status, Order.total, Order.tax_total, Order.net_total)).all()
    assert [tuple(one) for one in kept] == [("6", "delivered", 700, 100, 600)]


def test_past_orders_go_out_and_come_in_with_equal_totals(database: Database, tmp_path: Path, empty: Database) -> None:
    file, report = tmp_path / "month.csv", tmp_path / "report.csv"
    file.write_text(MONTH)
    import_orders(file, currency="GBP", timezone="Europe/London", report=report)
    before, people = totals(), exported("contacts")
    file.write_text(exported("orders"))
    with another(empty):
        assert set(brought(tmp_path, people.encode(), "contacts").counts) == {"created"}
        assert exported("contacts") == people
        result = import_orders(file, currency="GBP", timezone="Europe/London", report=report)
        assert (result["imported"], totals()) == (3, before)
