"""Whatever is in a file of order lines: every line ends in one way, and the money is what the lines say."""

import csv
import io
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from mcrm import db
from mcrm.db import Database, reading
from mcrm.orders.importing import import_orders
from mcrm.orders.models import Order, OrderLine
from tests import databases

HEADING = ["InvoiceNo", "StockCode", "Description", "Quantity", "InvoiceDate", "UnitPrice", "CustomerID", "Country"]
GOOD_DATES = ("2010-12-01 08:26:00", "2010-12-01", "2010-10-31T01:30:00", "2010-12-01 08:26:00+05:00")
ODD_DATES = ("yesterday", "2010-13-01 00:00:00", "", "1/12/2010 8:26", "0001-01-01 00:00:00+23:00")
ODD_NUMBERS = ("", "x", "NaN", "Infinity", "1e99", "--1", "1,5")
INVOICES = (
    "9001",
    "9002",
    "c9003",
    "C9003",
    "=1+2",
    "+9004",
    "-9005",
    "@SUM(A1)",
    'say "9006"',
    "Gutschrift Ä7",
    "\t=9",
)
CUSTOMERS = ("12583", "12583.0", "13001.00", "", "  ", "Größe")


@dataclass(frozen=True)
class Row:
    """One row of a file, and what it comes to by itself: pence, or None when it cannot be an order line."""

    cells: list[str]
    pence: int | None

    @property
    def customer(self) -> str:
        """The customer's number as people mean it."""
        return self.cells[6].strip().removesuffix("0").removesuffix("0").removesuffix(".")

    @property
    def invoice(self) -> str:
        """The invoice's number without the spaces around it."""
        return self.cells[0].strip()


TEXT = st.text(st.characters(max_codepoint=255), max_size=12)


@st.composite
def rows(draw: st.DrawFn) -> Row:
    """A row that is good with a chance of about two thirds."""
    flaw = draw(st.sampled_from(["", "", "", "", "quantity", "price", "date", "width", "nul"]))
    quantity, pence = draw(st.integers(-50, 50).filter(bool)), draw(st.integers(0, 99_999))
    customer, description = draw(st.sampled_from(CUSTOMERS)), draw(TEXT).replace("\0", "")
    cells = [
        draw(st.sampled_from(INVOICES)),
        draw(st.sampled_from(("HP01A", "hp01a", "HP02", "=HP03", ""))),
        description + "\0" if flaw == "nul" else description,
        draw(st.sampled_from((*ODD_NUMBERS, "0", "1.5"))) if flaw == "quantity" else str(quantity),
        draw(st.sampled_from(ODD_DATES if flaw == "date" else GOOD_DATES)),
        draw(st.sampled_from((*ODD_NUMBERS, "-1"))) if flaw == "price" else f"{pence // 100}.{pence % 100:02}",
        customer,
        draw(st.sampled_from(("France", "España", "Tomé", ""))),
    ]
    if flaw == "width":
        return Row([*cells, "more"] if draw(st.booleans()) else cells[:-1], None)
    return Row(cells, quantity * pence if not flaw and customer.strip() else None)


@st.composite
def files(draw: st.DrawFn) -> tuple[list[Row], bytes]:
    """Rows, some of them twice, in one of the encodings and forms that files come in."""
    chosen = draw(st.lists(rows(), max_size=25))
    if chosen:
        chosen += draw(st.lists(st.sampled_from(chosen), max_size=5))
    line_end = draw(st.sampled_from(("\r\n", "\n")))
    lone = any(
        "\r" in cell for row in chosen for cell in row.cells
    )  # unquoted it ends a row, as Python's writer forgets
    quoting: Any = csv.QUOTE_ALL if lone else draw(st.sampled_from((csv.QUOTE_MINIMAL, csv.QUOTE_ALL)))
    written = io.StringIO()
    csv.writer(written, lineterminator=line_end, quoting=quoting).writerows([HEADING, *(row.cells for row in chosen)])
    text = written.getvalue() if draw(st.booleans()) else written.getvalue().removesuffix(line_end)
    return chosen, text.encode(draw(st.sampled_from(("utf-8", "utf-8-sig", "latin-1"))))


def expected(chosen: list[Row]) -> tuple[int, int, dict[str, int]]:
    """Imported, skipped and the total of each invoice in pence, told by a second, simpler mind."""
    holder: dict[str, str] = {}
    imported, skipped, totals = 0, 0, dict[str, int]()
    for row in chosen:
        if len(row.cells) == len(HEADING) and not row.cells[6].strip():
            skipped += 1
        if row.pence is not None and holder.setdefault(row.invoice, row.customer) == row.customer:
            imported += 1
            totals[row.invoice] = totals.get(row.invoice, 0) + row.pence
    return imported, skipped, totals


@contextmanager
def fresh(store: Database) -> Iterator[None]:
    """An empty database in use; what the example writes is rolled back."""
    with databases.rolled_back(store) as joined:
        db.use(joined)
        try:
            yield
        finally:
            db.use(None)


def stored() -> tuple[list[int], int]:
    """The orders' totals, and the sum of all lines."""
    with reading() as session:
        return sorted(session.scalars(select(Order.total))), sum(session.scalars(select(OrderLine.total)))


@pytest.mark.parametrize("engine", databases.ENGINES)
@settings(max_examples=40, deadline=None)
@given(file=files())
def test_any_file_adds_up(stores: dict[str, Database], engine: str, file: tuple[list[Row], bytes]) -> None:
    chosen, data = file
    with tempfile.TemporaryDirectory() as folder, fresh(stores[engine]):
        path, report = Path(folder) / "month.csv", Path(folder) / "report.csv"
        path.write_bytes(data)
        asked: dict[str, Any] = {"currency": "GBP", "timezone": "Europe/London", "report": report}
        result = import_orders(path, **asked)
        imported, skipped, totals = expected(chosen)
        assert result["lines"] == len(chosen) == result["imported"] + result["skipped"] + result["rejected"]
        assert (result["imported"], result["skipped"]) == (imported, skipped)
        assert sum(result["reasons"].values()) == result["skipped"] + result["rejected"]
        assert stored() == (sorted(totals.values()), sum(totals.values()))

        before = stored()
        assert import_orders(path, **asked) == result
        assert stored() == before

        with report.open(encoding="utf-8", newline="") as lines:
            told = list(csv.reader(lines))
        assert len(told) == len(chosen) + 1
        assert not [cell for row in told for cell in row if cell.startswith(("=", "+", "-", "@", "\t", "\r", "\n"))]
