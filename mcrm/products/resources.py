"""Products and price lists over HTTP. Everybody sees what is sold; managers say what, and for how much."""

from typing import Any
from uuid import UUID

from flask import Response
from flask.views import MethodView

from mcrm import filters
from mcrm.actors import STAFF, Area, Role
from mcrm.api.blueprint import Blueprint
from mcrm.api.identity import current_actor
from mcrm.api.paging import PAGING, page_of
from mcrm.api.rows import compile_rows
from mcrm.db import reading
from mcrm.products import service
from mcrm.products.models import PriceList, PriceListItem, Product
from mcrm.products.schemas import (
    PriceInSchema,
    PriceListChangeSchema,
    PriceListInSchema,
    PriceListQuery,
    PriceListSchema,
    PriceQuery,
    PriceSchema,
    ProductChangeSchema,
    ProductInSchema,
    ProductQuery,
    ProductSchema,
)
from mcrm.transaction import transaction

blueprint = Blueprint("products", __name__, url_prefix="/v1/products", area=Area.PRODUCTS, description="What we sell.")
price_lists = Blueprint(
    "price-lists", __name__, url_prefix="/v1/price-lists", area=Area.PRODUCTS, description="For how much."
)
KEEPERS = (Role.ADMIN, Role.MANAGER)
ROWS = compile_rows(ProductSchema(), Product)
PRICE_LISTS = compile_rows(PriceListSchema(), PriceList)
PRICES = compile_rows(PriceSchema(), PriceListItem)


@blueprint.route("", roles=STAFF | {Role.CUSTOMER})
class Products(MethodView):
    """All of them."""

    @blueprint.arguments(ProductQuery(), location="query")
    @blueprint.response(200, page_of(ProductSchema()))
    def get(self, query: dict[str, Any]) -> Response:
        """List the products, by name; customers see those on sale."""
        page = {name: query.pop(name) for name in PAGING}
        found = filters.products(current_actor, **query)
        return ROWS.listed(found, [Product.name, Product.id], **page)

    @blueprint.allow(*KEEPERS)
    @blueprint.arguments(ProductInSchema())
    @blueprint.response(201, ProductSchema())
    def post(self, product: dict[str, Any]) -> Product:
        """Add a product."""
        with transaction() as session:
            return service.create(session, current_actor, **product)


@blueprint.route("/<uuid:id>", roles=STAFF | {Role.CUSTOMER})
@blueprint.etag
class OneProduct(MethodView):
    """One of them."""

    @blueprint.response(200, ProductSchema())
    def get(self, id: UUID) -> Product:
        """One product."""
        with reading() as session:
            return service.reachable(session, current_actor, id)

    @blueprint.allow(*KEEPERS)
    @blueprint.arguments(ProductChangeSchema())
    @blueprint.response(200, ProductSchema())
    def patch(self, changes: dict[str, Any], id: UUID) -> Product:
        """Change a product."""
        with transaction() as session:
            product = service.reachable(session, current_actor, id)
            blueprint.check_etag(product)
            return service.change(session, current_actor, product, changes)


@price_lists.route("", roles=STAFF)
class PriceLists(MethodView):
    """All of them."""

    @price_lists.arguments(PriceListQuery(), location="query")
    @price_lists.response(200, page_of(PriceListSchema()))
    def get(self, query: dict[str, Any]) -> Response:
        """List the price lists you see, by name."""
        found = service.price_lists_of(current_actor)
        if (account_id := query.pop("account_id")) is not None:
            found = found.where(PriceList.account_id == account_id)
        if (account_class := query.pop("account_class")) is not None:
            found = found.where(PriceList.account_class == account_class)
        return PRICE_LISTS.listed(found, [PriceList.name, PriceList.id], **query)

    @price_lists.allow(*KEEPERS)
    @price_lists.arguments(PriceListInSchema())
    @price_lists.response(201, PriceListSchema())
    def post(self, facts: dict[str, Any]) -> PriceList:
        """Make a price list."""
        with transaction() as session:
            return service.create_price_list(session, current_actor, **facts)


@price_lists.route("/<uuid:id>", roles=STAFF)
@price_lists.etag
class OnePriceList(MethodView):
    """One of them."""

    @price_lists.response(200, PriceListSchema())
    def get(self, id: UUID) -> PriceList:
        """One price list."""
        with reading() as session:
            return service.price_list(session, current_actor, id)

    @price_lists.allow(*KEEPERS)
    @price_lists.arguments(PriceListChangeSchema())
    @price_lists.response(200, PriceListSchema())
    def patch(self, changes: dict[str, Any], id: UUID) -> PriceList:
        """Change name, dates, rank or discounts of a price list."""
        with transaction() as session:
            changing = service.price_list(session, current_actor, id)
            price_lists.check_etag(changing)
            return service.change_price_list(session, current_actor, changing, changes)


@price_lists.route("/<uuid:id>/prices", roles=STAFF)
class Prices(MethodView):
    """What stands in a list."""

    @price_lists.arguments(PriceQuery(), location="query")
    @price_lists.response(200, page_of(PriceSchema()))
    def get(self, query: dict[str, Any], id: UUID) -> Response:
        """List the prices of a list."""
        with reading() as session:
            found = service.prices_of(service.price_list(session, current_actor, id).id, query.pop("product_id"))
        return PRICES.listed(found, [PriceListItem.id], **query)

    @price_lists.allow(*KEEPERS)
    @price_lists.arguments(PriceInSchema())
    @price_lists.response(201, PriceSchema())
    def post(self, price: dict[str, Any], id: UUID) -> PriceListItem:
        """Set a product's price from a quantity on."""
        with transaction() as session:
            return service.set_price(session, current_actor, price_list_id=id, **price)


@price_lists.route("/<uuid:id>/prices/<uuid:price_id>", roles=STAFF)
@price_lists.etag
class OnePrice(MethodView):
    """One of them."""

    @price_lists.response(200, PriceSchema())
    def get(self, id: UUID, price_id: UUID) -> PriceListItem:
        """One price of a list."""
        with reading() as session:
            return service.listed_price(session, current_actor, price_list_id=id, price_id=price_id)

    @price_lists.allow(*KEEPERS)
    @price_lists.response(204)
    def delete(self, id: UUID, price_id: UUID) -> None:
        """Take a price out of its list."""
        with transaction() as session:
            item = service.listed_price(session, current_actor, price_list_id=id, price_id=price_id)
            price_lists.check_etag(item)
            service.remove_price(session, current_actor, item)
