"""What has to be settled before somebody can be forgotten: goods under way, goods coming back, money owed."""

from enum import StrEnum

from sqlalchemy import exists, func, select
from sqlalchemy.orm import Session

from mcrm.ledger.models import JournalEntry, LedgerAccount, Posting
from mcrm.orders.models import Order, OrderKind, OrderStatus
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
    """What is open; the books say what is owed (in any currency: what was paid too much elsewhere counts)."""
    own = Order.contact_id.in_(person.contacts)
    is_open = exists().where(own, Order.kind == OrderKind.ORDER.value, Order.status.in_(ON_THEIR_WAY))
    is_coming_back = exists().where(own, Return.order_id == Order.id, Return.state.in_(COMING_BACK))
    owed = (
        select(Posting.currency)
        .join(JournalEntry, JournalEntry.id == Posting.entry_id)
        .join(Order, Order.id == JournalEntry.order_id)
        .where(own, Posting.account == LedgerAccount.RECEIVABLE.value)
        .group_by(Posting.currency)
        .having(func.sum(Posting.amount) > 0)
    )
    found = {Unsettled.ORDERS: is_open, Unsettled.RETURNS: is_coming_back, Unsettled.MONEY: exists(owed)}
    return [what for what, condition in found.items() if session.scalar(select(condition))]
