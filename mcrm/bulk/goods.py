"""Rows of products, prices and stock; each goes through the ordinary use case, in a savepoint of its own."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from mcrm.actors import Actor
from mcrm.bulk import pricelists
from mcrm.bulk.cells import minor
from mcrm.bulk.models import Outcome
from mcrm.bulk.rows import Values, Verdict, exists, rejected, require_filled
from mcrm.errors import DomainError
from mcrm.products import service as products
from mcrm.products.errors import ProductUnknown
from mcrm.products.models import PriceList, PriceListItem, Product
from mcrm.stock import moving as stock
from mcrm.stock.errors import StockWouldBeNegative
from mcrm.stock.models import StockItem

REASON = "import"
NOTHING_FOUND = Verdict(Outcome.SKIPPED, "import.nothing-found", "", "Nothing matches this row.")
Decide = Callable[[Values], Verdict]


def product_keys(row: Values) -> list[str]:
    """The code, whatever its case."""
    return [f"code:{row.values['code'].upper()}"] if "code" in row.values else []


def price_keys(row: Values) -> list[str]:
    """List, product and the quantity from which the price holds."""
    values = row.values
    return ["|".join(str(values.get(name, "")) for name in ("price_list", "min_quantity", "product")).upper()]


def stock_keys(row: Values) -> list[str]:
    """Location and product."""
    return [f"{row.values.get('location', '')}|{row.values.get('product', '')}".upper()]


def decide_products(
    session: Session, actor: Actor, rows: Sequence[Values], *, mode: str, match: str
) -> dict[int, Verdict]:
    """Products by their code."""
    there = _products(session, (row.values.get("code") for row in rows))

    def decide(row: Values) -> Verdict:
        require_filled(row.values, "code")
        found = there.get(row.values["code"].upper())
        if found is None:
            return NOTHING_FOUND if mode == "update" else _new_product(session, actor, row)
        if mode == "create":
            return exists(found.id)
        return _changed_product(session, actor, found, row)

    return _one_by_one(session, rows, decide)


def _new_product(session: Session, actor: Actor, row: Values) -> Verdict:
    require_filled(row.values, "name")
    made = products.create(session, actor, **row.values)
    return Verdict(Outcome.CREATED, subject_id=made.id, undo={"made": [str(made.id), made.rev]})


def _changed_product(session: Session, actor: Actor, found: Product, row: Values) -> Verdict:
    """The code stays as it is written here: files write one code in both cases."""
    changes = {name: value for name, value in row.values.items() if name != "code"}
    if "custom" in changes:
        changes["custom"] = {**found.custom, **changes["custom"]}
    undo = {name: [getattr(found, name), value] for name, value in changes.items() if getattr(found, name) != value}
    if not undo:
        return Verdict(Outcome.UNCHANGED, subject_id=found.id)
    products.change(session, actor, found, changes)
    return Verdict(Outcome.UPDATED, subject_id=found.id, undo={"product": undo})


def decide_prices(
    session: Session, actor: Actor, rows: Sequence[Values], *, mode: str, match: str
) -> dict[int, Verdict]:
    """Prices by list, product and quantity; a list that nobody knows is made where the row names its currency."""
    there = _products(session, (row.values.get("product") for row in rows))
    names = {row.values["price_list"] for row in rows if "price_list" in row.values}
    lists = {one.name: one for one in session.scalars(products.price_lists_of(actor).where(PriceList.name.in_(names)))}

    def decide(row: Values) -> Verdict:
        require_filled(row.values, "price_list", "product", "price")
        product = _known(there, row)
        list_, turned = pricelists.of_row(session, actor, lists.get(row.values["price_list"]), row, mode)
        verdict = _price(session, actor, list_, product, row, mode)
        lists[list_.name] = list_
        if not turned or verdict.outcome is Outcome.SKIPPED:
            return verdict
        pricelists.turn(session, actor, list_, turned)
        outcome = Outcome.UPDATED if verdict.outcome is Outcome.UNCHANGED else verdict.outcome
        return replace(verdict, outcome=outcome, undo={**(verdict.undo or {}), "list": pricelists.undo_of(turned)})

    return _one_by_one(session, rows, decide)


def _price(session: Session, actor: Actor, list_: PriceList, product: Product, row: Values, mode: str) -> Verdict:
    key = {
        "price_list_id": list_.id,
        "product_id": product.id,
        "min_quantity": row.values.get("min_quantity", 1),
    }
    wanted = minor(row.values["price"], list_.currency)
    item = session.scalar(select(PriceListItem).filter_by(**key))
    if item is None and mode == "update":
        return NOTHING_FOUND
    if item is not None and mode == "create":
        return exists(item.id)
    before = item.unit_price if item else None
    if before == wanted:
        return Verdict(Outcome.UNCHANGED, subject_id=item.id if item else None)
    item = products.set_price(session, actor, unit_price=wanted, **key)
    outcome = Outcome.CREATED if before is None else Outcome.UPDATED
    return Verdict(outcome, subject_id=item.id, undo={"price": [before, wanted]})


def decide_stock(
    session: Session, actor: Actor, rows: Sequence[Values], *, mode: str, match: str
) -> dict[int, Verdict]:
    """Counted pieces by product and location: what differs from the count comes in or goes out as a movement."""
    there = _products(session, (row.values.get("product") for row in rows))

    def decide(row: Values) -> Verdict:
        require_filled(row.values, "product", "on_hand")
        product, location = _known(there, row), row.values.get("location", stock.MAIN)
        query = select(StockItem).where(StockItem.product_id == product.id, StockItem.location == location)
        item = session.scalar(query.with_for_update().execution_options(populate_existing=True))
        if item is None and mode == "update":
            return NOTHING_FOUND
        if item is not None and mode == "create":
            return exists(item.id)
        difference = row.values["on_hand"] - (item.on_hand if item else 0)
        if item is not None and not difference:
            return Verdict(Outcome.UNCHANGED, subject_id=item.id)
        outcome = Outcome.UPDATED if item else Outcome.CREATED
        item = _moved(session, actor, product, location, difference)
        return Verdict(outcome, subject_id=item.id, undo={"moved": difference})

    return _one_by_one(session, rows, decide)


def _moved(session: Session, actor: Actor, product: Product, location: str, difference: int) -> StockItem:
    try:
        where: dict[str, Any] = {"product_id": product.id, "location": location}
        return stock.move(session, actor, quantity=difference, reason=REASON, is_listed=True, **where)
    except StockWouldBeNegative as error:
        error.field = "on_hand"
        raise


def _products(session: Session, codes: Iterable[Any]) -> dict[str, Product]:
    wanted = {code.upper() for code in codes if code is not None}
    return {one.code_key: one for one in session.scalars(select(Product).where(Product.code_key.in_(wanted)))}


def _known(there: dict[str, Product], row: Values) -> Product:
    product = there.get(row.values["product"].upper())
    if product is None:
        raise ProductUnknown(field="product")
    return product


def _one_by_one(session: Session, rows: Sequence[Values], decide: Decide) -> dict[int, Verdict]:
    verdicts: dict[int, Verdict] = {}
    for row in rows:
        try:
            with session.begin_nested():
                verdicts[row.at] = decide(row)
        except DomainError as error:
            verdicts[row.at] = rejected(error)
    return verdicts
