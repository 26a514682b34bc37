"""Stock moved by hand: received, counted, scrapped, carried from one location to another."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from sqlalchemy import Select, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from mcrm.actors import Actor
from mcrm.editing import edit
from mcrm.interactions import log
from mcrm.interactions.kinds import Kind
from mcrm.interactions.log import About
from mcrm.stock import reordering, service
from mcrm.stock.errors import (
    LocationTaken,
    LocationUnknown,
    MoveAgainstItsKind,
    SameLocation,
    StockItemUnknown,
    StockWouldBeNegative,
)
from mcrm.stock.models import MoveKind, StockItem, StockLocation

MAIN = "main"
SIGNS = {MoveKind.RECEIPT: 1, MoveKind.RETURN: 1, MoveKind.SCRAP: -1}
"""Which way pieces go by the kind of a movement; the others go either way."""


def move(
    session: Session,
    actor: Actor,
    *,
    product_id: UUID,
    quantity: int,
    reason: str,
    location: str = MAIN,
    kind: MoveKind = MoveKind.ADJUSTMENT,
    is_listed: bool = False,
) -> StockItem:
    """Pieces come in (positive) or go out (negative) outside of orders; the first movement makes the stock item.

    Raises StockWouldBeNegative when less would be on hand than is promised, MoveAgainstItsKind, LocationUnknown as
    `transfer` does, unless the location `is_listed` in a file of what stands where. The caller has checked the product.
    """
    if quantity * SIGNS.get(kind, quantity) < 0:
        raise MoveAgainstItsKind(field="quantity")
    if not is_listed and not _is_known(session, location):
        raise LocationUnknown(field="location")
    item = locked(session, _there(session, product_id, location))
    _shift(session, item, quantity)
    service.note(session, item.id, quantity, kind, reason)
    payload: dict[str, Any] = {"quantity": quantity, "reason": reason, "location": location, "kind": kind.value}
    log.append(session, actor, Kind.STOCK_MOVED, about=About(subject=("product", product_id)), payload=payload)
    return item


def transfer(
    session: Session, actor: Actor, *, product_id: UUID, quantity: int, source: str, target: str, reason: str
) -> tuple[StockItem, StockItem]:
    """Carry pieces that nobody was promised from one location to another: both items, the source first.

    Raises SameLocation, StockItemUnknown (nothing of it ever stood at the source), LocationUnknown (nobody named the
    target and nothing ever stood there: a slip), StockWouldBeNegative.
    """
    if source == target:
        raise SameLocation(field="target")
    from_id = session.scalar(_item(product_id, source).with_only_columns(StockItem.id))
    if from_id is None:
        raise StockItemUnknown(field="source")
    if not _is_known(session, target):
        raise LocationUnknown(field="target")
    to_id = _there(session, product_id, target)
    items = {item_id: locked(session, item_id) for item_id in sorted((from_id, to_id))}
    subject = ("product", product_id)
    for item_id, pieces in ((from_id, -quantity), (to_id, quantity)):
        _shift(session, items[item_id], pieces)
        service.note(session, item_id, pieces, MoveKind.TRANSFER, reason, subject)
    payload = {"quantity": quantity, "reason": reason, "source": source, "target": target}
    log.append(session, actor, Kind.STOCK_TRANSFERRED, about=About(subject=subject), payload=payload)
    return items[from_id], items[to_id]


def change_item(session: Session, actor: Actor, item: StockItem, changes: Mapping[str, Any]) -> StockItem:
    """Set when and how much of an item is bought anew; what is low already makes its request now."""
    if fields := edit(item, changes):
        session.flush()
        about = About(subject=("stock-item", item.id))
        log.append(session, actor, Kind.STOCK_ITEM_CHANGED, about=about, payload={"fields": fields})
        _watch(session, item)
    return item


def locked(session: Session, item_id: UUID) -> StockItem:
    """The item, locked and as it is now; raises StockItemUnknown."""
    query = select(StockItem).where(StockItem.id == item_id).with_for_update(key_share=True)
    item = session.scalar(query.execution_options(populate_existing=True))
    if item is None:
        raise StockItemUnknown()
    return item


def add_location(session: Session, actor: Actor, *, code: str, name: str, sells: bool) -> StockLocation:
    """Name a place where pieces stand, and say whether orders are served from it. Raises LocationTaken."""
    location = StockLocation(code=code, name=name, sells=sells)
    try:
        with session.begin_nested():
            session.add(location)
    except IntegrityError:
        raise LocationTaken(field="code") from None
    about = About(subject=("stock-location", location.id))
    log.append(session, actor, Kind.STOCK_LOCATION_ADDED, about=about, payload={"code": code, "sells": sells})
    return location


def change_location(
    session: Session, actor: Actor, location: StockLocation, changes: Mapping[str, Any]
) -> StockLocation:
    """Rename a location, or open or shut it for orders; what is promised from it stays promised."""
    if fields := edit(location, changes):
        session.flush()
        about = About(subject=("stock-location", location.id))
        log.append(session, actor, Kind.STOCK_LOCATION_CHANGED, about=about, payload={"fields": fields})
    return location


def location(session: Session, location_id: UUID) -> StockLocation:
    """A location; raises LocationUnknown."""
    if (found := session.get(StockLocation, location_id)) is None:
        raise LocationUnknown()
    return found


def _shift(session: Session, item: StockItem, quantity: int) -> None:
    if item.on_hand + quantity < item.reserved:
        raise StockWouldBeNegative(field="quantity")
    item.on_hand += quantity
    session.flush()
    if quantity < 0:
        _watch(session, item)


def _watch(session: Session, item: StockItem) -> None:
    reordering.watch(
        session,
        item_id=item.id,
        available=item.available,
        point=item.reorder_point,
        quantity=item.reorder_quantity,
    )


def _is_known(session: Session, place: str) -> bool:
    """Whether somebody named the location, or anything ever stood there."""
    named = select(StockLocation.id).where(StockLocation.code == place)
    stood = select(StockItem.id).where(StockItem.location == place).limit(1)
    return place == MAIN or session.scalar(named) is not None or session.scalar(stood) is not None


def _there(session: Session, product_id: UUID, place: str) -> UUID:
    """The id of the product's item at a location, made if it was never there."""
    query = _item(product_id, place).with_only_columns(StockItem.id)
    if (found := session.scalar(query)) is not None:
        return found
    item = StockItem(product_id=product_id, location=place, on_hand=0, reserved=0)
    try:
        with session.begin_nested():
            session.add(item)
    except IntegrityError:  # made at the same moment by somebody else
        return session.scalars(query).one()
    return item.id


def _item(product_id: UUID, place: str) -> Select[StockItem]:
    return select(StockItem).where(StockItem.product_id == product_id, StockItem.location == place)
