"""An invoice or a credit note on A4: letterhead, parties, a table that continues over pages, taxes per rate, total.

A pure function of the stored snapshot: the same document gives the same bytes whenever and wherever it is drawn
(ReportLab's invariant mode leaves out clock and random ids). The font is embedded; it knows Latin, Greek, Cyrillic,
Hebrew, Armenian and Georgian letters, set from left to right, and draws a box for others.
"""

import io
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from reportlab.lib.colors import HexColor
from reportlab.lib.pagesizes import A4
from reportlab.lib.units import mm
from reportlab.lib.utils import simpleSplit
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.ttfonts import TTFont
from reportlab.pdfgen.canvas import Canvas

from mcrm.invoices.models import Invoice, InvoiceKind, InvoiceLine
from mcrm.money import in_major_units

FONTS = Path(__file__).parent / "fonts"
PLAIN, BOLD = "DejaVu Sans Condensed", "DejaVu Sans Condensed Bold"
TITLES = {InvoiceKind.INVOICE: "Invoice", InvoiceKind.CREDIT_NOTE: "Credit note"}
WIDTH, HEIGHT = A4
LEFT, RIGHT, TOP, BOTTOM = 20 * mm, WIDTH - 20 * mm, HEIGHT - 20 * mm, 25 * mm
LEADING = 13.0
INK, GREY, RULE = HexColor("#1a1a1a"), HexColor("#666666"), HexColor("#c8c8c8")
WITHOUT_TAX = "*"
DESCRIPTION_WIDTH = 62 * mm
COLUMNS = {"Quantity": 98 * mm, "Unit price": 121 * mm, "Discount": 138 * mm, "Tax": 151 * mm, "Total": RIGHT}
"""The right edge of each column of figures; the description stands left of them."""


def render(invoice: Invoice, lines: Sequence[InvoiceLine]) -> bytes:
    """The document as PDF."""
    _load_fonts()
    buffer = io.BytesIO()
    paper = _Paper(buffer, invoice, lines)
    paper.head()
    paper.table()
    paper.sums()
    paper.finish()
    return buffer.getvalue()


def _load_fonts() -> None:
    for name, file in ((PLAIN, "DejaVuSansCondensed.ttf"), (BOLD, "DejaVuSansCondensed-Bold.ttf")):
        if name not in pdfmetrics.getRegisteredFontNames():
            pdfmetrics.registerFont(TTFont(name, FONTS / file))


