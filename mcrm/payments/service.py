"""Taking payments and giving money back. Each use case locks the order first, so that two at once are judged in turn.

An order's payment status is derived anew whenever money moves, in the same transaction.
"""

from collections.abc import Mapping
from datetime import datetime
from uuid import UUID

from sqlalchemy import Select, column, func, select, table
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from mcrm import clock
from mcrm.actors import Actor
from mcrm.contacts import service as contacts
from mcrm.db import Id
from mcrm.interactions import log
from mcrm.interactions.kinds import Kind
from mcrm.interactions.log import About
from mcrm.ledger import posting
from mcrm.ledger.models import Cause, LedgerAccount
from mcrm.orders import service as orders
from mcrm.orders.models import IS_CREDIT, Order, OrderKind, OrderStatus
from mcrm.orders.storing import SOURCE as IMPORTED
from mcrm.payments.amounts import Sums, status_of
from mcrm.payments.errors import (
    CashCannotWait,
    DuplicateReference,
    NotPayable,
    Overpaid,
    PaymentSettled,
    PaymentUnknown,
    ReferenceMissing,
    RefundTooLarge,
    ReturnUnknown,
    WrongCurrency,
)
from mcrm.payments.models import Method, Payment, PaymentState, Refund
from mcrm.returns.models import Return

MONEY_ACCOUNTS = {
    Method.CASH: LedgerAccount.CASH,
    Method.CARD: LedgerAccount.CARD_CLEARING,
    Method.TRANSFER: LedgerAccount.BANK,
}
REFERENCED = {Method.CARD, Method.TRANSFER}


def payments_of(actor: Actor) -> Select[Payment]:
    """The payments for orders within the actor's reach."""
    return orders.within_reach(select(Payment).join(orders.TABLE, orders.TABLE.c.id == Payment.order_id), actor)


def reachable(session: Session, actor: Actor, payment_id: UUID) -> Payment:
    """The payment; raises PaymentUnknown for unknown and foreign ids alike."""
    payment = session.scalar(payments_of(actor).where(Payment.id == payment_id))
    if payment is None:
        raise PaymentUnknown()
    return payment


def pay(
    session: Session,
    actor: Actor,
    *,
    order_id: UUID,
    method: Method,
    amount: int,
    currency: str,
    state: PaymentState = PaymentState.CAPTURED,
    external_reference: str | None = None,
) -> Payment:
    """Take a payment (minor units), captured at once or authorised for later.

    Raises OrderUnknown, NotPayable, Overpaid (naming what is open), WrongCurrency, ReferenceMissing, CashCannotWait,
    DuplicateReference.
    """
    order = orders.reachable(session, actor, order_id, lock=True)
    _check_method(method, external_reference)
    if method is Method.CASH and state is PaymentState.AUTHORISED:
        raise CashCannotWait(field="state")
    _check_payable(order)
    _check_currency(order, currency)
    if amount > (open_amount := max(0, sums_of(session, order).payable)):
        raise Overpaid(field="amount", open=open_amount)
    payment = Payment(
        order_id=order.id,
        method=method.value,
        state=state.value,
        amount=amount,
        currency=currency,
        external_reference=external_reference,
    )
    _store(session, payment)
    if state is PaymentState.CAPTURED:
        _captured(session, actor, order, payment, clock.now())
    else:
        _note(session, actor, order, Kind.PAYMENT_AUTHORISED, payment)
    return payment


def capture(session: Session, actor: Actor, *, payment_id: UUID) -> Payment:
    """An authorised payment has arrived. Raises PaymentUnknown, PaymentSettled, NotPayable, Overpaid."""
    order, payment = _authorised(session, actor, payment_id)
    _check_payable(order)
    if sums_of(session, order).payable < 0:  # the order became cheaper since
        raise Overpaid
    payment.state = PaymentState.CAPTURED.value
    _captured(session, actor, order, payment, clock.now())
    return payment


