"""Human numbers from a series, taken inside the transaction that uses them: no holes, none twice."""

import re
from typing import cast

from sqlalchemy import Table, bindparam, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from mcrm.orders.models import NumberSeries, Order
from mcrm.orders.service import number_key
from mcrm.prepared import Prepared

FIRST = 1001
FORMS = (re.compile(r"([A-Z]+)(\d+)"), re.compile(r"([A-Z]+)(\d{4})(\d{5,})"))
"""Numbers with dashes, without them: `C-501`, and `INV-2026-00001` with its year."""


def spellings(number: str) -> set[str]:
    """How a number may be stored that somebody writes in any case, with or without dashes, spaces and `#`."""
    key = number_key(number)
    dashed = {"-".join(found.groups()) for form in FORMS if (found := form.fullmatch(key))}
    return {number.strip().upper(), key} | dashed


def next_order_number(session: Session) -> str:
    """The next order number that no (imported) order has."""
    while True:
        number = str(next_number(session, "order"))
        if _HOLDER.scalar(session.connection(), {"number": number}) is None:
            return number


def next_number(session: Session, name: str, *, first: int = FIRST) -> int:
    """The next number of a series, which begins at `first`; whoever else wants one waits for this transaction."""
    number = _TAKE.scalar(session.connection(), {"series": name})
    if number is None:
        try:
            with session.begin_nested():
                session.add(NumberSeries(name=name, next_number=first))
        except IntegrityError:
            pass  # made at the same moment by somebody else
        number = _TAKE.scalar(session.connection(), {"series": name})
    assert number is not None
    return int(number)


_series, _orders = NumberSeries.__table__.c, Order.__table__.c
_TAKE = Prepared(
    update(cast(Table, NumberSeries.__table__))
    .where(_series.name == bindparam("series"))
    .values(next_number=_series.next_number + 1)
    .returning(_series.next_number - 1)
)
_HOLDER = Prepared(select(_orders.id).where(_orders.number == bindparam("number")))
