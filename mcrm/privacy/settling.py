"""What has to be settled before somebody can be forgotten: goods under way, goods coming back, money owed."""

from collections import Counter
from enum import StrEnum

from sqlalchemy import ColumnElement, case, exists, func, select
from sqlalchemy.orm import Session

from mcrm.invoices.models import Invoice, InvoiceKind
from mcrm.orders.models import Order, OrderKind, OrderStatus
from mcrm.payments.models import Payment, PaymentState
from mcrm.privacy.persons import Person
from mcrm.returns.models import Return, ReturnState

ON_THEIR_WAY = (OrderStatus.NEW, OrderStatus.CONFIRMED, OrderStatus.SHIPPED)
COMING_BACK = (ReturnState.REQUESTED, ReturnState.RECEIVED, ReturnState.INSPECTED)


class Unsettled(StrEnum):
    """What is still open between the person and the business."""

    ORDERS = "open-orders"
    RETURNS = "open-returns"
    MONEY = "unpaid-invoices"


def unsettled(session: Session, person: Person) -> list[Unsettled]:
    """What is open. Money that was given back is no debt: only invoices, credit notes and payments count."""
    own = Order.contact_id.in_(person.contacts)
    is_open = exists().where(own, Order.kind == OrderKind.ORDER.value, Order.status.in_(ON_THEIR_WAY))
    is_coming_back = exists().where(own, Return.order_id == Order.id, Return.state.in_(COMING_BACK))
    found = {
        Unsettled.ORDERS: session.scalar(select(is_open)),
        Unsettled.RETURNS: session.scalar(select(is_coming_back)),
        Unsettled.MONEY: any(amount > 0 for amount in _owed(session, own).values()),
    }
    return [what for what, holds in found.items() if holds]


def _owed(session: Session, own: ColumnElement[bool]) -> Counter[str]:
    """By currency: what was invoiced, less what was credited and paid."""
    signed = case((Invoice.kind == InvoiceKind.INVOICE.value, Invoice.total), else_=-Invoice.total)
    invoiced = select(Invoice.currency, func.sum(signed)).join(Order, Order.id == Invoice.order_id).where(own)
    paid = select(Payment.currency, func.sum(Payment.amount)).join(Order, Order.id == Payment.order_id)
    paid = paid.where(own, Payment.state == PaymentState.CAPTURED.value)
    owed: Counter[str] = Counter()
    for currency, amount in session.execute(invoiced.group_by(Invoice.currency)):
        owed[currency] += int(amount)
    for currency, amount in session.execute(paid.group_by(Payment.currency)):
        owed[currency] -= int(amount)
    return owed
