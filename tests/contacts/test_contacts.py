"""People and their addresses over HTTP: made, found, changed, allowed and stopped, and what happened with them."""

from uuid import UUID

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select
from sqlalchemy.orm import Session

from mcrm.accounts.models import Account
from mcrm.actors import SYSTEM, Role
from mcrm.contacts.models import Contact
from mcrm.deliveries import outbox
from mcrm.deliveries.models import Delivery
from mcrm.interactions import log
from mcrm.interactions.kinds import Kind
from mcrm.interactions.models import Interaction
from mcrm.transaction import transaction
from tests.callers import as_customer, as_staff
from tests.cast import a_customer, a_territory

BEN = "+447700900201"


def kinds(session: Session) -> list[str]:
    session.expire_all()
    return list(session.scalars(select(Interaction.kind).order_by(Interaction.position)))


def test_a_private_person_gets_an_account_of_the_same_name(client: FlaskClient, session: Session) -> None:
    ada = as_staff(client, Role.ADMIN)
    made = ada.post("/v1/contacts", {"name": "Ben Okafor", "number": "C-1017", "locale": "en-gb"})

    assert (made.status_code, made.json["locale"]) == (201, "en-GB")
    account = session.get_one(Account, UUID(made.json["account_id"]))
    assert (account.name, account.kind) == ("Ben Okafor", "person")
    assert kinds(session)[-2:] == ["account.created", "contact.created"]


def test_a_customer_number_is_unique(client: FlaskClient) -> None:
    ada = as_staff(client, Role.ADMIN)
    ada.post("/v1/contacts", {"name": "Ben Okafor", "number": "C-1017"})
    twin = ada.post("/v1/contacts", {"name": "Mei Lin", "number": "C-1017"})

    assert (twin.status_code, twin.json["code"]) == (409, "contact.number-taken")


def test_people_are_found_by_part_of_name_number_or_phone(client: FlaskClient, session: Session) -> None:
    ben = a_customer(session, phone=BEN)
    ben.number = "C-1017"
    mei = a_customer(session, "Mei Lin", phone="+447700900204")
    session.commit()
    ada = as_staff(client, Role.AGENT)
    found = lambda **query: [item["name"] for item in ada.get("/v1/contacts", **query).json["items"]]  # noqa: E731

    assert found(q="okaf") == found(q="c-10") == found(q="07700 900201") == found(phone="07700 900201") == [ben.name]
    assert found(q="900204") == [mei.name]
    assert found(q="%") == found(q="_") == found(phone="+447700900999") == []


def test_an_address_belongs_to_one_contact_in_whatever_way_it_is_written(client: FlaskClient, session: Session) -> None:
    ben, mei = a_customer(session), a_customer(session, "Mei Lin")
    session.commit()
    ada = as_staff(client, Role.ADMIN)
    first = ada.post(f"/v1/contacts/{ben.id}/contact-points", {"channel": "sms", "address": "07700 900201"})
    taken = ada.post(f"/v1/contacts/{mei.id}/contact-points", {"channel": "sms", "address": "+44 7700 900201"})
    odd = ada.post(f"/v1/contacts/{mei.id}/contact-points", {"channel": "sms", "address": "somewhere"})

    assert (first.status_code, first.json["address"]) == (201, BEN)
    assert (taken.status_code, taken.json["code"]) == (409, "contact-point.taken")
    assert (odd.status_code, odd.json["code"]) == (422, "contact-point.invalid-address")


@pytest.mark.parametrize(
    "address",
    ["mei<ben@okafor.example>", "mei,ben@okafor.example", 'a"@okafor.example', "ben@.example", "mei@x＠okafor.example"],
)
def test_a_mail_address_is_one_address_and_no_disguise_of_another(
    client: FlaskClient, session: Session, address: str
) -> None:
    mei = a_customer(session, "Mei Lin")
    session.commit()
    made = as_staff(client, Role.ADMIN).post(
        f"/v1/contacts/{mei.id}/contact-points", {"channel": "email", "address": address}
    )
    assert (made.status_code, made.json["code"]) == (422, "contact-point.invalid-address")


@pytest.mark.parametrize(
    "disguise",
    ["ben@Rösterei.example", "ben@rösterei.example.", "ben@r\u00f6\uff53terei.example", "ben@ro\u0308sterei。example"],
)
def test_a_mailbox_has_one_spelling_so_that_its_stop_holds(
    client: FlaskClient, session: Session, disguise: str
) -> None:
    ben, mei = a_customer(session), a_customer(session, "Mei Lin")
    session.commit()
    ada = as_staff(client, Role.ADMIN)
    mailbox = {"channel": "email", "address": "ben@xn--rsterei-90a.example"}
    assert ada.post(f"/v1/contacts/{ben.id}/contact-points", mailbox).status_code == 201

    same = ada.post(f"/v1/contacts/{mei.id}/contact-points", {"channel": "email", "address": disguise})
    assert (same.status_code, same.json["code"]) == (409, "contact-point.taken")


