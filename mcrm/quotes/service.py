"""Quotes: made at today's prices, accepted into an order at exactly these, declined, or over."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from mcrm import clock
from mcrm.accounts.models import Account
from mcrm.actors import SYSTEM, Actor, Role
from mcrm.contacts import service as contacts
from mcrm.contacts.people import is_person
from mcrm.interactions import log
from mcrm.interactions.kinds import Kind
from mcrm.interactions.log import About
from mcrm.orders import amounts, placing
from mcrm.orders.errors import OrderEmpty
from mcrm.orders.models import Order
from mcrm.orders.numbers import next_number, spellings
from mcrm.orders.placing import Draft
from mcrm.pricing.rules import Wanted
from mcrm.quotes import states
from mcrm.quotes.errors import QuoteOver, QuoteUnknown, ValidityUnfit
from mcrm.quotes.models import Quote, QuoteLine, QuoteState
from mcrm.quotes.states import QuoteMove

VALID_FOR = timedelta(days=14)
LONGEST = timedelta(days=366)
KEPT = ("product_id", "description", "quantity")
TABLE = Quote.__table__


def make(
    session: Session,
    actor: Actor,
    *,
    contact_id: UUID,
    lines: Sequence[Wanted],
    valid_until: datetime | None = None,
    reference: str | None = None,
) -> Quote:
    """Promise today's prices to a contact within the actor's reach, by default for two weeks; nothing is reserved.

    Raises what `placing.draft` raises, ContactUnknown, OrderEmpty, ValidityUnfit.
    """
    if not lines:
        raise OrderEmpty(field="lines")
    now = clock.now()
    valid_until = valid_until or now + VALID_FOR
    if not now < valid_until <= now + LONGEST:
        raise ValidityUnfit(field="valid_until")
    contact = contacts.reachable(session, actor, contact_id, field="contact_id")
    contacts.hold(session, contact.id)
    drafted = placing.draft(session, actor, contact.account_id, lines)
    quote = Quote(
        number=f"Q{next_number(session, 'quote')}",
        state=QuoteState.OPEN.value,
        account_id=contact.account_id,
        contact_id=contact.id,
        currency=drafted.currency,
        total=drafted.money["total"],
        valid_until=valid_until,
        reference=reference,
    )
    session.add(quote)
    session.flush()
    session.add_all(_line(quote, number, line) for number, line in enumerate(drafted.lines, 1))
    _trace(session, actor, Kind.QUOTE_MADE, quote, total=quote.total, currency=quote.currency)
    return quote


def accept(session: Session, actor: Actor, *, quote_id: UUID) -> Order:
    """The contact takes it: an order at the quoted prices, with its stock. Raises QuoteUnknown, IllegalQuoteMove,
    QuoteOver, OutOfStock.
    """
    quote = reachable(session, actor, quote_id, lock=True)
    state = states.after(quote.state, QuoteMove.ACCEPT)
    if quote.valid_until <= clock.now():
        raise QuoteOver()
    contact = contacts.reachable(session, actor, quote.contact_id)
    lines = [
        {"product_id": line.product_id, "description": line.description, "quantity": line.quantity} | line.amounts
        for line in lines_of(session, quote.id)
    ]
    drafted = Draft(quote.currency, amounts.sums(lines), lines)
    order, _ = placing.book(
        session, actor, drafted, contact_id=contact.id, account_id=contact.account_id, reference=quote.reference
    )
    quote.state, quote.order_id = state.value, order.id
    _trace(session, actor, Kind.QUOTE_ACCEPTED, quote, order_id=str(order.id))
    return order


def decline(session: Session, actor: Actor, *, quote_id: UUID, reason: str | None = None) -> Quote:
    """The contact does not want it. Raises QuoteUnknown, IllegalQuoteMove."""
    quote = reachable(session, actor, quote_id, lock=True)
    quote.state = states.after(quote.state, QuoteMove.DECLINE).value
    _trace(session, actor, Kind.QUOTE_DECLINED, quote, reason=reason)
    return quote


def expire(session: Session) -> bool:
    """End one open quote whose time is over; whether there was one."""
    quote = session.scalar(
        select(Quote)
        .where(Quote.state == QuoteState.OPEN.value, Quote.valid_until <= clock.now())
        .order_by(Quote.valid_until, Quote.id)
        .limit(1)
        .with_for_update(skip_locked=True)
        .execution_options(populate_existing=True)
    )
    if quote is None:
        return False
    quote.state = states.after(quote.state, QuoteMove.EXPIRE).value
    _trace(session, SYSTEM, Kind.QUOTE_EXPIRED, quote)
    return True


def within_reach(query: Select[Any], actor: Actor) -> Select[Any]:
    """A select of quotes, or of columns of them, narrowed to the staff's territories or to the customer's own."""
    if actor.sees_all:
        return query
    if actor.role is Role.CUSTOMER:
        return query.where(is_person(TABLE.c.contact_id, actor.contact_id))
    accounts = Account.__table__
    mine = accounts.c.territory_id.in_(actor.territory_ids)
    return query.join_from(TABLE, accounts, accounts.c.id == TABLE.c.account_id).where(mine)


def found_by(words: str) -> Select[UUID]:
    """The ids of the quotes of this number, however it is written."""
    return select(TABLE.c.id).where(TABLE.c.number.in_(spellings(words)))


def reachable(session: Session, actor: Actor, quote_id: UUID, *, lock: bool = False) -> Quote:
    """The quote; raises QuoteUnknown for unknown and foreign ids alike."""
    query: Select[Quote] = within_reach(select(Quote), actor).where(Quote.id == quote_id)
    if lock:
        query = query.with_for_update(of=Quote).execution_options(populate_existing=True)
    if (quote := session.scalar(query)) is None:
        raise QuoteUnknown()
    return quote


def lines_of(session: Session, quote_id: UUID) -> Sequence[QuoteLine]:
    """The lines of a quote, in their order."""
    query = select(QuoteLine).where(QuoteLine.quote_id == quote_id).order_by(QuoteLine.line_number)
    return session.scalars(query).all()


def _line(quote: Quote, number: int, line: dict[str, Any]) -> QuoteLine:
    amounts = {name: value for name, value in line.items() if name not in KEPT}
    kept = {name: line[name] for name in (*KEPT, "unit_price", "total")}
    return QuoteLine(quote_id=quote.id, line_number=number, amounts=amounts, **kept)


def _trace(session: Session, actor: Actor, kind: Kind, quote: Quote, **facts: Any) -> None:
    session.flush()
    about = About(contact_id=quote.contact_id, account_id=quote.account_id, subject=("quote", quote.id))
    payload = {"number": quote.number} | {name: value for name, value in facts.items() if value is not None}
    log.append(session, actor, kind, about=about, payload=payload)
