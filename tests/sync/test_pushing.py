"""What a device did reaches the business through the same use cases, and a bad record holds nothing else back."""

import json
from typing import Any

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session
from werkzeug.test import TestResponse

from mcrm.ids import new_id
from mcrm.interactions.models import Interaction, LogHead
from mcrm.orders.models import Order
from mcrm.stock.models import StockItem
from tests.sync.conftest import Field
from tests.sync.device import Device, Raw


def position(session: Session) -> int:
    session.expire_all()
    return session.scalars(select(LogHead.position)).one()


def a_day(phone: Device, field: Field) -> Raw:
    """A new customer with a number, a note, an order of two lines; the order."""
    account = phone.create("accounts", name="Rosa's Bakery", kind="company")
    rosa = phone.create("contacts", name="Rosa Bianchi", account_id=account["id"])
    phone.create("contact_points", contact_id=rosa["id"], channel="sms", address="07700 900205")
    phone.create("interactions", kind="call.logged", contact_id=rosa["id"], text="Wants samples.", at=1_767_323_045_000)
    order = phone.create("orders", contact_id=rosa["id"], reference="by phone")
    for quantity in (2, 3):
        phone.create("order_lines", order_id=order["id"], product_id=field.espresso.id, quantity=quantity)
    return order


def test_a_day_offline_becomes_business_with_its_traces(field: Field, session: Session) -> None:
    phone = field.phone()
    phone.sync()
    order = a_day(phone, field)
    phone.sync()
    assert (phone.pushed["experimentalRejectedIds"], phone.pushed["errors"]) == ({}, [])
    kinds = list(session.scalars(select(Interaction.kind).order_by(Interaction.position.desc()).limit(5)))
    assert kinds == [
        "call.logged", "order.placed", "contact-point.added", "contact.created", "account.created",
    ]  # fmt: skip
    stored = field.ada.get(f"/v1/orders/{order['id']}").json
    assert (stored["total"], [line["quantity"] for line in stored["lines"]]) == (5 * 950, [2, 3])
    assert session.scalars(select(StockItem.reserved)).one() == 5
    phone.sync()
    mine = phone.get("orders", order["id"])
    assert mine is not None
    assert (mine["number"], mine["total"], mine["status"]) == (stored["number"], 4750, "new")
    assert mine["created_at"] == 1_767_323_045_000, "the device owns it"
    assert phone.get("interactions", phone.rows("interactions")[0]["id"])["text"] == "Wants samples."  # type: ignore[index]
    assert [raw["address"] for raw in phone.rows("contact_points") if raw["contact_id"] == mine["contact_id"]] == [
        "+447700900205"
    ]
    assert phone.is_equal_to_the_server()


@pytest.mark.parametrize("header", [{}, {"Idempotency-Key": "day-1"}])
def test_a_push_whose_reply_was_lost_changes_nothing_when_it_comes_again(
    field: Field, session: Session, header: dict[str, str]
) -> None:
    phone = field.phone()
    phone.sync()
    a_day(phone, field)
    phone.edit("contacts", field.ben.id, name="Ben A. Okafor")
    phone.push(lose_reply=True, **header)
    stands = position(session)
    phone.push(**header)
    assert (phone.pushed["errors"], phone.pushed["conflicts"]) == ([], [])
    assert position(session) == stands
    phone.sync()
    assert phone.is_equal_to_the_server()


def test_a_replay_does_not_undo_what_somebody_did_meanwhile(field: Field) -> None:
    phone = field.phone()
    phone.sync()
    phone.edit("contacts", field.ben.id, name="Ben A. Okafor")
    account = phone.create("accounts", name="Rosa's Bakery")
    phone.push(lose_reply=True)
    assert field.ada.patch(f"/v1/contacts/{field.ben.id}", {"name": "Benjamin Okafor"}).status_code == 200
    assert field.ada.patch(f"/v1/accounts/{account['id']}", {"name": "Rosa & Sons"}).status_code == 200
    phone.push()
    assert field.ada.get(f"/v1/contacts/{field.ben.id}").json["name"] == "Benjamin Okafor"
    assert field.ada.get(f"/v1/accounts/{account['id']}").json["name"] == "Rosa & Sons"


