"""Use cases of stock leases: granted, given back, over when the time is.

A lease keeps pieces of one stock item; the item counts what is left of it as reserved, so nobody else is promised them.
Whoever changes a lease has locked its stock item before, as orders do: so two never wait for each other in a circle.
"""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Select, func, select
from sqlalchemy.orm import Session

from mcrm import clock
from mcrm.access.models import User
from mcrm.actors import SYSTEM, Actor, Role
from mcrm.interactions import log
from mcrm.interactions.kinds import Kind
from mcrm.interactions.log import About
from mcrm.leases.errors import (
    BeyondLimit,
    ForSomebodyElse,
    HolderUnknown,
    LeaseNotNeeded,
    LeaseOver,
    LeaseUnknown,
    MoreThanLeft,
    TimeUnfit,
)
from mcrm.leases.models import LeaseState, StockLease
from mcrm.settings_store import service as settings_store
from mcrm.settings_store.catalogue import STOCK_LEASE_GRACE_HOURS, STOCK_LEASE_MOST_HOURS, STOCK_LEASE_MOST_PIECES
from mcrm.stock import service as stock
from mcrm.stock.errors import OutOfStock

TABLE = StockLease.__table__


def grant(
    session: Session,
    actor: Actor,
    *,
    product_id: UUID,
    quantity: int,
    location: str | None = None,
    expires_at: datetime | None = None,
    rep_id: UUID | None = None,
    **facts: Any,
) -> StockLease:
    """Keep pieces of a product for the actor, or for the `rep_id` whom a manager names; the caller knows the product.

    Without a `location` they stand where the most is free; without a time the lease is as long as one may be. `facts`
    are the id and the time of making where a device has them. Raises ForSomebodyElse, HolderUnknown, TimeUnfit,
    LeaseNotNeeded, BeyondLimit, OutOfStock.
    """
    holder = _holder(session, actor, rep_id)
    ends = _end(session, expires_at)
    item = _place(stock.lock(session, [product_id]), location)
    if actor.role is Role.REP:
        _require_within_limit(session, holder, product_id, quantity)
    stock.keep(session, item, quantity)
    lease = StockLease(
        rep_id=holder,
        stock_item_id=item.id,
        product_id=product_id,
        location=item.location,
        quantity=quantity,
        sold=0,
        given_back=0,
        expires_at=ends,
        state=LeaseState.HELD.value,
        **facts,
    )
    session.add(lease)
    session.flush()
    pieces = {"quantity": quantity, "location": item.location, "expires_at": ends.isoformat(), "rep_id": str(holder)}
    _trace(session, actor, Kind.STOCK_LEASE_GRANTED, lease, pieces)
    return lease


def give_back(session: Session, actor: Actor, lease_id: UUID, *, quantity: int | None = None) -> StockLease:
    """Let others have so many pieces of a lease within the actor's reach, or all that is left.

    Raises LeaseUnknown, LeaseOver, MoreThanLeft.
    """
    lease = _locked(session, reachable(session, actor, lease_id).id)
    if lease.state != LeaseState.HELD:
        raise LeaseOver()
    if quantity is not None and quantity > lease.left:
        raise MoreThanLeft(f"{lease.left} pieces are left of this lease.", field="quantity")
    pieces = lease.left if quantity is None else quantity
    _release(session, lease, pieces, LeaseState.RETURNED)
    _trace(session, actor, Kind.STOCK_LEASE_RETURNED, lease, {"quantity": pieces})
    return lease


def expire(session: Session) -> bool:
    """Take back what is left of one lease whose time was over before the grace; whether there was one."""
    grace = timedelta(hours=settings_store.value(session, STOCK_LEASE_GRACE_HOURS))
    over = [StockLease.state == LeaseState.HELD.value, StockLease.expires_at <= clock.now() - grace]
    query = select(StockLease.id).where(*over).order_by(StockLease.expires_at, StockLease.id).limit(1)
    if (lease_id := session.scalar(query)) is None:
        return False
    lease = _locked(session, lease_id)
    if lease.state == LeaseState.HELD:  # else its last pieces were sold or given back a moment ago
        pieces = lease.left
        _release(session, lease, pieces, LeaseState.EXPIRED)
        _trace(session, SYSTEM, Kind.STOCK_LEASE_EXPIRED, lease, {"quantity": pieces})
    return True