def void(session: Session, actor: Actor, *, payment_id: UUID) -> Payment:
    """An authorised payment will not be captured; nothing is booked. Raises PaymentUnknown, PaymentSettled."""
    order, payment = _authorised(session, actor, payment_id)
    payment.state, payment.voided_at = PaymentState.VOIDED.value, clock.now()
    _note(session, actor, order, Kind.PAYMENT_VOIDED, payment)
    return payment


def refund(
    session: Session,
    actor: Actor,
    *,
    order_id: UUID,
    method: Method,
    amount: int,
    currency: str,
    external_reference: str | None = None,
    return_id: UUID | None = None,
    reason: str | None = None,
) -> Refund:
    """Give money back (minor units): never more than was captured and is not back yet, nor than a credit order's worth.

    Raises OrderUnknown, RefundTooLarge (naming what is left), WrongCurrency, ReferenceMissing, ReturnUnknown,
    DuplicateReference; ContactErased where a reason is given for somebody who was forgotten.
    """
    order = locked(session, actor, order_id)
    if reason is not None:
        contacts.hold(session, order.contact_id)
    _check_method(method, external_reference)
    _check_currency(order, currency)
    left = 0 if order.source == IMPORTED else max(0, sums_of(session, order).refundable)
    if amount > left:
        raise RefundTooLarge(field="amount", left=left)
    check_return(session, order, return_id)
    made = Refund(
        order_id=order.id,
        return_id=return_id,
        method=method.value,
        amount=amount,
        currency=currency,
        external_reference=external_reference,
        reason=reason,
    )
    _store(session, made)
    account = MONEY_ACCOUNTS[method]
    _book(session, Cause.REFUND, made, {LedgerAccount.RECEIVABLE: amount, account: -amount})
    settle(session, order)
    _note(session, actor, order, Kind.REFUND_MADE, made)
    return made


def check_return(session: Session, order: Order, return_id: UUID | None) -> None:
    """Raises ReturnUnknown, naming the field, unless the return is one of the order's."""
    if return_id and not session.scalar(select(Return.id).where(Return.id == return_id, Return.order_id == order.id)):
        raise ReturnUnknown(field="return_id")


def locked(session: Session, actor: Actor, order_id: UUID) -> Order:
    """The order, locked, and before it the order that it credits: whoever gives back the money of one waits here."""
    order = orders.reachable(session, actor, order_id)
    _origin(session, order, lock=True)
    return orders.reachable(session, actor, order_id, lock=True)


def sums_of(session: Session, order: Order) -> Sums:
    """What happened to the order's money so far; the caller holds the order's lock if it decides by it."""
    session.flush()
    if order.kind == OrderKind.CREDIT:
        origin = _origin(session, order)
        at_most = None if origin is None else sums_of(session, origin).refundable
        refunded = _refunded(session, [order.id])
        return Sums(total=abs(order.total), is_credit=True, refunded=refunded, at_most=at_most)
    query = select(Payment.state, func.sum(Payment.amount)).where(Payment.order_id == order.id)
    paid = {state: int(amount) for state, amount in session.execute(query.group_by(Payment.state))}
    credits = {id: abs(total) for id, total in session.execute(_CREDITS.where(Order.reference == order.number))}
    invoiced, credited = posting.billed(session, order.id)
    return Sums(
        total=order.total if invoiced is None else invoiced,
        credited=credited + sum(credits.values()) - _said_twice(session, order, credits),
        authorised=paid.get(PaymentState.AUTHORISED.value, 0),
        captured=paid.get(PaymentState.CAPTURED.value, 0),
        refunded=_refunded(session, [order.id, *credits]),
    )


def _said_twice(session: Session, order: Order, credits: Mapping[UUID, int]) -> int:
    """What credit notes on the order's own invoice took off for returns that made a credit order: it counts already."""
    rows = session.execute(_NOTED.where(_NOTES.c.order_id == order.id)) if credits else ()
    return sum(min(int(total), credits.get(credit_id, 0)) for credit_id, total in rows)