def test_a_bad_record_does_not_hold_back_the_good_ones(field: Field, session: Session) -> None:
    phone = field.phone()
    phone.sync()
    good = phone.create("accounts", name="Rosa's Bakery")
    nameless = phone.create("accounts", name="")
    nul = phone.create("contacts", name="Tom\0", account_id=good["id"])
    foreign = phone.create("contacts", name="Mei Lin", account_id=field.aisha.account_id)
    unknown = phone.create("contacts", name="Mei Lin", account_id=new_id())
    big = phone.create("orders", contact_id=field.ben.id)
    line = phone.create("order_lines", order_id=big["id"], product_id=field.espresso.id, quantity=51)
    empty = phone.create("orders", contact_id=field.ben.id)
    typed = phone.create("interactions", kind="order.placed", account_id=good["id"])
    short = {**phone.create("accounts", name="Old app"), "id": "aB3dE5gH7jK9mN1p"}
    phone.tables["accounts"][short["id"]] = short
    phone.push()
    errors = {error["id"]: error for error in phone.pushed["errors"]}
    assert {id_: errors[id_]["code"] for id_ in errors} == {
        nameless["id"]: "sync.record-invalid",
        nul["id"]: "sync.record-invalid",
        foreign["id"]: "account.unknown",
        unknown["id"]: "account.unknown",
        big["id"]: "order.out-of-stock",
        line["id"]: "sync.with-its-order",
        empty["id"]: "order.empty",
        typed["id"]: "sync.record-invalid",
        short["id"]: "sync.id-invalid",
    }
    assert errors[big["id"]]["detail"] == "There is not enough left of Harbour Espresso 250 g."
    assert errors[foreign["id"]]["detail"] == errors[unknown["id"]]["detail"], "foreign looks like unknown"
    refused = {id_ for ids in phone.pushed["experimentalRejectedIds"].values() for id_ in ids}
    assert refused == errors.keys()
    assert phone.get("accounts", good["id"])["_status"] == "synced"  # type: ignore[index]
    assert phone.get("orders", big["id"])["_status"] == "created"  # type: ignore[index]
    assert session.scalar(select(func.count()).select_from(Order)) == 0


def test_foreign_rows_can_be_neither_written_nor_recognised(field: Field, session: Session) -> None:
    phone = field.phone()
    phone.sync()
    stands = position(session)
    for id_ in (field.aisha.id, field.aisha.account_id):
        raw = {"id": str(id_), "rev": 1, "name": "Mine now", "_status": "updated", "_changed": "name"}
        changes = {"contacts" if id_ == field.aisha.id else "accounts": {"updated": [raw], "deleted": [str(id_)]}}
        answer = field.sam.post("/v1/sync", {"changes": changes}).json
        assert [error["code"] for error in answer["errors"]] == ["sync.record-unknown"]
        assert answer["conflicts"] == []
    assert position(session) == stands


def test_what_devices_may_not_write_is_theirs_to_see_only(field: Field, session: Session) -> None:
    phone = field.phone()
    phone.sync()
    phone.edit("products", field.espresso.id, name="Free coffee")
    phone.edit("contacts", field.ben.id, rev=77)
    phone.push()
    assert {error["code"] for error in phone.pushed["errors"]} == {"sync.read-only"}
    assert field.ada.get(f"/v1/products/{field.espresso.id}").json["name"] == "Harbour Espresso 250 g"


def test_a_record_that_may_not_be_deleted_comes_back(field: Field) -> None:
    phone = field.phone()
    phone.sync()
    phone.delete("contacts", field.ben.id)
    phone.push()
    assert [error["code"] for error in phone.pushed["errors"]] == ["sync.not-deletable"]
    assert phone.get("contacts", field.ben.id) is None
    phone.sync()
    assert phone.get("contacts", field.ben.id) is not None
    assert phone.is_equal_to_the_server()


def test_an_address_is_taken_off_by_deleting_it_on_the_phone(field: Field) -> None:
    phone = field.phone()
    phone.sync()
    [point] = phone.rows("contact_points")
    phone.delete("contact_points", point["id"])
    phone.push()
    phone.push()
    assert field.ada.get(f"/v1/contacts/{field.ben.id}/contact-points").json["items"] == []
    phone.sync()
    assert phone.is_equal_to_the_server()


def test_an_address_that_was_known_already_takes_the_place_of_the_phones_own(field: Field, session: Session) -> None:
    phone = field.phone()
    phone.sync()
    phone.create("contact_points", contact_id=field.ben.id, channel="sms", address="+447700900201")
    phone.sync()
    phone.sync()
    assert [raw["address"] for raw in phone.rows("contact_points")] == ["+447700900201"]
    assert phone.is_equal_to_the_server()


