"""The same again: at today's prices, and without what is not sold any more."""

import pytest
from sqlalchemy.orm import Session

from mcrm.actors import Actor, Channel, Role
from mcrm.orders import reordering
from mcrm.orders.errors import NothingToRepeat, OrderUnknown
from mcrm.orders.placing import Wanted, place
from tests.cast import a_customer, a_product


def test_an_order_is_repeated_without_what_is_gone(session: Session) -> None:
    ben, aisha = a_customer(session), a_customer(session, "Aisha Khan")
    coffee, mug = a_product(session), a_product(session, "MUG-1", "Harbour mug", price=1200)
    actor = Actor(Role.CUSTOMER, Channel.SMS, id=ben.id, contact_id=ben.id)
    lines = [Wanted(coffee.id, 2), Wanted(mug.id, 1)]
    first = place(session, actor, contact_id=ben.id, lines=lines)
    mug.is_active = False
    session.flush()
    second, gone = reordering.reorder(session, actor, order_id=first.id)
    assert (second.total, second.contact_id, gone) == (1900, ben.id, ("Harbour mug",))
    coffee.is_active = False
    session.flush()
    with pytest.raises(NothingToRepeat):
        reordering.again(session, actor, order_id=first.id)
    with pytest.raises(OrderUnknown):
        other = Actor(Role.CUSTOMER, Channel.SMS, id=aisha.id, contact_id=aisha.id)
        reordering.again(session, other, order_id=first.id)
