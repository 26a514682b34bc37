"""What a device gets: all of its scope, page by page, and then only what is new."""

import gzip
import json

from sqlalchemy import update
from sqlalchemy.orm import Session

from mcrm.accounts.models import Account
from mcrm.interactions.models import LogHead
from mcrm.sync.models import Floor
from tests.cast import a_customer, an_order
from tests.sync.conftest import Field


def test_a_first_sync_brings_the_own_territory_and_what_is_everybodys(field: Field, session: Session) -> None:
    an_order(session, field.ben, number="1042")
    an_order(session, field.aisha, number="1043")
    session.commit()
    phone = field.phone()
    phone.sync()
    assert [raw["name"] for raw in phone.rows("territories")] == ["West"]
    assert [raw["name"] for raw in phone.rows("contacts")] == ["Ben Okafor"]
    assert [raw["number"] for raw in phone.rows("orders")] == ["1042"]
    assert [raw["code"] for raw in phone.rows("products")] == ["ESP-250"]
    assert [raw["unit_price"] for raw in phone.rows("price_list_items")] == [950]
    assert phone.is_equal_to_the_server()


def test_wire_values_are_of_the_types_that_the_schema_names(field: Field, session: Session) -> None:
    an_order(session, field.ben)
    session.commit()
    schema = field.sam.get("/v1/sync/schema").json
    python = {"string": str, "number": int, "boolean": bool}
    changes = field.sam.get("/v1/sync").json["changes"]
    assert {"accounts", "contacts", "contact_points", "orders", "products"} <= changes.keys()
    for table, lists in changes.items():
        columns = schema["tables"][table]["columns"]
        for raw in lists["updated"]:
            assert raw.keys() == columns.keys()
            for name, value in raw.items():
                assert (value is None and columns[name]["optional"]) or type(value) is python[columns[name]["type"]]
    assert changes["orders"]["updated"][0]["placed_at"] > 1_700_000_000_000, "epoch milliseconds"
    assert schema["tables"]["orders"]["columns"]["number"]["read_only"]
    assert not schema["tables"]["contacts"]["columns"]["name"]["read_only"]


def test_every_way_to_say_first_sync_gives_the_same(field: Field) -> None:
    bodies = [field.sam.get("/v1/sync", **query).json for query in ({}, {"last_pulled_at": ""})]
    bodies += [field.sam.get("/v1/sync", last_pulled_at=value).json for value in ("null", 0)]
    assert all(body == bodies[0] for body in bodies)


def test_an_empty_sync_says_so_in_few_bytes(field: Field) -> None:
    phone = field.phone()
    phone.sync()
    answer = field.sam.get("/v1/sync", last_pulled_at=phone.last_pulled_at)
    assert answer.json == {"changes": {}, "timestamp": phone.last_pulled_at, "has_more": False}
    assert len(answer.data) < 300


def test_a_first_sync_that_is_cut_off_goes_on_where_it_stood(field: Field, session: Session) -> None:
    for number in range(12):
        a_customer(session, f"Customer {number}", territory_id=field.west.id)
        session.commit()
    phone = field.phone(limit=5)
    assert phone.pull()
    assert phone.pull()
    stood = phone.last_pulled_at
    phone.ask()  # the answer never arrives
    a_customer(session, "Came in between", territory_id=field.west.id)
    session.commit()
    assert phone.last_pulled_at == stood
    phone.sync()
    assert len(phone.rows("contacts")) == 14
    assert phone.is_equal_to_the_server()


def test_a_row_that_changed_often_is_sent_once(field: Field, session: Session) -> None:
    phone = field.phone()
    phone.sync()
    account = session.get_one(Account, field.ben.account_id)
    for name in ("Ben O.", "Ben Oka.", "Ben Okafor-Lin"):
        account.name = name
        session.commit()
    changes = phone.ask()["changes"]
    assert [raw["name"] for raw in changes["accounts"]["updated"]] == ["Ben Okafor-Lin"]
    assert changes.keys() == {"accounts"}


