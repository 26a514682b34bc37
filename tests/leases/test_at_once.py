"""Leases, orders, returns and expiry at the same moment: the stock item counts every piece once, and none too many."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import timedelta
from uuid import UUID

from sqlalchemy import func, select, update

from mcrm import clock
from mcrm.access.models import User
from mcrm.actors import Actor, Channel, Role, Scope
from mcrm.db import Database, reading
from mcrm.errors import DomainError
from mcrm.leases import service as leases
from mcrm.leases.models import LeaseState, StockLease
from mcrm.orders import placing
from mcrm.orders.models import OrderLine
from mcrm.orders.placing import Wanted
from mcrm.stock.models import StockItem
from mcrm.transaction import perform, transaction, write_rows
from tests.cast import a_customer, a_product, a_user

WORKERS, ROUNDS, PIECES = 6, 5, 30


def test_every_piece_is_promised_once_whatever_happens_at_once(committed: Database) -> None:
    with transaction() as session:
        ben, espresso = a_customer(session), a_product(session, stock=PIECES)
        reps = [Actor(Role.REP, Channel.API, a_user(session, "Sam Doyle").id, scope=Scope.ALL) for _ in range(2)]
        users = session.scalars(select(User.id)).all()
    assert len(users) == 2
    start = threading.Barrier(WORKERS)

    def lease(rep: Actor) -> None:
        perform(lambda session: leases.grant(session, rep, product_id=espresso.id, quantity=3))

    def order(rep: Actor) -> None:
        wanted = [Wanted(product_id=espresso.id, quantity=2)]
        perform(lambda session: placing.place(session, rep, contact_id=ben.id, lines=wanted))

    def give_back(rep: Actor) -> None:
        with reading() as session:
            held = session.scalar(
                select(StockLease.id).where(StockLease.rep_id == rep.id, StockLease.state == LeaseState.HELD.value)
            )
        if held is not None:
            perform(lambda session: leases.give_back(session, rep, held, quantity=1))

    def expire(rep: Actor) -> None:
        def age(session: object) -> None:
            old = update(StockLease.__table__).where(StockLease.__table__.c.rep_id == rep.id)
            write_rows(session, old.values(expires_at=clock.now() - timedelta(days=3)))  # type: ignore[arg-type]

        perform(age)
        perform(leases.expire)

    deeds: list[Callable[[Actor], None]] = [lease, order, give_back, order, lease, expire]

    def work(number: int) -> None:
        start.wait()
        for turn in range(ROUNDS):
            with suppress(DomainError):
                deeds[(number + turn) % len(deeds)](reps[number % 2])

    with ThreadPoolExecutor(WORKERS) as pool:
        list(pool.map(work, range(WORKERS)))
    _require_every_piece_counted(espresso.id)


def _require_every_piece_counted(product_id: UUID) -> None:
    with reading() as session:
        item = session.scalars(select(StockItem).where(StockItem.product_id == product_id)).one()
        ordered = session.scalar(select(func.coalesce(func.sum(OrderLine.quantity), 0))) or 0
        rows = session.scalars(select(StockLease)).all()
    left = sum(row.quantity - row.sold - row.given_back for row in rows)
    assert all(0 <= row.sold + row.given_back <= row.quantity for row in rows)
    assert all((row.quantity == row.sold + row.given_back) == (row.state != LeaseState.HELD) for row in rows)
    assert item.reserved == ordered + left
    assert 0 <= item.reserved <= item.on_hand == PIECES
    assert ordered > 0
    assert rows
