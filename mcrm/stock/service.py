"""Stock that orders move: promised, given back, shipped, taken back. A product without any item is not tracked.

Whoever changes stock locks the items in the order of their ids first: two orders never wait for each other in a circle,
and nobody decides on a number that somebody else changes meanwhile.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast
from uuid import UUID

from sqlalchemy import Connection, Table, bindparam, case, func, select, update
from sqlalchemy.orm import Session

from mcrm import clock
from mcrm.ids import new_id
from mcrm.inserting import insert_many
from mcrm.prepared import Prepared
from mcrm.products.models import Product
from mcrm.stock import reordering
from mcrm.stock.allocating import Place, allocate, deal
from mcrm.stock.errors import OutOfStock, StockItemUnknown
from mcrm.stock.models import MoveKind, ReservationState, StockItem, StockLocation, StockMove, StockReservation
from mcrm.transaction import write_rows

Taken = Mapping[UUID, Sequence[tuple[UUID, int]]]


@dataclass(frozen=True, slots=True)
class Inspected:
    """What came back of one order line and was looked at: pieces fit to be sold again, and pieces that are not."""

    line_id: UUID
    restocked: int
    scrapped: int


def lock(session: Session, product_ids: Iterable[UUID]) -> Sequence[Any]:
    """Every stock item of these products, locked in the order of ids, as it is now."""
    session.flush()
    return _LOCK.all(session.connection(), {"products": list(product_ids)})


def reserve(session: Session, wanted: Mapping[UUID, int], *, fields: Mapping[UUID, str]) -> Taken:
    """Promise pieces (product id to quantity): which items they were taken from, for products that are tracked.

    The location with the most serves first, others only what it lacks. Raises OutOfStock, naming the product's place in
    `fields`. What runs low makes a purchase request.
    """
    items: dict[UUID, list[Any]] = defaultdict(list)
    for item in lock(session, wanted):
        items[item.product_id].append(item)
    taken = {}
    for product_id, found in items.items():
        places = (Place(item.id, item.location, item.on_hand - item.reserved) for item in found if item.sells)
        shares = allocate(places, wanted[product_id])
        if shares is None:
            raise _short(session, product_id, field=fields.get(product_id))
        taken[product_id] = shares
        rows = {item.id: item for item in found}
        for item_id, pieces in shares:
            write_rows(session, _RESERVE, {"item": item_id, "pieces": pieces})
            _watch(session, rows[item_id], rows[item_id].on_hand - rows[item_id].reserved - pieces)
    return taken


def keep(session: Session, item: Any, pieces: int) -> None:
    """Promise pieces of one item, a row of `lock`, to somebody who is no order line; the caller keeps count of them.

    Raises OutOfStock when fewer can be promised.
    """
    if item.on_hand - item.reserved < pieces:
        raise _short(session, item.product_id, field="quantity")
    write_rows(session, _RESERVE, {"item": item.id, "pieces": pieces})
    _watch(session, item, item.on_hand - item.reserved - pieces)


def let_go(session: Session, item_id: UUID, pieces: int) -> None:
    """Nobody keeps these pieces of an item any more; the caller has locked it."""
    write_rows(session, _RELEASE, {"item": item_id, "pieces": pieces})


def pass_on(session: Session, shares: Iterable[tuple[UUID, UUID, int]]) -> None:
    """Pieces that somebody kept are now promised to order lines: (stock item, order line, pieces)."""
    held = {"created_at": clock.now(), "state": ReservationState.HELD.value}
    rows = [
        {**held, "id": new_id(), "stock_item_id": item_id, "order_line_id": line_id, "quantity": pieces}
        for item_id, line_id, pieces in shares
    ]
    insert_many(session.connection(), cast(Table, StockReservation.__table__), rows)


def hold(session: Session, lines: Iterable[tuple[UUID, UUID | None, int]], taken: Taken) -> None:
    """Note what was promised to which order line: (order line, product, quantity), out of what `reserve` took."""
    by_product: dict[UUID, list[tuple[UUID, int]]] = defaultdict(list)
    for line_id, product_id, quantity in lines:
        if product_id is not None and product_id in taken:
            by_product[product_id].append((line_id, quantity))
    pass_on(session, (share for product_id, wanted in by_product.items() for share in deal(wanted, taken[product_id])))


def give_back(session: Session, pieces: Mapping[UUID, int]) -> None:
    """Release so many of the pieces held for each of these order lines."""
    for item_id, quantity in _end(session, pieces, ReservationState.RELEASED):
        write_rows(session, _RELEASE, {"item": item_id, "pieces": quantity})


def ship(session: Session, pieces: Mapping[UUID, int], *, shipment_id: UUID) -> None:
    """So many of the pieces held for each of these order lines leave the house."""
    for item_id, quantity in _end(session, pieces, ReservationState.SHIPPED):
        write_rows(session, _LEAVE, {"item": item_id, "pieces": quantity})
        note(session, item_id, -quantity, MoveKind.SHIPMENT, "shipped", ("shipment", shipment_id))


def take_back(session: Session, inspected: Iterable[Inspected], *, return_id: UUID) -> None:
    """Goods came back: each piece to the item it was shipped from; what cannot be sold again is scrapped at once.

    Lines of products that are not tracked move nothing.
    """
    moved: list[tuple[UUID, Inspected]] = []
    for line in inspected:
        origin = session.scalars(
            select(StockReservation.stock_item_id)
            .where(StockReservation.order_line_id == line.line_id)
            .where(StockReservation.state == ReservationState.SHIPPED.value)
            .order_by(StockReservation.id)
            .limit(1)
        ).first()
        if origin is not None:
            moved.append((origin, line))
    subject = ("return", return_id)
    for item_id, line in sorted(moved, key=lambda entry: (entry[0], entry[1].line_id)):
        write_rows(session, _ENTER, {"item": item_id, "pieces": line.restocked})
        note(session, item_id, line.restocked + line.scrapped, MoveKind.RETURN, "returned", subject)
        if line.scrapped:
            note(session, item_id, -line.scrapped, MoveKind.SCRAP, "returned unfit", subject)


def note(
    session: Session,
    item_id: UUID,
    quantity: int,
    kind: MoveKind,
    reason: str,
    subject: tuple[str, UUID] | None = None,
) -> None:
    """Write the row of a movement whose pieces were counted with it."""
    subject_type, subject_id = subject or (None, None)
    session.add(
        StockMove(
            stock_item_id=item_id,
            kind=kind.value,
            quantity=quantity,
            reason=reason,
            subject_type=subject_type,
            subject_id=subject_id,
        )
    )


def get(session: Session, item_id: UUID) -> StockItem:
    """A stock item; raises StockItemUnknown."""
    if (item := session.get(StockItem, item_id)) is None:
        raise StockItemUnknown()
    return item


def promisable(connection: Connection, product_ids: Iterable[UUID]) -> dict[UUID, int]:
    """How many pieces of each of these products an order could have now; products that nobody counts are not in it."""
    rows = connection.execute(_PROMISABLE, {"products": list(product_ids)})
    return {product_id: int(pieces) for product_id, pieces in rows}


def _short(session: Session, product_id: UUID, *, field: str | None) -> OutOfStock:
    """What to say when too little is left; an order has several lines, and its taker reads the sentence alone."""
    name = session.scalar(select(Product.name).where(Product.id == product_id))
    return OutOfStock(f"There is not enough left of {name}.", field=field, product_id=str(product_id))


def _watch(session: Session, item: Any, available: int) -> None:
    if item.reorder_point is not None:
        reordering.watch(
            session,
            item_id=item.id,
            available=available,
            point=item.reorder_point,
            quantity=item.reorder_quantity,
        )


def _end(session: Session, pieces: Mapping[UUID, int], state: ReservationState) -> list[tuple[UUID, int]]:
    """Close so much of the held reservations, the oldest first; (stock item, pieces) in the order of locking."""
    held = session.scalars(
        select(StockReservation)
        .where(StockReservation.order_line_id.in_(list(pieces)))
        .where(StockReservation.state == ReservationState.HELD.value)
        .order_by(StockReservation.id)
        .with_for_update()
        .execution_options(populate_existing=True)
    ).all()
    left, ended = Counter(pieces), Counter[UUID]()
    for reservation in held:
        share = min(left[reservation.order_line_id], reservation.quantity)
        if share <= 0:
            continue
        left[reservation.order_line_id] -= share
        ended[reservation.stock_item_id] += share
        if share == reservation.quantity:
            reservation.state = state.value
        else:
            reservation.quantity -= share
            session.add(
                StockReservation(
                    stock_item_id=reservation.stock_item_id,
                    order_line_id=reservation.order_line_id,
                    quantity=share,
                    state=state.value,
                )
            )
    session.flush()
    return sorted(ended.items())


_table = cast(Table, StockItem.__table__)
_items = _table.c
_SHUT = select(StockLocation.code).where(StockLocation.sells.is_(False))
_LOCK = Prepared(
    select(
        _items.id,
        _items.product_id,
        _items.location,
        _items.on_hand,
        _items.reserved,
        _items.reorder_point,
        _items.reorder_quantity,
        _items.location.not_in(_SHUT).label("sells"),
    )
    .where(_items.product_id.in_(bindparam("products", expanding=True)))
    .order_by(_items.id)
    .with_for_update(of=_table, key_share=True)
)
_sells = case((_items.location.not_in(_SHUT), _items.on_hand - _items.reserved), else_=0)
_PROMISABLE = (
    select(_items.product_id, func.sum(_sells))
    .where(_items.product_id.in_(bindparam("products", expanding=True)))
    .group_by(_items.product_id)
)
_one = update(_table).where(_items.id == bindparam("item"))
_RESERVE = _one.values(reserved=_items.reserved + bindparam("pieces"))
_RELEASE = _one.values(reserved=_items.reserved - bindparam("pieces"))
_LEAVE = _one.values(reserved=_items.reserved - bindparam("pieces"), on_hand=_items.on_hand - bindparam("pieces"))
_ENTER = _one.values(on_hand=_items.on_hand + bindparam("pieces"))
