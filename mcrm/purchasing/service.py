"""Purchase requests: open, ordered from a supplier, received into stock or cancelled."""

from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from mcrm import clock
from mcrm.actors import Actor
from mcrm.interactions import log
from mcrm.interactions.kinds import Kind
from mcrm.interactions.log import About
from mcrm.purchasing.errors import IllegalRequestMove, RequestUnderWay, RequestUnknown
from mcrm.stock import moving, reordering, service
from mcrm.stock.models import MoveKind, PurchaseRequest, RequestState


class RequestMove(StrEnum):
    """What can be done to a purchase request."""

    ORDER = "order"
    RECEIVE = "receive"
    CANCEL = "cancel"


MOVES: dict[RequestMove, dict[RequestState, RequestState]] = {
    RequestMove.ORDER: {RequestState.OPEN: RequestState.ORDERED},
    RequestMove.RECEIVE: {RequestState.ORDERED: RequestState.RECEIVED},
    RequestMove.CANCEL: {RequestState.OPEN: RequestState.CANCELLED, RequestState.ORDERED: RequestState.CANCELLED},
}
KINDS = {
    RequestMove.ORDER: Kind.PURCHASE_ORDERED,
    RequestMove.RECEIVE: Kind.PURCHASE_RECEIVED,
    RequestMove.CANCEL: Kind.PURCHASE_CANCELLED,
}


def after(state: str, move: RequestMove) -> RequestState:
    """The state after a move; raises IllegalRequestMove."""
    try:
        return MOVES[move][RequestState(state)]
    except KeyError:
        raise IllegalRequestMove(f"You cannot {move} a purchase request that is {state}.") from None


def request(session: Session, actor: Actor, *, stock_item_id: UUID, quantity: int) -> PurchaseRequest:
    """Ask for more of a stock item by hand. Raises StockItemUnknown, RequestUnderWay."""
    item = moving.locked(session, stock_item_id)
    if reordering.under_way(session, item.id) is not None:
        raise RequestUnderWay(field="stock_item_id")
    return reordering.request(session, actor, item_id=item.id, quantity=quantity)


def order(session: Session, actor: Actor, *, request_id: UUID, reference: str | None = None) -> PurchaseRequest:
    """It was ordered from the supplier, under their `reference`. Raises RequestUnknown, IllegalRequestMove."""
    asked = _locked(session, request_id)
    asked.reference, asked.ordered_at = reference, clock.now()
    return _move(session, actor, asked, RequestMove.ORDER, reference=reference)


def receive(session: Session, actor: Actor, *, request_id: UUID, quantity: int | None = None) -> PurchaseRequest:
    """The goods came, `quantity` of them (all that were asked for): they are on hand at once.

    Raises RequestUnknown, IllegalRequestMove.
    """
    asked = _locked(session, request_id)
    pieces = asked.quantity if quantity is None else quantity
    asked.received_quantity, asked.ended_at = pieces, clock.now()
    _move(session, actor, asked, RequestMove.RECEIVE, quantity=pieces)
    item = moving.locked(session, asked.stock_item_id)
    item.on_hand += pieces
    service.note(session, item.id, pieces, MoveKind.RECEIPT, "purchased", ("purchase-request", asked.id))
    session.flush()
    return asked


def cancel(session: Session, actor: Actor, *, request_id: UUID, reason: str | None = None) -> PurchaseRequest:
    """It will not come. Raises RequestUnknown, IllegalRequestMove."""
    asked = _locked(session, request_id)
    asked.ended_at = clock.now()
    return _move(session, actor, asked, RequestMove.CANCEL, reason=reason)


def get(session: Session, request_id: UUID) -> PurchaseRequest:
    """A purchase request; raises RequestUnknown."""
    if (asked := session.get(PurchaseRequest, request_id)) is None:
        raise RequestUnknown()
    return asked


def _locked(session: Session, request_id: UUID) -> PurchaseRequest:
    query = select(PurchaseRequest).where(PurchaseRequest.id == request_id).with_for_update()
    asked = session.scalar(query.execution_options(populate_existing=True))
    if asked is None:
        raise RequestUnknown()
    return asked


def _move(session: Session, actor: Actor, asked: PurchaseRequest, move: RequestMove, **facts: Any) -> PurchaseRequest:
    asked.state = after(asked.state, move).value
    session.flush()
    payload = {"stock_item_id": str(asked.stock_item_id)}
    payload |= {name: value for name, value in facts.items() if value is not None}
    log.append(session, actor, KINDS[move], about=About(subject=("purchase-request", asked.id)), payload=payload)
    return asked
