"""A push written by somebody who means harm: nothing of others moves, nothing grows, and the good records get in."""

import gzip
import json
from typing import Any

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session
from werkzeug.test import TestResponse

from mcrm.ids import new_id
from mcrm.interactions.models import Interaction
from mcrm.orders.models import Order
from mcrm.sync import pushing
from tests.sync.conftest import Field
from tests.sync.device import Device, Raw
from tests.sync.test_pushing import position, push_as_text


def a_note(field: Field, **more: Any) -> Raw:
    return {"id": str(new_id()), "kind": "note.added", "contact_id": str(field.ben.id), "text": "Hello.", **more}


@pytest.mark.parametrize("lists", [("created", "created"), ("created", "updated")])
def test_a_record_that_stands_twice_in_a_push_is_taken_once(
    field: Field, session: Session, lists: tuple[str, str]
) -> None:
    note, good = a_note(field), a_note(field)
    changes: dict[str, Any] = {"created": [good], "updated": []}
    for name in lists:
        changes[name].append(note)
    answer = field.sam.post("/v1/sync", {"changes": {"interactions": changes}})
    assert answer.status_code == 200, answer.text
    assert [(error["id"], error["code"]) for error in answer.json["errors"]] == [(note["id"], "sync.twice")]
    assert answer.json["experimentalRejectedIds"] == {}, "its twin is in, so the device has nothing left to send"
    assert session.scalar(select(func.count()).where(Interaction.kind == "note.added")) == 2


def test_one_order_sent_a_thousand_times_is_one_answer_long(field: Field, session: Session) -> None:
    order = {"id": str(new_id()), "contact_id": str(field.ben.id)}
    line = {"order_id": order["id"], "product_id": str(field.espresso.id), "quantity": 1}
    lines = [{"id": str(new_id()), **line} for _ in range(100)]
    changes = {"orders": {"created": [order] * 1000}, "order_lines": {"created": lines}}
    answer = field.sam.post("/v1/sync", {"changes": changes})
    assert answer.status_code == 200, answer.text
    assert len(answer.json["errors"]) <= 1100
    assert session.scalar(select(func.count()).select_from(Order)) <= 1


