"""What is sold, for how much, and how much of it there is."""

from datetime import UTC, datetime, timedelta

from flask.testing import FlaskClient
from sqlalchemy import select
from sqlalchemy.orm import Session

from mcrm.actors import Role
from mcrm.interactions.models import Interaction
from mcrm.stock.models import StockMove
from tests.callers import as_customer, as_staff
from tests.cast import a_customer, a_product, a_territory

ESPRESSO = {"code": "ESP-250", "name": "Harbour Espresso 250 g", "unit": "bag"}


def test_codes_that_differ_only_in_case_are_one(client: FlaskClient) -> None:
    noor = as_staff(client, Role.MANAGER)
    made = noor.post("/v1/products", ESPRESSO)
    twin = noor.post("/v1/products", ESPRESSO | {"code": "esp-250"})
    assert (made.status_code, twin.status_code, twin.json["code"]) == (201, 409, "product.code-taken")


def test_products_are_found_by_name_or_the_beginning_of_the_code(client: FlaskClient, session: Session) -> None:
    a_product(session)
    a_product(session, "MUG-01", "Pine mug")
    session.commit()
    sam = as_staff(client, Role.REP)
    found = lambda q: [item["code"] for item in sam.get("/v1/products", q=q).json["items"]]  # noqa: E731
    assert (found("espresso"), found("mug"), found("esp"), found("%"), found("01")) == (
        ["ESP-250"],
        ["MUG-01"],
        ["ESP-250"],
        [],
        [],
    )


def test_words_are_found_in_any_order_whatever_their_case_and_accents(client: FlaskClient, session: Session) -> None:
    noor = as_staff(client, Role.MANAGER)
    for code, name, category in (
        ("HP-CAF-01", "Café cup, ÉMAIL blue", "homeware"),
        ("HP-MUG-01", "Stoneware mug, pine green", "homeware"),
        ("HP-MUG-02", "Stoneware mug, harbour blue", "Homeware"),
        ("BREW 7", "100% filter roast", None),
    ):
        made = noor.post("/v1/products", {"code": code, "name": name, "category": category})
        assert made.status_code == 201
    found = lambda q, **more: [item["code"] for item in noor.get("/v1/products", q=q, **more).json["items"]]  # noqa: E731

    assert found("blue mug") == found("  MUG   Blue") == ["HP-MUG-02"]
    assert found("cafe email") == found("CAFÉ ÉMAIL") == ["HP-CAF-01"]
    assert found("green homeware") == ["HP-MUG-01"]
    assert found("hp-m blue") == ["HP-MUG-02"]
    assert (found("brew 7"), found("7"), found("100%"), found("_oast")) == (["BREW 7"], [], ["BREW 7"], [])
    assert found("stoneware", category="Homeware") == ["HP-MUG-02"]
    renamed = noor.get("/v1/products", q="green").json["items"][0]["id"]
    assert noor.patch(f"/v1/products/{renamed}", {"name": "Stoneware jug", "code": "HP-JUG"}).status_code == 200
    assert (found("mug green"), found("jug"), found("hp-jug")) == ([], ["HP-JUG"], ["HP-JUG"])
    assert noor.patch(f"/v1/products/{renamed}", {"is_active": False}).status_code == 200
    assert (found("stoneware", is_active="true"), found("jug", is_active="false")) == (["HP-MUG-02"], ["HP-JUG"])


def test_customers_see_what_is_on_sale_and_only_managers_say_what_is(client: FlaskClient, session: Session) -> None:
    ben = a_customer(session)
    old = a_product(session, "OLD-1", "Summer blend")
    old.is_active = False
    new = a_product(session)
    session.commit()
    app, sam = as_customer(client, ben), as_staff(client, Role.REP)

    assert [item["id"] for item in app.get("/v1/products").json["items"]] == [str(new.id)]
    assert app.get(f"/v1/products/{old.id}").status_code == 404
    assert len(sam.get("/v1/products").json["items"]) == 2
    for caller in (app, sam):
        assert caller.post("/v1/products", ESPRESSO).status_code == 403
        assert caller.patch(f"/v1/products/{new.id}", {"name": "Free"}).status_code == 403
        assert caller.post("/v1/price-lists", {}).status_code == 403
        assert caller.post("/v1/stock-moves", {}).status_code == 403
    assert app.get("/v1/price-lists").status_code == app.get("/v1/stock-items").status_code == 403


