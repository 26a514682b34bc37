"""Credit notes: all of an invoice, some pieces of its lines, or an amount; never more than is left of it."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from mcrm.actors import Actor
from mcrm.invoices import amounts, service
from mcrm.invoices.amounts import Line, Rates
from mcrm.invoices.errors import (
    CreditTooLarge,
    LinesOrAmount,
    LineUnknown,
    OnlyInvoicesAreCredited,
    RefundUnknown,
)
from mcrm.invoices.models import Invoice, InvoiceKind, InvoiceLine
from mcrm.invoices.remaining import check_fits, left_of
from mcrm.invoices.service import Seller
from mcrm.orders import service as orders
from mcrm.orders.models import Order
from mcrm.payments import service as payments
from mcrm.payments.models import Refund

WORDS = "Credit for invoice {number}"


@dataclass(frozen=True, slots=True)
class Pieces:
    """Some pieces of one line of the invoice."""

    line_number: int
    quantity: int


def credit(
    session: Session,
    actor: Actor,
    *,
    invoice_id: UUID,
    seller: Seller,
    lines: Sequence[Pieces] = (),
    amount: int | None = None,
    refund_id: UUID | None = None,
    return_id: UUID | None = None,
    reason: str | None = None,
) -> Invoice:
    """Credit pieces of an invoice's lines, an amount (minor units, tax included), or, with neither, all that is left.

    Raises InvoiceUnknown, OnlyInvoicesAreCredited, CreditTooLarge (naming what is left), LineUnknown, LinesOrAmount,
    RefundUnknown, ReturnUnknown.
    """
    if lines and amount is not None:
        raise LinesOrAmount(field="amount")
    invoice = service.reachable(session, actor, invoice_id)
    if invoice.kind != InvoiceKind.INVOICE:
        raise OnlyInvoicesAreCredited
    order = orders.reachable(session, actor, invoice.order_id, lock=True)  # two credit notes at once take turns
    _check_causes(session, order, refund_id, return_id)
    remaining = left_of(session, invoice)
    left = amounts.total_of(remaining)
    if not left or (amount is not None and amount > left):
        raise CreditTooLarge(field="amount" if left else None, left=left)
    credited = (
        _pieces(session, invoice, lines, remaining)
        if lines
        else amounts.spread(left if amount is None else amount, remaining, WORDS.format(number=invoice.number))
    )
    return service.store(
        session,
        actor,
        order,
        InvoiceKind.CREDIT_NOTE,
        credited,
        seller,
        credits_id=invoice.id,
        credits_number=invoice.number,
        refund_id=refund_id,
        return_id=return_id,
        reason=reason,
    )


def _check_causes(session: Session, order: Order, refund_id: UUID | None, return_id: UUID | None) -> None:
    if refund_id and not session.scalar(select(Refund.id).where(Refund.id == refund_id, Refund.order_id == order.id)):
        raise RefundUnknown(field="refund_id")
    payments.check_return(session, order, return_id)


def _pieces(session: Session, invoice: Invoice, wanted: Sequence[Pieces], remaining: Rates) -> list[Line]:
    """The shares of these pieces; they exceed neither a line's quantity nor, with amounts credited before, a rate."""
    of_invoice = {line.line_number: line for line in service.lines_of(session, invoice.id)}
    before = _credited_pieces(session, invoice)
    parts = []
    for index, piece in enumerate(wanted):
        if (line := of_invoice.get(piece.line_number)) is None:
            raise LineUnknown(field=f"lines.{index}.line_number")
        assert line.order_line_id is not None  # an invoice's lines are an order's
        taken = before[line.order_line_id]
        if taken + piece.quantity > line.quantity:
            raise CreditTooLarge(field=f"lines.{index}.quantity", left=line.quantity - taken)
        parts.append(amounts.part_of(_line(line), before=taken, quantity=piece.quantity))
        before[line.order_line_id] += piece.quantity
    check_fits(remaining, amounts.per_rate(parts), field="lines")
    return parts


def _credited_pieces(session: Session, invoice: Invoice) -> Counter[UUID]:
    query = select(InvoiceLine.order_line_id, InvoiceLine.quantity).join(Invoice, Invoice.id == InvoiceLine.invoice_id)
    pieces = Counter[UUID]()
    for order_line_id, quantity in session.execute(query.where(Invoice.credits_id == invoice.id)):
        if order_line_id is not None:
            pieces[order_line_id] += quantity
    return pieces


def _line(row: InvoiceLine) -> Line:
    return Line(
        description=row.description,
        quantity=row.quantity,
        unit_price=row.unit_price,
        discount_basis_points=row.discount_basis_points,
        includes_tax=row.includes_tax,
        net=row.net,
        tax=row.tax,
        tax_basis_points=row.tax_basis_points,
        order_line_id=row.order_line_id,
    )
