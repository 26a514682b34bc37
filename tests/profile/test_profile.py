"""Customers in the app: their profile, their installations, what they allow, their orders and what happened."""

import threading
from concurrent.futures import ThreadPoolExecutor
from uuid import UUID

from flask.testing import FlaskClient
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from mcrm.actors import SYSTEM, Role
from mcrm.contacts import devices, linking, points
from mcrm.contacts.models import Contact, ContactPoint
from mcrm.db import Database, reading
from mcrm.interactions import log
from mcrm.interactions.kinds import Kind
from mcrm.interactions.models import Interaction
from mcrm.transaction import perform, transaction
from tests.callers import as_customer, as_staff
from tests.cast import a_customer, an_order

REGISTRATION = {"kind": "token", "value": "fcm-token-of-a-pixel-7", "platform": "android", "locale": "en-GB"}
BEN = "+447700900201"


def test_customers_change_their_own_name_and_language(client: FlaskClient, session: Session) -> None:
    ben = a_customer(session, phone=BEN)
    ben.notes = "Haggles."
    session.commit()
    app = as_customer(client, ben)
    shown = app.get("/v1/me").json
    assert (shown["name"], shown["contact_points"][0]["address"]) == ("Ben Okafor", BEN)
    assert "notes" not in shown

    changed = app.patch("/v1/me", {"name": "Benjamin Okafor", "locale": "fr"})
    assert (changed.status_code, changed.json["name"], changed.json["locale"]) == (200, "Benjamin Okafor", "fr")
    assert app.patch("/v1/me", {"notes": "Never haggles."}).status_code == 422
    assert as_staff(client, Role.ADMIN).get("/v1/me").status_code == 403


def test_a_kept_profile_is_stale_once_an_address_was_taken_off(client: FlaskClient, session: Session) -> None:
    ben = a_customer(session, phone=BEN, telegram=700201)
    session.commit()
    app, path = as_customer(client, ben), f"/v1/contacts/{ben.id}"
    staff = as_staff(client, Role.AGENT)
    kept, seen = app.get("/v1/me").headers["ETag"], staff.get(path).headers["ETag"]
    app.headers["If-None-Match"] = kept
    assert app.get("/v1/me").status_code == 304

    point = f"{path}/contact-points/{points.reachable(session, ben.id, 'sms')[0].id}"
    assert staff.delete(point, staff.get(point).headers["ETag"]).status_code == 204
    again = app.get("/v1/me")
    assert (again.status_code, [shown["channel"] for shown in again.json["contact_points"]]) == (200, ["telegram"])
    assert staff.patch(path, {"name": "Benjamin Okafor"}, seen).status_code == 200, "the contact itself is as it was"
    assert staff.patch(path, {"name": "B. Okafor"}, seen).status_code == 412


def test_the_app_registers_for_pushes_at_every_start(client: FlaskClient, session: Session) -> None:
    ben = a_customer(session)
    session.commit()
    app = as_customer(client, ben)
    path = "/v1/me/push-registrations/pixel-7"
    first, second = app.put(path, REGISTRATION), app.put(path, REGISTRATION)
    assert (first.status_code, second.status_code) == (200, 200)
    assert "value" not in first.json
    assert second.json["last_seen_at"] >= first.json["last_seen_at"]

    app.put(path, REGISTRATION | {"value": "fcm-token-after-reinstall"})
    session.expire_all()
    assert [point.address for point in points.reachable(session, ben.id, "push")] == ["fcm-token-after-reinstall"]


def test_pushes_never_reach_the_former_owner_of_a_phone(client: FlaskClient, session: Session) -> None:
    ben, mei = a_customer(session), a_customer(session, "Mei Lin")
    session.commit()
    as_customer(client, ben).put("/v1/me/push-registrations/pixel-7", REGISTRATION)
    as_customer(client, mei).put("/v1/me/push-registrations/pixel-7", REGISTRATION)
    session.expire_all()

    assert points.reachable(session, ben.id, "push") == []
    assert [point.address for point in points.reachable(session, mei.id, "push")] == [REGISTRATION["value"]]


def test_no_push_comes_to_an_app_after_signing_out_of_it(client: FlaskClient, session: Session) -> None:
    ben = a_customer(session)
    session.commit()
    app = as_customer(client, ben)
    app.put("/v1/me/push-registrations/pixel-7", REGISTRATION)
    app.put("/v1/me/push-registrations/tablet", REGISTRATION | {"value": "fcm-token-of-a-tablet"})

    assert [app.delete("/v1/me/push-registrations/pixel-7").status_code for _ in range(2)] == [204, 204]
    session.expire_all()
    assert [point.device_id for point in points.reachable(session, ben.id, "push")] == ["tablet"]