def test_a_row_made_and_deleted_at_once_stays_deleted(field: Field) -> None:
    """The trap of servers that echo a device's own push as `created`."""
    phone = field.phone()
    phone.sync()
    point = phone.create("contact_points", contact_id=field.ben.id, channel="email", address="ben@example.org")
    phone.push()
    phone.delete("contact_points", point["id"])
    phone.sync()
    phone.sync()
    assert [raw["channel"] for raw in phone.rows("contact_points")] == ["sms"]
    assert phone.is_equal_to_the_server()


def test_lines_that_come_after_their_order_are_refused(field: Field) -> None:
    phone = field.phone()
    phone.sync()
    order = a_day(phone, field)
    phone.push()
    late = phone.create("order_lines", order_id=order["id"], product_id=field.espresso.id, quantity=1)
    phone.push()
    assert [(error["id"], error["code"]) for error in phone.pushed["errors"]] == [(late["id"], "sync.order-placed")]


@pytest.mark.parametrize(
    "body", [{}, {"changes": []}, {"changes": {"contacts": []}}, {"changes": {"contacts": {"created": [1]}}}]
)
def test_what_is_no_push_at_all_is_refused_whole(field: Field, body: Any) -> None:
    assert field.sam.post("/v1/sync", body).status_code == 422


def test_unknown_tables_are_refused_by_name(field: Field) -> None:
    changes = {"__proto__": {"created": [{"id": str(new_id())}]}, "users": {"updated": [{"id": str(new_id())}]}}
    answer = field.sam.post("/v1/sync", {"changes": changes}).json
    assert [error["code"] for error in answer["errors"]] == ["sync.table-unknown"] * 2


def test_a_push_that_is_too_large_is_refused_with_the_limit(field: Field) -> None:
    changes = {"contacts": {"created": [{"id": "x"}] * 5001}}
    answer = field.sam.post("/v1/sync", {"changes": changes})
    assert answer.status_code == 413
    assert "5000" in answer.json["detail"]


HOSTILE: tuple[Raw, ...] = (
    {"id": ["x"]},
    {"id": {"$ne": 1}, "order_id": []},
    {"id": "\ud800"},
    {"id": None, "name": {}},
    {"id": "0190A8B0-0000-7000-8000-00000000000A", "name": "In capitals"},
    {"id": "01890000-0000-7000-8000-000000000001", "name": "\0", "notes": "\ud800", "created_at": 10**30},
    {"id": "01890000-0000-7000-8000-000000000002", "name": "x" * 30_000, "rev": -1, "_changed": ["name"]},
    {"id": "01890000-0000-7000-8000-000000000003", "quantity": 10**30, "kind": [], "at": True, "_status": {}},
    {"id": "01890000-0000-7000-8000-000000000004", "account_id": "'; --", "contact_id": 7, "address": "\u0661"},
)


PUSHED_TABLES = ["accounts", "contacts", "contact_points", "orders", "order_lines", "interactions", "x"]


def push_as_text(field: Field, changes: Any) -> TestResponse:
    """With what our own way to write JSON refuses."""
    body = json.dumps({"changes": changes})
    return field.client.post("/v1/sync", data=body, content_type="application/json", headers=field.sam.headers)


@pytest.mark.parametrize("table", PUSHED_TABLES)
def test_hostile_records_are_refused_one_by_one_and_change_nothing(field: Field, session: Session, table: str) -> None:
    stands = position(session)
    records = [{**raw, "_status": "updated"} for raw in HOSTILE]
    deleted = [1, None, "x", "\0", "\ud800", *records]
    answer = push_as_text(field, {table: {"created": list(HOSTILE), "updated": records, "deleted": deleted}})
    assert answer.status_code == 200, answer.text
    assert len(answer.json["errors"]) == 2 * len(HOSTILE)
    assert position(session) == stands


def test_hostile_edits_of_a_real_row_change_nothing(field: Field, session: Session) -> None:
    stands = position(session)
    records = [{**raw, "id": str(field.ben.id), "rev": 10**30, "_changed": "name,notes,rev"} for raw in HOSTILE[3:7]]
    answer = push_as_text(field, {"contacts": {"updated": records[:1] + records[2:]}})
    assert answer.status_code == 200, answer.text
    assert position(session) == stands


@pytest.mark.parametrize("name", ["\ud800", "x" * 65, "\0"])
def test_tables_with_names_that_cannot_be_repeated_are_refused(field: Field, name: str) -> None:
    assert push_as_text(field, {name: {"created": [{"id": "x"}]}}).status_code == 422
