"""Where is my order? Whoever asks hears of the own orders, and nothing that tells strangers from nobody."""

from dataclasses import fields
from datetime import date

import pytest
from sqlalchemy.orm import Session

from mcrm.actors import Actor, Channel, Role
from mcrm.contacts.models import Contact
from mcrm.orders import phrases, tracking
from mcrm.orders.errors import OrderUnknown
from mcrm.orders.models import Shipment
from mcrm.orders.tracking import TrackedLine, TrackedOrder
from tests.cast import a_customer, an_order


def sender(contact: Contact | None) -> Actor:
    """Somebody known by the channel's address alone."""
    contact_id = contact.id if contact else None
    return Actor(role=Role.CUSTOMER, channel=Channel.SMS, id=contact_id, contact_id=contact_id, level=1)


@pytest.mark.parametrize("typed", ["1042", "#1042", " 10 42 ", "10-42", "10–42"])
def test_a_number_is_understood_however_it_is_typed(session: Session, typed: str) -> None:
    ben = a_customer(session)
    an_order(session, ben, "1042", status="shipped")
    assert tracking.track(session, sender(ben), number=typed).number == "1042"


def test_somebody_elses_order_is_exactly_like_none(session: Session) -> None:
    ben, mei = a_customer(session), a_customer(session, "Mei Lin")
    an_order(session, mei, "1043")
    for who, number in ((ben, "1043"), (ben, "9999"), (ben, "#"), (ben, "%"), (None, "1043")):
        with pytest.raises(OrderUnknown) as caught:
            tracking.track(session, sender(who), number=number)
        assert caught.value.facts == {"number": number}


def test_who_is_known_by_an_address_alone_hears_no_prices(session: Session) -> None:
    ben = a_customer(session)
    order = an_order(session, ben, "1042", status="shipped")
    order.expected_on = date(2027, 1, 2)
    session.add(Shipment(order_id=order.id, carrier="Royal Mail", tracking_number="RM1", shipped_at=order.placed_at))
    session.flush()
    tracked = tracking.track(session, sender(ben), number="1042")

    assert (tracked.status, tracked.expected_on, tracked.carrier) == ("shipped", date(2027, 1, 2), "Royal Mail")
    named = {field.name for kind in (TrackedOrder, TrackedLine) for field in fields(kind)}
    assert not named & {"total", "unit_price", "currency", "price", "address", "contact_id", "account_id"}


def test_open_orders_come_first_then_the_newest(session: Session) -> None:
    ben = a_customer(session)
    for number, status in (("1", "delivered"), ("2", "new"), ("3", "cancelled"), ("4", "shipped")):
        an_order(session, ben, number, status=status)
    found = tracking.orders_of_contact(session, sender(ben), limit=3)
    assert [(order.number, order.is_open) for order in found] == [("4", True), ("2", True), ("3", False)]
    assert tracking.orders_of_contact(session, sender(None)) == []


def test_a_word_is_an_order_number_only_for_its_owner(session: Session) -> None:
    ben, mei = a_customer(session), a_customer(session, "Mei Lin")
    an_order(session, ben, "1042")
    assert tracking.is_own_number(session, sender(ben), "1042")
    assert not tracking.is_own_number(session, sender(mei), "1042")


@pytest.mark.parametrize(
    ("locale", "said"),
    [("en-GB", "2 January"), (None, "2 January"), ("en-US", "January 2"), ("fr", "2 janvier"), ("xx-!!", "2 January")],
)
def test_a_day_is_said_as_the_customer_says_it(locale: str | None, said: str) -> None:
    text = phrases.on_its_way("1042", "DPD", date(2027, 1, 2), locale)
    assert text == f"Order 1042 is on its way with DPD, expected on {said}."


def test_the_news_without_a_date_promises_none() -> None:
    assert phrases.on_its_way("1042", "", None, None) == "Order 1042 is on its way."
