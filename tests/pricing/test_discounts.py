"""Who may give which discount, and what a price list gives by itself."""

from flask.testing import FlaskClient
from sqlalchemy import select
from sqlalchemy.orm import Session

from mcrm.actors import Role
from mcrm.interactions.models import Interaction
from tests.callers import Caller, as_staff
from tests.cast import a_customer, a_territory
from tests.pricing.test_prices import UNKNOWN, a_mug, wish


def test_each_role_gives_discounts_up_to_its_limit_and_the_refusal_says_how_much(
    client: FlaskClient, session: Session
) -> None:
    west = a_territory(session)
    ben, mug = a_customer(session, territory_id=west.id), a_mug(session)
    session.commit()
    limits = {Role.REP: 1000, Role.MANAGER: 2500, Role.ADMIN: 10_000, Role.AGENT: 0}
    for role, most in limits.items():
        caller = as_staff(client, role, [west])
        for path in ("/v1/prices", "/v1/orders"):
            body = {"contact_id": str(ben.id), "lines": [wish(mug), wish(mug, off=most)]}
            assert caller.post(path, body).status_code < 300, (role, path)
            if most == 10_000:
                continue
            body["lines"][1]["discount_basis_points"] = most + 1
            refused = caller.post(path, body)
            assert (refused.status_code, refused.json["code"]) == (403, "discount.beyond-limit")
            assert refused.json["errors"][0]["field"] == "lines.1.discount_basis_points"
            assert f"({most} basis points)" in refused.json["detail"]


def test_an_administrator_changes_a_limit_and_nobody_else_does(client: FlaskClient, session: Session) -> None:
    west = a_territory(session)
    ben, mug = a_customer(session, territory_id=west.id), a_mug(session)
    session.commit()
    ada, noor, sam = (as_staff(client, role, [west]) for role in (Role.ADMIN, Role.MANAGER, Role.REP))
    path = "/v1/discount-limits/rep"
    order = {"contact_id": str(ben.id), "lines": [wish(mug, off=1500)]}

    assert sam.post("/v1/orders", order).json["code"] == "discount.beyond-limit"
    assert noor.put(path, {"basis_points": 1500}, '"0"').status_code == 403
    assert ada.put(path, {"basis_points": 1500}).status_code == 428
    assert ada.put(path, {"basis_points": 1500}, '"1"').status_code == 412
    changed = ada.put(path, {"basis_points": 1500}, '"0"')
    assert (changed.json, changed.headers["ETag"]) == ({"role": "rep", "basis_points": 1500, "rev": 1}, '"1"')
    assert sam.post("/v1/orders", order).status_code == 201
    assert ada.put(path, {"basis_points": 500}, '"1"').json["rev"] == 2
    assert ada.put(path, {"basis_points": 500}, '"2"').json["rev"] == 2
    assert sam.post("/v1/orders", order).status_code == 403
    assert {one["role"]: one["basis_points"] for one in sam.get("/v1/discount-limits").json["items"]} == {
        "admin": 10_000,
        "manager": 2500,
        "rep": 500,
        "agent": 0,
    }
    assert ada.get("/v1/discount-limits/customer").json["code"] == "discount-limit.unknown"
    assert list(session.scalars(select(Interaction.kind))).count("discount-limit.set") == 2


def test_a_list_gives_its_discounts_by_category_product_and_quantity(session: Session, noor: Caller) -> None:
    ben, mug = a_customer(session), a_mug(session)
    session.commit()
    [shop] = noor.get("/v1/price-lists").json["items"]
    path = f"/v1/price-lists/{shop['id']}"
    offs = [
        {"category": "homeware", "min_quantity": 2, "basis_points": 500},
        {"product_id": str(mug.id), "min_quantity": 10, "basis_points": 1000},
    ]
    changed = noor.patch(path, {"discounts": offs})
    assert noor.get("/v1/price-lists").json["items"] == [noor.get(path).json] == [changed.json]
    assert (changed.status_code, changed.json["discounts"][1]["product_id"]) == (200, str(mug.id))
    ask = lambda quantity: noor.post("/v1/prices", {"contact_id": str(ben.id), "lines": [wish(mug, quantity)]})  # noqa: E731
    assert [ask(quantity).json["lines"][0]["discount_basis_points"] for quantity in (1, 2, 10)] == [0, 500, 1000]
    for odd in ({"basis_points": 0}, {"basis_points": 10_001}, {"min_quantity": 1}, {"basis_points": 1, "x": 1}):
        assert noor.patch(path, {"discounts": [odd]}).status_code == 422
    unknown = noor.patch(path, {"discounts": [{"basis_points": 1, "product_id": UNKNOWN}]})
    assert (unknown.json["code"], unknown.json["errors"][0]["field"]) == ("product.unknown", "discounts.0.product_id")
