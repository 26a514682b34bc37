"""A yes holds for what was read back: not for another price, not for what a person settled meanwhile."""

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select
from sqlalchemy.orm import Session

from mcrm.actors import Role
from mcrm.contacts.models import Contact
from mcrm.conversations.models import Message
from mcrm.deliveries.models import Delivery
from mcrm.orders.models import Order
from mcrm.products.models import PriceListItem
from mcrm.settings_store import service as settings_store
from tests.bots.conftest import Phones, Replies
from tests.callers import Caller, as_staff
from tests.cast import a_customer, a_product, an_order

BEN = "+447700900201"


@pytest.fixture
def ben(session: Session) -> Contact:
    """Ben has an order that has not left."""
    settings_store.forget()
    ben = a_customer(session, phone=BEN)
    an_order(session, ben, "1003", "confirmed")
    a_product(session, "MUG-1", "Harbour mug", price=1200)
    session.commit()
    return ben


@pytest.fixture
def kofi(client: FlaskClient) -> Caller:
    """An agent who is present."""
    kofi = as_staff(client, Role.AGENT, name="Kofi Mensah")
    assert kofi.put("/v1/inbox/presence", {"is_present": True}).status_code == 200
    return kofi


def text_code(session: Session, phones: Phones) -> None:
    """Ben texts the code that came."""
    session.expire_all()
    text = session.scalars(select(Delivery.text).where(Delivery.kind == "code").order_by(Delivery.id.desc())).first()
    assert text is not None
    phones.text(BEN, "".join(letter for letter in text if letter.isdigit())[-6:])


def last_words(session: Session, replies: Replies) -> str:
    """What Ben was told last."""
    session.expire_all()
    return replies.to(BEN)[-1].text


def test_a_yes_to_one_price_buys_nothing_at_another(
    session: Session, ben: Contact, phones: Phones, replies: Replies
) -> None:
    phones.text(BEN, "buy")
    phones.text(BEN, "mug")
    phones.text(BEN, "2")
    text_code(session, phones)
    assert "2 x Harbour mug for £24.00?" in last_words(session, replies)

    session.scalars(select(PriceListItem)).one().unit_price = 12000
    session.commit()
    phones.text(BEN, "1")
    asked_again = last_words(session, replies)
    assert "changed meanwhile" in asked_again
    assert "2 x Harbour mug for £240.00?" in asked_again
    assert session.scalars(select(Order.number)).all() == ["1003"]

    phones.text(BEN, "1")
    assert "placed" in last_words(session, replies)
    assert sorted(session.scalars(select(Order.total))) == [2450, 24000]


def test_a_yes_to_cancelling_what_has_grown_since_is_asked_again(
    session: Session, ben: Contact, phones: Phones, replies: Replies
) -> None:
    phones.text(BEN, "drop 1003")
    text_code(session, phones)
    assert "Cancel order 1003 (£24.50)?" in last_words(session, replies)
    session.scalars(select(Order)).one().total = 99900
    session.commit()
    phones.text(BEN, "yes")
    assert "Cancel order 1003 (£999.00)?" in last_words(session, replies)
    assert session.scalars(select(Order.status)).all() == ["confirmed"]


def test_a_yes_after_a_person_took_over_and_settled_it_cancels_nothing(
    session: Session, ben: Contact, phones: Phones, replies: Replies, kofi: Caller
) -> None:
    phones.text(BEN, "drop 1003")
    text_code(session, phones)
    assert "Cancel order 1003" in last_words(session, replies)

    talk = kofi.post("/v1/inbox/handovers", {"contact_id": str(ben.id)}).json["id"]
    kofi.post(f"/v1/inbox/handovers/{talk}/messages", {"text": "We can send it today. Shall we?"})
    phones.text(BEN, "yes")
    assert kofi.post(f"/v1/inbox/handovers/{talk}/resolution", {}).status_code == 201
    phones.text(BEN, "yes")
    session.expire_all()
    assert session.scalars(select(Order.status)).all() == ["confirmed"]


def test_figures_for_a_person_are_not_hidden_because_the_bot_had_asked_for_a_code(
    session: Session, ben: Contact, phones: Phones, kofi: Caller
) -> None:
    phones.text(BEN, "verify")
    kofi.post("/v1/inbox/handovers", {"contact_id": str(ben.id)})
    phones.text(BEN, "it is about order 1003")
    session.expire_all()
    assert session.scalars(select(Message.text).order_by(Message.id.desc())).first() == "it is about order 1003"


def test_a_name_and_a_street_are_one_line(session: Session, ben: Contact, phones: Phones, replies: Replies) -> None:
    phones.text(BEN, "profile")
    phones.text(BEN, "1")
    phones.text(BEN, "Ben Okafor\nBcc: everybody@elsewhere.example")
    text_code(session, phones)
    phones.text(BEN, "1")
    session.expire_all()
    assert session.scalars(select(Contact.name)).one() == "Ben Okafor Bcc: everybody@elsewhere.example"


def test_what_is_no_mail_address_is_asked_for_again(
    session: Session, ben: Contact, phones: Phones, replies: Replies
) -> None:
    for text in ("profile", "3", "ben@" + "b" * 600 + ".example"):
        phones.text(BEN, text)
    assert last_words(session, replies).startswith("Sorry, I did not catch that")
    assert session.scalars(select(Message.error).where(Message.error.is_not(None))).all() == []
