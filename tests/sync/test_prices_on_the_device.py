"""A phone that holds only synced rows shows the price that the server asks: in Python, and as the phone runs it."""

import json
import random
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy.orm import Session

from mcrm.api.json import encode
from mcrm.errors import DomainError
from mcrm.pricing import rules
from mcrm.pricing.rules import Wanted
from mcrm.products.models import PriceList, PriceListItem, Product
from mcrm.taxes.models import TaxRate
from tests.apps.node import NODE, run
from tests.apps.test_pricing_js import MODULE
from tests.cast import a_product
from tests.sync.conftest import Field
from tests.sync.device import Device
from tests.sync.device_prices import rules_on

NOW = datetime.now(UTC).replace(microsecond=0)


def a_shop(session: Session, field: Field, chance: random.Random) -> list[Product]:
    """Four products, tax rates that change, and lists for everybody, for classes and for accounts."""
    products = [field.espresso, *(a_product(session, f"HP-{n}", f"Mug {n}", price=1000 + 37 * n) for n in range(3))]
    for product in products:
        product.tax_code, product.category = (
            chance.choice([None, "standard", "reduced"]),
            chance.choice([None, "coffee"]),
        )
    for code in ("standard", "reduced"):
        for days in (-400, -1, 2):
            points = chance.choice([0, 500, 2000, 2150])
            session.add(TaxRate(code=code, name=code, basis_points=points, valid_from=NOW + timedelta(days=days)))
    for number in range(6):
        made = a_list(f"List {number}", field, chance, products)
        session.add(made)
        session.flush()
        for product in chance.sample(products, 3):
            for least in (1, chance.randint(2, 9)):
                price = {"min_quantity": least, "unit_price": chance.randint(0, 2500)}
                session.add(PriceListItem(price_list_id=made.id, product_id=product.id, **price))
    session.commit()
    return products


def a_list(name: str, field: Field, chance: random.Random, products: list[Product]) -> PriceList:
    begins = chance.choice([None, NOW - timedelta(days=3), NOW + timedelta(days=3)])
    discount = {"basis_points": chance.randint(1, 4000), "min_quantity": chance.randint(1, 6)}
    discount |= chance.choice(
        [{"category": "coffee", "product_id": None}, {"category": None, "product_id": str(products[1].id)}]
    )
    return PriceList(
        name=name,
        currency=chance.choice(["GBP", "GBP", "EUR"]),
        rank=chance.randint(0, 120),
        includes_tax=chance.random() < 0.5,
        discounts=[discount] if chance.random() < 0.6 else [],
        account_id=chance.choice([None, None, field.ben.account_id, field.aisha.account_id]),
        account_class=chance.choice([None, None, "A", "B"]),
        valid_from=begins,
        valid_until=None if begins is None else begins + timedelta(days=4),
    )


def wishes(products: list[Product], chance: random.Random) -> list[tuple[list[Wanted], datetime]]:
    """Orders, and the instants at which they are priced."""
    found = []
    for days in (-2, 0, 0, 4, 40):
        lines = [
            Wanted(product.id, chance.randint(1, 12), chance.choice([0, 333])) for product in chance.sample(products, 2)
        ]
        found.append((lines, NOW + timedelta(days=days)))
    return found


def on_server(field: Field, lines: list[Wanted], at: datetime) -> Any:
    body = {"contact_id": str(field.ben.id), "at": at.isoformat()}
    answer = field.ada.post("/v1/prices", body | {"lines": [json.loads(encode(asdict(line))) for line in lines]})
    said = answer.json
    if answer.status_code != 200:
        return said["code"]
    return [said["currency"], said["net_total"], said["tax_total"], said["total"]]


def on_phone(phone: Device, field: Field, lines: list[Wanted], at: datetime) -> Any:
    try:
        priced = rules.price(rules_on(phone, field.ben.account_id), lines, at=at)
    except DomainError as error:
        return error.code
    return [priced.currency, priced.net_total, priced.tax_total, priced.total]


def in_the_app(phone: Device, field: Field, asked: list[tuple[list[Wanted], datetime]], folder: Path) -> Any:
    """What the phone's own module makes of the same rows."""
    tables = ("products", "price_lists", "price_list_items", "tax_rates")
    case = {
        "rows": {table: phone.rows(table) for table in tables},
        "account": phone.get("accounts", field.ben.account_id),
        "wishes": [
            {"lines": [json.loads(encode(asdict(line))) for line in lines], "at": round(at.timestamp() * 1000)}
            for lines, at in asked
        ],
    }
    file = folder / "case.json"
    file.write_text(json.dumps(case))
    return run("rows.mjs", MODULE, file)


@pytest.mark.parametrize("seed", range(3))
def test_a_phone_without_a_network_shows_the_servers_price(
    field: Field, session: Session, seed: int, tmp_path: Path
) -> None:
    chance = random.Random(seed)
    field.ada.patch(f"/v1/accounts/{field.ben.account_id}", {"account_class": "A"})
    products = a_shop(session, field, chance)
    phone = field.phone()
    phone.sync()
    asked = wishes(products, chance)
    server = [on_server(field, lines, at) for lines, at in asked]
    assert [on_phone(phone, field, lines, at) for lines, at in asked] == server
    assert any(isinstance(one, list) for one in server)
    if NODE:
        assert in_the_app(phone, field, asked, tmp_path) == server


def test_a_change_of_rates_and_limits_reaches_the_phone(field: Field) -> None:
    phone = field.phone()
    phone.sync()
    rate = {"code": "standard", "name": "VAT", "basis_points": 2000, "valid_from": "2011-01-04T00:00:00Z"}
    assert field.ada.post("/v1/tax-rates", rate).status_code == 201
    limit = "/v1/discount-limits/rep"
    assert field.ada.put(limit, {"basis_points": 500}, '"0"').status_code == 200
    phone.sync()
    assert [row["basis_points"] for row in phone.rows("tax_rates")] == [2000]
    assert [(row["role"], row["basis_points"]) for row in phone.rows("discount_limits")] == [("rep", 500)]
    field.ada.put(limit, {"basis_points": 700}, field.ada.get(limit).headers["ETag"])
    field.ada.post("/v1/tax-rates", {**rate, "basis_points": 2100})
    phone.sync()
    assert [row["basis_points"] for row in (*phone.rows("tax_rates"), *phone.rows("discount_limits"))] == [2100, 700]
    assert phone.is_equal_to_the_server()
