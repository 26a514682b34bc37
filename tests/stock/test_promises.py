"""What is promised is there, whoever orders and ships at the same moment."""

import threading
from collections import Counter
from collections.abc import Callable
from uuid import UUID

import pytest
from flask.testing import FlaskClient
from sqlalchemy import Engine, select
from sqlalchemy.orm import Session

from mcrm import db
from mcrm.actors import SYSTEM, Role
from mcrm.db import Database
from mcrm.orders import moving, placing
from mcrm.orders.models import Order
from mcrm.orders.placing import Wanted
from mcrm.stock import moving as moving_stock
from mcrm.stock.errors import OutOfStock, StockWouldBeNegative
from mcrm.stock.models import StockItem, StockLocation, StockMove
from mcrm.transaction import perform, transaction
from tests.callers import as_staff
from tests.cast import a_customer, a_product


def test_what_stands_only_in_the_van_is_not_sold_from_the_shop(database: Database, session: Session) -> None:
    ben, beans = a_customer(session), a_product(session)
    session.add(StockLocation(code="van", name="The van", sells=False))
    session.add(StockItem(product_id=beans.id, location="van", on_hand=500))
    session.commit()
    with pytest.raises(OutOfStock) as refused, transaction() as work:
        placing.place(work, SYSTEM, contact_id=ben.id, lines=[Wanted(beans.id, 1)])
    assert refused.value.field == "lines.0.quantity"


def test_an_order_takes_from_the_fullest_place_and_is_split_only_when_it_must(
    database: Database, session: Session
) -> None:
    ben, beans = a_customer(session), a_product(session, stock=3)
    session.add(StockItem(product_id=beans.id, location="back", on_hand=5))
    session.commit()
    left = []
    for pieces in (4, 4):
        with transaction() as work:
            placing.place(work, SYSTEM, contact_id=ben.id, lines=[Wanted(beans.id, pieces)])
        session.expire_all()
        left.append({item.location: item.available for item in session.scalars(select(StockItem))})
    assert left == [{"main": 3, "back": 1}, {"main": 0, "back": 0}]


def test_what_is_promised_stays_where_it_is(database: Database, session: Session) -> None:
    ben, beans = a_customer(session), a_product(session, stock=3)
    session.add(StockLocation(code="back", name="The back room"))
    session.commit()
    with transaction() as work:
        placing.place(work, SYSTEM, contact_id=ben.id, lines=[Wanted(beans.id, 2)])
    carried = {"product_id": beans.id, "source": "main", "target": "back", "reason": "more room"}
    with pytest.raises(StockWouldBeNegative), transaction() as work:
        moving_stock.transfer(work, SYSTEM, quantity=2, **carried)
    with transaction() as work:
        moving_stock.transfer(work, SYSTEM, quantity=1, **carried)
    session.expire_all()
    assert {item.location: item.on_hand for item in session.scalars(select(StockItem))} == {"main": 2, "back": 1}
    assert sorted(session.scalars(select(StockMove.quantity))) == [-1, 1]


def test_of_forty_buyers_on_forty_connections_five_get_the_five_pieces(committed: Database) -> None:
    """Two places share the five pieces, and every buyer has a thread and a connection of its own."""
    with transaction() as work:
        buyers = [a_customer(work, f"Buyer {number}").id for number in range(40)]
        beans = a_product(work, stock=3).id
        work.add(StockItem(product_id=beans, location="back", on_hand=2))
    crowd = forty_connections(committed)
    start, outcomes = threading.Barrier(40), Counter[str]()

    def buy(buyer: UUID) -> None:
        lines = [Wanted(beans, 1)]
        start.wait(timeout=60)
        try:
            perform(lambda session: placing.place(session, SYSTEM, contact_id=buyer, lines=lines), database=crowd)
        except OutOfStock as error:
            outcomes[error.code] += 1
        else:
            outcomes["served"] += 1

    threads = [threading.Thread(target=buy, args=(buyer,)) for buyer in buyers]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    crowd.close()
    assert outcomes == {"served": 5, "order.out-of-stock": 35}
    with transaction() as work:
        assert len(work.scalars(select(Order.id)).all()) == 5
        assert {item.location: item.available for item in work.scalars(select(StockItem))} == {"main": 0, "back": 0}


def forty_connections(database: Database) -> Database:
    assert isinstance(database.bind, Engine)
    url = database.bind.url.render_as_string(hide_password=False)
    return db.connect(url, synchronous="NORMAL", pool_size=40)


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


def test_a_slip_of_the_pen_makes_no_location(database: Database, session: Session, client: FlaskClient) -> None:
    beans = a_product(session, stock=3)
    other = a_product(session, "CUP", "A cup")
    session.add(StockItem(product_id=other.id, location="back", on_hand=1))
    session.commit()
    ada = as_staff(client, Role.ADMIN)

    def carried(source: str, target: str) -> tuple[int, str | None]:
        facts = {"product_id": str(beans.id), "quantity": 1, "source": source, "target": target}
        answer = ada.post("/v1/stock-transfers", facts)
        return answer.status_code, answer.json.get("code")

    status, code = carried("main", "vna")
    assert (status, code) == (404, "stock-location.unknown")
    ada.post("/v1/stock-locations", {"code": "van", "name": "The van"})
    assert carried("main", "van") == carried("main", "back") == carried("van", "main") == (201, None)
    session.expire_all()
    assert "vna" not in set(session.scalars(select(StockItem.location)))


def test_a_slip_in_the_name_of_a_location_makes_none(client: FlaskClient, session: Session) -> None:
    beans = a_product(session, "HP-BEAN", "Espresso beans")
    session.commit()
    ada = as_staff(client, Role.ADMIN)
    came = {"product_id": str(beans.id), "quantity": 5, "reason": "came in"}
    slip = ada.post("/v1/stock-moves", came | {"location": "vann"})
    assert (slip.status_code, slip.json["code"]) == (404, "stock-location.unknown")
    assert slip.json["errors"][0]["field"] == "location"
    assert ada.get("/v1/stock-items", product_id=str(beans.id)).json["items"] == []
    assert ada.post("/v1/stock-locations", {"code": "van", "name": "The van"}).status_code == 201
    for place in ("van", "main"):
        moved = ada.post("/v1/stock-moves", came | {"location": place})
        assert (moved.status_code, moved.json["location"]) == (201, place)