def test_what_a_foreign_territory_does_is_neither_seen_nor_counted(field: Field, session: Session) -> None:
    phone = field.phone()
    phone.sync()
    a_customer(session, "Rosa Bianchi", phone="+447700900205", territory_id=field.east.id)
    an_order(session, field.aisha)
    session.commit()
    assert phone.ask()["changes"] == {}
    assert field.sam.get("/v1/sync/wait", since=phone.last_pulled_at).json["changed"] is False
    assert field.lena.get("/v1/sync/wait", since=phone.last_pulled_at).json["changed"] is True


def test_a_removed_address_is_dropped(field: Field, session: Session) -> None:
    phone = field.phone()
    phone.sync()
    [point] = phone.rows("contact_points")
    path = f"/v1/contacts/{field.ben.id}/contact-points/{point['id']}"
    assert field.ada.delete(path, field.ada.get(path).headers["ETag"]).status_code == 204
    phone.sync()
    assert phone.rows("contact_points") == []
    assert phone.is_equal_to_the_server()


def test_after_a_restore_the_device_is_told_to_replace_and_keeps_its_edits(field: Field, session: Session) -> None:
    phone = field.phone()
    phone.sync()
    phone.edit("contacts", field.ben.id, notes="Rings twice.")
    phone.tables["contacts"]["gone"] = {"id": "gone", "rev": 1, "_status": "synced", "_changed": ""}
    session.execute(update(LogHead).values(epoch=2))
    session.commit()
    refused = field.sam.post(f"/v1/sync?last_pulled_at={phone.last_pulled_at}", {"changes": phone.unsent()})
    assert (refused.status_code, refused.json["code"]) == (409, "sync.pull-first")
    answer = phone.ask()
    assert answer["experimentalStrategy"] == "replacement"
    phone.sync()
    assert phone.get("contacts", "gone") is None
    assert field.ada.get(f"/v1/contacts/{field.ben.id}").json["notes"] == "Rings twice."
    phone.sync()
    assert phone.is_equal_to_the_server()


def test_a_cursor_that_is_too_old_gets_the_whole_set(field: Field, session: Session) -> None:
    phone = field.phone()
    phone.sync()
    session.add(Floor(id=1, floor=10**6))
    session.commit()
    assert phone.ask()["experimentalStrategy"] == "replacement"


def test_the_whole_set_is_packed_where_the_device_takes_it(field: Field) -> None:
    headers = {**field.sam.headers, "Accept-Encoding": "gzip"}
    answer = field.client.get("/v1/sync?last_pulled_at=5", headers=headers)
    assert answer.headers["Content-Encoding"] == "gzip"
    body = json.loads(gzip.decompress(answer.data))
    assert body["experimentalStrategy"] == "replacement"
    assert [raw["name"] for raw in body["changes"]["contacts"]["updated"]] == ["Ben Okafor"]


def test_tables_that_a_new_schema_adds_come_in_full(field: Field) -> None:
    phone = field.phone()
    phone.sync()
    migration = {"from": 1, "tables": ["contacts", "__proto__"], "columns": [{"table": "orders", "columns": ["total"]}]}
    query = {"last_pulled_at": phone.last_pulled_at, "migration": json.dumps(migration)}
    changes = field.sam.get("/v1/sync", **query).json["changes"]
    assert [raw["name"] for raw in changes["contacts"]["updated"]] == ["Ben Okafor"]


def test_odd_cursors_are_refused_and_future_ones_replaced(field: Field) -> None:
    for odd in ("-1", "x", str(2**53), "1.5"):
        assert field.sam.get("/v1/sync", last_pulled_at=odd).status_code == 422, odd
    assert field.sam.get("/v1/sync", last_pulled_at=2**53 - 1).json["experimentalStrategy"] == "replacement"
