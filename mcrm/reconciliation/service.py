"""Comparing what the books and the stock say with the rows they stand for. Empty lists mean that all agrees."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Connection, Select, case, func, literal, select, union_all
from sqlalchemy.orm import InstrumentedAttribute

from mcrm.invoices.models import Invoice, InvoiceKind
from mcrm.leases.models import LeaseState, StockLease
from mcrm.ledger.models import JournalEntry, LedgerAccount, Posting
from mcrm.payments.models import Payment, PaymentState, Refund
from mcrm.stock.models import ReservationState, StockItem, StockMove, StockReservation

MOST = 1000
Column = ColumnElement[Any] | InstrumentedAttribute[Any]
Query = Select[*tuple[Any, ...]]


@dataclass(frozen=True, slots=True)
class Difference:
    """One thing that two sources say differently; amounts in minor units, stock in pieces.

    `id` is of the order (receivable), the stock item (on-hand, reserved) or the journal entry (entry).
    """

    what: str
    id: UUID
    expected: int
    found: int


def differences(connection: Connection, most: int = MOST) -> list[Difference]:
    """Where the books disagree with the documents, or the stock with its movements; at most `most` of each sort."""
    found = []
    for what, query in (
        ("receivable", _receivable()),
        ("entry", _entries()),
        ("on-hand", _stock(StockItem.on_hand, _moved())),
        ("reserved", _stock(StockItem.reserved, _held())),
    ):
        rows = connection.execute(query.limit(most))
        found += [Difference(what, row.id, int(row.expected), int(row.found)) for row in rows]
    return found


def _receivable() -> Query:
    """What customers owe per order: in the books, and by invoices, credit notes, captured payments and refunds."""
    zero = literal(0)
    is_invoice = Invoice.kind == InvoiceKind.INVOICE.value
    booked = (
        select(JournalEntry.order_id, Posting.amount.label("found"), zero.label("expected"))
        .join(Posting, Posting.entry_id == JournalEntry.id)
        .where(Posting.account == LedgerAccount.RECEIVABLE.value)
    )
    captured = Payment.state == PaymentState.CAPTURED.value
    sides = union_all(
        booked,
        select(Invoice.order_id, zero, case((is_invoice, Invoice.total), else_=-Invoice.total)),
        select(Payment.order_id, zero, -Payment.amount).where(captured),
        select(Refund.order_id, zero, Refund.amount),
    ).subquery()
    return _unequal(sides.c.order_id, func.sum(sides.c.expected), func.sum(sides.c.found))


def _entries() -> Query:
    """Entries that do not add up to zero."""
    return _unequal(Posting.entry_id, literal(0), func.sum(Posting.amount))


def _unequal(id: Column, expected: Column, found: Column) -> Query:
    query = select(id.label("id"), expected.label("expected"), found.label("found"))
    return query.group_by(id).having(expected != found).order_by(id)


def _stock(found: Column, pieces: Query) -> Query:
    per_item = pieces.group_by("item_id").subquery()
    expected = func.coalesce(per_item.c.pieces, 0)
    query = select(StockItem.id, expected.label("expected"), found.label("found"))
    return query.outerjoin(per_item, per_item.c.item_id == StockItem.id).where(found != expected).order_by(StockItem.id)


def _moved() -> Query:
    return select(StockMove.stock_item_id.label("item_id"), func.sum(StockMove.quantity).label("pieces"))


def _held() -> Query:
    """What is promised to order lines, and what is left of leases."""
    held = select(StockReservation.stock_item_id.label("item_id"), StockReservation.quantity.label("pieces"))
    left = StockLease.quantity - StockLease.sold - StockLease.given_back
    both = union_all(
        held.where(StockReservation.state == ReservationState.HELD.value),
        select(StockLease.stock_item_id, left).where(StockLease.state == LeaseState.HELD.value),
    ).subquery()
    return select(both.c.item_id, func.sum(both.c.pieces).label("pieces"))
