"""A human's word on many deliveries at once: bounded, repeatable, traced, and codes that are gone stay gone."""

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from mcrm.actors import Role
from mcrm.audit.models import AuditEntry
from mcrm.contacts.models import Contact
from mcrm.deliveries.models import Delivery, DeliveryState
from mcrm.interactions.models import Interaction
from tests.callers import Caller, as_staff
from tests.cast import a_customer
from tests.deliveries.carriers import queue


@pytest.fixture
def ben(session: Session) -> Contact:
    ben = a_customer(session, phone="+447700900201", telegram=700201)
    session.commit()
    return ben


@pytest.fixture
def ada(client: FlaskClient) -> Caller:
    return as_staff(client, Role.ADMIN)


def failed(session: Session, ben: Contact, count: int, reason: str, channel: str = "sms") -> list[Delivery]:
    made = [queue(ben, session, channel=channel) for _ in range(count)]
    ids = [delivery.id for delivery in made]
    session.execute(update(Delivery).where(Delivery.id.in_(ids)).values(state="failed", reason=reason))
    session.commit()
    return made


def states(session: Session) -> list[str]:
    session.expire_all()
    return sorted(session.scalars(select(Delivery.state)))


def test_an_admin_sees_what_failed_and_why(session: Session, ben: Contact, ada: Caller) -> None:
    failed(session, ben, 3, "twilio:30003")
    failed(session, ben, 1, "blocked", channel="telegram")
    queue(ben, session)
    items = ada.get("/v1/deliveries/failures").json["items"]
    assert [(one["channel"], one["reason"], one["count"]) for one in items] == [
        ("sms", "twilio:30003", 3),
        ("telegram", "blocked", 1),
    ]
    listed = ada.get("/v1/deliveries", state="failed", reason="twilio:30003").json["items"]
    assert len(listed) == 3


def test_what_failed_for_one_reason_is_sent_once_more_page_by_page(session: Session, ben: Contact, ada: Caller) -> None:
    failed(session, ben, 5, "twilio:30003")
    failed(session, ben, 1, "twilio:30007")
    which = {"reason": "twilio:30003", "limit": 3}
    answers = [ada.post("/v1/deliveries/retries", which).json for _ in range(3)]
    assert answers == [
        {"decided": 3, "skipped": 0, "has_more": True},
        {"decided": 2, "skipped": 0, "has_more": False},
        {"decided": 0, "skipped": 0, "has_more": False},
    ]
    assert states(session) == ["failed", *["queued"] * 5]
    retried = select(Interaction.subject_id).where(Interaction.kind == "delivery.retried")
    assert len(set(session.scalars(retried))) == 5
    assert len(session.scalars(select(AuditEntry).where(AuditEntry.action == "delivery.retried")).all()) == 5


def test_the_same_request_sent_twice_decides_once(session: Session, ben: Contact, ada: Caller) -> None:
    failed(session, ben, 4, "twilio:30003")
    key = {"Idempotency-Key": "retry-them"}
    first, again = (ada.post("/v1/deliveries/retries", {"limit": 2}, **key).json for _ in range(2))
    assert first == again == {"decided": 2, "skipped": 0, "has_more": True}
    assert states(session) == ["failed", "failed", "queued", "queued"]


def test_what_was_given_up_stays_given_up(session: Session, ben: Contact, ada: Caller) -> None:
    failed(session, ben, 2, "twilio:30003")
    assert ada.post("/v1/deliveries/abandonments").json["decided"] == 2
    assert ada.post("/v1/deliveries/retries").json["decided"] == 0
    assert ada.get("/v1/deliveries/failures").json["items"] == []


def test_codes_that_are_gone_hold_nothing_up(session: Session, ben: Contact, ada: Caller) -> None:
    codes = failed(session, ben, 2, "twilio:30003")
    failed(session, ben, 1, "twilio:30003")
    gone = update(Delivery).where(Delivery.id.in_([code.id for code in codes]))
    session.execute(gone.values(text="", content={"secret": True}))
    session.commit()
    assert ada.post("/v1/deliveries/retries", {"limit": 1}).json == {"decided": 1, "skipped": 0, "has_more": False}
    assert states(session) == [DeliveryState.FAILED, DeliveryState.FAILED, DeliveryState.QUEUED]


def test_only_an_admin_decides(client: FlaskClient, session: Session, ben: Contact) -> None:
    noor = as_staff(client, Role.MANAGER)
    assert noor.get("/v1/deliveries/failures").status_code == 200
    for verb in ("retries", "abandonments"):
        assert noor.post(f"/v1/deliveries/{verb}").json["code"] == "auth.role-missing"
