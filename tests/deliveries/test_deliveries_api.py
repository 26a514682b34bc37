"""Deliveries over HTTP: why a message was or was not sent, for those who may see its contact."""

from datetime import timedelta
from typing import Any

import pytest
from argon2 import PasswordHasher, profiles
from flask.testing import FlaskClient
from sqlalchemy import select
from sqlalchemy.orm import Session

from mcrm import clock
from mcrm.access import passwords, users
from mcrm.actors import SYSTEM
from mcrm.consents import service as consents
from mcrm.consents.models import SuppressionReason
from mcrm.deliveries.models import Delivery, Receipt
from mcrm.deliveries.outgoing import Ambiguous, Failed
from mcrm.ids import new_id
from mcrm.interactions import log
from mcrm.interactions.models import Interaction
from mcrm.territories import service as territories
from mcrm.transaction import transaction
from tests.callers import as_customer
from tests.cast import a_customer, a_territory
from tests.deliveries.carriers import Carrier, a_round, now_of, point_of, queue

PASSWORD = "correct horse battery"
CHOSEN = ("id", "channel", "state", "provider_id", "reason")


@pytest.fixture(autouse=True)
def cheap_hashes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(passwords, "hasher", PasswordHasher.from_parameters(profiles.CHEAPEST))


def signed_in(client: FlaskClient, name: str, role: str, territory_id: Any = None) -> dict[str, str]:
    email = f"{name}@harbourandpine.example"
    with transaction() as work:
        facts = {"email": email, "name": name, "role": role, "password_hash": passwords.hashed(PASSWORD)}
        user = users.create(work, SYSTEM, **facts)
        if territory_id is not None:
            territories.grant(work, SYSTEM, territory_id=territory_id, user_id=user.id)
    device = {"id": f"{name}-phone", "name": name, "platform": "android"}
    pair = client.post("/v1/auth/login", json={"email": email, "password": PASSWORD, "device": device}).json
    return {"Authorization": f"Bearer {pair['access_token']}"}


def test_an_agent_sees_why_a_message_was_not_sent(client: FlaskClient, session: Session) -> None:
    ben = a_customer(session, "Ben Okafor", phone="+447700900201", telegram=700201)
    session.commit()
    stopped, sent = queue(ben, session), queue(ben, session, channel="telegram")
    with transaction() as work:
        consents.suppress(work, SYSTEM, point=point_of(session, ben, "sms"), reason=SuppressionReason.STOP_WORD)
    a_round("sms", Carrier())
    a_round("telegram", Carrier())
    kofi = signed_in(client, "kofi", "agent")
    found = client.get(f"/v1/deliveries?contact_id={ben.id}", headers=kofi).json["items"]
    assert [[row[name] for name in CHOSEN] for row in found] == [
        [str(sent.id), "telegram", "accepted", "P1", None],
        [str(stopped.id), "sms", "suppressed", None, "suppressed:stop-word"],
    ]
    [attempt] = found[0]["attempts"]
    assert attempt["outcome"] == "accepted"
    assert "text" not in found[0]
    found = client.get(f"/v1/deliveries?contact_id={ben.id}&state=suppressed&channel=sms", headers=kofi).json["items"]
    assert [row["id"] for row in found] == [str(stopped.id)]
    answer = client.get(f"/v1/deliveries/{sent.id}", headers=kofi)
    assert (answer.status_code, answer.json["id"]) == (200, str(sent.id))
    unchanged = client.get(f"/v1/deliveries/{sent.id}", headers=kofi | {"If-None-Match": answer.headers["ETag"]})
    assert unchanged.status_code == 304


def test_a_rep_sees_only_the_messages_to_the_own_customers(client: FlaskClient, session: Session) -> None:
    west, east = a_territory(session, "West"), a_territory(session, "East")
    ben = a_customer(session, "Ben Okafor", phone="+447700900201", territory_id=west.id)
    aisha = a_customer(session, "Aisha Khan", phone="+447700900202", territory_id=east.id)
    session.commit()
    own, foreign = queue(ben, session), queue(aisha, session)
    sam = signed_in(client, "sam", "rep", west.id)
    assert [row["id"] for row in client.get("/v1/deliveries", headers=sam).json["items"]] == [str(own.id)]
    assert client.get(f"/v1/deliveries?contact_id={aisha.id}", headers=sam).json["items"] == []
    assert client.get(f"/v1/deliveries/{own.id}", headers=sam).status_code == 200
    refused, unknown = (client.get(f"/v1/deliveries/{id_}", headers=sam) for id_ in (foreign.id, new_id()))
    assert refused.status_code == unknown.status_code == 404
    assert refused.json["code"] == unknown.json["code"] == "delivery.unknown"
    assert client.post(f"/v1/deliveries/{own.id}/retry", headers=sam).status_code == 403


def failed(session: Session, **facts: Any) -> Delivery:
    ben = a_customer(session, "Ben Okafor", phone="+447700900201")
    session.commit()
    delivery = queue(ben, session, **facts)
    a_round("sms", Carrier(Failed("twilio.30007")))
    return delivery


