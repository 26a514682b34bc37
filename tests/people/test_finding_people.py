"""Lists of people and accounts: found by beginnings, by the fast road, and the same as by the slow one."""

import json

from flask.testing import FlaskClient
from sqlalchemy import select
from sqlalchemy.orm import Session

from mcrm.accounts.models import Account
from mcrm.accounts.resources import ROWS as ACCOUNT_ROWS
from mcrm.accounts.schemas import AccountSchema
from mcrm.actors import SYSTEM, Role
from mcrm.contacts import points, service
from mcrm.contacts.models import Contact, ContactPoint
from mcrm.contacts.resources import ROWS
from mcrm.contacts.schemas import ContactSchema
from mcrm.lookup.models import SearchKey
from mcrm.lookup.words import mail_keys, name_keys, number_keys, phone_keys, words_of
from tests.callers import Caller, as_staff
from tests.cast import a_customer, a_territory


def names(caller: Caller, q: str) -> list[str]:
    return [item["name"] for item in caller.get("/v1/contacts", q=q).json["items"]]


def test_the_fast_road_writes_what_the_schema_would(session: Session) -> None:
    west = a_territory(session)
    top = Account(name="Group")
    session.add(top)
    session.flush()
    zoned = {"locale": "en-GB", "timezone": "Europe/London", "number": "C-1", "custom": {"tea": [1, None, "é"]}}
    account = Account(name="Ferry", territory_id=west.id, parent_id=top.id, country="GB", account_class="a", **zoned)
    session.add(account)
    session.flush()
    session.add(Contact(name="Zoë", account_id=account.id, notes="Likes\nlines", **zoned))
    session.add(Contact(name="Mei Lin", account_id=top.id))
    session.flush()
    for rows, schema, model in ((ROWS, ContactSchema(), Contact), (ACCOUNT_ROWS, AccountSchema(), Account)):
        fast = json.loads(rows.dumps(session.execute(select(*rows.columns).order_by(model.id))))
        slow = schema.dump(session.scalars(select(model).order_by(model.id)), many=True)
        assert fast == slow
        assert len(fast) == 2


def test_people_are_found_without_case_accents_and_order(client: FlaskClient, session: Session) -> None:
    zoe = a_customer(session, "Zoë Z. van der Straßen", phone="+447700900222")
    zoe.number = "K/2026-17"
    session.add(ContactPoint(contact_id=zoe.id, channel="email", address="zoe.v@harbour.example"))
    session.commit()
    ada = as_staff(client, Role.AGENT)
    for q in (
        "zoe",
        "STRASS",
        "der zoë",
        "k2026",
        "K/2026-1",
        "0222",
        "+44 7700 9002",
        "07700900222",
        "Zoe.V@harb",
        "z",
        "ZO",
    ):
        assert names(ada, q) == ["Zoë Z. van der Straßen"], q
    for q in ("oe", "zoe lin", "2026", "%", "_", "z%n", "@", "7700 1", "v", "k"):
        assert names(ada, q) == [], q


def test_keys_follow_every_change_and_leave_with_what_they_stand_for(client: FlaskClient, session: Session) -> None:
    ada = as_staff(client, Role.ADMIN)
    tom = ada.post("/v1/contacts", {"name": "Tom Reilly", "number": "C-9"}).json
    ada.patch(f"/v1/contacts/{tom['id']}", {"name": "Thomas O'Reilly", "number": None})
    assert names(ada, "tom") == names(ada, "c-9") == []
    assert names(ada, "thomas") == names(ada, "reilly") == ["Thomas O'Reilly"]
    ada.post(f"/v1/contacts/{tom['id']}/contact-points", {"channel": "sms", "address": "+447700900203"})
    assert names(ada, "900203") == ["Thomas O'Reilly"]
    [point] = ada.get(f"/v1/contacts/{tom['id']}").json["contact_points"]
    ada.delete(f"/v1/contacts/{tom['id']}/contact-points/{point['id']}", f'"{point["rev"]}"')
    assert names(ada, "900203") == []
    session.expire_all()
    assert session.scalars(select(SearchKey).where(SearchKey.table_name == "contact_points")).all() == []


def test_a_number_given_out_again_finds_its_new_holder(session: Session, client: FlaskClient) -> None:
    ben, mei = a_customer(session, phone="+447700900201"), a_customer(session, "Mei Lin")
    [point] = points.reachable(session, ben.id, "sms")
    points.remove(session, SYSTEM, point=point)
    points.add(
        session, SYSTEM, contact=service.reachable(session, SYSTEM, mei.id), channel="sms", address=point.address
    )
    session.commit()

    assert names(as_staff(client, Role.ADMIN), "900201") == ["Mei Lin"]


def test_keys_are_the_same_for_what_is_stored_and_what_is_asked() -> None:
    assert words_of("  Łukasz   O’Neill-Šmíd ") == ["łukasz", "o", "neill", "smid"]
    assert name_keys("林 美") == {"w:林", "w:美"}
    assert number_keys("C-10 17") == number_keys("c1017") == {"n:c1017"}
    assert number_keys(None) == number_keys("") == set()
    assert {"p:447700900201", "r:102009007744", "=p:00900201"} == phone_keys("+447700900201")
    assert "=m:benokafor@gmail.com" in mail_keys("Ben.Okafor+x@GoogleMail.com")
    assert max(map(len, name_keys("x" * 500))) == 64
