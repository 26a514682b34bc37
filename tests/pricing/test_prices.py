"""Prices over HTTP: what somebody would pay, who may give which discount, and the rules that a phone takes along."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

from flask.testing import FlaskClient
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from mcrm.accounts.models import Account
from mcrm.actors import Role
from mcrm.interactions.models import Interaction
from mcrm.products.models import PriceList, PriceListItem, Product
from mcrm.stock.models import StockItem
from mcrm.taxes.models import TaxRate
from tests.callers import Caller, as_customer, as_staff
from tests.cast import a_customer, a_product, a_territory

VAT = {"code": "standard", "name": "VAT", "basis_points": 2000, "valid_from": "2011-01-04T00:00:00Z"}
UNKNOWN = "01890000-0000-7000-8000-000000000000"


def a_mug(session: Session, price: int = 1400) -> Product:
    """A taxed product."""
    session.add(TaxRate(code="standard", name="VAT", basis_points=2000, valid_from=datetime(2011, 1, 4, tzinfo=UTC)))
    mug = a_product(session, "HP-MUG", "Stoneware mug", price=price, stock=100)
    mug.tax_code, mug.category = "standard", "homeware"
    return mug


def wish(product: Product, quantity: int = 1, off: int = 0) -> dict[str, Any]:
    return {"product_id": str(product.id), "quantity": quantity, "discount_basis_points": off}


def test_an_order_keeps_net_tax_and_discount_of_every_line(session: Session, noor: Caller) -> None:
    ben, mug, espresso = a_customer(session), a_mug(session), a_product(session)
    session.commit()
    body = {"contact_id": str(ben.id), "lines": [wish(mug, 2, off=1000), wish(espresso)]}
    order = noor.post("/v1/orders", body).json

    assert (order["net_total"], order["tax_total"], order["total"]) == (3050, 420, 3470)
    names = ("unit_price", "includes_tax", "discount_basis_points", "tax_basis_points", "net", "tax", "total")
    assert [tuple(line[name] for name in names) for line in order["lines"]] == [
        (1400, True, 1000, 2000, 2100, 420, 2520),
        (950, True, 0, 0, 950, 0, 950),
    ]
    assert noor.get(f"/v1/orders/{order['id']}").json == order
    assert noor.get("/v1/orders").json["items"][0]["tax_total"] == 420
    placed = select(Interaction.payload).where(Interaction.kind == "order.placed")
    assert json.loads(session.scalars(placed).one())["discount_basis_points"] == 1000  # who gave it is the fact's actor


def test_an_order_keeps_the_rate_it_was_placed_at(session: Session, noor: Caller) -> None:
    ben, mug = a_customer(session), a_mug(session)
    session.commit()
    order = noor.post("/v1/orders", {"contact_id": str(ben.id), "lines": [wish(mug)]}).json
    new = VAT | {"basis_points": 2500, "valid_from": (datetime.now(UTC) - timedelta(minutes=1)).isoformat()}
    assert noor.post("/v1/tax-rates", new).status_code == 201
    assert noor.get(f"/v1/orders/{order['id']}").json["tax_total"] == 233
    asked = {"contact_id": str(ben.id), "lines": [wish(mug)]}
    assert noor.post("/v1/prices", asked).json["tax_total"] == 280
    assert noor.post("/v1/prices", asked | {"at": "2020-01-01T00:00:00Z"}).json["tax_total"] == 233


def test_a_price_can_be_asked_without_an_order_and_is_the_one_that_the_order_gets(
    session: Session, noor: Caller
) -> None:
    ben, mug = a_customer(session), a_mug(session)
    session.commit()
    before = len(session.scalars(select(Interaction.id)).all())
    lines = [wish(mug, 3, off=250)]
    by_contact = noor.post("/v1/prices", {"contact_id": str(ben.id), "lines": lines})
    by_account = noor.post("/v1/prices", {"account_id": str(ben.account_id), "lines": lines})

    assert by_contact.status_code == 200
    assert by_contact.json == by_account.json
    assert by_contact.json["lines"][0]["description"] == "Stoneware mug"
    session.expire_all()
    assert len(session.scalars(select(Interaction.id)).all()) == before
    assert session.scalars(select(StockItem.reserved)).all() == [0]
    order = noor.post("/v1/orders", {"contact_id": str(ben.id), "lines": lines}).json
    assert {name: order[name] for name in ("currency", "net_total", "tax_total", "total")}.items() <= (
        by_contact.json.items()
    )


def test_a_price_is_asked_for_one_account_within_reach(client: FlaskClient, session: Session) -> None:
    west, east = a_territory(session), a_territory(session, "East")
    ben, mei = a_customer(session, territory_id=west.id), a_customer(session, "Mei Lin", territory_id=east.id)
    mug = a_mug(session)
    session.commit()
    sam = as_staff(client, Role.REP, [west])
    ask = lambda **who: sam.post("/v1/prices", {**who, "lines": [wish(mug)]})  # noqa: E731
    assert ask(contact_id=str(ben.id)).json["total"] == 1400
    assert ask(contact_id=str(mei.id)).json["code"] == "contact.unknown"
    assert ask(account_id=str(mei.account_id)).json["code"] == "account.unknown"
    for odd in ({}, {"contact_id": str(ben.id), "account_id": str(ben.account_id)}):
        assert (ask(**odd).status_code, ask(**odd).json["code"]) == (422, "prices.nobody-named")
    assert sam.post("/v1/prices", {"contact_id": str(ben.id), "lines": []}).status_code == 422
    assert sam.get("/v1/pricing/rules", account_id=str(mei.account_id)).json["code"] == "account.unknown"
    assert sam.get("/v1/pricing/rules").status_code == 422


def test_customers_ask_for_their_own_prices_and_give_themselves_no_discount(
    client: FlaskClient, session: Session
) -> None:
    ben, mug = a_customer(session), a_mug(session)
    mine = PriceList(name="Ben's", currency="GBP", account_id=ben.account_id, rank=1)
    session.add(mine)
    session.flush()
    session.add(PriceListItem(price_list_id=mine.id, product_id=mug.id, unit_price=1200))
    tom = a_customer(session, "Tom Reilly")
    session.commit()
    line = {"product_id": str(mug.id), "quantity": 1}
    ask = lambda who, **more: as_customer(client, who).post("/v1/me/prices", {"lines": [line | more]})  # noqa: E731

    assert (ask(ben).json["total"], ask(tom).json["total"]) == (1200, 1400)
    assert ask(ben, discount_basis_points=1).status_code == 422
    assert as_customer(client, ben).post("/v1/prices", {"lines": [line]}).status_code == 403


def test_prices_for_a_class_of_accounts_and_prices_without_tax(session: Session, noor: Caller) -> None:
    ben, cafe, mug = a_customer(session), a_customer(session, "The Ferry Café"), a_mug(session)
    session.execute(
        update(Account).where(Account.id == cafe.account_id).values(account_class="A"),
        execution_options={"announced": True},
    )
    session.commit()
    facts = {"name": "Trade", "currency": "GBP", "rank": 10, "account_class": "A", "includes_tax": False}
    trade = noor.post("/v1/price-lists", facts).json
    assert (trade["includes_tax"], trade["discounts"]) == (False, [])
    noor.post(f"/v1/price-lists/{trade['id']}/prices", {"product_id": str(mug.id), "unit_price": 1000})
    ask = lambda who: noor.post("/v1/prices", {"contact_id": str(who.id), "lines": [wish(mug)]}).json  # noqa: E731
    assert (ask(ben)["total"], ask(ben)["net_total"]) == (1400, 1167)
    assert (ask(cafe)["total"], ask(cafe)["net_total"], ask(cafe)["tax_total"]) == (1200, 1000, 200)
    assert [one["id"] for one in noor.get("/v1/price-lists", account_class="A").json["items"]] == [trade["id"]]
    assert noor.get("/v1/price-lists", account_id=str(ben.account_id)).json["items"] == []


def test_a_tax_rate_is_set_once_and_a_product_names_one_that_exists(session: Session, noor: Caller) -> None:
    product = {"code": "HP-MUG", "name": "Mug", "tax_code": "standard"}
    refused = noor.post("/v1/products", product)
    assert (refused.status_code, refused.json["code"]) == (422, "tax-code.unknown")
    first, second = noor.post("/v1/tax-rates", VAT), noor.post("/v1/tax-rates", VAT)
    assert (first.status_code, first.json) == (201, second.json)
    assert list(session.scalars(select(Interaction.kind))).count("tax-rate.set") == 1
    assert noor.post("/v1/tax-rates", VAT | {"name": "Value added tax"}).json["id"] == first.json["id"]
    made = noor.post("/v1/products", product)
    assert (made.status_code, made.json["tax_code"]) == (201, "standard")
    path = f"/v1/products/{made.json['id']}"
    assert noor.patch(path, {"tax_code": "luxury"}).json["errors"][0]["field"] == "tax_code"
    assert noor.patch(path, {"tax_code": None}).json["tax_code"] is None
    assert [rate["code"] for rate in noor.get("/v1/tax-rates", code="standard").json["items"]] == ["standard"]
    assert noor.get("/v1/tax-rates", code="zero").json["items"] == []
    for odd in ({"basis_points": -1}, {"basis_points": 10_001}, {"code": "a b"}, {"valid_from": "2011-01-04"}):
        assert noor.post("/v1/tax-rates", VAT | odd).status_code == 422


def test_a_price_that_was_taken_out_counts_no_more(session: Session, noor: Caller) -> None:
    ben, mug = a_customer(session), a_mug(session)
    session.commit()
    [shop] = noor.get("/v1/price-lists").json["items"]
    path = f"/v1/price-lists/{shop['id']}/prices"
    [price] = noor.get(path, product_id=str(mug.id)).json["items"]
    assert noor.get(path, product_id=UNKNOWN).json["items"] == []
    assert noor.delete(f"{path}/{price['id']}").status_code == 428
    assert noor.delete(f"{path}/{price['id']}", '"7"').status_code == 412
    assert noor.delete(f"{path}/{price['id']}", '"1"').status_code == 204
    assert noor.get(f"{path}/{price['id']}").json["code"] == "price.unknown"
    asked = {"contact_id": str(ben.id), "lines": [wish(mug)]}
    assert noor.post("/v1/prices", asked).json["code"] == "product.no-price"


def test_the_currency_is_one_that_all_lines_have_whichever_comes_first(session: Session, noor: Caller) -> None:
    ben, mug, espresso = a_customer(session), a_mug(session), a_product(session)
    euros = PriceList(name="Euro", currency="EUR", rank=1)
    session.add(euros)
    session.flush()
    session.add(PriceListItem(price_list_id=euros.id, product_id=mug.id, unit_price=1700))
    session.commit()
    for lines in ([wish(mug), wish(espresso)], [wish(espresso), wish(mug)]):
        priced = noor.post("/v1/prices", {"contact_id": str(ben.id), "lines": lines}).json
        assert (priced["currency"], priced["total"]) == ("GBP", 2350)
    alone = noor.post("/v1/prices", {"contact_id": str(ben.id), "lines": [wish(mug)]}).json
    assert (alone["currency"], alone["total"]) == ("EUR", 1700)