def test_an_admin_sends_once_more_what_failed(client: FlaskClient, session: Session) -> None:
    delivery = failed(session)
    ada = signed_in(client, "ada", "admin")
    answer = client.post(f"/v1/deliveries/{delivery.id}/retry", headers=ada)
    assert (answer.status_code, answer.json["state"]) == (201, "queued")
    a_round("sms", Carrier())
    assert now_of(session, delivery).state == "accepted"
    [fact] = log.timeline(session, [delivery.contact_id], kinds=["delivery.retried"])
    assert fact.actor.startswith("user:")
    assert client.post(f"/v1/deliveries/{delivery.id}/retry", headers=ada).json["code"] == "delivery.nothing-to-decide"


def test_what_expired_meanwhile_gets_another_day(client: FlaskClient, session: Session) -> None:
    delivery = failed(session, expires_at=clock.now() + timedelta(hours=1))
    ada = signed_in(client, "ada", "admin")
    with transaction() as work:
        work.get_one(Delivery, delivery.id).expires_at = clock.now() - timedelta(hours=1)
    client.post(f"/v1/deliveries/{delivery.id}/retry", headers=ada)
    a_round("sms", carrier := Carrier())
    assert len(carrier.handed) == 1


def test_a_code_cannot_be_sent_again(client: FlaskClient, session: Session) -> None:
    delivery = failed(session, secret=True, text="Your code is 123456.")
    answer = client.post(f"/v1/deliveries/{delivery.id}/retry", headers=signed_in(client, "ada", "admin"))
    assert (answer.status_code, answer.json["code"]) == (409, "delivery.secret-is-gone")


def test_an_admin_gives_up_what_nobody_knows(client: FlaskClient, session: Session) -> None:
    ben = a_customer(session, "Ben Okafor", phone="+447700900201", telegram=700201)
    session.commit()
    delivery = queue(ben, session, fallbacks=["sms", "telegram"], dedupe_key="k")
    a_round("sms", Carrier(Ambiguous("cut")))
    ada = signed_in(client, "ada", "admin")
    answer = client.post(f"/v1/deliveries/{delivery.id}/abandonment", headers=ada)
    assert (answer.status_code, answer.json["state"], answer.json["reason"]) == (201, "failed", "abandoned")
    assert client.post(f"/v1/deliveries/{delivery.id}/abandonment", headers=ada).status_code == 409
    assert [row["id"] for row in client.get("/v1/deliveries", headers=ada).json["items"]] == [str(delivery.id)]
    assert len(log.timeline(session, [ben.id], kinds=["delivery.abandoned"])) == 1


def test_the_app_tells_that_a_push_came_and_was_read_once_and_only_forward(
    client: FlaskClient, session: Session
) -> None:
    mei, ben = (
        a_customer(session, "Mei Lin", push="mei-token"),
        a_customer(session, "Ben Okafor", phone="+447700900201"),
    )
    session.commit()
    push = queue(mei, session, channel="push")
    a_round("push", Carrier())
    path = f"/v1/me/deliveries/{push.id}/receipt"
    app = as_customer(client, mei)
    assert as_customer(client, ben).post(path, {"state": "read"}).json["code"] == "delivery.unknown"
    assert now_of(session, push).state == "accepted"

    answers = [app.post(path, {"state": state}) for state in ("delivered", "delivered", "read", "read", "delivered")]
    assert [(answer.status_code, answer.json["state"]) for answer in answers] == [
        (201, "delivered"),
        (201, "delivered"),
        (201, "read"),
        (201, "read"),
        (201, "read"),
    ]
    session.expire_all()
    assert [receipt.status for receipt in session.scalars(select(Receipt).order_by(Receipt.id))] == [
        "delivered",
        "read",
    ]
    kinds = (Interaction.kind, Interaction.actor, Interaction.contact_id, Interaction.direction)
    acts = session.execute(select(*kinds).where(Interaction.kind == "delivery.read")).all()
    assert acts == [("delivery.read", f"customer:{mei.id}", mei.id, "in")]


def test_an_app_that_shows_a_push_settles_whether_it_had_left(client: FlaskClient, session: Session) -> None:
    mei = a_customer(session, "Mei Lin", push="mei-token")
    session.commit()
    doubtful = queue(mei, session, "doubtful", channel="push")
    a_round("push", Carrier(Ambiguous("fcm.no-answer")))
    withheld = queue(mei, session, "late", channel="push", expires_at=clock.now())
    a_round("push", carrier := Carrier())
    app = as_customer(client, mei)
    said = [app.post(f"/v1/me/deliveries/{one.id}/receipt", {"state": "delivered"}) for one in (doubtful, withheld)]
    assert [answer.json["state"] for answer in said] == ["delivered", "expired"]
    assert carrier.handed == []
    assert now_of(session, doubtful).accepted_at is not None


def test_an_app_reports_on_pushes_alone(client: FlaskClient, session: Session) -> None:
    mei = a_customer(session, "Mei Lin", phone="+447700900204")
    session.commit()
    text = queue(mei, session)
    a_round("sms", Carrier())
    app = as_customer(client, mei)
    assert app.post(f"/v1/me/deliveries/{text.id}/receipt", {"state": "read"}).status_code == 404
    assert app.post(f"/v1/me/deliveries/{text.id}/receipt", {"state": "failed"}).status_code == 422
    assert now_of(session, text).state == "accepted"
