"""The books as CSV for an accountant: RFC 4180, one posting a row, amounts in whole currency units, ISO dates.

Read a page at a time, each in a transaction of its own: entries never change, and one long read would hold back the
database's housekeeping.
"""

import csv
import io
from collections.abc import Iterator
from datetime import date
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Row, Select, and_, or_, select

from mcrm.db import looking
from mcrm.ledger.models import JournalEntry, Posting
from mcrm.ledger.service import between
from mcrm.money import in_major_units
from mcrm.orders.models import Order

HEADER = ("date", "time", "entry", "cause", "subject", "order", "account", "debit", "credit", "currency")
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
        str(row.id),
        row.cause,
        str(row.subject_id),
        safe_cell(row.number),
        row.account,
        amount if row.amount > 0 else "",
        amount if row.amount < 0 else "",
        row.currency,
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


_KEYS = (JournalEntry.at, JournalEntry.id, Posting.account)
_ROWS: Select[*tuple[Any, ...]] = (
    select(
        JournalEntry.at,
        JournalEntry.id,
        JournalEntry.cause,
        JournalEntry.subject_id,
        Order.number,
        Posting.account,
        Posting.amount,
        Posting.currency,
    )
    .join(Posting, Posting.entry_id == JournalEntry.id)
    .join(Order, Order.id == JournalEntry.order_id)
)
