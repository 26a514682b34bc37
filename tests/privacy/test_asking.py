"""Asking to be forgotten: twice, with thirty days to take it back, and nothing while something is still owed."""

from datetime import timedelta

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select
from sqlalchemy.orm import Session

from mcrm import clock
from mcrm.actors import SYSTEM, Role
from mcrm.audit.models import AuditEntry
from mcrm.contacts.models import Contact, ContactPoint
from mcrm.interactions.models import Interaction
from mcrm.invoices.service import issue
from mcrm.orders.models import Order
from mcrm.privacy import erasing
from mcrm.privacy.models import Erasure
from mcrm.returns.models import Return
from tests.callers import Caller, as_customer, as_staff
from tests.cast import a_customer, a_product, an_order
from tests.tills import SELLER, a_sale

GRACE = timedelta(days=30, seconds=1)
DELETION = "/v1/me/deletion"


@pytest.fixture
def ben(session: Session) -> Contact:
    made = a_customer(session, phone="+447700900201", telegram=700201)
    session.commit()
    return made


def asked_twice(app: Caller) -> dict[str, object]:
    """The whole way of the app."""
    question = app.post(DELETION).json
    answer = app.post(DELETION, {"confirmation": question["confirmation"]})
    assert answer.status_code == 201
    return dict(answer.json)


def later(by: timedelta) -> None:
    """Time goes by and the worker works."""
    clock.advance(by)
    while erasing.turn():
        pass


def name_of(session: Session, contact: Contact) -> str:
    session.expire_all()
    return session.get_one(Contact, contact.id).name


def test_the_first_asking_does_nothing_but_ask_back(client: FlaskClient, session: Session, ben: Contact) -> None:
    app = as_customer(client, ben)
    question = app.post(DELETION)
    assert (question.status_code, question.json["state"]) == (201, None)
    assert session.scalars(select(Erasure)).all() == []
    assert app.get(DELETION).status_code == 404
    again = app.post(DELETION, {"confirmation": question.json["confirmation"]}).json
    assert (again["state"], again["confirmation"]) == ("pending", None)
    assert app.get(DELETION).json["due_at"] == again["due_at"]


def test_a_confirmation_dies_with_time_with_a_change_with_use_and_is_nobody_elses(
    client: FlaskClient, session: Session, ben: Contact
) -> None:
    aisha = a_customer(session, "Aisha Khan", phone="+447700900202")
    session.commit()
    with clock.stopped(clock.now()):
        app = as_customer(client, ben)
        old = app.post(DELETION).json["confirmation"]
        clock.advance(timedelta(minutes=11))
        app = as_customer(client, ben)
        assert app.post(DELETION, {"confirmation": old}).json["code"] == "erasure.confirmation-over"

        fresh = app.post(DELETION).json["confirmation"]
        other = as_customer(client, aisha)
        assert other.post(DELETION, {"confirmation": fresh}).json["code"] == "erasure.confirmation-over"
        app.patch("/v1/me", {"name": "Ben A. Okafor"})
        assert app.post(DELETION, {"confirmation": fresh}).json["code"] == "erasure.confirmation-over"

        used = app.post(DELETION).json["confirmation"]
        assert app.post(DELETION, {"confirmation": used}).status_code == 201
        assert app.post(DELETION, {"confirmation": used}).json["state"] == "pending"  # the same wish, not a second one
        assert app.delete(DELETION).status_code == 204
        assert app.post(DELETION, {"confirmation": used}).json["code"] == "erasure.confirmation-over"
        for wrong in ("x", "ä" * 20, "A" * 120):
            assert app.post(DELETION, {"confirmation": wrong}).status_code == 409


def test_thirty_days_go_by_before_anything_happens(client: FlaskClient, session: Session, ben: Contact) -> None:
    with clock.stopped(clock.now()):
        asked_twice(as_customer(client, ben))
        later(timedelta(days=29, hours=23))
        assert name_of(session, ben) == "Ben Okafor"
        later(timedelta(hours=2))
        assert name_of(session, ben) == "Erased"


