"""The rules that a phone takes along compute what the server does."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from mcrm.accounts.models import Account
from mcrm.api.json import encode
from mcrm.pricing import loading, rules
from mcrm.pricing.rules import Wanted
from mcrm.pricing.schemas import RulesSchema
from mcrm.products.models import PriceList, PriceListItem, Product
from tests.callers import Caller
from tests.cast import a_customer, a_product
from tests.pricing.test_prices import a_mug, wish
from tests.pricing.test_rules import read


def test_a_phone_with_the_rules_computes_what_the_server_does(session: Session, noor: Caller) -> None:
    ben, mug, espresso = a_customer(session), a_mug(session), a_product(session)
    gone = a_product(session, "OLD-1", "Summer blend")
    gone.is_active = False
    now = datetime.now(UTC)
    for name, rank, facts in (
        ("Ben's", 5, {"account_id": ben.account_id, "discounts": [a_discount(mug)]}),
        ("Tom's", 1, {"account_id": a_customer(session, "Tom Reilly").account_id}),
        ("Over", 1, {"valid_until": now - timedelta(days=1)}),
        ("To come", 1, {"valid_from": now + timedelta(days=9)}),
        ("Class A", 1, {"account_class": "A"}),
    ):
        made = PriceList(name=name, currency="GBP", rank=rank, includes_tax=False, **facts)
        session.add(made)
        session.flush()
        session.add(PriceListItem(price_list_id=made.id, product_id=mug.id, unit_price=900, min_quantity=3))
    session.commit()
    handed = noor.get("/v1/pricing/rules", account_id=str(ben.account_id))

    assert handed.status_code == 200
    assert json.loads(encode(RulesSchema().load(handed.json))) == handed.json
    assert (handed.json["version"], handed.json["discount_limit_basis_points"]) == (2, 2500)
    assert [one["rank"] for one in handed.json["lists"]] == [1, 5, 100]
    assert str(gone.id) not in handed.text
    phone = read({name: handed.json[name] for name in ("products", "lists", "taxes")})
    for quantity in (1, 2, 3, 10):
        lines = [Wanted(mug.id, quantity, 300), Wanted(espresso.id, quantity)]
        body = {"contact_id": str(ben.id), "lines": [wish(mug, quantity, 300), wish(espresso, quantity)]}
        said = noor.post("/v1/prices", body).json
        computed = rules.price(phone, lines, at=now)
        assert (said["net_total"], said["tax_total"], said["total"]) == (
            computed.net_total,
            computed.tax_total,
            computed.total,
        )
        later = noor.post("/v1/prices", body | {"at": (now + timedelta(days=10)).isoformat()}).json
        assert later["total"] == rules.price(phone, lines, at=now + timedelta(days=10)).total


def test_a_branch_buys_at_its_head_offices_prices_until_it_has_its_own(session: Session, noor: Caller) -> None:
    mug, espresso = a_mug(session), a_product(session)
    group = Account(name="Ferry Group")
    session.add(group)
    session.flush()
    office = Account(name="The Ferry Café", parent_id=group.id)
    session.add(office)
    session.flush()
    branch = Account(name="The Ferry Café, Clifton", parent_id=office.id)
    session.add(branch)
    now = datetime.now(UTC)
    soon, later = now + timedelta(days=9), now + timedelta(days=19)
    session.flush()
    for account, product, price, facts in (
        (group, mug, 700, {"rank": 1}),
        (office, mug, 800, {"rank": 5}),
        (branch, espresso, 600, {"rank": 9, "valid_from": soon, "valid_until": later}),
    ):
        made = PriceList(name=f"For {account.name}", currency="GBP", account_id=account.id, **facts)
        session.add(made)
        session.flush()
        session.add(PriceListItem(price_list_id=made.id, product_id=product.id, unit_price=price))
    session.commit()

    def asked(account: Account, at: datetime) -> list[int]:
        wanted = {"account_id": str(account.id), "at": at.isoformat(), "lines": [wish(mug, 1), wish(espresso, 1)]}
        said = noor.post("/v1/prices", wanted).json["lines"]
        handed = noor.get("/v1/pricing/rules", account_id=str(account.id)).json
        phone = read({name: handed[name] for name in ("products", "lists", "taxes")})
        computed = rules.price(phone, [Wanted(mug.id, 1), Wanted(espresso.id, 1)], at=at)
        assert [line.unit_price for line in computed.lines] == [line["unit_price"] for line in said]
        return [line["unit_price"] for line in said]

    shop = 1400
    assert asked(group, now) == [700, 950]
    assert asked(office, now) == [800, 950]
    assert asked(branch, now) == [800, 950]
    assert asked(branch, soon + timedelta(days=1)) == [shop, 600]
    assert asked(branch, later) == [800, 950]
    only_mugs, _ = loading.rules_for(session, branch.id, [mug.id], at=soon)
    assert [one.levels_up for one in only_mugs.lists] == [None]


def a_discount(product: Product) -> dict[str, Any]:
    return {"basis_points": 700, "min_quantity": 3, "product_id": str(product.id), "category": None}


def test_the_rules_are_fetched_again_only_when_they_changed(session: Session, noor: Caller) -> None:
    ben, mug = a_customer(session), a_mug(session)
    session.commit()
    path = f"/v1/pricing/rules?account_id={ben.account_id}"
    tag = noor.client.get(path, headers=noor.headers).headers["ETag"]
    again = noor.client.get(path, headers={**noor.headers, "If-None-Match": tag})
    assert (again.status_code, again.data) == (304, b"")
    [shop] = noor.get("/v1/price-lists").json["items"]
    noor.post(f"/v1/price-lists/{shop['id']}/prices", {"product_id": str(mug.id), "unit_price": 1500})
    fresh = noor.client.get(path, headers={**noor.headers, "If-None-Match": tag})
    assert (fresh.status_code, fresh.headers["ETag"] != tag) == (200, True)


def test_what_few_products_need_is_a_part_of_the_whole(session: Session) -> None:
    ben, mug, espresso = a_customer(session), a_mug(session), a_product(session)
    session.commit()
    now = datetime.now(UTC)
    whole = loading.rules_of(session, ben.account_id, at=now)
    part, names = loading.rules_for(session, ben.account_id, [mug.id], at=now)
    assert names == {mug.id: "Stoneware mug"}
    assert part.products == tuple(item for item in whole.products if item.id == mug.id)
    [few], [all_] = part.lists, whole.lists
    assert set(few.prices) == {step for step in all_.prices if step.product_id == mug.id} != set(all_.prices)
    assert espresso.id in {item.id for item in whole.products}


def test_rules_survive_the_wire_whole(session: Session) -> None:
    ben = a_customer(session)
    a_mug(session)
    session.commit()
    found = loading.rules_of(session, ben.account_id, at=datetime.now(UTC))
    assert read(json.loads(encode(found))) == found
    assert isinstance(found.lists[0].id, UUID)