def test_the_lines_of_all_orders_are_looked_through_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Not once for each order: a push of 2,500 orders would hold the database for seconds."""
    looked = 0

    class Line(dict[str, Any]):
        def get(self, key: Any, default: Any = None) -> Any:
            nonlocal looked
            looked += 1
            return super().get(key, default)

    ids = [str(new_id()) for _ in range(100)]
    changes = {
        "orders": {"updated": [{"id": id_} for id_ in ids]},
        "order_lines": {"updated": [Line(id=str(new_id()), order_id=id_) for id_ in ids]},
    }
    found = list(pushing._aggregates(changes))
    assert [len(each.parts) for each in found] == [1] * 100
    assert looked <= 1000


def test_ids_that_are_no_texts_have_no_parts(field: Field, session: Session) -> None:
    stands = position(session)
    order = {"id": ["x"], "contact_id": str(field.ben.id)}
    lines = [{"id": str(new_id()), "order_id": ["x"], "product_id": str(field.espresso.id), "quantity": 1}] * 3
    answer = field.sam.post(
        "/v1/sync", {"changes": {"orders": {"created": [order]}, "order_lines": {"created": lines}}}
    )
    assert answer.status_code == 200, answer.text
    assert position(session) == stands


def test_references_to_what_is_out_of_reach_are_refused_like_unknown_ones(field: Field, session: Session) -> None:
    phone = field.phone()
    phone.sync()
    stands = position(session)
    theirs = {"contact_id": field.aisha.id, "account_id": field.aisha.account_id, "territory_id": field.east.id}
    unknown = dict.fromkeys(theirs, new_id())
    said = [_refusals_of_references(phone, **ids) for ids in (theirs, unknown)]
    assert said[0] == said[1]
    assert len(said[0]) == 9
    assert position(session) == stands


def _refusals_of_references(phone: Device, contact_id: Any, account_id: Any, territory_id: Any) -> list[Any]:
    """What a phone is told that makes and edits rows under these parents, in order; it gives all of them up."""
    ben, mine = phone.rows("contacts")[0], phone.rows("accounts")[0]
    phone.create("accounts", name="Here", territory_id=territory_id)
    phone.create("accounts", name="Below", parent_id=account_id)
    phone.create("contacts", name="Tom", account_id=account_id)
    phone.create("contact_points", contact_id=contact_id, channel="email", address="tom@example.org")
    phone.create("orders", contact_id=contact_id)
    phone.create("interactions", kind="note.added", contact_id=contact_id, text="Hello.")
    phone.create("interactions", kind="note.added", contact_id=ben["id"], account_id=account_id, text="Hello.")
    phone.edit("accounts", mine["id"], territory_id=str(territory_id))
    phone.edit("contacts", ben["id"], account_id=str(account_id))
    phone.push()
    told = sorted((error["table"], error["code"], error["detail"]) for error in phone.pushed["errors"])
    for table in phone.tables.values():
        for raw in [raw for raw in table.values() if raw["_status"] != "synced"]:
            del table[raw["id"]]
    phone.last_pulled_at = None
    phone.sync()
    return told


def test_a_push_replayed_by_somebody_else_does_nothing(field: Field, session: Session) -> None:
    phone = field.phone()
    phone.sync()
    phone.create("contacts", name="Rosa Bianchi", account_id=field.ben.account_id)
    phone.create("interactions", kind="note.added", contact_id=field.ben.id, text="Likes oat milk.")
    phone.edit("contacts", field.ben.id, name="Ben A. Okafor")
    phone.push(**{"Idempotency-Key": "day-1"})
    stands = position(session)
    path, body, headers = phone.request
    answer = field.lena.post(path, body, **headers)
    assert answer.status_code == 200, answer.text
    assert {error["code"] for error in answer.json["errors"]} == {"sync.record-unknown"}
    assert answer.json["conflicts"] == []
    assert position(session) == stands


def test_an_idempotency_key_belongs_to_one_push(field: Field, session: Session) -> None:
    key = {"Idempotency-Key": "day-1"}
    first = {"changes": {"interactions": {"created": [a_note(field)]}}}
    assert field.sam.post("/v1/sync", first, **key).json["errors"] == []
    stands = position(session)
    assert (
        field.sam.post("/v1/sync", {"changes": {"interactions": {"created": [a_note(field)]}}}, **key).status_code
        == 422
    )
    assert field.sam.post("/v1/sync", first, **key).json["errors"] == []
    assert position(session) == stands


@pytest.mark.parametrize("quantity", ["2", -1, 0, 2.5, True, None, 10**15, float("nan"), float("inf"), [2]])
def test_quantities_that_are_none_order_nothing(field: Field, session: Session, quantity: Any) -> None:
    order = {"id": str(new_id()), "contact_id": str(field.ben.id)}
    line = {"id": str(new_id()), "order_id": order["id"], "product_id": str(field.espresso.id), "quantity": quantity}
    changes = {"orders": {"created": [order]}, "order_lines": {"created": [line]}}
    answer = push_as_text(field, changes)
    assert answer.status_code in {200, 400}, answer.text
    assert session.scalar(select(func.count()).select_from(Order)) == 0


@pytest.mark.parametrize("where", ["record", "column", "_changed", "id", "changes"])
def test_json_nested_without_end_is_refused(field: Field, where: str) -> None:
    deep = "[" * 200_000 + "]" * 200_000
    id_ = f'"id": "{new_id()}"'
    record = {
        "record": deep,
        "column": f'{{{id_}, "name": {deep}}}',
        "_changed": f'{{{id_}, "_changed": {deep}}}',
        "id": f'{{"id": {deep}}}',
    }.get(where, "{}")
    changes = deep if where == "changes" else f'{{"contacts": {{"updated": [{record}]}}}}'
    answer = _post(field, f'{{"changes": {changes}}}'.encode())
    assert answer.status_code in {400, 422}, answer.text


@pytest.mark.parametrize("depth", [50, 200, 500])
def test_json_nested_as_deep_as_it_may_be_is_a_bad_record(field: Field, session: Session, depth: int) -> None:
    stands = position(session)
    deep = json.loads("[" * depth + "]" * depth)
    records = [
        {"id": str(field.ben.id), "rev": 1, "_changed": deep, "name": deep},
        {"id": deep},
        {"id": "x", "x": deep},
    ]
    answer = _post(field, json.dumps({"changes": {"contacts": {"updated": records, "deleted": [deep]}}}).encode())
    assert answer.status_code in {200, 400, 422}, answer.text
    assert position(session) == stands


def test_a_bomb_of_gzip_is_refused_before_it_bursts(field: Field) -> None:
    bomb = gzip.compress(b'{"changes": {"contacts": {"created": [' + b" " * 50_000_000 + b"]}}}")
    assert len(bomb) < 100_000
    assert _post(field, bomb, **{"Content-Encoding": "gzip"}).status_code == 413


@pytest.mark.parametrize(
    "name", ["__proto__", "constructor", "toString", "rev", "users", "territory_id", "password_hash"]
)
def test_columns_that_are_not_a_devices_to_write_stay_as_they_are(field: Field, session: Session, name: str) -> None:
    stands = position(session)
    record = {"id": str(field.ben.id), "rev": 1, "_changed": name, name: {"polluted": True}}
    answer = _post(field, json.dumps({"changes": {"contacts": {"updated": [record]}}}).encode())
    assert answer.status_code == 200, answer.text
    assert position(session) == stands


def test_a_cursor_of_somebody_else_shows_only_what_is_ones_own(field: Field) -> None:
    """Cursors hold no rights: they are places in one order of changes."""
    managers = field.phone(field.ada)
    managers.sync()
    phone = field.phone()
    for cursor in (managers.last_pulled_at, 1, 2**40 + 1, 2**53 - 1):
        answer = field.sam.get("/v1/sync", last_pulled_at=cursor)
        assert answer.status_code == 200
        assert str(field.aisha.id) not in answer.text
        phone.apply(answer.json)


def _post(field: Field, body: bytes, **headers: str) -> TestResponse:
    together = {**field.sam.headers, **headers}
    return field.client.post("/v1/sync", data=body, content_type="application/json", headers=together)