def test_it_can_be_taken_back_until_it_has_begun(client: FlaskClient, session: Session, ben: Contact) -> None:
    with clock.stopped(clock.now()):
        asked_twice(as_customer(client, ben))
        clock.advance(timedelta(days=29))
        app = as_customer(client, ben)
        assert app.delete(DELETION).status_code == 204
        assert app.get(DELETION).json["state"] == "taken_back"
        assert app.delete(DELETION).status_code == 404
        later(timedelta(days=60))
        assert name_of(session, ben) == "Ben Okafor"
        asked_twice(as_customer(client, ben))
        clock.advance(GRACE)
        assert erasing.turn()  # the first moment: name and addresses are gone
        ada = as_staff(client, Role.ADMIN)
        refused = ada.delete(f"/v1/contacts/{ben.id}/erasure")
        assert (refused.status_code, refused.json["code"]) == (409, "erasure.under-way")


def test_an_admin_asks_for_somebody_who_wrote_a_letter_and_the_audit_knows(
    client: FlaskClient, session: Session, ben: Contact
) -> None:
    ada, sam = as_staff(client, Role.ADMIN), as_staff(client, Role.MANAGER)
    path = f"/v1/contacts/{ben.id}/erasure"
    assert sam.post(path).status_code == sam.get(path).status_code == 403
    assert ada.get(path).status_code == 404
    asked = ada.post(path)
    assert (asked.status_code, asked.json["state"], asked.json["report"]) == (201, "pending", [])
    assert [row["contact_id"] for row in ada.get("/v1/erasures", state="pending").json["items"]] == [str(ben.id)]
    assert ada.delete(path).status_code == 204
    assert ada.get("/v1/erasures", state="pending").json["items"] == []
    session.expire_all()
    assert session.scalars(select(AuditEntry.action).order_by(AuditEntry.id)).all() == [
        "erasure.asked",
        "erasure.taken-back",
    ]


def test_goods_under_way_money_owed_and_goods_coming_back_are_settled_first(
    client: FlaskClient, session: Session, ben: Contact
) -> None:
    coffee = a_product(session, stock=20)
    under_way = an_order(session, ben, status="shipped")
    sold = a_sale(session, ben, (coffee.id, 1))
    sold.status = "delivered"
    session.flush()
    issue(session, SYSTEM, order_id=sold.id, seller=SELLER)
    back = Return(order_id=under_way.id, reason="damaged", state="requested")
    session.add(back)
    session.commit()
    with clock.stopped(clock.now()):
        app = as_customer(client, ben)
        assert asked_twice(app)["waits_for"] == ["open-orders", "open-returns", "unpaid-invoices"]
        later(GRACE)
        assert name_of(session, ben) == "Ben Okafor"

        session.get_one(Order, under_way.id).status = "delivered"
        session.get_one(Return, back.id).state = "closed"
        session.commit()
        later(timedelta(days=1, seconds=1))
        app = as_customer(client, ben)
        assert app.get(DELETION).json["waits_for"] == ["unpaid-invoices"]
        ada = as_staff(client, Role.ADMIN)
        money = {"method": "cash", "amount": sold.total, "currency": "GBP"}
        assert ada.post(f"/v1/orders/{sold.id}/payments", money).status_code == 201
        later(timedelta(days=1, seconds=1))
        assert name_of(session, ben) == "Erased"
        waits = session.scalars(select(Interaction.kind).where(Interaction.kind == "erasure.waits")).all()
        assert len(waits) == 1  # said once, when what it waits for changed


def test_whoever_was_forgotten_is_signed_out_and_a_stranger_when_they_write(
    client: FlaskClient, session: Session, ben: Contact
) -> None:
    with clock.stopped(clock.now()):
        asked_twice(as_customer(client, ben))
        clock.advance(GRACE - timedelta(minutes=1))
        app = as_customer(client, ben)
        assert app.get("/v1/me").status_code == 200
        later(timedelta(minutes=2))
        assert app.get("/v1/me").status_code == 401
        session.expire_all()
        points = session.scalars(select(ContactPoint)).all()
        assert {(point.contact_id, point.state) for point in points} == {(None, "removed")}
        ada = as_staff(client, Role.ADMIN)
        again = ada.post(f"/v1/contacts/{ben.id}/erasure")
        assert (again.status_code, again.json["code"]) == (409, "erasure.done-already")
