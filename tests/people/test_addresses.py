"""Addresses: checked against their country, one default a kind, within reach of whoever reaches their owner."""

from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy.orm import Session

from mcrm.actors import Role
from mcrm.addresses.countries import ISO_3166, spelt
from mcrm.addresses.errors import PostcodeInvalid
from tests.callers import as_staff
from tests.cast import a_customer, a_territory

QUAY: dict[str, Any] = {"kind": "delivery", "lines": ["3 Narrow Quay"], "city": "Bristol"}
BRISTOL = {**QUAY, "postcode": "bs14qa", "country": "GB"}


def test_an_address_is_kept_in_the_spelling_of_its_country(client: FlaskClient, session: Session) -> None:
    ben = a_customer(session)
    session.commit()
    ada = as_staff(client, Role.ADMIN)
    path = f"/v1/contacts/{ben.id}/addresses"
    made = ada.post(path, BRISTOL)

    assert (made.status_code, made.json["postcode"], made.json["is_default"]) == (201, "BS1 4QA", True)
    assert made.json["contact_id"] == str(ben.id)
    for facts, code in (
        ({"country": "XX", "postcode": "1"}, "address.country"),
        ({"country": "GB", "postcode": "12345"}, "address.postcode"),
        ({"country": "GB"}, "address.postcode"),
        ({"country": "DE", "postcode": "BS1 4QA"}, "address.postcode"),
    ):
        refused = ada.post(path, {**QUAY, **facts})
        assert (refused.status_code, refused.json["code"]) == (422, code), facts
    assert ada.post(path, {**QUAY, "country": "HK"}).status_code == 201  # no postcodes there
    assert ada.post(path, {**BRISTOL, "lines": []}).status_code == 422


@pytest.mark.parametrize(
    ("country", "written", "kept"),
    [("GB", "sw1a1aa", "SW1A 1AA"), ("GB", "m1  1ae", "M1 1AE"), ("NL", "1012 ab", "1012 AB"), ("KW", "12 a", "12 A")],
)
def test_postcodes_have_one_spelling(country: str, written: str, kept: str) -> None:
    assert spelt(country, written) == kept


def test_a_postcode_in_other_digits_is_none() -> None:
    with pytest.raises(PostcodeInvalid):
        spelt("DE", "١٢٣٤٥")
    assert len(ISO_3166) == 249


def test_each_kind_has_one_default_whatever_is_said(client: FlaskClient, session: Session) -> None:
    ada = as_staff(client, Role.ADMIN)
    account = ada.post("/v1/accounts", {"name": "The Ferry Café"}).json["id"]
    path = f"/v1/accounts/{account}/addresses"
    first, second = (ada.post(path, {**BRISTOL, "lines": [f"{n} Narrow Quay"]}).json for n in (1, 2))
    bill = ada.post(path, {**BRISTOL, "kind": "billing"}).json

    def defaults() -> set[str]:
        return {item["id"] for item in ada.get(path).json["items"] if item["is_default"]}

    assert defaults() == {first["id"], bill["id"]}
    assert ada.patch(f"{path}/{second['id']}", {"is_default": True}).json["is_default"]
    assert defaults() == {second["id"], bill["id"]}
    third = ada.post(path, {**BRISTOL, "is_default": True}).json
    assert defaults() == {third["id"], bill["id"]}
    assert ada.patch(f"{path}/{bill['id']}", {"kind": "delivery"}).status_code == 200
    assert defaults() == {bill["id"]}
    assert client.patch(f"{path}/{bill['id']}", json={"city": "Bath"}, headers=ada.headers).status_code == 428


def test_a_change_of_country_asks_for_its_postcode(client: FlaskClient, session: Session) -> None:
    ben = a_customer(session)
    session.commit()
    ada = as_staff(client, Role.ADMIN)
    made = ada.post(f"/v1/contacts/{ben.id}/addresses", BRISTOL).json
    path = f"/v1/contacts/{ben.id}/addresses/{made['id']}"

    assert ada.patch(path, {"country": "DE"}).json["code"] == "address.postcode"
    assert ada.patch(path, {"country": "DE", "postcode": "10115"}).json["postcode"] == "10115"


def test_addresses_lie_within_the_reach_of_their_owner(client: FlaskClient, session: Session) -> None:
    west, east = a_territory(session), a_territory(session, "East")
    mine, foreign = a_customer(session, territory_id=west.id), a_customer(session, "Mei Lin", territory_id=east.id)
    session.commit()
    ada, sam = as_staff(client, Role.ADMIN), as_staff(client, Role.REP, [west])
    for owner in (f"contacts/{foreign.id}", f"accounts/{foreign.account_id}"):
        path = f"/v1/{owner}/addresses"
        there = f"{path}/{ada.post(path, BRISTOL).json['id']}"
        own = f"/v1/contacts/{mine.id}/addresses/{there.rpartition('/')[2]}"
        answers = [
            sam.get(path),
            sam.post(path, BRISTOL),
            sam.get(there),
            sam.patch(there, {"city": "Bath"}, '"1"'),
            sam.delete(there, '"1"'),
            sam.get(own),
            sam.delete(own, '"1"'),
        ]
        assert [answer.status_code for answer in answers] == [404] * 7
        assert ada.get(there).json["rev"] == 1
