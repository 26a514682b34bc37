"""The books as CSV for an accountant: RFC 4180, one posting a row, amounts in whole currency units, ISO dates.

First what people read, then the ids by which programs find the same. `document` is the number of the paper that was
booked, or for money the reference that the bank knows it by; `invoice` is what it is booked against.

Read a page at a time, each in a transaction of its own: entries never change, and one long read would hold back the
database's housekeeping.
"""

import csv
import io
from collections.abc import Iterator
from datetime import date
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Row, Select, and_, case, func, or_, select

from mcrm.accounts.models import Account
from mcrm.db import looking
from mcrm.invoices.models import Invoice, InvoiceKind
from mcrm.ledger.models import Cause, JournalEntry, Posting
from mcrm.ledger.service import between
from mcrm.money import in_major_units
from mcrm.orders.models import Order
from mcrm.payments.models import Payment, Refund

HEADER = (
    *("date", "time", "cause", "document", "invoice", "order", "customer", "account", "debit", "credit", "currency"),
    *("entry_id", "subject_id", "order_id"),
)
FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")
PAGE = 1000


def safe_cell(text: str) -> str:
    """Text that a spreadsheet will show and never run: what it takes for a formula gets an apostrophe in front."""
    return f"'{text}" if text.startswith(FORMULA_STARTS) else text


def entries_csv(since: date | None, until: date | None, zone: ZoneInfo) -> Iterator[str]:
    """The file in pieces, header first; days and times are those of `zone`."""
    yield _lines([HEADER])
    query = between(_ROWS, since, until, zone).order_by(*_KEYS).limit(PAGE)
    last: Row[Any] | None = None
    while True:
        following = query if last is None else query.where(_after(last))
        with looking() as connection:
            rows = connection.execute(following).all()
        if rows:
            yield _lines([_cells(row, zone) for row in rows])
        if len(rows) < PAGE:
            return
        last = rows[-1]


def _cells(row: Row[Any], zone: ZoneInfo) -> tuple[str, ...]:
    at = row.at.astimezone(zone)
    amount = str(in_major_units(abs(row.amount), row.currency))
    return (
        at.date().isoformat(),
        at.time().isoformat("seconds"),
        row.cause,
        *(safe_cell(text or "") for text in (row.document, row.invoice, row.order, row.customer)),
        row.account,
        amount if row.amount > 0 else "",
        amount if row.amount < 0 else "",
        row.currency,
        *map(str, (row.id, row.subject_id, row.order_id)),
    )


def _lines(rows: list[tuple[str, ...]]) -> str:
    buffer = io.StringIO()
    csv.writer(buffer, dialect="excel").writerows(rows)
    return buffer.getvalue()


def _after(last: Row[Any]) -> Any:
    """Rows behind this one in (at, entry, account)."""
    at, entry, account = _KEYS
    return or_(
        at > last.at,
        and_(at == last.at, entry > last.id),
        and_(at == last.at, entry == last.id, account > last.account),
    )


_PAPER, _INVOICE = Invoice.__table__.alias("paper"), Invoice.__table__.alias("invoice")
_PAYMENT, _REFUND = Payment.__table__.c, Refund.__table__.c
_KEYS = (JournalEntry.at, JournalEntry.id, Posting.account)
_ROWS: Select[*tuple[Any, ...]] = (
    select(
        JournalEntry.at,
        JournalEntry.id,
        JournalEntry.cause,
        JournalEntry.subject_id,
        JournalEntry.order_id,
        func.coalesce(_PAPER.c.number, _PAYMENT.external_reference, _REFUND.external_reference).label("document"),
        case(
            (JournalEntry.cause == Cause.INVOICE.value, _PAPER.c.number),
            (JournalEntry.cause == Cause.CREDIT_NOTE.value, _PAPER.c.credits_number),
            else_=_INVOICE.c.number,
        ).label("invoice"),
        Order.number.label("order"),
        Account.name.label("customer"),
        Posting.account,
        Posting.amount,
        Posting.currency,
    )
    .join(Posting, Posting.entry_id == JournalEntry.id)
    .join(Order, Order.id == JournalEntry.order_id)
    .join(Account, Account.id == Order.account_id)
    .outerjoin(_PAPER, _PAPER.c.id == JournalEntry.subject_id)
    .outerjoin(Payment, Payment.id == JournalEntry.subject_id)
    .outerjoin(Refund, Refund.id == JournalEntry.subject_id)
    .outerjoin(_INVOICE, and_(_INVOICE.c.order_id == Order.id, _INVOICE.c.kind == InvoiceKind.INVOICE.value))
)
