"""Credit notes: all of an invoice, some pieces of its lines, or an amount; never more than is left of it."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
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
    ReturnDecides,
    ReturnNotCredited,
)
from mcrm.invoices.models import Invoice, InvoiceKind, InvoiceLine
from mcrm.invoices.service import Seller
from mcrm.orders import service as orders
from mcrm.orders.models import Order, OrderKind, OrderLine
from mcrm.payments import service as payments
from mcrm.payments.models import Refund
from mcrm.returns.models import Return, ReturnLine

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

    With a return it is the document of what closing that return credited, no more and no less. Raises InvoiceUnknown,
    OnlyInvoicesAreCredited, CreditTooLarge (naming what is left), LineUnknown, LinesOrAmount, RefundUnknown,
    ReturnUnknown, ReturnNotCredited, ReturnDecides, AlreadyInvoiced.
    """
    if lines and amount is not None:
        raise LinesOrAmount(field="amount")
    invoice = service.reachable(session, actor, invoice_id)
    if invoice.kind != InvoiceKind.INVOICE:
        raise OnlyInvoicesAreCredited
    order = orders.reachable(session, actor, invoice.order_id, lock=True)  # two credit notes at once take turns
    if return_id is not None:
        if lines or amount is not None:
            raise ReturnDecides(field="lines" if lines else "amount")
        return _for_return(session, actor, order, return_id, refund_id, seller=seller, reason=reason)
    _check_refund(session, refund_id, order.id)
    remaining = _remaining(session, invoice, order)
    left = amounts.total_of(remaining)
    if left <= 0 or (amount is not None and amount > left):
        raise CreditTooLarge(field="amount" if left > 0 else None, left=max(left, 0))
    credited = (
        _pieces(session, invoice, lines, remaining)
        if lines
        else amounts.spread(left if amount is None else amount, _above(remaining), WORDS.format(number=invoice.number))
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
        reason=reason,
    )


def _for_return(
    session: Session, actor: Actor, order: Order, return_id: UUID, refund_id: UUID | None, **facts: Any
) -> Invoice:
    """The document of the credit that closing a return made: the goods are credited once, by whichever call."""
    payments.check_return(session, order, return_id)
    credit_order_id = session.get_one(Return, return_id).credit_order_id
    if credit_order_id is None:
        raise ReturnNotCredited(field="return_id")
    _check_refund(session, refund_id, order.id, credit_order_id)
    return service.issue(session, actor, order_id=credit_order_id, refund_id=refund_id, **facts)


def _check_refund(session: Session, refund_id: UUID | None, *order_ids: UUID) -> None:
    known = select(Refund.id).where(Refund.id == refund_id, Refund.order_id.in_(order_ids))
    if refund_id and not session.scalar(known):
        raise RefundUnknown(field="refund_id")


def _remaining(session: Session, invoice: Invoice, order: Order) -> dict[int, tuple[int, int]]:
    """What is left of the invoice by rate: less its credit notes, and less the order's credits, documented or not."""
    notes = session.scalars(select(Invoice).where(Invoice.credits_id == invoice.id, Invoice.order_id == order.id))
    query = select(OrderLine).join(Order, Order.id == OrderLine.order_id)
    credits = query.where(Order.reference == order.number, Order.kind == OrderKind.CREDIT.value)
    taken_back = amounts.per_rate(amounts.of_order_line(line) for line in session.scalars(credits))
    return amounts.left(_rates(invoice), [*(_rates(note) for note in notes), taken_back])


def _above(remaining: Rates) -> Rates:
    """Rates of which something is left: a credit order may have taken more off one than was invoiced at it."""
    return {points: (net, tax) for points, (net, tax) in remaining.items() if net + tax > 0}


def _rates(invoice: Invoice) -> Rates:
    return {rate["basis_points"]: (rate["net"], rate["tax"]) for rate in invoice.taxes}


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
    for points, (net, tax) in amounts.left(remaining, [amounts.per_rate(parts)]).items():
        if net < 0 or tax < 0:
            raise CreditTooLarge(field="lines", left=sum(remaining.get(points, (0, 0))))
    return parts


def _credited_pieces(session: Session, invoice: Invoice) -> Counter[UUID]:
    """By order line: what credit notes of the invoice named, and what came back and was credited."""
    noted = select(InvoiceLine.order_line_id, InvoiceLine.quantity)
    noted = noted.join(Invoice, Invoice.id == InvoiceLine.invoice_id)
    noted = noted.where(Invoice.credits_id == invoice.id, Invoice.order_id == invoice.order_id)
    returned = select(ReturnLine.order_line_id, ReturnLine.refundable_quantity)
    returned = returned.join(Return, Return.id == ReturnLine.return_id)
    returned = returned.where(Return.order_id == invoice.order_id, Return.credit_order_id.is_not(None))
    pieces = Counter[UUID]()
    for query in (noted, returned):
        for order_line_id, quantity in session.execute(query):
            if order_line_id is not None:
                pieces[order_line_id] += quantity or 0
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
