"""Nobody writes about a forgotten person: every operation that names a contact is tried on one."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select
from sqlalchemy.orm import Session

from mcrm import clock
from mcrm.actors import SYSTEM, Actor, Channel, Role, Scope
from mcrm.consents import service as consents
from mcrm.consents.models import ConsentState
from mcrm.contacts.models import Contact
from mcrm.db import Database
from mcrm.interactions.errors import AccountErased, ContactErased
from mcrm.privacy import asking, erasing
from mcrm.privacy.models import Erasure
from mcrm.tags import service as tags
from mcrm.transaction import perform, transaction
from mcrm.visits import appointments
from tests import doors
from tests.callers import Caller, signed_in
from tests.cast import a_customer, a_handover, a_user
from tests.privacy.lives import Business, places_of

WORD = "parrotquill"
PLACE = {"kind": "delivery", "lines": [WORD], "city": "Bristol", "postcode": "BS1 4DJ", "country": "GB"}
LATER = "2030-01-01T09:00:00Z"
REFUSED = {"contact.erased", "account.erased", "lead.erased"}
GONE = {
    "address.unknown",
    "contact-point.unknown",
    "contact-role.unknown",
    "handover.ended",
    "planned-visit.over",
    "contact.not-merged",
    "handover.no-channel",
}
"""Codes that say that what the operation was to change is not there any more."""
NOTHING = {
    ("DELETE", "/v1/contacts/{id}/sessions"): "it ends sign-ins, of which there are none",
    ("DELETE", "/v1/contacts/{id}/erasure"): "what is done cannot be taken back",
    ("POST", "/v1/contacts/{id}/erasure"): "it asks for what has been done",
    ("DELETE", "/v1/contacts/{id}/tags/{name}"): "there are none",
    ("DELETE", "/v1/contacts/{id}/duplicates/{other_id}/dismissal"): "there are none",
    ("POST", "/v1/deliveries/retries"): "their deliveries are found, and have no words",
    ("POST", "/v1/deliveries/abandonments"): "their deliveries are found, and have no words",
    ("POST", "/v1/templates/{id}/preview"): "it shows words and stores nothing",
}
"""Operations that name a contact, and write nothing about them."""


def forget() -> None:
    """All that is due."""
    while erasing.turn():
        pass


@pytest.fixture
def house(client: FlaskClient, session: Session) -> Business:
    return Business(client, session)


@contextmanager
def a_forgotten(house: Business) -> Iterator[dict[str, str]]:
    """Ben, who left something of every kind behind and was forgotten; the ids by name."""
    session, ada = house.session, house.ada
    ada_id = house.did(ada.get("/v1/staff/me"))["id"]
    with clock.stopped(clock.now()):
        ben = a_customer(session, "Ben Okafor", phone="+447700900201")
        mei = a_customer(session, "Mei Lin", phone="+447700900204")
        handover = a_handover(session, ben)
        session.commit()
        named, account = {"contact_id": str(ben.id)}, {"account_id": str(ben.account_id)}
        lines = {"lines": [{"product_id": house.product, "quantity": 1}]}
        order = house.did(ada.post("/v1/orders", named | lines))
        house.did(ada.post(f"/v1/orders/{order['id']}/shipments", {"carrier": "Royal Mail"}))
        house.did(ada.post(f"/v1/orders/{order['id']}/delivery"))
        known = {
            "ben": str(ben.id),
            "mei": str(mei.id),
            "account": str(ben.account_id),
            "order": order["id"],
            "line": order["lines"][0]["id"],
            "handover": str(handover.id),
            "address": house.made(f"/v1/contacts/{ben.id}/addresses", PLACE),
            "place": house.made(f"/v1/accounts/{ben.account_id}/addresses", PLACE | {"name": "Ben"}),
            "point": house.did(ada.get(f"/v1/contacts/{ben.id}/contact-points"))["items"][0]["id"],
            "task": house.made("/v1/tasks", named | {"title": "Call"}),
            "errand": house.made("/v1/tasks", account | {"title": "Call"}),
            "case": house.made("/v1/cases", named | {"kind": "complaint", "summary": "A cup broke."}),
            "chance": house.made("/v1/opportunities", named | account | {"name": "A machine"}),
            "quote": house.made("/v1/quotes", named | lines),
            "prices": house.made("/v1/price-lists", account | {"name": "Ben", "currency": "GBP"}),
            "visit": house.made("/v1/visits", account),
            "visited": clock.now().isoformat(),
            "plan": house.made("/v1/planned-visits", account | {"on": "2030-01-01"}),
            "lead": house.made("/v1/leads", {"name": "Ben Okafor", "phone": "+447700900201"}),
        }
        house.did(ada.post(f"/v1/cases/{known['case']}/closure"))
        house.did(ada.post(f"/v1/opportunities/{known['chance']}/loss", {"reason": "price"}))
        house.did(ada.post(f"/v1/contacts/{ben.id}/erasure"))
        clock.advance(timedelta(days=30, seconds=1))
        forget()
        house.ada = signed_in(house.client, UUID(ada_id))
        assert house.did(house.ada.get(f"/v1/contacts/{ben.id}/erasure"))["state"] == "done"
        yield known


def writes(house: Business, known: dict[str, str]) -> dict[tuple[str, str], Any]:
    """Every operation that names a contact or something of theirs, with a word in it: (method, path) to the body."""
    named, account = {"contact_id": known["ben"]}, {"account_id": known["account"]}
    lines = {"lines": [{"product_id": house.product, "quantity": 1}]}
    back = {"lines": [{"line_id": known["line"], "quantity": 1}], "reason": "changed_mind", "detail": WORD}
    points = {"channel": "sms", "address": "+447700900201"}
    refund = {"method": "cash", "amount": 1, "currency": "GBP", "reason": WORD}
    call = {"kind": "call.logged", "text": WORD}
    chance = {"contact_id": known["ben"], "account_id": known["account"], "name": WORD}
    return {
        ("PATCH", "/v1/contacts/{ben}"): {"notes": WORD},
        ("POST", "/v1/contacts/{ben}/contact-points"): points,
        ("DELETE", "/v1/contacts/{ben}/contact-points/{point}"): None,
        ("PUT", "/v1/contacts/{ben}/consents/sms/marketing"): {"state": "granted", "proof": {"words": WORD}},
        ("PUT", "/v1/contacts/{ben}/tags/" + WORD): None,
        ("PUT", "/v1/accounts/{account}/tags/" + WORD): None,
        ("PUT", "/v1/accounts/" + house.company + "/contacts/{ben}"): {"roles": ["buyer"]},
        ("DELETE", "/v1/accounts/" + house.company + "/contacts/{ben}"): None,
        ("POST", "/v1/contacts/{ben}/notes"): {"text": WORD},
        ("POST", "/v1/accounts/{account}/notes"): {"text": WORD},
        ("POST", "/v1/contacts/{ben}/addresses"): PLACE,
        ("PATCH", "/v1/contacts/{ben}/addresses/{address}"): {"city": WORD},
        ("DELETE", "/v1/contacts/{ben}/addresses/{address}"): None,
        ("POST", "/v1/accounts/{account}/addresses"): PLACE,
        ("PATCH", "/v1/accounts/{account}/addresses/{place}"): {"city": WORD},
        ("PUT", "/v1/contacts/{ben}/duplicates/{mei}/dismissal"): None,
        ("PUT", "/v1/contacts/{mei}/duplicates/{ben}/dismissal"): None,
        ("POST", "/v1/contacts/{ben}/merge"): {"other_id": known["mei"]},
        ("POST", "/v1/contacts/{mei}/merge"): {"other_id": known["ben"]},
        ("POST", "/v1/contacts/{ben}/unmerge"): {},
        ("PATCH", "/v1/accounts/{account}"): {"name": WORD},
        ("POST", "/v1/accounts/{account}/move"): {
            "territory_id": house.made("/v1/territories", {"name": "West"}),
            "reason": WORD,
        },
        ("POST", "/v1/orders"): named | lines | {"reference": WORD},
        ("POST", "/v1/orders/{order}/returns"): back,
        ("POST", "/v1/orders/{order}/refunds"): refund,
        ("POST", "/v1/quotes"): named | lines | {"reference": WORD},
        ("POST", "/v1/quotes/{quote}/declination"): {"reason": WORD},
        ("POST", "/v1/price-lists"): account | {"name": WORD, "currency": "GBP"},
        ("PATCH", "/v1/price-lists/{prices}"): {"name": WORD},
        ("POST", "/v1/leads/{lead}/touches"): {"how": "call", "text": WORD},
        ("PATCH", "/v1/leads/{lead}"): {"notes": WORD},
        ("POST", "/v1/leads/{lead}/reopening"): {},
        ("POST", "/v1/leads/{lead}/loss"): {"reason": "other", "detail": WORD},
        ("POST", "/v1/leads/{lead}/conversion"): {"contact_id": known["mei"]},
        ("POST", "/v1/opportunities"): chance,
        ("PATCH", "/v1/opportunities/{chance}"): {"name": WORD},
        ("POST", "/v1/opportunities/{chance}/reopening"): {},
        ("POST", "/v1/tasks"): named | {"title": WORD},
        ("PATCH", "/v1/tasks/{task}"): {"title": WORD},
        ("PATCH", "/v1/tasks/{errand}"): {"title": WORD},
        ("POST", "/v1/activities"): call | named | account,
        ("POST", "/v1/planned-visits"): account | {"on": "2030-01-02", "purpose": WORD},
        ("PATCH", "/v1/planned-visits/{plan}"): {"purpose": WORD},
        ("POST", "/v1/visits"): account | {"note": WORD},
        ("POST", "/v1/visits/{visit}/check-out"): {"at": known["visited"], "note": WORD},
        ("POST", "/v1/visits/{visit}/reports"): {"form_id": house.form, "answers": {"said": WORD}},
        ("POST", "/v1/cases"): named | {"kind": "complaint", "summary": WORD},
        ("PATCH", "/v1/cases/{case}"): {"summary": WORD},
        ("POST", "/v1/cases/{case}/notes"): {"text": WORD},
        ("POST", "/v1/inbox/handovers"): named,
        ("POST", "/v1/inbox/handovers/{handover}/messages"): {"text": WORD},
        ("POST", "/v1/inbox/handovers/{handover}/notes"): {"text": WORD},
        ("POST", "/v1/inbox/handovers/{handover}/takeover"): {"reason": WORD},
        ("PUT", "/v1/contact-points/{point}/suppression"): {"detail": WORD},
    }


def sent(ada: Caller, method: str, path: str, body: Any) -> Any:
    """The answer to a write; what asks for a tag gets the one that is there, or any."""
    headers = {**ada.headers, "If-Match": ada.get(path).headers.get("ETag", '"1"')} if method != "POST" else ada.headers
    return ada.client.open(path, method=method, json=body, headers=headers)


def test_no_operation_writes_about_a_forgotten_person(database: Database, house: Business) -> None:
    with a_forgotten(house) as known:
        assert "Okafor" not in str(places_of(database, ["Okafor"]))
        told = {}
        for (method, path), body in writes(house, known).items():
            answer = sent(house.ada, method, path.format(**known), body)
            told[method, path] = answer.status_code if answer.status_code < 300 else answer.json["code"]
        assert [f"{what}: {code}" for what, code in told.items() if code not in REFUSED | GONE] == []
        assert places_of(database, [WORD]) == {}


def test_what_was_begun_with_a_forgotten_person_may_end(house: Business) -> None:
    with a_forgotten(house) as known:
        ada = house.ada
        for task, path in (("task", "completion"), ("errand", "completion")):
            assert ada.post(f"/v1/tasks/{known[task]}/{path}").status_code == 201
        assert (
            ada.delete(f"/v1/tasks/{known['task']}", ada.get(f"/v1/tasks/{known['task']}").headers["ETag"]).status_code
            == 204
        )
        elsewhere = ada.post("/v1/visits", {"account_id": house.company})
        assert elsewhere.status_code == 201, "the visit that was open has ended by that"
        assert ada.get(f"/v1/visits/{known['visit']}").json["state"] == "not_checked_out"


def a_consent(session: Session, actor: Actor, ben: Contact) -> None:
    facts = {"channel": "sms", "purpose": "marketing", "state": ConsentState.GRANTED, "proof": {"words": WORD}}
    consents.decide(session, actor, contact_id=ben.id, **facts)


def a_tag(session: Session, actor: Actor, ben: Contact) -> None:
    tags.put_on(session, actor, ben, WORD)


def a_planned_visit(session: Session, actor: Actor, ben: Contact) -> None:
    appointments.plan(session, actor, account_id=ben.account_id, on=clock.now().date(), purpose=WORD)


@pytest.mark.parametrize("write", [a_consent, a_tag, a_planned_visit], ids=lambda write: write.__name__)
def test_what_is_written_at_the_same_instant_is_forgotten_too_or_comes_too_late(
    committed: Database, write: Callable[[Session, Actor, Contact], None]
) -> None:
    with transaction() as session:
        ben = a_customer(session, "Ben Okafor", phone="+447700900201")
        noor = Actor(Role.MANAGER, Channel.API, a_user(session, "Noor Haddad", "manager").id, scope=Scope.ALL)
        asking.ask(session, SYSTEM, ben.id)
        session.scalars(select(Erasure)).one().look_at = clock.now() - timedelta(seconds=1)
    written, goes_on = threading.Event(), threading.Event()

    def work(session: Session) -> None:
        write(session, noor, session.get_one(Contact, ben.id))
        written.set()
        goes_on.wait(10)

    writing = threading.Thread(target=perform, args=(work,))
    writing.start()
    assert written.wait(10)
    forgetting = threading.Thread(target=forget)
    forgetting.start()
    forgetting.join(0.3)  # it waits for the word; were it not to, it would be through by now
    assert forgetting.is_alive()
    goes_on.set()
    writing.join()
    forgetting.join()
    kept = places_of(committed, [WORD])
    assert kept.keys() <= {"tags.name"}, "a tag is the business's own word"
    with pytest.raises((ContactErased, AccountErased)):
        perform(lambda session: write(session, noor, session.get_one(Contact, ben.id)))


def test_every_operation_that_names_a_contact_is_tried(house: Business, session: Session) -> None:
    description = doors.make_app().test_client().get("/openapi.json").json
    assert description is not None
    with a_forgotten(house) as known:
        tried = {(method, _shape(path)) for method, path in writes(house, known)}
    missing = {
        (method.upper(), path)
        for path, operations in description["paths"].items()
        for method, operation in operations.items()
        if method in {"post", "put", "patch", "delete"} and _names_a_contact(description, path, operation)
    }
    assert {one for one in missing if (one[0], _shape(one[1])) not in tried} == set(NOTHING)


def _shape(path: str) -> str:
    """The path without what its places are called; names of tags, channels and purposes are places."""
    parts = path.split("/")
    after = {"tags": 1, "consents": 2, "accounts": 1, "contacts": 1}
    blank = {at + step for at, part in enumerate(parts) for step in range(1, after.get(part, 0) + 1)}
    return "/".join("{}" if at in blank or part.startswith("{") else part for at, part in enumerate(parts))


def _names_a_contact(description: dict[str, Any], path: str, operation: dict[str, Any]) -> bool:
    if path.startswith(("/v1/contacts/{", "/v1/accounts/{id}/contacts/{")):
        return True
    content = operation.get("requestBody", {}).get("content", {}).get("application/json", {}).get("schema", {})
    named = description["components"]["schemas"].get(content.get("$ref", "").rpartition("/")[2], {})
    return "contact_id" in named.get("properties", {})
