"""Every list takes the fast road, from rows to JSON, and says member by member what the schema says of the same row."""

import json
from typing import Any

import marshmallow as ma
import pytest
from flask.testing import FlaskClient
from sqlalchemy.orm import Session

from mcrm.access.models import User
from mcrm.access.schemas import UserSchema
from mcrm.accounts.models import Account
from mcrm.accounts.schemas import AccountSchema
from mcrm.actors import Role
from mcrm.api import fields
from mcrm.api.json import encode
from mcrm.contacts.models import Contact
from mcrm.contacts.schemas import ContactSchema
from mcrm.db import Row
from mcrm.deliveries.models import Delivery
from mcrm.deliveries.schemas import DeliverySchema
from mcrm.ids import new_id
from mcrm.offers.models import Offer
from mcrm.offers.schemas import OfferSchema
from mcrm.orders.models import Order
from mcrm.orders.schemas import OrderSchema
from mcrm.products.models import PriceList, PriceListItem, Product
from mcrm.products.schemas import PriceListSchema, PriceSchema, ProductSchema
from mcrm.stock.models import StockItem
from mcrm.stock.schemas import StockItemSchema
from mcrm.territories.models import Territory
from mcrm.territories.schemas import TerritorySchema
from tests.callers import Caller, as_customer, as_staff
from tests.cast import a_customer, a_product, a_territory, an_order

LISTS: dict[str, tuple[fields.Schema, type[Row]]] = {
    "/v1/users": (UserSchema(), User),
    "/v1/territories": (TerritorySchema(), Territory),
    "/v1/accounts": (AccountSchema(), Account),
    "/v1/contacts": (ContactSchema(), Contact),
    "/v1/products": (ProductSchema(), Product),
    "/v1/price-lists": (PriceListSchema(), PriceList),
    "/v1/price-lists/{id}/prices": (PriceSchema(), PriceListItem),
    "/v1/stock-items": (StockItemSchema(), StockItem),
    "/v1/orders": (OrderSchema(), Order),
    "/v1/me/orders": (OrderSchema(), Order),
    "/v1/offers": (OfferSchema(), Offer),
    "/v1/deliveries": (DeliverySchema(), Delivery),
}
"""Each list, with the schema and the table of its rows."""

PUT_TOGETHER = {"/v1/contacts/{id}/timeline", "/v1/me/timeline"}
"""Items that are no row: a fact, what became of its message, and what the reader may know of it."""


@pytest.fixture
def ada(client: FlaskClient, session: Session) -> Caller:
    """An admin of a shop in which there is something of everything."""
    west = a_territory(session)
    ben = a_customer(session, phone="+447700900201", territory_id=west.id)
    a_product(session, stock=5)
    shipped = [an_order(session, ben), an_order(session, ben)]
    session.add(Offer(id=new_id(), title="Two for one", body="On Fridays."))
    session.commit()
    ada = as_staff(client, Role.ADMIN)
    for order in shipped:
        assert ada.post(f"/v1/orders/{order.id}/shipments", {"carrier": "Royal Mail"}).status_code == 201
    return ada


def test_every_list_is_held_to_it(client: FlaskClient) -> None:
    listed = {
        path
        for path, methods in client.get("/openapi.json").json["paths"].items()
        for answer in methods.get("get", {"responses": {}})["responses"].values()
        if str(answer.get("content")).endswith("Page'}}}")
    }
    assert listed == set(LISTS) | PUT_TOGETHER


@pytest.mark.parametrize("path", LISTS)
def test_a_list_says_what_the_schema_says_without_asking_it(
    client: FlaskClient, session: Session, ada: Caller, path: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    schema, table = LISTS[path]
    caller = as_customer(client, session.query(Contact).one()) if path.startswith("/v1/me/") else ada
    url = path.replace("{id}", str(session.query(PriceList).one().id))
    with monkeypatch.context() as patched:
        patched.setattr(ma.Schema, "dump", _slow)
        items = caller.get(url).json["items"]

    session.expire_all()
    assert items
    for item in items:
        expected = json.loads(encode(schema.dump(session.get_one(table, fields.Uuid().deserialize(item["id"])))))
        assert item == expected
        assert list(item) == list(expected)


def _slow(*unused: Any, **also_unused: Any) -> None:
    raise AssertionError("a list was dumped object by object")
