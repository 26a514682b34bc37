"""Who was forgotten stays so: no phone that was offline, no colleague and no order of the same instant undoes it."""

import threading
from datetime import timedelta
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select
from sqlalchemy.orm import Session

from mcrm import clock
from mcrm.actors import SYSTEM, Actor, Channel, Role
from mcrm.contacts.models import Contact
from mcrm.db import Database, reading
from mcrm.ids import new_id
from mcrm.interactions.errors import ContactErased
from mcrm.orders.models import Order
from mcrm.orders.placing import Wanted, place
from mcrm.privacy import asking, erasing
from mcrm.privacy.models import Erasure
from mcrm.territories.models import Territory
from mcrm.transaction import perform, transaction
from tests.callers import as_staff
from tests.cast import a_customer, a_product, a_territory
from tests.privacy.lives import places_of

PHONE = "+447700900201"
NEEDLES = ["Okaforsen", PHONE, "parrot"]
NEW_ID = "0190a000-0000-7000-8000-00000000000{}"


@pytest.fixture
def west(session: Session) -> Territory:
    return a_territory(session, "West")


@pytest.fixture
def ben(session: Session, west: Territory) -> Contact:
    ben = a_customer(session, "Ben Okaforsen", phone=PHONE, territory_id=west.id)
    session.commit()
    return ben


def due(session: Session, ben: Contact) -> None:
    """The thirty days of Ben's wish are over."""
    asking.ask(session, SYSTEM, ben.id)
    session.scalars(select(Erasure)).one().look_at = clock.now() - timedelta(seconds=1)
    session.commit()


def forget() -> None:
    while erasing.turn():
        pass


def edited(row: dict[str, Any], **changes: Any) -> dict[str, Any]:
    """A row as a phone sends it that changed it without a network."""
    return {**row, **changes, "_status": "updated", "_changed": ",".join(changes)}


def test_a_phone_that_was_offline_brings_nothing_of_a_forgotten_person_back(
    database: Database, client: FlaskClient, session: Session, west: Territory, ben: Contact
) -> None:
    with clock.stopped(clock.now()):
        sam = as_staff(client, Role.REP, [west], "Sam Doyle")
        ada = as_staff(client, Role.ADMIN)
        assert ada.post("/v1/tasks", {"contact_id": str(ben.id), "title": "Ask about the parrot"}).status_code == 201
        first = sam.get("/v1/sync").json
        [account], [contact], [point], [task] = (
            first["changes"][name]["updated"] for name in ("accounts", "contacts", "contact_points", "tasks")
        )
        due(session, ben)
        forget()
        assert places_of(database, NEEDLES) == {}

        number = {"id": NEW_ID.format(1), "contact_id": str(ben.id), "channel": "sms", "address": PHONE}
        note = {"id": NEW_ID.format(2), "contact_id": str(ben.id), "kind": "note.added", "text": "His parrot is well."}
        updates = {
            "accounts": [edited(account, name="Ben Okaforsen")],
            "contacts": [edited(contact, name="Ben Okaforsen", notes="Has a parrot")],
            "contact_points": [edited(point, address=PHONE)],
            "tasks": [edited(task, title="Feed the parrot")],
        }
        pushed: dict[str, Any] = {name: {"updated": rows} for name, rows in updates.items()}
        pushed["contact_points"]["created"] = [number]
        pushed["interactions"] = {"created": [note]}
        answer = sam.post("/v1/sync", {"changes": pushed})

        assert answer.status_code == 200, answer.text
        told = {(error["table"], error["code"]) for error in answer.json["errors"]}
        assert told == {
            ("accounts", "sync.forgotten"),
            ("contacts", "sync.forgotten"),
            ("contact_points", "sync.forgotten"),
            ("tasks", "sync.forgotten"),
            ("contact_points", "contact.erased"),
            ("interactions", "contact.erased"),
        }
        assert answer.json["conflicts"] == []
        assert places_of(database, NEEDLES) == {}
        news = sam.get("/v1/sync", last_pulled_at=answer.json["timestamp"]).json["changes"]
        assert [row["name"] for row in news["contacts"]["updated"]] == ["Erased"]


