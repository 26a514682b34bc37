"""What becomes of a real month of order lines, with all its dirt."""

import os
import signal
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from mcrm import db
from mcrm.accounts.models import Account
from mcrm.contacts.models import Contact
from mcrm.db import Database
from mcrm.interactions.models import Interaction
from mcrm.orders import importing
from mcrm.orders.importing import import_orders
from mcrm.orders.models import ImportRun, Order, OrderLine
from mcrm.orders.rows import FileRefused
from mcrm.products.models import Product
from tests.forking import ended

HEADING = "InvoiceNo,StockCode,Description,Quantity,InvoiceDate,UnitPrice,CustomerID,Country\n"
DIRT = """\
9001,HP01A,HOUSE BLEND 1 KG,2,2010-12-01 08:26:00,12.50,12583.0,France
9001,hp01a,HOUSE BLEND 1 KG,2,2010-12-01 08:26:00,12.50,12583.0,France
9001,HP02,ENAMEL MUG,1,2010-12-01 08:27:00,7.005,12583.0,Spain
9001,HP02,ENAMEL MUG,x,2010-12-01 08:27:00,7,12583.0,France
9001,HP02,ENAMEL MUG,0,2010-12-01 08:27:00,7,12583.0,France
9001,HP02,ENAMEL MUG,1,yesterday,7,12583.0,France
9001,HP02,ENAMEL MUG,1,2010-12-01 08:27:00,NaN,12583.0,France
9002,HP02,ENAMEL MUG,1,2010-12-01 09:00:00,7,,France
C9003,HP02,ENAMEL MUG,-1,2010-12-02 09:00:00,7,13001.0,France
9004,HP03,GIFT BAG,1,2010-07-02 09:00:00,0,13001.0,France
9005,short
9004,HP03,GIFT BAG,1,2010-07-02 09:00:00,0,12583.0,France
9001,HP04,FILTER PAPERS,1,2010-12-01 08:26:00,3,12583.0,France
"""


def run(folder: Path, words: str = HEADING + DIRT, **facts: Any) -> dict[str, Any]:
    file = folder / "month.csv"
    file.write_text(words, encoding="utf-8")
    asked = {"currency": "GBP", "timezone": "Europe/London", "report": folder / "report.csv", **facts}
    return import_orders(file, **asked)


def contents(session: Session) -> list[Any]:
    session.expire_all()
    tables = (Order, OrderLine, Contact, Product, Interaction)
    counts = [session.scalar(select(func.count()).select_from(table)) for table in tables]
    return [counts, sorted(tuple(row) for row in session.execute(select(Order.number, Order.total, Order.rev)))]


def test_imported_orders_are_without_tax_and_their_net_is_what_was_paid(
    database: Database, session: Session, tmp_path: Path
) -> None:
    run(tmp_path)
    run(tmp_path, HEADING + "9001,HP05,COFFEE TIN,1,2010-12-01 08:26:00,4,12583.0,France\n" * 20)
    for table, net, tax in ((Order, Order.net_total, Order.tax_total), (OrderLine, OrderLine.net, OrderLine.tax)):
        rows = session.execute(select(table.total, net, tax)).all()
        assert len(rows) >= 3
        assert all((paid, 0) == (without, taxed) for paid, without, taxed in rows)


def test_every_line_ends_imported_skipped_or_rejected_with_a_reason(database: Database, tmp_path: Path) -> None:
    result = run(tmp_path)
    assert result["lines"] == 13 == result["imported"] + result["skipped"] + result["rejected"]
    assert result["reasons"] == {
        "bad-date": 1,
        "bad-price": 1,
        "bad-quantity": 2,
        "bad-row": 1,
        "no-customer": 1,
        "other-customer": 1,
    }
    assert len((tmp_path / "report.csv").read_text().splitlines()) == 14


def test_a_line_too_large_for_any_ledger_costs_the_others_nothing(database: Database, tmp_path: Path) -> None:
    words = "9001,HP01A,HOUSE BLEND,{},2010-12-01 08:26:00,{},12583,France\n"
    lines = [words.format(*cells) for cells in (("1", "12.50"), ("999999999999", "999999999999"), ("-1e11", "1"))]
    result = run(tmp_path, HEADING + "".join(lines))
    assert (result["imported"], result["reasons"]) == (1, {"too-large": 2})