def test_an_odd_registration_is_refused(client: FlaskClient, session: Session) -> None:
    ben = a_customer(session)
    session.commit()
    app = as_customer(client, ben)
    for odd in ({"kind": "pigeon"}, {"value": "short"}, {"value": "with a space"}, {"platform": "toaster"}):
        assert app.put("/v1/me/push-registrations/pixel-7", REGISTRATION | odd).status_code == 422
    assert app.put(f"/v1/me/push-registrations/{'x' * 101}", REGISTRATION).status_code == 422
    assert app.put("/v1/me/push-registrations/caf%C3%A9", REGISTRATION).status_code == 422


def test_a_link_from_the_app_joins_the_chat(client: FlaskClient, session: Session) -> None:
    ben = a_customer(session)
    session.commit()
    link = as_customer(client, ben).post("/v1/me/chat-links", {"channel": "telegram"})
    assert (link.status_code, link.json["expires_in_s"]) == (201, 900)

    with transaction() as using:
        chat = points.recognise(using, SYSTEM, "telegram", "700201")
        linking.use_link(using, SYSTEM, token=link.json["token"], point=chat)
    point = session.scalars(select(ContactPoint).where(ContactPoint.channel == "telegram")).one()
    assert point.contact_id == ben.id


def test_a_decision_in_the_app_carries_its_own_proof(client: FlaskClient, session: Session) -> None:
    ben = a_customer(session)
    session.commit()
    app = as_customer(client, ben)
    granted = app.put("/v1/me/consents/push/marketing", {"state": "granted", "proof": {"text": "v3", "via": "forged"}})

    assert granted.json["proof"]["text"] == "v3"
    assert (granted.json["proof"]["via"], granted.json["proof"]["device_id"]) == ("app", "pixel-7")
    assert [item["state"] for item in app.get("/v1/me/consents").json["items"]] == ["granted"]


def test_customers_see_their_own_orders_and_nobody_elses(client: FlaskClient, session: Session) -> None:
    ben, mei = a_customer(session), a_customer(session, "Mei Lin")
    mine, foreign = an_order(session, ben, "1042"), an_order(session, mei, "1043")
    session.commit()
    app = as_customer(client, ben)

    assert [item["number"] for item in app.get("/v1/me/orders").json["items"]] == ["1042"]
    assert app.get(f"/v1/me/orders/{mine.id}").json["lines"] == []
    assert app.get("/v1/me/orders", number="1043").json["items"] == []
    refused = app.get(f"/v1/me/orders/{foreign.id}")
    unknown = app.get("/v1/me/orders/01890000-0000-7000-8000-000000000000")
    assert (refused.status_code, refused.json["detail"]) == (unknown.status_code, unknown.json["detail"])
    assert app.get("/v1/me/orders", contact_id=str(mei.id)).status_code == 422
    assert app.get(f"/v1/orders/{mine.id}").status_code == 403


def test_somebody_who_was_merged_sees_the_orders_of_the_whole_person(client: FlaskClient, session: Session) -> None:
    ben, earlier = a_customer(session), a_customer(session, "B. Okafor")
    ben.group_id = earlier.group_id = ben.id
    an_order(session, ben, "1042")
    an_order(session, earlier, "1017")
    session.commit()

    found = as_customer(client, ben).get("/v1/me/orders").json["items"]
    assert sorted(item["number"] for item in found) == ["1017", "1042"]


def test_a_customers_timeline_holds_no_notes_and_no_names_of_the_staff(client: FlaskClient, session: Session) -> None:
    ben = a_customer(session)
    session.commit()
    sam = as_staff(client, Role.AGENT)
    sam.put(f"/v1/contacts/{ben.id}/consents/sms/marketing", {"state": "granted"})
    with transaction() as using:
        log.append(using, SYSTEM, Kind.NOTE_ADDED, about=log.About(contact_id=ben.id), payload={"text": "Haggles."})
    app = as_customer(client, ben)

    seen = app.get("/v1/me/timeline").json["items"]
    assert [(item["kind"], item["actor"]) for item in seen] == [("consent.granted", "user")]
    assert app.get("/v1/me/timeline", kind="note.added").json["items"] == []
    assert [contact.name for contact in session.scalars(select(Contact))] == ["Ben Okafor"]


