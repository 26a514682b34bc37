"""The PDF: what it says, on how many pages, and that the same document is the same bytes."""

import io
import subprocess
import sys
from datetime import date
from pathlib import Path
from typing import Any

from pypdf import PdfReader

from mcrm.invoices.document import render
from mcrm.invoices.models import Invoice, InvoiceLine

HOUSE = Path(__file__).parents[2]
SELLER = {"name": "Harbour & Pine", "address": ["1 Quay Street", "Bristol BS1 4ND"], "tax_number": "GB 123 4567 89"}


def an_invoice(buyer: str = "Ben Okafor", **facts: Any) -> Invoice:
    given = {
        "kind": "invoice",
        "number": "INV-2026-00007",
        "order_number": "1042",
        "issued_on": date(2026, 11, 26),
        "currency": "GBP",
        "seller": SELLER,
        "buyer": {"name": buyer, "contact": None, "number": "C-201", "country": "GB"},
        "net": 102000,
        "tax": 21400,
        "total": 123400,
        "taxes": [
            {"basis_points": 2000, "net": 100000, "tax": 20000},
            {"basis_points": 1750, "net": 8000, "tax": 1400},
        ],
    }
    return Invoice(**(given | facts))


def a_line(number: int, description: str = "Pine mug", **facts: Any) -> InvoiceLine:
    given = {
        "line_number": number,
        "description": description,
        "quantity": 2,
        "unit_price": 70000,
        "discount_basis_points": 1250,
        "includes_tax": True,
        "tax_basis_points": 2000,
        "net": 102084,
        "tax": 20416,
        "total": 122500,
    }
    return InvoiceLine(**(given | facts))


def pages(invoice: Invoice, *lines: InvoiceLine) -> list[str]:
    return [page.extract_text() for page in PdfReader(io.BytesIO(render(invoice, lines))).pages]


def test_the_page_says_who_whom_what_and_how_much() -> None:
    [page] = pages(an_invoice(), a_line(1))
    for words in (
        "Invoice INV-2026-00007",
        "Harbour & Pine",
        "Bristol BS1 4ND",
        "Tax number GB 123 4567 89",
        "Date 2026-11-26",
        "Order 1042",
        "Amounts in GBP",
        "Ben Okafor",
        "Pine mug",
        "700.00",
        "12.5%",
        "Tax 20% on 1,000.00",
        "Tax 17.5% on 80.00",
        "Total GBP",
        "1,234.00",
    ):
        assert words in page, words


def test_prices_with_and_without_tax_are_told_apart_and_a_zero_rate_is_said() -> None:
    zero = {"basis_points": 0, "net": 3600, "tax": 0}
    buyer = {"name": "The Ferry Café", "contact": None, "number": None, "country": "GB"}
    made = an_invoice(taxes=[{"basis_points": 2000, "net": 100000, "tax": 20000}, zero])
    made.buyer = buyer | {"address": ["3 Pier Road", "Bristol BS1 4ND"]}
    espresso = a_line(2, "Espresso", tax_basis_points=0, unit_price=1200)
    [page] = pages(made, a_line(1), espresso, a_line(3, "Candle", includes_tax=False, unit_price=390))
    for words in ("Unit prices with tax", "* unit price without tax", "*3.90", "0%", "Tax 0% on 36.00", "3 Pier Road"):
        assert words in page, words
    assert "*12.00" not in page
    [page] = pages(made, espresso, a_line(3, "Candle", includes_tax=False, unit_price=390))
    assert "Unit prices without tax" in page
    assert "*" not in page


def test_names_of_many_scripts_are_printed() -> None:
    names = ("Łucja Żółć", "Nguyễn Thị Hiền", "Ελένη Παπαδοπούλου", "Жанна Щербак", "Անի", "გია")
    for name in names:
        [page] = pages(an_invoice(name), a_line(1, f"Gift for {name}"))
        assert page.count(name) == 2, name


def test_markup_and_oddities_in_names_are_printed_as_they_are() -> None:
    odd = "<b>Bobby</b> & {{7*7}} %s"
    [page] = pages(an_invoice(odd), a_line(1, "周 " + "W" * 200))
    assert odd in page
    assert page.count("W") == 200


def test_a_long_invoice_goes_on_with_the_head_of_its_columns() -> None:
    found = pages(
        an_invoice(), *(a_line(n, f"Line {n}, and a few words more to make it two lines") for n in range(1, 80))
    )
    assert len(found) > 2
    assert all("Description" in page and f"Page {n}" in page for n, page in enumerate(found, 1))
    assert all(any(f"Line {n}, " in page for page in found) for n in range(1, 80))
    assert "Total GBP" in found[-1]


def test_a_credit_note_names_the_invoice_it_credits() -> None:
    note = an_invoice(kind="credit_note", number="CRN-2026-00001", credits_number="INV-2026-00007", reason="broken")
    [page] = pages(note, a_line(1))
    assert "Credit note CRN-2026-00001" in page
    assert "Credits invoice INV-2026-00007" in page
    assert "broken" in page


def test_yen_have_no_decimals() -> None:
    [page] = pages(an_invoice(currency="JPY", taxes=[], tax=0), a_line(1))
    assert "122,500" in page
    assert "122,500." not in page


def test_the_same_document_is_the_same_bytes_in_any_process() -> None:
    program = (
        "import hashlib; from tests.invoices.test_document import an_invoice, a_line, render;"
        "print(hashlib.sha256(render(an_invoice(), [a_line(1)])).hexdigest())"
    )
    digests = {
        subprocess.run([sys.executable, "-c", program], cwd=HOUSE, capture_output=True, text=True, check=True).stdout
        for _ in range(2)
    }
    assert len(digests) == 1
    assert render(an_invoice(), [a_line(1)]) == render(an_invoice(), [a_line(1)])