def test_a_change_that_changes_nothing_leaves_no_trace(client: FlaskClient, session: Session) -> None:
    ben = a_customer(session)
    session.commit()
    ada = as_staff(client, Role.ADMIN)
    before = kinds(session)
    same = ada.patch(f"/v1/contacts/{ben.id}", {"name": "Ben Okafor"})
    assert (same.status_code, same.json["rev"], kinds(session)) == (200, 1, before)

    changed = ada.patch(f"/v1/contacts/{ben.id}", {"name": "Benjamin Okafor"})
    assert (changed.json["name"], changed.json["rev"]) == ("Benjamin Okafor", 2)
    assert kinds(session)[len(before) :] == ["contact.changed", "account.changed"]


def test_two_editors_cannot_overwrite_each_other(client: FlaskClient, session: Session) -> None:
    ben = a_customer(session)
    session.commit()
    ada = as_staff(client, Role.ADMIN)
    path = f"/v1/contacts/{ben.id}"
    tag = ada.get(path).headers["ETag"]

    assert ada.patch(path, {"notes": "Likes the natural Ethiopian."}, tag=tag).status_code == 200
    assert ada.patch(path, {"notes": "Prefers decaf."}, tag=tag).status_code == 412
    assert client.patch(path, json={"notes": "x"}, headers=ada.headers).status_code == 428


def test_a_removed_address_is_written_to_no_more(client: FlaskClient, session: Session) -> None:
    ben = a_customer(session, phone=BEN)
    session.commit()
    ada = as_staff(client, Role.ADMIN)
    [point] = ada.get(f"/v1/contacts/{ben.id}").json["contact_points"]
    path = f"/v1/contacts/{ben.id}/contact-points/{point['id']}"

    assert ada.delete(path, ada.get(path).headers["ETag"]).status_code == 204
    assert ada.get(path).json["code"] == "contact-point.unknown"
    with transaction() as using:
        told = outbox.tell(using, SYSTEM, contact_id=ben.id, text="Hello", kind="news", dedupe_key="hello")
    assert (told.state, told.reason) == ("suppressed", "no-address")


def test_consent_is_recorded_with_its_proof_and_the_later_word_counts(client: FlaskClient, session: Session) -> None:
    ben = a_customer(session)
    session.commit()
    ada = as_staff(client, Role.AGENT)
    path = f"/v1/contacts/{ben.id}/consents"
    form = {"state": "granted", "proof": {"form": "counter card", "text": "v3"}}

    assert ada.put(f"{path}/sms/marketing", form).json["proof"] == form["proof"]
    assert ada.put(f"{path}/sms/marketing", form).json["rev"] == 1
    assert ada.put(f"{path}/sms/marketing", {"state": "withdrawn"}).json["state"] == "withdrawn"
    assert [(item["channel"], item["state"]) for item in ada.get(path).json["items"]] == [("sms", "withdrawn")]
    assert kinds(session)[-2:] == ["consent.granted", "consent.withdrawn"]
    assert ada.put(f"{path}/pigeon/marketing", form).json["code"] == "consent.unknown"


def test_staff_stop_an_address_and_lift_only_their_own_stop(client: FlaskClient, session: Session) -> None:
    ben = a_customer(session, phone=BEN)
    session.commit()
    ada = as_staff(client, Role.AGENT)
    [point] = ada.get(f"/v1/contacts/{ben.id}").json["contact_points"]
    path = f"/v1/contact-points/{point['id']}/suppression"

    assert ada.put(path, {"detail": "asked by phone"}).json["reasons"] == ["staff"]
    assert ada.delete(path).status_code == 204
    assert ada.get(path).json["reasons"] == []
    assert kinds(session)[-2:] == ["suppression.set", "suppression.lifted"]


def test_the_timeline_tells_what_became_of_a_message(client: FlaskClient, session: Session) -> None:
    ben = a_customer(session, phone=BEN)
    session.commit()
    with transaction() as using:
        outbox.tell(using, SYSTEM, contact_id=ben.id, text="Your order is packed.", kind="news", dedupe_key="n:1")
    with transaction() as using:
        using.scalars(select(Delivery)).one().state = "delivered"
    ada = as_staff(client, Role.AGENT)
    page = ada.get(f"/v1/contacts/{ben.id}/timeline", kind="delivery.queued", channel="sms").json

    [item] = page["items"]
    assert (item["payload"]["state"], item["payload"]["text"]) == ("delivered", "Your order is packed.")
    assert (item["direction"], item["actor"], page["next_cursor"]) == ("out", "system", None)


def test_a_timeline_is_read_page_by_page_newest_first(client: FlaskClient, session: Session) -> None:
    ben = a_customer(session)
    session.commit()
    for n in range(5):
        with transaction() as using:
            log.append(using, SYSTEM, Kind.NOTE_ADDED, about=log.About(contact_id=ben.id), payload={"n": n})
    ada = as_staff(client, Role.AGENT)
    seen, cursor = [], {}
    while cursor is not None:
        page = ada.get(f"/v1/contacts/{ben.id}/timeline", kind="note.added", limit=2, **cursor).json
        seen += [item["payload"]["n"] for item in page["items"]]
        cursor = {"cursor": page["next_cursor"]} if page["next_cursor"] else None

    assert seen == [4, 3, 2, 1, 0]
    assert ada.get(f"/v1/contacts/{ben.id}/timeline", cursor="made-up").status_code == 422