def test_orders_arrive_delivered_with_their_lines_and_totals(
    database: Database, session: Session, tmp_path: Path
) -> None:
    run(tmp_path)
    orders = {order.number: order for order in session.scalars(select(Order))}
    assert {number: (order.kind, order.status, order.total) for number, order in orders.items()} == {
        "9001": ("order", "delivered", 1250 * 4 + 701 + 300),
        "C9003": ("credit", "delivered", -700),
        "9004": ("order", "delivered", 0),
    }
    assert orders["9004"].placed_at.isoformat() == "2010-07-02T08:00:00+00:00"  # British summer time
    query = select(OrderLine.line_number).where(OrderLine.order_id == orders["9001"].id).order_by(OrderLine.line_number)
    assert list(session.scalars(query)) == [1, 2, 3, 8]
    assert set(session.scalars(select(Product.code_key))) == {"HP01A", "HP02", "HP03", "HP04"}


def test_a_second_run_changes_nothing(database: Database, session: Session, tmp_path: Path) -> None:
    first = run(tmp_path)
    before = contents(session)
    assert run(tmp_path) == first
    assert contents(session) == before


@pytest.mark.parametrize("killed_after", [1, 2, 4])
def test_a_run_that_stops_between_two_commits_ends_like_one_run(
    database: Database, session: Session, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, killed_after: int
) -> None:
    monkeypatch.setattr(importing, "FIRST", 3)
    monkeypatch.setattr(importing, "FEWEST", 3)
    monkeypatch.setattr(importing, "MOST", 3)
    commits = iter(range(1, 100))

    def stop(lines: int, new: int) -> None:
        if next(commits) == killed_after:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run(tmp_path, progress=stop)
    assert session.scalar(select(ImportRun.done)) == 3 * killed_after
    assert run(tmp_path)["imported"] == 6
    session.expire_all()
    assert session.scalar(select(Order.total).where(Order.number == "9001")) == 1250 * 4 + 701 + 300
    assert session.scalar(select(ImportRun.state)) == "finished"


def test_a_file_without_the_columns_is_refused_by_their_names(database: Database, tmp_path: Path) -> None:
    with pytest.raises(FileRefused, match="lacks the columns Quantity, Country"):
        run(tmp_path, "InvoiceNo,StockCode,Description,InvoiceDate,UnitPrice,CustomerID\n")


def test_a_file_that_ends_in_the_middle_of_a_line_is_read_to_its_last_letter(
    database: Database, session: Session, tmp_path: Path
) -> None:
    file = tmp_path / "month.csv"
    file.write_bytes((HEADING + "9001,HP02,ENAMEL MUG,1,2010-12-01 08:27:00,7,12583.0,Tomé").encode("latin-1"))
    result = import_orders(file, currency="GBP", timezone="Europe/London", report=tmp_path / "report.csv")
    assert (result["lines"], result["imported"]) == (1, 1)
    assert session.scalars(select(Account.country)).all() == ["Tomé"]


@pytest.mark.parametrize(("currency", "total"), [("JPY", 13), ("GBP", 1250), ("KWD", 12500)])
def test_prices_become_minor_units_of_their_currency(
    database: Database, session: Session, tmp_path: Path, currency: str, total: int
) -> None:
    run(tmp_path, HEADING + "9001,HP01,BLEND,1,2010-12-01 08:26:00,12.50,12583.0,France\n", currency=currency)
    assert session.scalar(select(Order.total)) == total


def import_and_die(url: str, file: Path, report: Path, commits: int) -> None:
    """A process of its own, killed after so many commits of three lines."""
    importing.FIRST = importing.FEWEST = importing.MOST = 3
    left = count(commits - 1, -1)

    def die(lines: int, new: int) -> None:
        if not next(left):
            os.kill(os.getpid(), signal.SIGKILL)

    db.use(db.connect(url))
    import_orders(file, currency="GBP", timezone="Europe/London", progress=die, report=report)


def test_a_killed_process_leaves_what_the_next_run_completes(committed: Database, tmp_path: Path) -> None:
    (tmp_path / "month.csv").write_text(HEADING + DIRT, encoding="utf-8")
    url = committed.bind.engine.url.render_as_string(hide_password=False)
    for commits in (1, 3):
        words = (url, tmp_path / "month.csv", tmp_path / "report.csv", commits)
        assert ended(import_and_die, *words) == -signal.SIGKILL
    assert run(tmp_path)["imported"] == 6
    with db.reading() as session:
        totals = select(Order.number, Order.total).order_by(Order.number)
        assert [tuple(row) for row in session.execute(totals)] == [("9001", 6001), ("9004", 0), ("C9003", -700)]
        facts = select(func.count()).select_from(Interaction).where(Interaction.kind == "order.imported")
        assert session.scalar(facts) == 3
