"""What the people of the demo ordered in the last weeks, told in the order in which it happened.

The clock stands at each moment while it is told: so rows, facts and books bear its time, and the log is in order.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from functools import partial
from uuid import UUID

from sqlalchemy.orm import Session

from mcrm import clock
from mcrm.actors import SYSTEM
from mcrm.invoices import service as invoices
from mcrm.invoices.service import Seller
from mcrm.orders import cancelling, moving, placing
from mcrm.orders.models import Order
from mcrm.orders.placing import Wanted

Event = tuple[datetime, Callable[[], None]]


@dataclass
class Past:
    """One order: whose it is (`person` counts them), the `place` among theirs, and how far it has come."""

    contact_id: UUID
    person: int
    place: int
    number: str
    status: str
    lines: Sequence[Wanted]
    made: list[Order] = field(default_factory=list)

    @property
    def order(self) -> Order:
        """The order, once it has been placed."""
        return self.made[0]


def tell(session: Session, orders: Sequence[Past], seller: Seller) -> None:
    """Let all of it happen, the oldest first."""
    for at, happen in sorted(
        (event for past in orders for event in _events(session, past, seller)), key=lambda e: e[0]
    ):
        with clock.stopped(at):
            happen()
            session.flush()


def _events(session: Session, past: Past, seller: Seller) -> list[Event]:
    """When what happened to an order; new ones came within the last hours, parcels on their way left yesterday."""
    place, confirm, ship = (
        partial(_place, session, past),
        partial(_confirm, session, past),
        partial(_ship, session, past),
    )
    match past.status:
        case "delivered":
            days = 24 - 3 * past.person - 6 * past.place
            arrived = (_at(past, days - 3, 13), partial(_deliver, session, past, seller))
            return [
                (_at(past, days, 10), place),
                (_at(past, days, 15), confirm),
                (_at(past, days - 1, 16), ship),
                arrived,
            ]
        case "shipped":
            return [(_at(past, 3, 11), place), (_at(past, 2, 9), confirm), (_at(past, 1, 16), ship)]
        case "confirmed":
            return [(_at(past, 2, 17), place), (_at(past, 1, 10), confirm)]
        case "cancelled":
            return [(_at(past, 6, 12), place), (_at(past, 6, 18), partial(_cancel, session, past))]
    return [(clock.now() - timedelta(hours=1, minutes=25 * past.person), place)]


def _place(session: Session, past: Past) -> None:
    made = placing.place(session, SYSTEM, contact_id=past.contact_id, lines=past.lines, number=past.number)
    past.made.append(made)


def _cancel(session: Session, past: Past) -> None:
    cancelling.cancel(session, SYSTEM, order_id=past.order.id, reason="changed my mind")


def _confirm(session: Session, past: Past) -> None:
    moving.confirm(session, SYSTEM, order_id=past.order.id)
    past.order.expected_on = _in_days(5)


def _ship(session: Session, past: Past) -> None:
    moving.ship(
        session,
        SYSTEM,
        order_id=past.order.id,
        carrier="Royal Mail",
        tracking_number=f"RM{past.number}GB",
        expected_on=_in_days(3),
    )


def _deliver(session: Session, past: Past, seller: Seller) -> None:
    moving.deliver(session, SYSTEM, order_id=past.order.id)
    invoices.issue(session, SYSTEM, order_id=past.order.id, seller=seller)


def _at(past: Past, days: int, hour: int) -> datetime:
    """So many days ago at about that hour, not the same minute for any two."""
    minute = (7 * past.person + 13 * past.place) % 60
    day = clock.now().astimezone(clock.zone()).date() - timedelta(days=days)
    return datetime.combine(day, time(hour, minute), clock.zone())


def _in_days(days: int) -> date:
    return clock.now().date() + timedelta(days=days)