def test_what_staff_write_for_each_other_is_not_in_a_customers_timeline(client: FlaskClient, session: Session) -> None:
    ben = a_customer(session, phone=BEN)
    order = an_order(session, ben, "1042")
    session.commit()
    sam, point = as_staff(client, Role.AGENT), points.reachable(session, ben.id, "sms")[0]
    words = "Threatened the driver."
    sam.put(f"/v1/contact-points/{point.id}/suppression", {"detail": words})
    sam.post(f"/v1/orders/{order.id}/cancellation", {"reason": words})

    seen = as_customer(client, ben).get("/v1/me/timeline").json["items"]
    assert {"suppression.set", "order.cancelled"} <= {item["kind"] for item in seen}
    assert words not in str(seen)
    assert str(sam.get(f"/v1/contacts/{ben.id}/timeline").json).count(words) == 2


def test_an_app_that_registers_four_times_at_once_is_one_installation(committed: Database) -> None:
    with transaction() as using:
        ben = a_customer(using)
    together = threading.Barrier(4)

    def register(_: int) -> UUID:
        together.wait(timeout=20)
        return perform(
            lambda session: devices.register(session, SYSTEM, contact=ben, device_id="pixel-7", **REGISTRATION).id
        )

    with ThreadPoolExecutor(4) as pool:
        assert len(set(pool.map(register, range(4)))) == 1
    with reading() as session:
        assert [point.contact_id for point in session.scalars(select(ContactPoint))] == [ben.id]
        added = select(func.count()).where(Interaction.kind == "contact-point.added")
        assert session.scalar(added) == 1


def test_what_one_wants_to_hear_is_seen_and_decided_in_one_place(client: FlaskClient, session: Session) -> None:
    ben = a_customer(session, phone=BEN, push="ben-token")
    session.commit()
    app = as_customer(client, ben)
    for consent in ("push/marketing", "sms/service.parcels"):
        state = "granted" if consent.endswith("marketing") else "withdrawn"
        assert app.put(f"/v1/me/consents/{consent}", {"state": state}).status_code == 200
    assert app.put("/v1/me/consents/sms/service.gossip", {"state": "withdrawn"}).status_code == 404
    night = {"begins": "22:00", "ends": "07:30"}
    assert app.put("/v1/me/preferences/quiet-hours", night).status_code == 200

    shown = app.get("/v1/me/preferences").json

    assert shown["quiet_hours"] == {**night, "timezone": "UTC", "is_own": True}
    channels = {one["channel"]: one for one in shown["channels"]}
    assert {name: one["has_address"] for name, one in channels.items()} == {
        "sms": True,
        "telegram": False,
        "push": True,
        "email": False,
    }
    wanted = {
        (name, purpose["purpose"]): (purpose["is_wanted"], {topic["topic"]: topic["is_wanted"] for topic in topics})
        for name in ("sms", "push")
        for purpose in channels[name]["purposes"]
        for topics in [purpose["topics"]]
    }
    assert wanted == {
        ("sms", "service"): (True, {"orders": True, "parcels": False}),
        ("sms", "marketing"): (False, {"offers": True}),
        ("push", "service"): (True, {"orders": True, "parcels": True}),
        ("push", "marketing"): (True, {"offers": True}),
    }


def test_quiet_hours_have_an_end_and_may_be_forgotten(client: FlaskClient, session: Session) -> None:
    ben, aisha = a_customer(session, phone=BEN), a_customer(session, "Aisha Khan", phone="+447700900202")
    ben.timezone = "Europe/London"
    session.commit()
    app, path = as_customer(client, ben), "/v1/me/preferences/quiet-hours"
    assert app.put(path, {"begins": "22:00", "ends": "22:00"}).json["code"] == "quiet-hours.endless"
    assert app.put(path, {"begins": "25:00", "ends": "07:00"}).status_code == 422
    assert app.put(path, {"begins": "22:00", "ends": "07:00"}).json["quiet_hours"]["timezone"] == "Europe/London"
    assert as_customer(client, aisha).get("/v1/me/preferences").json["quiet_hours"] is None
    assert (app.delete(path).status_code, app.delete(path).status_code) == (204, 204)
    assert app.get("/v1/me/preferences").json["quiet_hours"] is None
    session.expire_all()
    kinds = session.scalars(select(Interaction.kind).where(Interaction.kind.like("quiet-hours%")))
    assert sorted(kinds) == ["quiet-hours.removed", "quiet-hours.set"]
