"""Fields that the business adds: defined by admins, held to their type, filtered by, hidden and brought back."""

from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy.orm import Session

from mcrm.actors import Role
from mcrm.contacts.models import Contact
from tests.callers import Caller, as_staff
from tests.cast import a_customer

FIELDS: tuple[dict[str, Any], ...] = (
    {"name": "roast", "type": "choice", "label": "Roast", "options": ["light", "dark"]},
    {"name": "grinders", "type": "multichoice", "label": "Grinders", "options": ["hand", "burr", "blade"]},
    {"name": "kilos", "type": "number", "label": "Kilos a month"},
    {"name": "machines", "type": "integer", "label": "Machines"},
    {"name": "subscribed", "type": "boolean", "label": "Subscribed"},
    {"name": "birthday", "type": "date", "label": "Birthday"},
    {"name": "nickname", "type": "string", "label": "Nickname"},
)
BEN: dict[str, Any] = {
    "roast": "dark",
    "grinders": ["burr", "hand"],
    "kilos": 2.5,
    "machines": 2,
    "subscribed": True,
    "birthday": "1990-02-28",
    "nickname": "Benny",
}
MISFITS: tuple[tuple[str, Any], ...] = (
    ("roast", "burnt"),
    ("roast", ["dark"]),
    ("grinders", "burr"),
    ("grinders", ["steel"]),
    ("kilos", "2.5"),
    ("kilos", True),
    ("machines", 2.5),
    ("machines", 2**53),
    ("subscribed", "true"),
    ("birthday", "1990-02-30"),
    ("birthday", "28.2.1990"),
    ("nickname", 7),
    ("nickname", "x" * 2001),
)


@pytest.fixture
def ada(client: FlaskClient) -> Caller:
    """An admin who has defined a field of every type for contacts."""
    caller = as_staff(client, Role.ADMIN)
    for field in FIELDS:
        assert caller.post("/v1/custom-fields", {"table": "contacts", **field}).status_code == 201
    return caller


def test_every_type_of_value_is_stored_and_comes_back_in_the_list(ada: Caller) -> None:
    made = ada.post("/v1/contacts", {"name": "Ben Okafor", "custom": BEN})

    assert made.json["custom"] == BEN
    assert ada.get(f"/v1/contacts/{made.json['id']}").json["custom"] == BEN
    assert ada.get("/v1/contacts").json["items"][0]["custom"] == BEN


def test_a_value_of_another_type_is_refused_by_the_name_of_its_field(ada: Caller) -> None:
    ben = ada.post("/v1/contacts", {"name": "Ben Okafor", "custom": BEN}).json
    for name, value in MISFITS:
        for refused in (
            ada.post("/v1/contacts", {"name": "Mei Lin", "custom": {name: value}}),
            ada.patch(f"/v1/contacts/{ben['id']}", {"custom": {name: value}}),
        ):
            assert (refused.status_code, refused.json["code"]) == (422, "custom-value.invalid"), (name, value)
            assert refused.json["errors"][0]["field"] == f"custom.{name}"
    unknown = ada.post("/v1/contacts", {"name": "Mei Lin", "custom": {"shoe_size": 38}})
    assert unknown.json["errors"][0]["field"] == "custom.shoe_size"
    assert ada.get(f"/v1/contacts/{ben['id']}").json["rev"] == 1


def test_a_change_names_only_what_it_changes(ada: Caller) -> None:
    ben = ada.post("/v1/contacts", {"name": "Ben Okafor", "custom": BEN}).json
    changed = ada.patch(f"/v1/contacts/{ben['id']}", {"custom": {"machines": 3, "nickname": None}})

    wanted = {**BEN, "machines": 3}
    del wanted["nickname"]
    assert changed.json["custom"] == wanted


def test_lists_are_filtered_by_custom_values_compared_by_their_type(ada: Caller) -> None:
    ada.post("/v1/contacts", {"name": "Ben Okafor", "custom": BEN})
    other = {"roast": "light", "grinders": ["blade"], "kilos": 25, "machines": 22, "subscribed": False}
    ada.post("/v1/contacts", {"name": "Mei Lin", "custom": {**other, "birthday": "1991-02-28", "nickname": "Lin"}})
    ada.post("/v1/contacts", {"name": "Tom Reilly"})

    def named(**query: str) -> list[str]:
        return [item["name"] for item in ada.get("/v1/contacts", **query).json["items"]]

    for name, text in (
        ("roast", "dark"),
        ("grinders", "burr"),
        ("kilos", "2.50"),
        ("machines", "2"),
        ("subscribed", "true"),
        ("birthday", "1990-02-28"),
        ("nickname", "Benny"),
    ):
        assert named(**{f"custom.{name}": text}) == ["Ben Okafor"], name
    assert named(**{"custom.roast": "dark", "custom.machines": "22"}) == []
    assert named(**{"custom.roast": "light", "q": "mei"}) == ["Mei Lin"]
    ada.post("/v1/contacts", {"name": "Aisha Khan", "custom": {"machines": 2**40, "kilos": 1e300}})
    assert named(**{"custom.machines": "2"}) == named(**{"custom.kilos": "2.5"}) == ["Ben Okafor"]
    assert named(**{"custom.machines": str(2**40)}) == ["Aisha Khan"]