def settle(session: Session, order: Order) -> None:
    """Derive the payment status anew: after money moved, and after what the order costs has changed.

    With a credit order, that of the order it credits too.
    """
    for one in (order, _origin(session, order)):
        if one is not None:
            one.payment_status = status_of(sums_of(session, one)).value
    session.flush()


def _refunded(session: Session, order_ids: list[UUID]) -> int:
    return int(session.scalar(select(func.sum(Refund.amount)).where(Refund.order_id.in_(order_ids))) or 0)


def _origin(session: Session, order: Order, *, lock: bool = False) -> Order | None:
    """The order that a credit order credits: it carries its number as reference. None for all others."""
    if order.kind != OrderKind.CREDIT or order.reference is None:
        return None
    query = select(Order).where(Order.number == order.reference, Order.kind == OrderKind.ORDER.value)
    if lock:
        query = query.with_for_update(of=Order, key_share=True).execution_options(populate_existing=True)
    return session.scalar(query)


def _captured(session: Session, actor: Actor, order: Order, payment: Payment, at: datetime) -> None:
    payment.captured_at = at
    session.flush()
    account = MONEY_ACCOUNTS[Method(payment.method)]
    _book(session, Cause.PAYMENT, payment, {account: payment.amount, LedgerAccount.RECEIVABLE: -payment.amount})
    settle(session, order)
    _note(session, actor, order, Kind.PAYMENT_CAPTURED, payment)


def _authorised(session: Session, actor: Actor, payment_id: UUID) -> tuple[Order, Payment]:
    """The order, locked, and its payment as it stands under that lock."""
    order = orders.reachable(session, actor, reachable(session, actor, payment_id).order_id, lock=True)
    query = select(Payment).where(Payment.id == payment_id).execution_options(populate_existing=True)
    payment = session.scalars(query).one()
    if payment.state != PaymentState.AUTHORISED:
        raise PaymentSettled(f"The payment is {payment.state}.", state=payment.state)
    return order, payment


def _check_payable(order: Order) -> None:
    if order.kind == OrderKind.CREDIT:
        raise NotPayable("The order is a credit: money can only be given back for it.")
    if order.status == OrderStatus.CANCELLED:
        raise NotPayable("The order is cancelled.")
    if order.source == IMPORTED:
        raise NotPayable("The order was settled before it was imported.")


def _check_method(method: Method, reference: str | None) -> None:
    if method in REFERENCED and reference is None:
        raise ReferenceMissing(field="external_reference")


def _check_currency(order: Order, currency: str) -> None:
    if currency != order.currency:
        raise WrongCurrency(f"The order is in {order.currency}.", field="currency")


def _store(session: Session, row: Payment | Refund) -> None:
    try:
        with session.begin_nested():
            session.add(row)
    except IntegrityError:
        raise DuplicateReference(field="external_reference") from None


def _book(session: Session, cause: Cause, row: Payment | Refund, amounts: dict[LedgerAccount, int]) -> None:
    posting.post(session, cause, subject_id=row.id, order_id=row.order_id, currency=row.currency, amounts=amounts)


def _note(session: Session, actor: Actor, order: Order, kind: Kind, row: Payment | Refund) -> None:
    session.flush()
    subject = ("refund" if isinstance(row, Refund) else "payment", row.id)
    about = About(contact_id=order.contact_id, account_id=order.account_id, subject=subject)
    payload = {"number": order.number, "method": row.method, "amount": row.amount, "currency": row.currency}
    log.append(session, actor, kind, about=about, payload=payload)


_CREDITS = select(Order.id, Order.total).where(IS_CREDIT)
_NOTES = table(
    "invoices", column("order_id", Id), column("return_id", Id), column("total")
)  # they stand above payments
_NOTED = (
    select(Return.credit_order_id, func.sum(_NOTES.c.total))
    .join(_NOTES, _NOTES.c.return_id == Return.id)
    .where(Return.credit_order_id.is_not(None))
    .group_by(Return.credit_order_id)
)
