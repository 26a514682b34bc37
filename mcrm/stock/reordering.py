"""Noticing that something runs low: one purchase request per stock item, in the transaction that took the pieces."""

from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from mcrm.actors import SYSTEM, Actor
from mcrm.interactions import log
from mcrm.interactions.kinds import Kind
from mcrm.interactions.log import About
from mcrm.settings_store import service as settings_store
from mcrm.settings_store.catalogue import REORDER_ENABLED
from mcrm.stock.models import PurchaseRequest, RequestState

UNDER_WAY = (RequestState.OPEN.value, RequestState.ORDERED.value)


def shortfall(available: int, point: int | None, quantity: int | None) -> int:
    """How many pieces to buy when so many can still be promised; 0 while that is not below the reorder point."""
    if point is None or available >= point:
        return 0
    return quantity or point - available


def watch(session: Session, *, item_id: UUID, available: int, point: int | None, quantity: int | None) -> None:
    """Ask for more of an item that has run low, once. The caller holds the item's lock, so two never ask at once."""
    pieces = shortfall(available, point, quantity)
    if pieces and settings_store.value(session, REORDER_ENABLED) and under_way(session, item_id) is None:
        request(session, SYSTEM, item_id=item_id, quantity=pieces)


def under_way(session: Session, item_id: UUID) -> PurchaseRequest | None:
    """The item's request that is open or ordered."""
    query = select(PurchaseRequest).where(
        PurchaseRequest.stock_item_id == item_id, PurchaseRequest.state.in_(UNDER_WAY)
    )
    return session.scalar(query)


def request(session: Session, actor: Actor, *, item_id: UUID, quantity: int) -> PurchaseRequest:
    """Make a purchase request; the caller has seen that none is under way."""
    made = PurchaseRequest(stock_item_id=item_id, quantity=quantity, state=RequestState.OPEN.value)
    session.add(made)
    session.flush()
    payload = {"stock_item_id": str(item_id), "quantity": quantity}
    log.append(
        session, actor, Kind.PURCHASE_REQUESTED, about=About(subject=("purchase-request", made.id)), payload=payload
    )
    return made