def within_reach(query: Select[Any], actor: Actor) -> Select[Any]:
    """A query of leases, held to what somebody sees: all of them, or the own ones."""
    return query if actor.sees_all else query.where(TABLE.c.rep_id == actor.id)


def reachable(session: Session, actor: Actor, lease_id: UUID) -> StockLease:
    """The lease; raises LeaseUnknown for unknown and foreign ids alike."""
    lease: StockLease | None = session.scalar(within_reach(select(StockLease), actor).where(StockLease.id == lease_id))
    if lease is None:
        raise LeaseUnknown()
    return lease


def held_by(rep_id: UUID, *more: ColumnElement[bool]) -> Select[StockLease]:
    """The leases of somebody, locked in the order of their ids; the caller has locked their stock items."""
    query = select(StockLease).where(StockLease.rep_id == rep_id, *more).order_by(StockLease.id)
    return query.with_for_update().execution_options(populate_existing=True)


def _holder(session: Session, actor: Actor, rep_id: UUID | None) -> UUID:
    assert actor.id is not None
    if rep_id is None or rep_id == actor.id:
        return actor.id
    if actor.role not in (Role.ADMIN, Role.MANAGER):
        raise ForSomebodyElse(field="rep_id")
    if session.scalar(select(User.id).where(User.id == rep_id, User.is_active)) is None:
        raise HolderUnknown(field="rep_id")
    return rep_id


def _end(session: Session, expires_at: datetime | None) -> datetime:
    now, most = clock.now(), timedelta(hours=settings_store.value(session, STOCK_LEASE_MOST_HOURS))
    if expires_at is not None and not now < expires_at <= now + most:
        raise TimeUnfit(
            f"A stock lease ends later than now, and within {most / timedelta(hours=1):g} hours.", field="expires_at"
        )
    return expires_at or now + most


def _place(items: Any, location: str | None) -> Any:
    """The stock item to keep pieces of: that of the location named, or the one with the most to promise."""
    if not items:
        raise LeaseNotNeeded(field="product_id")
    fitting = [item for item in items if (item.sells if location is None else item.location == location)]
    if not fitting:
        raise OutOfStock(field="location")
    return max(fitting, key=lambda item: (item.on_hand - item.reserved, item.id.int))


def _require_within_limit(session: Session, rep_id: UUID, product_id: UUID, quantity: int) -> None:
    """The product's items are locked, so that two devices of one person are counted one after the other."""
    most: int = settings_store.value(session, STOCK_LEASE_MOST_PIECES)
    left = TABLE.c.quantity - TABLE.c.sold - TABLE.c.given_back
    query = select(func.coalesce(func.sum(left), 0)).where(TABLE.c.rep_id == rep_id, TABLE.c.product_id == product_id)
    held: int = session.scalars(query.where(TABLE.c.state == LeaseState.HELD.value)).one()
    if held + quantity > most:
        raise BeyondLimit(
            f"You may lease at most {most} pieces of a product without a manager; you hold {held}.", field="quantity"
        )


def _locked(session: Session, lease_id: UUID) -> StockLease:
    """The lease as it is now, its product's stock items locked before it."""
    product_id = session.scalars(select(StockLease.product_id).where(StockLease.id == lease_id)).one()
    stock.lock(session, [product_id])
    query = select(StockLease).where(StockLease.id == lease_id).with_for_update()
    return session.scalars(query.execution_options(populate_existing=True)).one()


def _release(session: Session, lease: StockLease, pieces: int, end: LeaseState) -> None:
    lease.given_back += pieces
    if not lease.left:
        lease.state = end.value
    session.flush()
    stock.let_go(session, lease.stock_item_id, pieces)


def _trace(session: Session, actor: Actor, kind: Kind, lease: StockLease, facts: dict[str, Any]) -> None:
    payload = {"product_id": str(lease.product_id), **facts}
    log.append(session, actor, kind, about=About(subject=("stock-lease", lease.id)), payload=payload)