def test_a_filter_by_what_is_not_defined_or_not_of_the_type_is_refused(ada: Caller) -> None:
    for name, text in (("shoe_size", "38"), ("machines", "two"), ("subscribed", "yes"), ("roast", "burnt")):
        refused = ada.get("/v1/contacts", **{f"custom.{name}": text})
        assert (refused.status_code, refused.json["errors"][0]["field"]) == (422, f"custom.{name}")
    assert ada.get("/v1/contacts", **{"custom.nickname": "x" * 300}).status_code == 422
    assert ada.get("/v1/accounts", **{"custom.roast": "dark"}).status_code == 422  # a field of contacts


def test_a_deleted_field_hides_its_values_and_brings_them_back(ada: Caller, session: Session) -> None:
    ben = ada.post("/v1/contacts", {"name": "Ben Okafor", "custom": BEN}).json
    fields = {item["name"]: item["id"] for item in ada.get("/v1/custom-fields", table="contacts").json["items"]}
    path = f"/v1/custom-fields/{fields['roast']}"
    assert ada.delete(path, ada.get(path).headers["ETag"]).status_code == 204

    assert "roast" not in ada.get(f"/v1/contacts/{ben['id']}").json["custom"]
    assert "roast" not in ada.get("/v1/contacts").json["items"][0]["custom"]
    assert ada.get("/v1/contacts", **{"custom.roast": "dark"}).status_code == 422
    assert ada.get(path).status_code == 404
    ada.patch(f"/v1/contacts/{ben['id']}", {"custom": {"machines": 9}})
    again = ada.post("/v1/custom-fields", {"table": "contacts", **FIELDS[0]})
    assert again.status_code == 201
    assert ada.get(f"/v1/contacts/{ben['id']}").json["custom"] == {**BEN, "machines": 9}


def test_kept_values_are_not_taken_for_those_of_another_type(ada: Caller) -> None:
    [first] = [item for item in ada.get("/v1/custom-fields").json["items"] if item["name"] == "kilos"]
    path = f"/v1/custom-fields/{first['id']}"
    taken = ada.post("/v1/custom-fields", {"table": "contacts", **FIELDS[2]})
    ada.delete(path, ada.get(path).headers["ETag"])
    other = ada.post("/v1/custom-fields", {"table": "contacts", "name": "kilos", "type": "boolean", "label": "Kilos"})

    assert [(answer.status_code, answer.json["code"]) for answer in (taken, other)] == [(409, "custom-field.taken")] * 2


def test_a_required_field_is_asked_of_what_is_new_and_cannot_be_taken_away(ada: Caller, session: Session) -> None:
    old = a_customer(session, "Tom Reilly")
    session.commit()
    field = {"table": "contacts", "name": "source", "type": "string", "label": "Source", "is_required": True}
    ada.post("/v1/custom-fields", field)
    refused = ada.post("/v1/contacts", {"name": "Mei Lin"})
    made = ada.post("/v1/contacts", {"name": "Mei Lin", "custom": {"source": "market"}})

    assert (refused.status_code, refused.json["errors"][0]["field"]) == (422, "custom.source")
    assert refused.json["code"] == "custom-value.required"
    assert made.status_code == 201
    assert ada.patch(f"/v1/contacts/{made.json['id']}", {"custom": {"source": None}}).status_code == 422
    assert ada.patch(f"/v1/contacts/{old.id}", {"name": "Thomas Reilly"}).status_code == 200


def test_a_required_field_of_accounts_does_not_stop_private_persons(ada: Caller) -> None:
    field = {"table": "accounts", "name": "vat_id", "type": "string", "label": "VAT id", "is_required": True}
    ada.post("/v1/custom-fields", field)

    assert ada.post("/v1/accounts", {"name": "The Ferry Café"}).status_code == 422
    assert ada.post("/v1/accounts", {"name": "The Ferry Café", "custom": {"vat_id": "GB1"}}).status_code == 201
    assert ada.post("/v1/contacts", {"name": "Rosa Bianchi"}).status_code == 201


def test_only_admins_define_fields_and_a_choice_needs_options(client: FlaskClient, ada: Caller) -> None:
    field = {"table": "contacts", "name": "size", "type": "choice", "label": "Size"}
    for role in (Role.MANAGER, Role.REP, Role.AGENT):
        caller = as_staff(client, role)
        assert caller.post("/v1/custom-fields", {**field, "options": ["s"]}).status_code == 403
        assert caller.get("/v1/custom-fields").status_code == 200
    assert ada.post("/v1/custom-fields", field).json["code"] == "custom-field.options"
    assert ada.post("/v1/custom-fields", {**field, "type": "date", "options": ["s"]}).status_code == 422
    assert ada.post("/v1/custom-fields", {**field, "name": "Size'); --", "options": ["s"]}).status_code == 422


def test_values_that_nobody_defined_stay_out_of_sight(ada: Caller, session: Session) -> None:
    ben = a_customer(session)
    ben.custom = {"legacy": "kept"}
    session.commit()

    assert ada.patch(f"/v1/contacts/{ben.id}", {"custom": {"machines": 1}}).json["custom"] == {"machines": 1}
    session.expire_all()
    assert session.get_one(Contact, ben.id).custom == {"legacy": "kept", "machines": 1}


def test_numbers_of_any_size_come_back_as_they_went_in(ada: Caller) -> None:
    for number in (1e300, -1e300, 1e-300, 1e16, 2.5e18, 1e19, 2**53 - 1, 0.1):
        made = ada.post("/v1/contacts", {"name": "Ben Okafor", "custom": {"kilos": number}})
        assert (number, made.status_code, made.json["custom"]["kilos"]) == (number, 201, number)
        assert ada.get("/v1/contacts", limit=1).json["items"][0]["custom"] == {"kilos": number}