def test_merged_contacts_share_a_timeline_within_ones_reach(client: FlaskClient, session: Session) -> None:
    west, east = a_territory(session), a_territory(session, "East")
    ben, twin = a_customer(session, territory_id=west.id), a_customer(session, territory_id=east.id)
    ben.group_id = twin.group_id = ben.id
    session.commit()
    with transaction() as using:
        for who in (ben, twin):
            log.append(using, SYSTEM, Kind.NOTE_ADDED, about=log.About(contact_id=who.id), payload={"of": str(who.id)})

    def sees(caller):
        return [item["payload"]["of"] for item in caller.get(f"/v1/contacts/{ben.id}/timeline").json["items"]]

    assert sees(as_staff(client, Role.ADMIN)) == [str(twin.id), str(ben.id)]
    assert sees(as_staff(client, Role.REP, [west])) == [str(ben.id)]


def test_reps_reach_only_the_people_of_their_territories(client: FlaskClient, session: Session) -> None:
    west, east = a_territory(session), a_territory(session, "East")
    mine = a_customer(session, "Ben Okafor", phone=BEN, territory_id=west.id)
    foreign = a_customer(session, "Mei Lin", phone="+447700900204", territory_id=east.id)
    session.commit()
    admin, sam = as_staff(client, Role.ADMIN), as_staff(client, Role.REP, [west], "Sam Doyle")
    [point] = admin.get(f"/v1/contacts/{foreign.id}").json["contact_points"]
    before = kinds(session)

    assert [item["id"] for item in sam.get("/v1/contacts").json["items"]] == [str(mine.id)]
    assert (
        sam.get("/v1/contacts", q="Mei").json["items"] == sam.get("/v1/contacts", phone="+447700900204").json["items"]
    )
    paths = {f"/v1/contacts/{{}}{tail}": foreign.id for tail in ("", "/timeline", "/consents", "/contact-points")} | {
        "/v1/accounts/{}": foreign.account_id,
        "/v1/contact-points/{}/suppression": point["id"],
    }
    for path, id_ in paths.items():
        refused, unknown = sam.get(path.format(id_)), sam.get(path.format("01890000-0000-7000-8000-000000000000"))
        assert (refused.status_code, refused.json["code"]) == (unknown.status_code, unknown.json["code"])
        assert refused.status_code == 404
    decision = {"state": "granted"}
    refusals = [
        sam.patch(f"/v1/contacts/{foreign.id}", {"name": "Mine now"}, tag='"1"'),
        sam.post(f"/v1/contacts/{foreign.id}/contact-points", {"channel": "email", "address": "mei@example.org"}),
        sam.put(f"/v1/contacts/{foreign.id}/consents/sms/marketing", decision),
        sam.put(f"/v1/contact-points/{point['id']}/suppression"),
        sam.post("/v1/contacts", {"name": "Dorcas", "account_id": str(foreign.account_id)}),
        sam.post("/v1/contacts", {"name": "Dorcas", "territory_id": str(east.id)}),
        sam.patch(f"/v1/contacts/{mine.id}", {"account_id": str(foreign.account_id)}),
    ]
    assert [answer.status_code for answer in refusals] == [404] * 7
    assert kinds(session) == before


def test_what_a_rep_makes_lies_in_the_reps_territory(client: FlaskClient, session: Session) -> None:
    west = a_territory(session)
    session.commit()
    sam = as_staff(client, Role.REP, [west], "Sam Doyle")
    made = sam.post("/v1/contacts", {"name": "Tom Reilly"})

    assert sam.get(f"/v1/contacts/{made.json['id']}").status_code == 200
    assert sam.get("/v1/accounts").json["items"][0]["territory_id"] == str(west.id)


def test_customers_are_kept_out_of_what_is_the_staffs(client: FlaskClient, session: Session) -> None:
    ben = a_customer(session)
    session.commit()
    app = as_customer(client, ben)
    for path in ("/v1/contacts", f"/v1/contacts/{ben.id}", f"/v1/contacts/{ben.id}/timeline", "/v1/accounts"):
        assert app.get(path).status_code == 403
    assert app.post("/v1/contacts", {}).status_code == 403  # before anybody looks at the body


def test_nobody_gives_themselves_what_the_shape_does_not_name(client: FlaskClient, session: Session) -> None:
    ben = a_customer(session)
    session.commit()
    ada = as_staff(client, Role.ADMIN)
    for name in ("id", "rev", "group_id", "erased_at", "role", "verified_at", "created_at"):
        refused = ada.patch(f"/v1/contacts/{ben.id}", {name: "x"})
        assert (refused.status_code, refused.json["errors"][0]["code"]) == (422, "unknown")
    assert session.get_one(Contact, ben.id, populate_existing=True).rev == 1
