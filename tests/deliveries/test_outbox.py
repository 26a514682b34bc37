"""The way into the outbox: once, on the first channel that reaches, with one row in the log."""

import json

from sqlalchemy import select
from sqlalchemy.orm import Session

from mcrm.actors import SYSTEM
from mcrm.contacts import points
from mcrm.contacts.models import Contact, ContactPoint
from mcrm.db import Database
from mcrm.deliveries import outbox
from mcrm.deliveries.models import Delivery, Priority
from mcrm.deliveries.outbox import Recipient
from mcrm.interactions import log
from mcrm.transaction import transaction
from tests.cast import a_customer


def ben(session: Session) -> Contact:
    contact = a_customer(session, "Ben Okafor", phone="+447700900201", telegram=700201, push="ben-token")
    session.commit()
    return contact


def point_of(session: Session, contact: Contact, channel: str) -> ContactPoint:
    return points.reachable(session, contact.id, channel)[0]


def test_news_is_told_once_on_the_first_channel_that_reaches(database: Database, session: Session) -> None:
    contact = ben(session)
    for _ in range(2):
        with transaction() as work:
            told = outbox.tell(
                work, SYSTEM, contact_id=contact.id, text="Your order 1042 is on its way.", kind="order.shipped",
                dedupe_key="order.shipped:1042", title="On its way", collapse_key="order-1042",
            )  # fmt: skip
    [delivery] = session.scalars(select(Delivery))
    assert delivery.id == told.id
    assert (delivery.channel, delivery.state, delivery.purpose) == ("push", "queued", "service")
    assert delivery.fallbacks == ["push", "telegram", "sms"]
    assert delivery.content == {"title": "On its way", "collapse_key": "order-1042"}
    [fact] = log.timeline(session, [contact.id], kinds=["delivery.queued"])
    assert (fact.channel, fact.direction, fact.subject_id) == ("push", "out", delivery.id)
    assert fact.account_id == contact.account_id
    assert json.loads(fact.payload)["text"] == "Your order 1042 is on its way."


def test_a_contact_without_any_address_gets_a_delivery_that_says_so(database: Database, session: Session) -> None:
    contact = a_customer(session, "Mei Lin")
    session.commit()
    with transaction() as work:
        outbox.tell(work, SYSTEM, contact_id=contact.id, text="Hello", kind="order.shipped", dedupe_key="k")
    [delivery] = session.scalars(select(Delivery))
    assert (delivery.state, delivery.reason, delivery.contact_point_id) == ("suppressed", "no-address", None)
    [fact] = log.timeline(session, [contact.id], kinds=["delivery.queued"])
    assert json.loads(fact.payload)["reason"] == "no-address"


def test_a_code_never_stands_in_the_log(database: Database, session: Session) -> None:
    contact = ben(session)
    sms = point_of(session, contact, "sms")
    with transaction() as work:
        outbox.queue(
            work, SYSTEM, channel="sms", contact_point_id=sms.id, text="Your code is 123456.", kind="code", secret=True
        )
    [fact] = log.tail(session, after=0)[-1:]
    assert fact.kind == "delivery.queued"
    assert "123456" not in fact.payload


def test_a_message_to_many_repeats_nothing_after_a_crash(database: Database, session: Session) -> None:
    people = [a_customer(session, f"Customer {n}", phone=f"+4477009003{n:02}") for n in range(5)]
    session.commit()
    everybody = [Recipient(point_of(session, who, "sms").id, who.id, who.account_id) for who in people]

    def announce(recipients: list[Recipient]) -> int:
        with transaction() as work:
            return outbox.queue_many(
                work, SYSTEM, recipients, channel="sms", text="Fresh Yirgacheffe is in.", kind="offer",
                purpose="marketing", priority=Priority.BULK, dedupe_prefix="offer:7",
            )  # fmt: skip

    assert announce(everybody[:3]) == 3
    assert announce(everybody) == 2
    assert announce(everybody) == 0
    assert len(session.scalars(select(Delivery)).all()) == 5
    assert len([fact for fact in log.tail(session, after=0) if fact.kind == "delivery.queued"]) == 5
