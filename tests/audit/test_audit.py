"""The audit: who did what to whom, in which request, and never what was written."""

from flask.testing import FlaskClient
from sqlalchemy.orm import Session

from mcrm.actors import Role
from tests.callers import Caller, as_staff
from tests.cast import a_product


def hire(ada: Caller) -> str:
    facts = {"email": "sam@harbourandpine.example", "name": "Sam Doyle", "role": "rep", "password": "correct horse"}
    return str(ada.post("/v1/users", facts, **{"X-Request-ID": "hiring-sam-0001"}).json["id"])


def test_an_act_is_found_by_who_what_whom_and_request(client: FlaskClient) -> None:
    ada, second = as_staff(client, Role.ADMIN), as_staff(client, Role.ADMIN)
    sam = hire(ada)
    second.patch(f"/v1/users/{sam}", {"team": "field", "name": "Sam D. Doyle"})
    second.post("/v1/territories", {"name": "West"})
    items = ada.get("/v1/audit").json["items"]
    assert [(one["action"], one["fields"]) for one in items] == [
        ("territory.created", ["name"]),
        ("user.changed", ["name", "team"]),
        ("user.created", ["email", "name", "role"]),
    ]

    def actions(**query: str) -> list[str]:
        return [one["action"] for one in ada.get("/v1/audit", **query).json["items"]]

    assert actions(request_id="hiring-sam-0001") == ["user.created"]
    assert actions(subject_id=sam) == ["user.changed", "user.created"]
    assert actions(actor=items[2]["actor"]) == ["user.created"]
    assert actions(action="territory.created", subject_type="territory") == ["territory.created"]
    assert actions(until=items[2]["created_at"]) == []
    assert len(actions(since=items[2]["created_at"])) == 3


def test_the_audit_names_fields_and_never_what_was_written(client: FlaskClient) -> None:
    ada = as_staff(client, Role.ADMIN)
    ada.patch(f"/v1/users/{hire(ada)}", {"password": "staple anew, correctly", "name": "Sam D. Doyle"})
    told = ada.get("/v1/audit").text
    for value in ("Doyle", "sam@", "staple", "correct horse", "argon2"):
        assert value not in told


def test_nobody_but_admins_reads_it(client: FlaskClient) -> None:
    for role in (Role.MANAGER, Role.REP, Role.AGENT):
        assert as_staff(client, role).get("/v1/audit").status_code == 403


def test_whoever_changes_what_something_costs_stands_in_the_audit(client: FlaskClient, session: Session) -> None:
    ada, noor = as_staff(client, Role.ADMIN), as_staff(client, Role.MANAGER, name="Noor Haddad")
    espresso = str(a_product(session).id)
    session.commit()
    vat = {"code": "standard", "name": "VAT", "basis_points": 2000, "valid_from": "2026-01-01T00:00:00Z"}
    noor.post("/v1/tax-rates", vat)
    noor.post("/v1/tax-rates", vat | {"basis_points": 2100})
    noor.post("/v1/tax-rates", vat | {"basis_points": 2100})
    trade = noor.post("/v1/price-lists", {"name": "Trade", "currency": "GBP"}).json["id"]
    noor.patch(f"/v1/price-lists/{trade}", {"rank": 3})
    price = noor.post(f"/v1/price-lists/{trade}/prices", {"product_id": espresso, "unit_price": 700}).json["id"]
    listed = f"/v1/price-lists/{trade}/prices/{price}"
    noor.delete(listed, noor.get(listed).headers["ETag"])
    ada.put("/v1/discount-limits/rep", {"basis_points": 500}, ada.get("/v1/discount-limits/rep").headers["ETag"])
    items = ada.get("/v1/audit").json["items"]
    assert [(one["action"], one["fields"]) for one in reversed(items)] == [
        ("tax-rate.set", ["basis_points", "name", "valid_from"]),
        ("tax-rate.set", ["basis_points"]),
        ("price-list.created", ["currency", "name"]),
        ("price-list.changed", ["rank"]),
        ("price.set", ["unit_price"]),
        ("price.removed", []),
        ("discount-limit.set", ["basis_points"]),
    ]
    assert len({one["actor"] for one in items[1:]}) == 1 < len({one["actor"] for one in items})
