"""What is promised is there, whoever orders and ships at the same moment."""

import threading
from collections.abc import Callable

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from mcrm.actors import SYSTEM
from mcrm.db import Database
from mcrm.orders import moving, placing
from mcrm.orders.placing import Wanted
from mcrm.stock.errors import OutOfStock
from mcrm.stock.models import StockItem
from mcrm.transaction import transaction
from tests.cast import a_customer, a_product


def test_what_stands_only_in_the_van_is_not_sold_from_the_shop(database: Database, session: Session) -> None:
    ben, beans = a_customer(session), a_product(session)
    session.add(StockItem(product_id=beans.id, location="van", on_hand=1))
    session.commit()
    with pytest.raises(OutOfStock) as refused, transaction() as work:
        placing.place(work, SYSTEM, contact_id=ben.id, lines=[Wanted(beans.id, 500)])
    assert refused.value.field == "lines.0.quantity"


def test_orders_placed_and_shipped_at_once_never_wait_in_a_circle(committed: Database) -> None:
    """The items are made in the reverse order of the products: locking by item would cross locking by product."""
    with transaction() as work:
        ben, beans, cup = a_customer(work), a_product(work, "BEANS"), a_product(work, "CUP")
        for product in sorted((beans, cup), key=lambda product: product.id, reverse=True):
            work.add(StockItem(product_id=product.id, on_hand=1000))
            work.flush()
    both = [Wanted(beans.id, 1), Wanted(cup.id, 1)]

    def place(session: Session) -> placing.Order:
        return placing.place(session, SYSTEM, contact_id=ben.id, lines=both)

    with transaction() as work:
        waiting = [place(work).id for _ in range(20)]
    shipping = [waiting[:10], waiting[10:]]

    def ship(mine: list[object]) -> Callable[[Session], object]:
        return lambda session: moving.ship(session, SYSTEM, order_id=mine.pop(), carrier="Royal Mail")

    failures = at_once([place, place, ship(shipping[0]), ship(shipping[1])], times=10)
    assert failures == []
    with transaction() as work:
        items = work.scalars(select(StockItem)).all()
        assert [(item.on_hand, item.reserved) for item in items] == [(980, 20), (980, 20)]


def at_once(jobs: list[Callable[[Session], object]], *, times: int) -> list[Exception]:
    """Run each job so often in a thread of its own, a transaction each, without a second try; what failed."""
    start, failures = threading.Barrier(len(jobs)), []

    def repeat(job: Callable[[Session], object]) -> None:
        start.wait()
        try:
            for _ in range(times):
                with transaction() as session:
                    job(session)
        except Exception as error:
            failures.append(error)

    threads = [threading.Thread(target=repeat, args=(job,)) for job in jobs]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return failures
