"""Reading a file of past order lines: from CSV rows of any quality to clean lines, or the reason why not."""

import codecs
import csv
import hashlib
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation
from functools import lru_cache
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from mcrm.orders.models import OrderKind, OrderStatus

COLUMNS = ("InvoiceNo", "StockCode", "Description", "Quantity", "InvoiceDate", "UnitPrice", "CustomerID", "Country")
OPTIONAL = ("Currency", "Tax", "Kind", "Status", "Reference")
"""What an export adds: the line's tax, in units of the currency; order or credit; where it stood; its reference."""
FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20")  # wide too
KINDS, STATUSES = {one.value for one in OrderKind}, {one.value for one in OrderStatus}
OVER = (OrderStatus.DELIVERED, OrderStatus.CANCELLED, OrderStatus.RETURNED)
WITHOUT_PARTS = "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF"
IN_THOUSANDTHS = "BHD IQD JOD KWD LYD OMR TND"
CUSTOMER = re.compile(r"(\d+)\.0+")
LARGEST = 10**12
LARGEST_LINE = 10**12  # minor units
LONGEST_NUMBER = 40
LONGEST_ADDRESS = 254
LONGEST_TEXT = 300


class FileRefused(Exception):
    """The file as a whole cannot be imported; the message is one sentence for whoever runs the command."""


class Unfit(Exception):
    """One row cannot become an order line; the argument is the stable code of the reason."""


@dataclass(frozen=True, slots=True)
class Line:
    """One clean order line. `nth` counts the rows of its invoice from 1; money in minor units, `total` with its tax.

    `customer` is a number, or the phone or mail of somebody who is there already (`is_address`).
    """

    at_line: int
    invoice: str
    nth: int
    code: str
    description: str
    quantity: int
    placed_at: datetime
    unit_price: int
    total: int
    customer: str
    country: str
    is_address: bool = False
    tax: int = 0
    is_credit: bool = False
    status: OrderStatus = OrderStatus.DELIVERED
    reference: str | None = None


@dataclass(frozen=True, slots=True)
class Refusal:
    """One row that does not become an order line, and why."""

    at_line: int
    invoice: str
    reason: str


@dataclass(frozen=True, slots=True)
class Source:
    """A file that was looked at once: its encoding, how many bytes it has and what tells it from any other."""

    path: Path
    encoding: str
    size: int
    fingerprint: str


def look_at(path: Path) -> Source:
    """Read the bytes once, a piece at a time: UTF-8 (with or without BOM), else Latin-1, which always reads."""
    digest, decoder, encoding, size = hashlib.sha256(), codecs.getincrementaldecoder("utf-8")(), "utf-8-sig", 0
    try:
        with path.open("rb") as file:
            while piece := file.read(1 << 18):
                digest.update(piece)
                size += len(piece)
                encoding = encoding if encoding != "utf-8-sig" or _reads(decoder, piece) else "latin-1"
        if encoding == "utf-8-sig" and not _reads(decoder, b"", is_last=True):
            encoding = "latin-1"  # its last byte looks like the beginning of a character
    except OSError as error:
        raise FileRefused(f"{path} cannot be read: {error.strerror}") from None
    return Source(path, encoding, size, digest.hexdigest())


def _reads(decoder: codecs.IncrementalDecoder, piece: bytes, *, is_last: bool = False) -> bool:
    try:
        decoder.decode(piece, is_last)
    except UnicodeDecodeError:
        return False
    return True


@contextmanager
def opened(source: Source) -> Iterator[Iterator[tuple[int, dict[str, str] | None]]]:
    """The file's rows as (line number in the file, cells by column); None for a row of the wrong width.

    Raises FileRefused for missing columns, naming them, and for what is no CSV.
    """
    with source.path.open(encoding=source.encoding, newline="") as file:
        reader = csv.reader(file)
        try:
            header = [name.strip() for name in next(reader, [])]
        except csv.Error as error:
            raise FileRefused(f"{source.path} is not CSV: {error}") from None
        if missing := [name for name in COLUMNS if name not in header]:
            raise FileRefused(f"{source.path} lacks the columns {', '.join(missing)}")
        yield _cells(source, reader, header)


def _cells(source: Source, reader: Any, header: list[str]) -> Iterator[tuple[int, dict[str, str] | None]]:
    width = len(header)
    try:
        for row in reader:
            if row:
                yield reader.line_num, dict(zip(header, row, strict=True)) if len(row) == width else None
    except csv.Error as error:
        raise FileRefused(f"{source.path}, line {reader.line_num}, is not CSV: {error}") from None