def test_a_price_is_set_and_set_again_in_minor_units(client: FlaskClient, session: Session) -> None:
    product = a_product(session)
    session.commit()
    noor = as_staff(client, Role.MANAGER)
    trade = noor.post("/v1/price-lists", {"name": "Trade", "currency": "GBP", "rank": 10}).json
    path = f"/v1/price-lists/{trade['id']}/prices"
    price = {"product_id": str(product.id), "min_quantity": 10, "unit_price": 780}

    assert noor.post(path, price).status_code == 201
    before = list(session.scalars(select(Interaction.kind)))
    assert noor.post(path, price).json["rev"] == 1
    assert list(session.scalars(select(Interaction.kind))) == before  # the same price again is no event
    assert noor.post(path, price | {"unit_price": 790}).json["unit_price"] == 790
    assert [item["unit_price"] for item in noor.get(path).json["items"]] == [790]
    for odd in ({"unit_price": -1}, {"unit_price": 9.5}, {"unit_price": "780"}, {"min_quantity": 0}):
        assert noor.post(path, price | odd).status_code == 422
    assert noor.post(path, price | {"product_id": trade["id"]}).json["code"] == "product.unknown"


def test_reps_see_no_prices_made_for_accounts_of_others(client: FlaskClient, session: Session) -> None:
    west, east = a_territory(session), a_territory(session, "East")
    mei = a_customer(session, "Mei Lin", territory_id=east.id)
    session.commit()
    noor = as_staff(client, Role.MANAGER)
    facts = {"name": "Mei's prices", "currency": "GBP", "account_id": str(mei.account_id)}
    made = noor.post("/v1/price-lists", facts).json
    sam, lena = as_staff(client, Role.REP, [west]), as_staff(client, Role.REP, [east])

    assert sam.get("/v1/price-lists").json["items"] == []
    assert sam.get(f"/v1/price-lists/{made['id']}").status_code == 404
    assert sam.get(f"/v1/price-lists/{made['id']}/prices").status_code == 404
    assert [item["id"] for item in lena.get("/v1/price-lists").json["items"]] == [made["id"]]


def test_stock_is_received_and_counted_and_never_falls_below_what_is_promised(
    client: FlaskClient, session: Session
) -> None:
    product = a_product(session)
    session.commit()
    noor = as_staff(client, Role.MANAGER)
    move = {"product_id": str(product.id), "quantity": 12, "reason": "received"}

    assert noor.post("/v1/stock-moves", move).json["on_hand"] == 12
    assert noor.post("/v1/stock-moves", move | {"quantity": -2, "reason": "broken"}).json["on_hand"] == 10
    refused = noor.post("/v1/stock-moves", move | {"quantity": -11})
    assert (refused.status_code, refused.json["code"]) == (409, "stock.below-reserved")
    assert [item["on_hand"] for item in noor.get("/v1/stock-items", product_id=str(product.id)).json["items"]] == [10]
    assert sorted(session.scalars(select(StockMove.quantity))) == [-2, 12]


def test_a_price_list_that_ends_before_it_begins_is_refused(client: FlaskClient) -> None:
    noor = as_staff(client, Role.MANAGER)
    begins = datetime(2026, 5, 1, tzinfo=UTC)
    facts = {"name": "May", "currency": "GBP", "valid_from": begins.isoformat()}
    odd = noor.post("/v1/price-lists", facts | {"valid_until": (begins - timedelta(days=1)).isoformat()})
    assert (odd.status_code, odd.json["code"]) == (422, "price-list.never-in-force")
