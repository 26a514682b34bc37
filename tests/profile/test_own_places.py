"""Where goods go, where one is signed in, and which chats are one's own: seen and changed by the customer alone."""

from typing import Any

from flask.testing import FlaskClient
from sqlalchemy import select
from sqlalchemy.orm import Session

from mcrm.actors import SYSTEM
from mcrm.consents import service as consents
from mcrm.consents.models import SuppressionReason
from mcrm.contacts import linking, points
from mcrm.contacts.models import ContactPoint
from mcrm.interactions.models import Interaction
from mcrm.transaction import transaction
from tests.callers import as_customer
from tests.cast import a_customer

BEN, AISHA = "+447700900201", "+447700900202"
QUAY: dict[str, Any] = {
    "kind": "delivery",
    "lines": ["3 Narrow Quay"],
    "postcode": "bs14qa",
    "city": "Bristol",
    "country": "GB",
}


def test_a_customer_keeps_the_own_addresses_and_says_which_counts(client: FlaskClient, session: Session) -> None:
    ben = a_customer(session, phone=BEN)
    session.commit()
    app = as_customer(client, ben)
    first = app.post("/v1/me/addresses", QUAY)
    second = app.post("/v1/me/addresses", {**QUAY, "lines": ["1 Whiteladies Road"], "is_default": True})
    assert (first.status_code, first.json["postcode"], first.json["is_default"]) == (201, "BS1 4QA", True)
    assert [item["id"] for item in app.get("/v1/me/addresses").json["items"]] == [
        second.json["id"],
        first.json["id"],
    ]

    path = f"/v1/me/addresses/{first.json['id']}"
    changed = app.patch(path, {"is_default": True, "lines": ["4 Narrow Quay"]})
    assert (changed.status_code, changed.json["is_default"], changed.json["contact_id"]) == (200, True, str(ben.id))
    assert app.patch(path, {"lines": ["5 Narrow Quay"]}, '"1"').status_code == 412
    assert app.delete(path).status_code == 428
    assert app.delete(path, app.get(path).headers["ETag"]).status_code == 204
    session.expire_all()
    kinds = session.scalars(select(Interaction.kind).where(Interaction.actor == f"customer:{ben.id}"))
    assert sorted(kinds) == ["address.added", "address.added", "address.changed", "address.removed"]


def test_addresses_of_others_are_no_addresses(client: FlaskClient, session: Session) -> None:
    ben, aisha = a_customer(session, phone=BEN), a_customer(session, "Aisha Khan", phone=AISHA)
    session.commit()
    made = as_customer(client, ben).post("/v1/me/addresses", QUAY).json
    other, path = as_customer(client, aisha), f"/v1/me/addresses/{made['id']}"
    answers = [other.get(path), other.patch(path, {"city": "Bath"}, '"1"'), other.delete(path, '"1"')]
    assert {(answer.status_code, answer.json["code"]) for answer in answers} == {(404, "address.unknown")}
    assert other.get("/v1/me/addresses").json["items"] == []


def test_a_lost_phone_is_signed_out_from_the_one_in_hand(client: FlaskClient, session: Session) -> None:
    ben, aisha = a_customer(session, phone=BEN), a_customer(session, "Aisha Khan", phone=AISHA)
    session.commit()
    here, lost, tablet = (as_customer(client, ben, device) for device in ("pixel-7", "pixel-3", "tablet"))
    hers = as_customer(client, aisha)
    lost.put("/v1/me/push-registrations/pixel-3", {"kind": "token", "value": "lost-token", "platform": "android"})
    listed = here.get("/v1/me/sessions").json["items"]
    assert {item["device_id"]: item["is_current"] for item in listed} == {
        "pixel-7": True,
        "pixel-3": False,
        "tablet": False,
    }

    assert here.delete("/v1/me/sessions").status_code == 204

    assert [caller.get("/v1/me").status_code for caller in (here, lost, tablet, hers)] == [200, 401, 401, 200]
    assert [item["is_current"] for item in here.get("/v1/me/sessions").json["items"]] == [True]
    session.expire_all()
    assert points.reachable(session, ben.id, "push") == [], "what is lost hears nothing any more"


def test_a_chat_that_is_let_go_is_a_strangers_and_its_stop_stays(client: FlaskClient, session: Session) -> None:
    ben, aisha = a_customer(session, phone=BEN, telegram=700201), a_customer(session, "Aisha Khan", telegram=700202)
    session.commit()
    [chat] = points.reachable(session, ben.id, "telegram")
    consents.suppress(session, SYSTEM, point=chat, reason=SuppressionReason.STOP_WORD)
    session.commit()
    app = as_customer(client, ben)
    [shown] = app.get("/v1/me/chats").json["items"]
    assert (shown["id"], shown["channel"], shown["is_stopped"]) == (str(chat.id), "telegram", True)

    [phone] = points.reachable(session, ben.id, "sms")
    [hers] = points.reachable(session, aisha.id, "telegram")
    assert {app.delete(f"/v1/me/chats/{point.id}").status_code for point in (phone, hers)} == {404}
    assert app.delete(f"/v1/me/chats/{chat.id}").status_code == 204
    assert (app.delete(f"/v1/me/chats/{chat.id}").status_code, app.get("/v1/me/chats").json["items"]) == (404, [])

    session.expire_all()
    assert session.get_one(ContactPoint, chat.id).contact_id is None
    with transaction() as opened:
        token = linking.new_link(opened, SYSTEM, contact_id=aisha.id, channel="telegram")
        linking.use_link(opened, SYSTEM, token=token, point=opened.get_one(ContactPoint, chat.id))
    stops = consents.suppressions_of(session, "telegram", "700201")
    assert [stop.reason for stop in stops] == ["stop-word"], "whoever joins it next, nothing is sent there"