def test_what_a_phone_wrote_of_a_forgotten_person_is_kept_for_nobody_to_settle(
    database: Database, client: FlaskClient, session: Session, west: Territory, ben: Contact
) -> None:
    with clock.stopped(clock.now()):
        sam, ada = as_staff(client, Role.REP, [west], "Sam Doyle"), as_staff(client, Role.ADMIN)
        coffee = a_product(session)
        session.commit()
        assert ada.post("/v1/tasks", {"contact_id": str(ben.id), "title": "Ask about the parrot"}).status_code == 201
        [task] = sam.get("/v1/sync").json["changes"]["tasks"]["updated"]
        ada.delete(f"/v1/tasks/{task['id']}", ada.get(f"/v1/tasks/{task['id']}").headers["ETag"])
        due(session, ben)
        forget()
        ids = [str(new_id()) for _ in range(4)]
        orders = [{"id": id_, "contact_id": str(ben.id), "reference": "For the parrot"} for id_ in ids[:2]]
        lines = [
            {"id": id_, "order_id": order["id"], "product_id": product, "quantity": 1}
            for id_, order, product in zip(ids[2:], orders, (str(coffee.id), str(new_id())), strict=True)
        ]
        changes = {
            "orders": {"created": orders},
            "order_lines": {"created": lines},
            "tasks": {"updated": [edited(task, title="Feed the parrot")]},
        }
        answer = sam.post("/v1/sync", {"changes": changes}).json

        assert answer["conflicts"] == []
        assert {error["code"] for error in answer["errors"] if error["table"] == "tasks"} == {"sync.forgotten"}
        assert answer["experimentalRejectedIds"].keys() == {"orders", "order_lines"}
        assert places_of(database, NEEDLES) == {}


def test_a_colleague_writes_nothing_more_about_a_forgotten_person(
    client: FlaskClient, session: Session, ben: Contact
) -> None:
    coffee = a_product(session)
    session.commit()
    with clock.stopped(clock.now()):
        due(session, ben)
        forget()
        ada = as_staff(client, Role.ADMIN)
        place_ = {"kind": "delivery", "lines": ["1 Quay Street"], "city": "Bristol", "postcode": "BS1 4DJ"}
        for path, body in (
            ("contact-points", {"channel": "sms", "address": PHONE}),
            ("notes", {"text": "This was Ben."}),
            ("addresses", place_ | {"country": "GB"}),
        ):
            answer = ada.post(f"/v1/contacts/{ben.id}/{path}", body)
            assert (answer.status_code, answer.json["type"]) == (409, "urn:mcrm:problem:contact.erased"), path
        named = {"contact_id": str(ben.id)}
        wanted = named | {"lines": [{"product_id": str(coffee.id), "quantity": 1}]}
        for path, body in (
            ("/v1/orders", wanted),
            ("/v1/quotes", wanted),
            ("/v1/tasks", named | {"title": "Call Ben"}),
            ("/v1/cases", named | {"kind": "complaint", "summary": "Ben is cross."}),
            ("/v1/opportunities", named | {"account_id": str(ben.account_id), "name": "Ben's kitchen"}),
        ):
            assert ada.post(path, body).json["type"].endswith(":contact.erased"), path
        mei = a_customer(session, "Mei Lin")
        session.commit()
        for one, other in ((ben, mei), (mei, ben)):
            merged = ada.post(f"/v1/contacts/{one.id}/merge", {"other_id": str(other.id)})
            assert merged.json["type"].endswith(":contact.erased")
        assert ada.patch(f"/v1/contacts/{ben.id}", {"name": "Ben"}).json["type"].endswith(":contact.erased")
        assert ada.patch(f"/v1/accounts/{ben.account_id}", {"name": "Ben"}).json["type"].endswith(":account.erased")


def test_an_order_of_the_same_instant_is_waited_for_or_comes_too_late(committed: Database) -> None:
    with transaction() as session:
        ben = a_customer(session, "Ben Okaforsen", phone=PHONE)
        coffee_id = a_product(session).id
        asking.ask(session, SYSTEM, ben.id)
    with transaction() as session:
        session.scalars(select(Erasure)).one().look_at = clock.now() - timedelta(seconds=1)
    customer = Actor(role=Role.CUSTOMER, channel=Channel.APP, id=ben.id, contact_id=ben.id, level=3)
    placed, goes_on = threading.Event(), threading.Event()

    def order(session: Session) -> None:
        place(session, customer, contact_id=ben.id, lines=[Wanted(coffee_id, 1)])
        placed.set()
        goes_on.wait(10)

    ordering = threading.Thread(target=perform, args=(order,))
    ordering.start()
    assert placed.wait(10)
    forgetting = threading.Thread(target=forget)
    forgetting.start()
    forgetting.join(0.3)  # it waits for the order; were it not to, it would be through by now
    goes_on.set()
    ordering.join()
    forgetting.join()
    with reading() as session:
        erasure = session.scalars(select(Erasure)).one()
        assert (erasure.state, erasure.waits_for) == ("pending", ["open-orders"])
    with transaction() as session:
        session.scalars(select(Order)).one().status = "cancelled"
        session.scalars(select(Erasure)).one().look_at = clock.now() - timedelta(seconds=1)
    forget()
    with pytest.raises(ContactErased):
        perform(lambda session: place(session, customer, contact_id=ben.id, lines=[Wanted(coffee_id, 1)]))
