"""Stock: promised, shipped, given back and counted. A product without any stock item is not tracked and always there.

Every change is one conditional UPDATE, in the order of product ids: two orders never wait for each other in a circle,
and nobody decides on a number that somebody else changes meanwhile.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any, cast
from uuid import UUID

from sqlalchemy import Select, Table, bindparam, insert, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from mcrm.actors import Actor
from mcrm.interactions import log
from mcrm.interactions.kinds import Kind
from mcrm.interactions.log import About
from mcrm.stock.errors import OutOfStock, StockItemUnknown, StockWouldBeNegative
from mcrm.stock.models import ReservationState, StockItem, StockMove, StockReservation
from mcrm.transaction import write_rows

MAIN = "main"


def reserve(session: Session, wanted: Mapping[UUID, int], *, fields: Mapping[UUID, str]) -> dict[UUID, UUID]:
    """Promise pieces (product id to quantity); product id to stock item id for those that are tracked.

    Raises OutOfStock, naming the product's place in `fields`; what stands at other locations is not the shop's to sell.
    """
    items: dict[UUID, UUID] = {}
    for product_id in sorted(wanted):
        if ids := write_rows(session, _RESERVE, {"product": product_id, "pieces": wanted[product_id]}):
            items[product_id] = ids[0]
        elif session.scalar(select(StockItem.id).where(StockItem.product_id == product_id).limit(1)):
            raise OutOfStock(field=fields.get(product_id), product_id=str(product_id))
    return items


def hold(session: Session, lines: Iterable[tuple[UUID, UUID, int]]) -> None:
    """Note what was promised to which order line: (stock item, order line, quantity)."""
    rows = [
        {"stock_item_id": item_id, "order_line_id": line_id, "quantity": quantity}
        for item_id, line_id, quantity in lines
    ]
    if rows:
        session.connection().execute(_HOLD, rows)


def give_back(session: Session, line_ids: Iterable[UUID]) -> None:
    """Release what is held for these order lines."""
    for item_id, quantity in _end(session, line_ids, ReservationState.RELEASED):
        write_rows(
            session,
            update(StockItem).where(StockItem.id == item_id).values(reserved=StockItem.reserved - quantity),
        )


def ship(session: Session, line_ids: Iterable[UUID], *, order_id: UUID) -> None:
    """What is held for these order lines leaves the house."""
    for item_id, quantity in _end(session, line_ids, ReservationState.SHIPPED):
        write_rows(
            session,
            update(StockItem)
            .where(StockItem.id == item_id)
            .values(reserved=StockItem.reserved - quantity, on_hand=StockItem.on_hand - quantity),
        )
        session.add(
            StockMove(
                stock_item_id=item_id, quantity=-quantity, reason="shipped", subject_type="order", subject_id=order_id
            )
        )


def _end(session: Session, line_ids: Iterable[UUID], state: ReservationState) -> list[tuple[UUID, int]]:
    """Close the held reservations of these lines; (stock item, pieces) in the order in which `reserve` locks them."""
    held = session.execute(
        select(StockReservation, StockItem.product_id)
        .join(StockItem, StockItem.id == StockReservation.stock_item_id)
        .where(StockReservation.order_line_id.in_(list(line_ids)))
        .where(StockReservation.state == ReservationState.HELD.value)
        .with_for_update(of=StockReservation)
    ).all()
    pieces: Counter[tuple[UUID, UUID]] = Counter()
    for reservation, product_id in held:
        reservation.state = state.value
        pieces[product_id, reservation.stock_item_id] += reservation.quantity
    session.flush()
    return [(item_id, quantity) for (_, item_id), quantity in sorted(pieces.items())]


def move(
    session: Session, actor: Actor, *, product_id: UUID, quantity: int, reason: str, location: str = MAIN
) -> StockItem:
    """Pieces come in (positive) or go out (negative) outside of orders; the first movement makes the stock item.

    Raises StockWouldBeNegative when less would be on hand than is promised. The caller has checked the product.
    """
    item = session.scalar(_item(product_id, location).with_for_update())
    if item is None:
        item = StockItem(product_id=product_id, location=location, on_hand=0, reserved=0)
        try:
            with session.begin_nested():
                session.add(item)
        except IntegrityError:
            item = session.scalars(_item(product_id, location).with_for_update()).one()
    if item.on_hand + quantity < item.reserved:
        raise StockWouldBeNegative(field="quantity")
    item.on_hand += quantity
    session.add(StockMove(stock_item_id=item.id, quantity=quantity, reason=reason))
    session.flush()
    about = About(subject=("product", product_id))
    payload: dict[str, Any] = {"quantity": quantity, "reason": reason, "location": location}
    log.append(session, actor, Kind.STOCK_MOVED, about=about, payload=payload)
    return item


def _item(product_id: UUID, location: str) -> Select[StockItem]:
    return (
        select(StockItem)
        .where(StockItem.product_id == product_id, StockItem.location == location)
        .execution_options(populate_existing=True)
    )


_items = StockItem.__table__.c
_RESERVE = (
    update(cast(Table, StockItem.__table__))
    .where(_items.product_id == bindparam("product"), _items.location == MAIN)
    .where(_items.on_hand - _items.reserved >= bindparam("pieces"))
    .values(reserved=_items.reserved + bindparam("pieces"))
)
_HOLD = insert(cast(Table, StockReservation.__table__))


def get(session: Session, item_id: UUID) -> StockItem:
    """A stock item; raises StockItemUnknown."""
    if (item := session.get(StockItem, item_id)) is None:
        raise StockItemUnknown()
    return item
