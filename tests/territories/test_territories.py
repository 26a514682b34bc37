"""Territories: who covers them and answers for them, which lies below which, and how an account moves with its own."""

from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy.orm import Session

from mcrm.actors import Role
from mcrm.territories import members
from mcrm.territories.models import Territory
from tests.callers import Caller, as_staff
from tests.cast import a_customer, a_territory


@pytest.fixture
def ada(client: FlaskClient) -> Caller:
    return as_staff(client, Role.ADMIN)


@pytest.fixture
def west(session: Session) -> Territory:
    made = a_territory(session)
    session.commit()
    return made


def user_id(ada: Caller, name: str) -> str:
    return next(str(user["id"]) for user in ada.get("/v1/users").json["items"] if user["name"] == name)


def test_a_territory_says_who_covers_it_and_who_answers_for_it(
    client: FlaskClient, ada: Caller, west: Territory
) -> None:
    as_staff(client, Role.MANAGER, name="Noor Haddad")
    sam = as_staff(client, Role.REP, [west], name="Sam Doyle")
    as_staff(client, Role.REP, [west], name="Ruth Okeke")
    path = f"/v1/territories/{west.id}"
    assert ada.patch(path, {"manager_id": user_id(ada, "Noor Haddad")}).status_code == 200
    unfit = ada.patch(path, {"manager_id": user_id(ada, "Sam Doyle")})
    assert (unfit.status_code, unfit.json["code"]) == (422, "territory.manager-unfit")
    assert ada.put(f"{path}/places/GB/BS1").json == {"country": "GB", "prefix": "BS1"}
    coverage = sam.get(f"{path}/coverage").json
    assert [one["name"] for one in coverage["members"]] == ["Ruth Okeke", "Sam Doyle"]
    assert coverage["manager_id"] == user_id(ada, "Noor Haddad")
    assert coverage["places"] == [{"country": "GB", "prefix": "BS1"}]
    odd = ada.put(f"{path}/places/Britain/BS1")
    assert (odd.status_code, odd.json["code"]) == (422, "territory.place-invalid")


def test_no_territory_lies_below_itself(ada: Caller, west: Territory) -> None:
    south = ada.post("/v1/territories", {"name": "South", "parent_id": str(west.id)}).json
    circle = ada.patch(f"/v1/territories/{west.id}", {"parent_id": south["id"]})
    assert (circle.status_code, circle.json["code"]) == (409, "territory.in-circle")


def test_who_answers_is_looked_for_upwards(client: FlaskClient, ada: Caller, west: Territory, session: Session) -> None:
    as_staff(client, Role.MANAGER, name="Noor Haddad")
    as_staff(client, Role.MANAGER, name="Omar Reid")
    noor, omar = user_id(ada, "Noor Haddad"), user_id(ada, "Omar Reid")
    assert {str(one) for one in members.answering(session, west.id)} == {noor, omar}
    south = ada.post("/v1/territories", {"name": "South", "manager_id": omar}).json
    assert ada.patch(f"/v1/territories/{west.id}", {"parent_id": south["id"]}).status_code == 200
    session.expire_all()
    assert [str(one) for one in members.answering(session, west.id)] == [omar]


def account(ada: Caller, name: str, territory: Territory, parent: str | None = None) -> dict[str, Any]:
    made = ada.post("/v1/accounts", {"name": name, "territory_id": str(territory.id), "parent_id": parent})
    assert made.status_code == 201, made.text
    return dict(made.json)


def test_an_account_moves_with_those_below_it_and_says_why_it_is_where_it_is(
    client: FlaskClient, ada: Caller, west: Territory, session: Session
) -> None:
    east, north = a_territory(session, "East"), a_territory(session, "North")
    session.commit()
    lena = as_staff(client, Role.REP, [east], name="Lena Fischer")
    chain = account(ada, "Ferry Cafés", west)
    branch = account(ada, "Ferry Café Quay", west, chain["id"])
    elsewhere = account(ada, "Ferry Café North", north, chain["id"])
    assert lena.get(f"/v1/accounts/{chain['id']}/whereabouts").status_code == 404
    body = {"territory_id": str(east.id), "reason": "Lena knows the owner"}
    assert lena.post(f"/v1/accounts/{chain['id']}/move", body).status_code == 403
    moved = ada.post(f"/v1/accounts/{chain['id']}/move", body).json
    assert moved["account_ids"] == [chain["id"], branch["id"]]
    assert ada.post(f"/v1/accounts/{chain['id']}/move", body).json["account_ids"] == []
    assert ada.get(f"/v1/accounts/{elsewhere['id']}").json["territory_id"] == str(north.id)
    why = lena.get(f"/v1/accounts/{branch['id']}/whereabouts").json
    assert (why["territory"], why["how"], why["because"]) == ("East", "moved", "Lena knows the owner")
    assert ([one["name"] for one in why["members"]], why["seen_by"]) == (["Lena Fischer"], "grant")


def test_an_account_that_never_moved_says_who_made_it(ada: Caller, west: Territory, session: Session) -> None:
    made = account(ada, "Rosa's Bakery", west)
    ada.patch(f"/v1/accounts/{made['id']}", {"name": "Rosa & Sons"})
    why = ada.get(f"/v1/accounts/{made['id']}/whereabouts").json
    assert (why["how"], why["by"], why["seen_by"]) == ("created", f"user:{user_id(ada, 'Ada Marsh')}", "role")
    ben = a_customer(session)
    session.commit()
    assert ada.get(f"/v1/accounts/{ben.account_id}/whereabouts").json["territory"] is None
