"""Lists in pages: every row once, in order, by cursors that only this installation can make; on both databases."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from flask.views import MethodView
from sqlalchemy import select
from sqlalchemy.orm import Session

from mcrm.actors import Role
from mcrm.api import fields, formats
from mcrm.api.blueprint import Blueprint
from mcrm.api.paging import PageQuery, page, page_of
from mcrm.api.rows import CompiledRows, compile_rows
from mcrm.db import Database, reading
from mcrm.products.models import Product
from mcrm.transaction import transaction

ADA = {"Authorization": "Bearer ada"}
START = datetime(2026, 1, 2, 3, 4, 5, 678, tzinfo=UTC)


class ProductSchema(fields.Schema):
    """A product, with a field of every stored kind."""

    id = fields.Uuid(dump_only=True)
    rev = fields.Int(dump_only=True)
    code = fields.Str()
    name = fields.Str()
    description = fields.Str(allow_none=True)
    is_active = fields.Bool()
    custom = formats.JsonObject()
    created_at = fields.AwareDateTime(dump_only=True)
    shout = fields.Enum(Role, attribute="category")


COMPILED = compile_rows(ProductSchema(), Product)


def product_blueprint() -> Blueprint:
    """Two lists: of rows by the mapper, and the fast one."""
    blueprint = Blueprint("products", __name__, url_prefix="/v1/products")

    @blueprint.route("", roles={Role.ADMIN})
    class Products(MethodView):
        @blueprint.arguments(PageQuery(), location="query")
        @blueprint.response(200, page_of(ProductSchema()))
        def get(self, query: dict[str, Any]) -> dict[str, Any]:
            """Newest first; of one moment by id."""
            with reading() as session:
                return page(session, select(Product), [Product.created_at.desc(), Product.id], **query)

    @blueprint.route("/fast", roles={Role.ADMIN})
    class Fast(MethodView):
        @blueprint.arguments(PageQuery(), location="query")
        @blueprint.response(200, page_of(ProductSchema()))
        def get(self, query: dict[str, Any]) -> Any:
            """By name."""
            return COMPILED.listed(select(Product), [Product.name, Product.id], **query)

    return blueprint


@pytest.fixture
def products(make: Any, database: Database) -> FlaskClient:
    """Eleven products of three moments and four names, behind the two lists."""
    app: Flask
    app, api = make()
    api.register_blueprint(product_blueprint())
    with transaction() as session:
        for number in range(11):
            session.add(a_product(number))
    return app.test_client()


def a_product(number: int) -> Product:
    """A product that shares its moment and its name with others."""
    return Product(
        code=f"HP{number}",
        code_key=f"HP{number}",
        name=f"Mug {number % 4}",
        description=None if number % 2 else "Stoneware, “matt” ☕",
        category=Role.REP.value,
        unit=None,
        picture_url=None,
        custom={"weight_g": 350.5, "tags": ["kiln"], "none": None},
        created_at=START + timedelta(days=number % 3),
    )


def walk(client: FlaskClient, path: str, limit: int) -> list[dict[str, Any]]:
    """All items, page by page."""
    items: list[dict[str, Any]] = []
    cursor: str | None = ""
    while cursor is not None:
        more = f"&cursor={cursor}" if cursor else ""
        answer = client.get(f"/v1/products{path}?limit={limit}{more}", headers=ADA)
        assert answer.status_code == 200, answer.text
        assert len(answer.json["items"]) <= limit
        items += answer.json["items"]
        cursor = answer.json["next_cursor"]
    return items


@pytest.mark.parametrize("limit", [1, 2, 3, 10, 11, 12])
def test_every_row_comes_once_and_in_order_whatever_the_page(products: FlaskClient, limit: int) -> None:
    items = walk(products, "", limit)

    assert len({item["id"] for item in items}) == 11
    moments = [item["created_at"] for item in items]
    assert moments == sorted(moments, reverse=True)
    assert items == walk(products, "", 100)


def test_the_fast_list_pages_alike(products: FlaskClient) -> None:
    items = walk(products, "/fast", 2)

    assert len({item["id"] for item in items}) == 11
    assert [item["name"] for item in items] == sorted(item["name"] for item in items)


def test_a_cursor_that_was_tampered_with_is_refused(products: FlaskClient) -> None:
    cursor = products.get("/v1/products?limit=1", headers=ADA).json["next_cursor"]
    middle = len(cursor) // 2
    forged = cursor[:middle] + ("A" if cursor[middle] != "A" else "B") + cursor[middle + 1 :]

    for bad in (forged, cursor[:-4], "AAAA", "5", "%00", "é", "=" * 9, "x" * 999):
        answer = products.get(f"/v1/products?cursor={bad}", headers=ADA)
        assert answer.status_code == 422, bad
        assert answer.json["errors"][0]["field"] == "cursor"


def test_a_cursor_of_another_order_is_refused(products: FlaskClient) -> None:
    cursor = products.get("/v1/products?limit=1", headers=ADA).json["next_cursor"]

    assert products.get(f"/v1/products/fast?cursor={cursor}", headers=ADA).status_code == 422


def test_the_fast_way_says_what_the_schema_says(products: FlaskClient, session: Session) -> None:
    assert_same_as_dump(session, COMPILED, ProductSchema(), Product)


def test_a_member_that_no_column_holds_is_noticed_at_import() -> None:
    class Odd(fields.Schema):
        """A member that the table has not."""

        mood = fields.Str()

    with pytest.raises(TypeError, match=r"Odd\.mood"):
        compile_rows(Odd(), Product)


def test_a_field_that_orjson_would_write_otherwise_goes_through_the_field(session: Session) -> None:
    class Shout(fields.Str):
        """In capitals."""

        def _serialize(self, value: Any, attr: str | None, obj: Any, **options: Any) -> Any:
            return None if value is None else value.upper()

    class Loud(fields.Schema):
        """A name in capitals."""

        name = Shout()

    session.add(a_product(1))
    session.flush()

    assert_same_as_dump(session, compile_rows(Loud(), Product), Loud(), Product)


def assert_same_as_dump(session: Session, compiled: CompiledRows, schema: fields.Schema, entity: type[Any]) -> None:
    """The compiled rows of a table and `Schema.dump` of its entities are the same JSON, member by member."""
    fast = json.loads(compiled.dumps(session.execute(select(*compiled.columns).order_by(entity.id)).all()))
    slow = schema.dump(session.scalars(select(entity).order_by(entity.id)).all(), many=True)

    assert fast
    assert fast == slow
    assert [list(item) for item in fast] == [list(item) for item in slow]
