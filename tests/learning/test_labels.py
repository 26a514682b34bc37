"""What the bots did not understand waits for a person, and what people say it meant is learned."""

import pytest
from flask.testing import FlaskClient
from sqlalchemy import update
from sqlalchemy.orm import Session

from mcrm.actors import Role
from mcrm.conversations.models import Message
from mcrm.learning import service
from tests.bots.conftest import Phones
from tests.callers import Caller, as_staff
from tests.cast import a_customer

BEN = "+447700900201"


@pytest.fixture
def phones(client: FlaskClient, session: Session) -> Phones:
    a_customer(session, phone=BEN)
    session.commit()
    return Phones()


@pytest.fixture
def kofi(client: FlaskClient) -> Caller:
    return as_staff(client, Role.AGENT)


def test_only_what_was_not_understood_waits_for_a_label(phones: Phones, kofi: Caller) -> None:
    for text in ("where is my order", "zorp glibber", "thanks"):
        phones.text(BEN, text)
    [row] = kofi.get("/v1/unknown-messages").json["items"]
    assert (row["text"], row["why"], row["channel"], row["label"]) == ("zorp glibber", "unknown", "sms", None)
    assert row["understood"]["command"] == "miss"


def test_a_label_is_given_changed_and_learned(phones: Phones, kofi: Caller, session: Session) -> None:
    phones.text(BEN, "zorp glibber")
    [row] = kofi.get("/v1/unknown-messages", labelled="false").json["items"]
    for intent in ("complaint", "invoice"):
        answer = kofi.put(f"/v1/unknown-messages/{row['id']}/label", {"intent": intent})
        assert (answer.status_code, answer.json["label"]) == (200, intent)
    assert kofi.get("/v1/unknown-messages", labelled="false").json["items"] == []
    assert service.to_learn(session) == {"en": [("zorp glibber", "invoice")]}


def test_an_intent_that_does_not_exist_is_no_label(phones: Phones, kofi: Caller) -> None:
    phones.text(BEN, "zorp glibber")
    [row] = kofi.get("/v1/unknown-messages").json["items"]
    assert kofi.put(f"/v1/unknown-messages/{row['id']}/label", {"intent": "zorping"}).status_code == 422


def test_nothing_is_learned_from_people_who_said_stop(phones: Phones, kofi: Caller, session: Session) -> None:
    phones.text(BEN, "zorp glibber")
    [row] = kofi.get("/v1/unknown-messages").json["items"]
    kofi.put(f"/v1/unknown-messages/{row['id']}/label", {"intent": "invoice"})
    phones.text(BEN, "STOP")
    session.expire_all()
    assert service.to_learn(session) == {}


def test_an_erased_message_is_neither_shown_nor_labelled_nor_learned(
    phones: Phones, kofi: Caller, session: Session
) -> None:
    phones.text(BEN, "zorp glibber")
    [row] = kofi.get("/v1/unknown-messages").json["items"]
    kofi.put(f"/v1/unknown-messages/{row['id']}/label", {"intent": "invoice"})
    session.execute(update(Message).values(text=None))
    session.commit()
    assert kofi.get("/v1/unknown-messages").json["items"] == []
    answer = kofi.put(f"/v1/unknown-messages/{row['id']}/label", {"intent": "complaint"})
    assert (answer.status_code, answer.json["code"]) == (409, "unknown-message.erased")
    assert service.to_learn(session) == {}


def test_a_message_in_doubt_is_asked_about_and_the_choice_is_served(phones: Phones, kofi: Caller) -> None:
    phones.text(BEN, "what if i just bail on the order, do i pay anything")
    [row] = kofi.get("/v1/unknown-messages").json["items"]
    assert row["why"] == "asked"
    assert len(row["understood"]["alternatives"]) == 2
