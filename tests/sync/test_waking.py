"""A silent push wakes the devices that a change concerns, once, and never the one that wrote."""

from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from mcrm.contacts.models import ContactPoint
from mcrm.deliveries.models import Delivery
from mcrm.deliveries.outgoing import Outgoing
from mcrm.ids import new_id
from mcrm.sync import tickling
from mcrm.transaction import perform
from notifications.push import message_of
from tests.callers import Caller
from tests.sync.conftest import Field


def register(caller: Caller, token: str, device: str = "till") -> None:
    body = {"kind": "token", "value": token, "platform": "android", "locale": "en-GB"}
    assert caller.put(f"/v1/me/push-registrations/{device}", body).status_code == 200


def woken(session: Session) -> list[str]:
    """The tokens of the pushes queued by one turn of the engine."""
    seen = set(session.scalars(select(Delivery.id)))
    perform(tickling.step)
    session.expire_all()
    query = select(Delivery.id, ContactPoint.address).join(ContactPoint, ContactPoint.id == Delivery.contact_point_id)
    return sorted(address for id_, address in session.execute(query) if id_ not in seen)


def test_only_the_devices_that_a_change_concerns_are_woken(field: Field, session: Session) -> None:
    phone, tablet = field.phone(), field.tablet()
    register(field.sam, "sams-phone")
    register(tablet.caller, "sams-tablet", "tablet")
    register(field.lena, "lenas-phone")
    assert woken(session) == [], "nobody is woken for the past"
    field.ada.patch(f"/v1/contacts/{field.ben.id}", {"locale": "en-GB"})
    field.ada.patch(f"/v1/contacts/{field.ben.id}", {"locale": "en-US"})
    assert woken(session) == ["sams-phone", "sams-tablet"]
    assert woken(session) == [], "once"
    phone.sync()
    phone.edit("contacts", field.ben.id, name="Ben A. Okafor")
    phone.sync()
    assert woken(session) == ["sams-tablet"], "never the one that wrote"
    field.move(field.ben.account_id, field.east)
    assert woken(session) == ["lenas-phone", "sams-phone", "sams-tablet"], "who loses it hears, too"


def test_a_phone_that_was_signed_out_or_changed_hands_is_not_woken(field: Field, session: Session) -> None:
    register(field.sam, "one-phone")
    woken(session)
    register(field.lena, "one-phone")
    field.ada.patch(f"/v1/contacts/{field.ben.id}", {"locale": "en-GB"})
    assert woken(session) == []
    field.ada.patch(f"/v1/contacts/{field.aisha.id}", {"locale": "en-GB"})
    assert woken(session) == ["one-phone"]
    assert field.lena.delete("/v1/me/push-registrations/till").status_code == 204
    field.ada.patch(f"/v1/contacts/{field.aisha.id}", {"locale": "en-US"})
    assert woken(session) == []


def test_devices_of_ended_sessions_and_of_who_left_are_not_woken(field: Field, session: Session) -> None:
    register(field.sam, "sams-phone")
    tablet = field.tablet()
    register(tablet.caller, "sams-tablet", "tablet")
    woken(session)
    assert tablet.caller.post("/v1/auth/logout").status_code == 204
    field.ada.patch(f"/v1/contacts/{field.ben.id}", {"locale": "en-GB"})
    assert woken(session) == ["sams-phone"]
    field.ada.patch(f"/v1/users/{field.user_id('Sam Doyle')}", {"is_active": False})
    field.ada.patch(f"/v1/contacts/{field.ben.id}", {"locale": "en-US"})
    assert woken(session) == []


def test_the_push_is_silent_and_of_normal_priority() -> None:
    tickle: dict[str, Any] = {"text": "", "data": {"type": "sync"}, "collapse_key": "sync"}
    android = message_of(Outgoing(new_id(), "push", "token", platform="android", **tickle))
    assert android.notification is None
    assert (android.android.priority, android.android.collapse_key) == ("normal", "sync")
    apple = message_of(Outgoing(new_id(), "push", "token", platform="ios", **tickle))
    assert apple.apns.headers["apns-priority"] == "5"
    assert apple.apns.payload.aps.content_available


def test_a_lease_that_a_manager_grants_wakes_the_phones_of_its_rep(field: Field, session: Session) -> None:
    register(field.sam, "sams-phone")
    register(field.lena, "lenas-phone")
    woken(session)
    body = {"product_id": str(field.espresso.id), "quantity": 1, "rep_id": field.user_id("Sam Doyle")}
    assert field.ada.post("/v1/stock-leases", body).status_code == 201
    assert woken(session) == ["sams-phone"]