class Cleaner:
    """Turns cells into lines for one currency and one zone, and counts the rows of each invoice.

    The counts are all that grows with the file: about 100 bytes an invoice.
    """

    def __init__(self, currency: str, timezone: ZoneInfo) -> None:
        self.currency = currency
        self.factor = Decimal(1 if currency in WITHOUT_PARTS else 1000 if currency in IN_THOUSANDTHS else 100)
        self.counts: dict[str, int] = {}
        self.instant = lru_cache(1024)(lambda text: _instant(text, timezone))

    def line(self, at_line: int, cells: dict[str, str] | None) -> Line | Refusal:
        """The line, or why there is none. A refused row counts as a row of its invoice all the same."""
        if cells is None:
            return Refusal(at_line, "", "bad-row")
        invoice = cells["InvoiceNo"].strip()
        nth = self.counts[invoice] = self.counts.get(invoice, 0) + 1
        try:
            return self._clean(at_line, plain(invoice), nth, {name: text.strip() for name, text in cells.items()})
        except Unfit as unfit:
            return Refusal(at_line, invoice, str(unfit))

    def _clean(self, at_line: int, invoice: str, nth: int, cells: dict[str, str]) -> Line:
        if not cells["CustomerID"]:
            raise Unfit("no-customer")
        if not invoice:
            raise Unfit("no-invoice")
        if any("\0" in cell for cell in cells.values()):
            raise Unfit("bad-text")
        if cells.get("Currency", self.currency) != self.currency:
            raise Unfit("other-currency")
        customer, code = plain(cells["CustomerID"]), plain(cells["StockCode"])
        is_address = customer.startswith("+") or "@" in customer
        if whole := CUSTOMER.fullmatch(customer):
            customer = whole[1]
        most = LONGEST_ADDRESS if is_address else LONGEST_NUMBER
        if max(len(invoice), len(code)) > LONGEST_NUMBER or len(customer) > most:
            raise Unfit("too-long")
        quantity = _decimal(cells["Quantity"], "bad-quantity")
        if not quantity or quantity != quantity.to_integral_value():
            raise Unfit("bad-quantity")
        price = _decimal(cells["UnitPrice"], "bad-price")
        if price < 0:
            raise Unfit("bad-price")
        unit_price, total = self._minor(price), self._minor(price * quantity)
        if max(unit_price, abs(total)) > LARGEST_LINE:
            raise Unfit("too-large")
        return Line(
            at_line=at_line,
            invoice=invoice,
            nth=nth,
            code=code,
            description=plain(cells["Description"])[:LONGEST_TEXT],
            quantity=int(quantity),
            placed_at=self.instant(cells["InvoiceDate"]),
            unit_price=unit_price,
            total=total,
            customer=customer,
            country=plain(cells["Country"])[:LONGEST_TEXT],
            is_address=is_address,
            tax=self._tax(plain(cells.get("Tax", "")), total),
            is_credit=_is_credit(cells.get("Kind", ""), invoice),
            status=_status(cells.get("Status", "")),
            reference=plain(cells.get("Reference", ""))[:LONGEST_NUMBER] or None,
        )

    def _tax(self, text: str, total: int) -> int:
        """What of the line's total is tax; of its sign, and no more than all of it."""
        tax = self._minor(_decimal(text, "bad-tax")) if text else 0
        if abs(tax) > abs(total) or tax * total < 0:
            raise Unfit("bad-tax")
        return tax

    def _minor(self, amount: Decimal) -> int:
        """Minor units, half away from zero. A line's total is rounded once, from the exact price."""
        return int((amount * self.factor).quantize(Decimal(1), ROUND_HALF_UP))


def plain(text: str) -> str:
    """The text that an export put an apostrophe before, so that no spreadsheet takes it for a formula."""
    return text[1:] if text.startswith("'") and text.lstrip("'").startswith(FORMULA) else text


def _is_credit(kind: str, invoice: str) -> bool:
    """As the file says; where it says nothing, the number of a credit begins with a C."""
    if kind and kind not in KINDS:
        raise Unfit("bad-kind")
    return kind == OrderKind.CREDIT if kind else invoice.upper().startswith("C")


def _status(text: str) -> OrderStatus:
    """Past orders are over: what was cancelled or came back stays so, everything else was delivered."""
    if text and text not in STATUSES:
        raise Unfit("bad-status")
    return OrderStatus(text) if text in OVER else OrderStatus.DELIVERED


def _decimal(text: str, reason: str) -> Decimal:
    try:
        value = Decimal(text)
    except InvalidOperation:
        raise Unfit(reason) from None
    if not value.is_finite() or abs(value) > LARGEST:
        raise Unfit(reason)
    return value


def _instant(text: str, timezone: ZoneInfo) -> datetime:
    """The instant in UTC of a time on the wall; of the two in an autumn night, the first."""
    try:
        at = datetime.fromisoformat(text)
        return (at if at.tzinfo else at.replace(tzinfo=timezone)).astimezone(UTC)
    except (ValueError, OverflowError):
        raise Unfit("bad-date") from None
