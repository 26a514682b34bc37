"""Human numbers from a series, taken inside the transaction that uses them: no holes, none twice."""

from sqlalchemy import select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from mcrm.orders.models import NumberSeries, Order

FIRST = 1001


def next_order_number(session: Session) -> str:
    """The next order number that no (imported) order has."""
    while True:
        number = str(_next(session, "order"))
        if session.scalar(select(Order.id).where(Order.number == number)) is None:
            return number


def _next(session: Session, name: str) -> int:
    taken = (
        update(NumberSeries)
        .where(NumberSeries.name == name)
        .values(next_number=NumberSeries.next_number + 1)
        .returning(NumberSeries.next_number - 1)
        .execution_options(synchronize_session=False)
    )
    number = session.scalar(taken)
    if number is None:
        try:
            with session.begin_nested():
                session.add(NumberSeries(name=name, next_number=FIRST))
        except IntegrityError:
            pass  # made at the same moment by somebody else
        number = session.scalar(taken)
    assert number is not None
    return int(number)
