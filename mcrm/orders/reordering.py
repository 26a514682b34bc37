"""Ordering the same again: what is still on sale of an order, at today's prices and subject to today's stock."""

from dataclasses import dataclass
from uuid import UUID

from sqlalchemy.orm import Session

from mcrm.actors import Actor
from mcrm.orders import placing, service
from mcrm.orders.errors import NothingToRepeat
from mcrm.orders.models import Order
from mcrm.orders.placing import Wanted
from mcrm.products.models import Product
from mcrm.products.service import products_of


@dataclass(frozen=True, slots=True)
class Again:
    """The wishes that an order stands for today, and the descriptions of what is not sold any more."""

    order: Order
    wanted: tuple[Wanted, ...]
    gone: tuple[str, ...]


def again(session: Session, actor: Actor, *, order_id: UUID) -> Again:
    """What ordering this order again would mean. Raises OrderUnknown, NothingToRepeat."""
    order = service.reachable(session, actor, order_id)
    lines = [line for line in service.lines_of(session, [order.id])[order.id] if line.live_quantity > 0]
    named = {line.product_id for line in lines if line.product_id is not None}
    on_sale = set(session.scalars(products_of(actor).where(Product.id.in_(named)).with_only_columns(Product.id)))
    pieces: dict[UUID, int] = {}
    gone = []
    for line in lines:
        if line.product_id in on_sale and line.product_id is not None:
            pieces[line.product_id] = pieces.get(line.product_id, 0) + line.live_quantity
        else:
            gone.append(line.description)
    if not pieces:
        raise NothingToRepeat
    return Again(order, tuple(Wanted(product_id, quantity) for product_id, quantity in pieces.items()), tuple(gone))


def reorder(session: Session, actor: Actor, *, order_id: UUID) -> tuple[Order, tuple[str, ...]]:
    """Place the order again for its contact; the new order, and what is gone. Raises as `again` and `place` do."""
    found = again(session, actor, order_id=order_id)
    assert found.order.contact_id is not None
    order = placing.place(session, actor, contact_id=found.order.contact_id, lines=found.wanted)
    return order, found.gone
