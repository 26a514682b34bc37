"""What an invoice has left to credit: less its own credit notes, and those of the credit orders for the same order."""

from collections.abc import Mapping

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from mcrm.invoices import amounts
from mcrm.invoices.amounts import Rates
from mcrm.invoices.errors import CreditTooLarge
from mcrm.invoices.models import Invoice, InvoiceKind
from mcrm.orders.models import Order, OrderKind


def left_of(session: Session, invoice: Invoice) -> dict[int, tuple[int, int]]:
    """Net and tax by rate; the caller holds the lock of the invoice's order, under which all of these are issued."""
    of_order = select(Order.id).where(Order.reference == invoice.order_number, Order.kind == OrderKind.CREDIT.value)
    notes = select(Invoice).where(
        or_(Invoice.credits_id == invoice.id, Invoice.order_id.in_(of_order)),
        Invoice.kind == InvoiceKind.CREDIT_NOTE.value,
    )
    return amounts.left(rates_of(invoice), [rates_of(note) for note in session.scalars(notes)])


def rates_of(invoice: Invoice) -> Rates:
    """Net and tax by rate, as the document says them."""
    return {rate["basis_points"]: (rate["net"], rate["tax"]) for rate in invoice.taxes}


def check_fits(left: Rates, wanted: Rates, *, field: str | None = None) -> None:
    """Raise CreditTooLarge, naming what is left, where a rate would be credited beyond what was invoiced at it."""
    for points, (net, tax) in amounts.left(left, [wanted]).items():
        if net < 0 or tax < 0:
            raise CreditTooLarge(field=field, left=sum(left.get(points, (0, 0))))


def check_credit_order(session: Session, order: Order, wanted: Mapping[int, tuple[int, int]]) -> None:
    """Raise CreditTooLarge where the order that a credit order credits was invoiced, and has less left than that."""
    if order.reference is None:
        return
    query = select(Invoice).join(Order, Order.id == Invoice.order_id).where(Order.number == order.reference)
    invoice = session.scalar(query.where(Invoice.kind == InvoiceKind.INVOICE.value))
    if invoice is not None:
        check_fits(left_of(session, invoice), wanted)