class _Paper:
    """The canvas with a place on the page, from the top down."""

    def __init__(self, buffer: io.BytesIO, invoice: Invoice, lines: Sequence[InvoiceLine]) -> None:
        self.invoice = invoice
        self.lines = lines
        self.title = f"{TITLES[InvoiceKind(invoice.kind)]} {invoice.number}"
        self.canvas = Canvas(buffer, pagesize=A4, invariant=1, pageCompression=1, lang="en")
        self.canvas.setTitle(self.title)
        self.canvas.setAuthor(invoice.seller["name"])
        self.page = 1
        self.y = TOP

    def text(self, x: float, words: str, *, font: str = PLAIN, size: float = 9, right: bool = False) -> None:
        """One line of text at the present height."""
        self.canvas.setFont(font, size)
        (self.canvas.drawRightString if right else self.canvas.drawString)(x, self.y, words)

    def money(self, amount: int) -> str:
        """An amount with thousands, without the currency, which the head names."""
        return f"{in_major_units(amount, self.invoice.currency):,}"

    def rule(self) -> None:
        """A line across the page."""
        self.canvas.setStrokeColor(RULE)
        self.canvas.setLineWidth(0.5)
        self.canvas.line(LEFT, self.y, RIGHT, self.y)

    def head(self) -> None:
        """Who issues, the title, the facts, whom it is for."""
        seller = self.invoice.seller
        self.canvas.setFillColor(INK)
        self.text(LEFT, seller["name"], font=BOLD, size=14 if len(seller["name"]) <= 24 else 10)
        self.text(RIGHT, self.title, font=BOLD, size=14, right=True)
        top = self.y = self.y - 18
        tax_number = [f"Tax number {seller['tax_number']}"] if seller["tax_number"] else []
        self._column(LEFT, [*seller["address"], *tax_number], right=False)
        below, self.y = self.y, top
        self._column(RIGHT, self._facts(), right=True)
        self.y = min(below, self.y) - 10
        self.text(LEFT, "For", size=8)
        self.y -= LEADING
        buyer = self.invoice.buyer
        number = [f"Customer {buyer['number']}"] if buyer["number"] else []
        where = buyer.get("address") or [buyer["country"]]  # the older ones have none
        for index, words in enumerate([buyer["name"], buyer["contact"], *where, *number]):
            if words:
                self._wrapped(words, font=PLAIN if index else BOLD)
        if self.invoice.reason:
            self.y -= 4
            self._wrapped(self.invoice.reason)
        self.y -= 14

    def _facts(self) -> list[str]:
        invoice = self.invoice
        facts = [f"Date {invoice.issued_on.isoformat()}", f"Order {invoice.order_number}"]
        if invoice.credits_number:
            facts.append(f"Credits invoice {invoice.credits_number}")
        facts.append(f"Amounts in {invoice.currency}")
        if invoice.tax:
            with_tax = "with" if self._are_with_tax() else "without"
            facts.append(f"Unit prices {with_tax} tax, totals with tax")
            if self._are_mixed():
                facts.append(f"{WITHOUT_TAX} unit price without tax")
        return facts

    def _are_with_tax(self) -> bool:
        """Whether the prices of what is taxed hold the tax, all of them or some; without tax both are one."""
        return any(line.includes_tax for line in self.lines if line.tax_basis_points)

    def _are_mixed(self) -> bool:
        return len({line.includes_tax for line in self.lines if line.tax_basis_points}) > 1

    def _column(self, x: float, rows: Sequence[str], *, right: bool) -> None:
        self.canvas.setFillColor(GREY)
        for words in rows:
            self.text(x, words, right=right)
            self.y -= LEADING
        self.canvas.setFillColor(INK)

    def _wrapped(self, words: str, *, font: str = PLAIN) -> None:
        for part in _split(words, font, RIGHT - LEFT):
            self.text(LEFT, part, font=font)
            self.y -= LEADING

    def table(self) -> None:
        """All lines; a page that is full is followed by another with the same head of columns."""
        self._columns()
        for line in self.lines:
            parts = _split(line.description, PLAIN, DESCRIPTION_WIDTH)
            self._room(LEADING * len(parts) + 6, again=self._columns)
            self._figures(line)
            for part in parts:
                self.text(LEFT, part)
                self.y -= LEADING
            self.y -= 1
        self.rule()

    def _columns(self) -> None:
        self.text(LEFT, "Description", font=BOLD, size=8)
        for name, edge in COLUMNS.items():
            self.text(edge, name, font=BOLD, size=8, right=True)
        self.y -= 5
        self.rule()
        self.y -= LEADING

    def _figures(self, line: InvoiceLine) -> None:
        is_marked = self._are_mixed() and line.tax_basis_points and not line.includes_tax
        figures = (
            f"{line.quantity:,}",
            f"{WITHOUT_TAX if is_marked else ''}{self.money(line.unit_price)}",
            _percent(line.discount_basis_points) if line.discount_basis_points else "",
            _percent(line.tax_basis_points) if self.invoice.tax else "",
            self.money(line.total),
        )
        for edge, words in zip(COLUMNS.values(), figures, strict=True):
            self.text(edge, words, right=True)

    def sums(self) -> None:
        """Net, tax per rate, total; kept together."""
        taxes = self.invoice.taxes if self.invoice.tax else []  # a zero rate beside others is said, too
        self._room(LEADING * (len(taxes) + 4))
        self.y -= LEADING + 4
        self._sum("Net", self.invoice.net)
        for rate in taxes:
            self._sum(f"Tax {_percent(rate['basis_points'])} on {self.money(rate['net'])}", rate["tax"])
        self.y -= 2
        self._sum(f"Total {self.invoice.currency}", self.invoice.total, font=BOLD, size=11)

    def _sum(self, words: str, amount: int, **style: Any) -> None:
        self.text(COLUMNS["Tax"], words, right=True, **style)
        self.text(RIGHT, self.money(amount), right=True, **style)
        self.y -= LEADING

    def _room(self, height: float, *, again: Any = None) -> None:
        """Go on with the next page unless so much is left of this one."""
        if self.y - height >= BOTTOM:
            return
        self._foot()
        self.canvas.showPage()
        self.canvas.setFillColor(INK)
        self.page += 1
        self.y = TOP
        self.text(LEFT, self.invoice.seller["name"], size=8)
        self.text(RIGHT, self.title, size=8, right=True)
        self.y -= 2 * LEADING
        if again:
            again()

    def _foot(self) -> None:
        self.canvas.setFillColor(GREY)
        self.y = BOTTOM - 12
        self.text(RIGHT, f"Page {self.page}", size=8, right=True)

    def finish(self) -> None:
        """Close the last page and the document."""
        self._foot()
        self.canvas.showPage()
        self.canvas.save()


def _split(words: str, font: str, width: float) -> list[str]:
    """Lines of 9 points no wider than this; a word that alone is wider is cut."""
    lines = []
    for line in simpleSplit(words, font, 9, width):
        while pdfmetrics.stringWidth(line, font, 9) > width:
            fits = next(n for n in range(len(line) - 1, 0, -1) if pdfmetrics.stringWidth(line[:n], font, 9) <= width)
            lines.append(line[:fits])
            line = line[fits:]
        lines.append(line)
    return lines or [""]


def _percent(basis_points: int) -> str:
    whole, rest = divmod(basis_points, 100)
    return f"{whole}.{rest:02d}".rstrip("0").rstrip(".") + "%"
