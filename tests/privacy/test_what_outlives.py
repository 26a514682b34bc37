"""What outlives a forgotten person: a stop, the facts of the log with their digests; and who is told of the rest."""

import hashlib
from datetime import timedelta

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select
from sqlalchemy.orm import Session

from mcrm import clock
from mcrm.actors import SYSTEM, Role
from mcrm.consents import service as consents
from mcrm.consents.models import Suppression, SuppressionReason
from mcrm.contacts import points
from mcrm.contacts.models import Contact
from mcrm.deliveries.models import Delivery
from mcrm.interactions.models import Interaction
from mcrm.privacy import asking, erasing
from tests.bots.conftest import Phones
from tests.callers import as_staff
from tests.cast import a_customer, a_territory
from tests.deliveries.carriers import Carrier, a_round, queue

PHONE = "+447700900201"


def forgotten(session: Session, contact: Contact) -> None:
    """Asked for, and thirty days later done."""
    due(session, contact)
    while erasing.turn():
        pass
    session.expire_all()


def due(session: Session, contact: Contact) -> None:
    """Asked for, and thirty days later."""
    asking.ask(session, SYSTEM, contact.id)
    session.commit()
    clock.advance(timedelta(days=30, seconds=1))


@pytest.fixture
def ben(session: Session) -> Contact:
    made = a_customer(session, phone=PHONE)
    session.commit()
    return made


def test_a_stopped_number_stays_stopped_and_cannot_be_read(session: Session, ben: Contact) -> None:
    with clock.stopped(clock.now()):
        phones = Phones()
        assert phones.text(PHONE, "STOP") == 200
        forgotten(session, ben)
        [stop] = session.scalars(select(Suppression))
        assert stop.address.startswith("erased:") and PHONE[1:] not in stop.address

        anew = a_customer(session, "Somebody", phone=PHONE)
        refused = queue(anew, session, text="We miss you.")
        a_round("sms", carrier := Carrier())
        session.expire_all()
        assert (session.get_one(Delivery, refused.id).reason, carrier.handed) == ("suppressed:stop-word", [])

        assert phones.text(PHONE, "START") == 200
        session.expire_all()
        assert session.scalars(select(Suppression).where(Suppression.lifted_at.is_(None))).all() == []


def test_stopped_by_staff_and_by_oneself_stays_both_and_what_was_lifted_is_gone(session: Session, ben: Contact) -> None:
    point = points.find(session, "sms", PHONE)
    assert point is not None
    with clock.stopped(clock.now()):
        for reason in (SuppressionReason.STOP_WORD, SuppressionReason.STAFF, SuppressionReason.BLOCKED):
            consents.suppress(session, SYSTEM, point=point, reason=reason, detail="said on the phone")
        consents.lift(session, SYSTEM, point=point, reasons=[SuppressionReason.BLOCKED])
        forgotten(session, ben)
        kept = session.scalars(select(Suppression)).all()
        assert {(stop.reason, stop.detail) for stop in kept} == {("stop-word", None), ("staff", None)}
        assert {stop.reason for stop in consents.suppressions_of(session, "sms", PHONE)} == {"stop-word", "staff"}


def test_whoever_stops_twice_in_two_lives_is_stopped_once(session: Session, ben: Contact) -> None:
    with clock.stopped(clock.now()):
        assert Phones().text(PHONE, "STOP") == 200
        forgotten(session, ben)
        anew = a_customer(session, "Somebody")
        point = points.add(session, SYSTEM, contact=anew, channel="sms", address=PHONE)
        consents.suppress(session, SYSTEM, point=point, reason=SuppressionReason.STOP_WORD)
        forgotten(session, anew)
        [stop] = session.scalars(select(Suppression))
        assert stop.address.startswith("erased:")


def test_the_log_keeps_its_facts_and_digests(session: Session, ben: Contact) -> None:
    with clock.stopped(clock.now()):
        assert Phones().text(PHONE, "my parrot is called Kiwi") == 200
        before = {fact.position: fact for fact in session.scalars(select(Interaction))}
        for fact in before.values():
            assert fact.digest == hashlib.sha256(fact.salt + fact.payload.encode()).digest()
        digests = {position: fact.digest for position, fact in before.items()}
        forgotten(session, ben)
        after = {fact.position: fact for fact in session.scalars(select(Interaction)) if fact.position in digests}
        assert {position: fact.digest for position, fact in after.items()} == digests
        blanked = [fact for fact in after.values() if fact.contact_id == ben.id]
        assert blanked and {(fact.payload, fact.salt) for fact in blanked} == {("", b"")}


def test_reps_phones_hear_that_the_name_and_the_notes_are_gone(client: FlaskClient, session: Session) -> None:
    west = a_territory(session, "West")
    ben = a_customer(session, phone=PHONE, territory_id=west.id)
    session.commit()
    with clock.stopped(clock.now()):
        due(session, ben)
        sam = as_staff(client, Role.REP, [west], "Sam Doyle")
        assert sam.post(f"/v1/contacts/{ben.id}/notes", {"text": "His parrot is called Kiwi."}).status_code == 201
        first = sam.get("/v1/sync").json
        assert "Kiwi" in str(first) and PHONE in str(first)
        while erasing.turn():
            pass
        news = sam.get("/v1/sync", last_pulled_at=first["timestamp"]).json["changes"]
        [contact] = news["contacts"]["updated"]
        assert (contact["id"], contact["name"]) == (str(ben.id), "Erased")
        gone = {point["id"] for point in first["changes"]["contact_points"]["updated"]}
        assert set(news["contact_points"]["deleted"]) == gone
        [note] = first["changes"]["interactions"]["updated"]
        [emptied] = [row for row in news["interactions"]["updated"] if row["id"] == note["id"]]
        assert "Kiwi" not in str(emptied)


def test_a_message_that_waited_is_not_sent_to_somebody_who_is_forgotten(session: Session, ben: Contact) -> None:
    with clock.stopped(clock.now()):
        waiting = queue(ben, session, text="Your parrot food is here.", not_before=clock.now() + timedelta(days=40))
        forgotten(session, ben)
        found = session.get_one(Delivery, waiting.id)
        assert (found.state, found.reason, found.text) == ("suppressed", "contact-erased", "")
