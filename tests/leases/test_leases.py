"""Stock kept for who sells without a network: nobody else is promised it, and what is not sold comes back."""

from datetime import timedelta
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select
from sqlalchemy.orm import Session

from mcrm import clock
from mcrm.access.models import User
from mcrm.actors import Role
from mcrm.contacts.models import Contact
from mcrm.leases import service
from mcrm.leases.models import StockLease
from mcrm.stock.models import StockItem
from mcrm.territories.models import Territory
from mcrm.transaction import perform, transaction
from tests.callers import Caller, as_staff
from tests.cast import a_customer, a_product, a_territory


class Shop:
    """Ten bags of espresso; Sam sells in the West, Noor manages."""

    def __init__(self, client: FlaskClient, session: Session) -> None:
        self.client = client
        self.session = session
        self.west: Territory = a_territory(session)
        self.ben: Contact = a_customer(session, territory_id=self.west.id)
        self.espresso = a_product(session, stock=10)
        session.commit()
        self.sam = as_staff(client, Role.REP, [self.west], name="Sam Doyle")
        self.lena = as_staff(client, Role.REP, [self.west], name="Lena Fischer")
        self.noor = as_staff(client, Role.MANAGER, name="Noor Haddad")

    def lease(self, of: Caller, quantity: int, **facts: Any) -> Any:
        return of.post("/v1/stock-leases", {"product_id": str(self.espresso.id), "quantity": quantity, **facts})

    def order(self, of: Caller, quantity: int) -> Any:
        wanted = [{"product_id": str(self.espresso.id), "quantity": quantity}]
        return of.post("/v1/orders", {"contact_id": str(self.ben.id), "lines": wanted})

    def stock(self) -> tuple[int, int]:
        self.session.expire_all()
        item = self.session.scalars(select(StockItem)).one()
        return item.on_hand, item.reserved

    def end(self, lease_id: str, ago: timedelta) -> None:
        """Let the time of a lease have been over for so long."""
        with transaction() as session:
            lease = session.scalars(select(StockLease)).one()
            assert str(lease.id) == lease_id
            lease.expires_at = clock.now() - ago

    def books(self) -> Any:
        """What the reconciliation finds, but for the pieces that the test put there without a movement."""
        found = self.noor.get("/v1/ledger/reconciliation").json["differences"]
        return [one for one in found if one["what"] != "on-hand"]


@pytest.fixture
def shop(client: FlaskClient, session: Session) -> Shop:
    return Shop(client, session)


def test_what_is_leased_is_promised_to_nobody_else(shop: Shop) -> None:
    lease = shop.lease(shop.sam, 7)
    assert (lease.status_code, lease.json["state"], lease.json["location"]) == (201, "held", "main")
    assert shop.stock() == (10, 7)
    assert shop.order(shop.lena, 4).json["code"] == "order.out-of-stock"
    assert shop.order(shop.lena, 3).status_code == 201
    assert shop.stock() == (10, 10)
    assert shop.books() == []


def test_orders_of_its_holder_draw_on_a_lease_before_they_ask_for_what_is_free(shop: Shop) -> None:
    lease = shop.lease(shop.sam, 7).json["id"]
    order = shop.order(shop.sam, 5).json
    assert shop.stock() == (10, 7), "what was kept is promised to the order now"
    assert shop.order(shop.sam, 4).status_code == 201, "two of the lease, two that were free"
    assert shop.stock() == (10, 9)
    found = shop.sam.get(f"/v1/stock-leases/{lease}").json
    assert (found["sold"], found["given_back"], found["state"]) == (7, 0, "sold")
    assert shop.books() == []
    assert shop.sam.post(f"/v1/orders/{order['id']}/cancellation").status_code == 201
    assert shop.stock() == (10, 4), "what was cancelled is free for everybody"
    assert shop.books() == []


def test_what_was_not_sold_is_given_back(shop: Shop) -> None:
    lease = shop.lease(shop.sam, 7).json["id"]
    assert shop.order(shop.sam, 2).status_code == 201
    back = f"/v1/stock-leases/{lease}/return"
    assert shop.sam.post(back, {"quantity": 6}).json["code"] == "stock-lease.more-than-left"
    assert shop.lena.post(back).json["code"] == "stock-lease.unknown"
    assert shop.sam.post(back, {"quantity": 1}).json["state"] == "held"
    ended = shop.sam.post(back).json
    assert (ended["sold"], ended["given_back"], ended["state"]) == (2, 5, "returned")
    assert shop.sam.post(back).json["code"] == "stock-lease.over"
    assert shop.stock() == (10, 2)
    assert shop.books() == []


def test_a_lease_that_is_over_waits_for_late_orders_and_is_taken_back_then(shop: Shop) -> None:
    lease = shop.lease(shop.sam, 7).json["id"]
    assert not perform(service.expire)
    shop.end(lease, timedelta(hours=11))
    assert not perform(service.expire), "orders that were taken before may still come"
    assert shop.order(shop.sam, 4).json["code"] == "order.out-of-stock", "one that is taken now has no part in it"
    shop.end(lease, timedelta(hours=12))
    assert perform(service.expire)
    assert not perform(service.expire)
    found = shop.sam.get(f"/v1/stock-leases/{lease}").json
    assert (found["given_back"], found["state"]) == (7, "expired")
    assert shop.stock() == (10, 0)
    assert shop.books() == []


def test_a_representative_leases_within_limits_and_a_manager_beyond_them(shop: Shop) -> None:
    limit = "/v1/settings/stock-lease-most-pieces"
    ada = as_staff(shop.client, Role.ADMIN)
    assert ada.put(limit, {"value": 5}, ada.get(limit).headers["ETag"]).status_code == 200
    assert shop.lease(shop.sam, 3).status_code == 201
    beyond = shop.lease(shop.sam, 3)
    assert (beyond.status_code, beyond.json["code"]) == (403, "stock-lease.beyond-limit")
    sam = str(shop.session.scalars(select(User.id).where(User.name == "Sam Doyle")).one())
    assert shop.lease(shop.lena, 1, rep_id=sam).json["code"] == "stock-lease.for-somebody-else"
    assert shop.lease(shop.noor, 4, rep_id=sam).json["rep_id"] == sam
    assert len(shop.sam.get("/v1/stock-leases").json["items"]) == 2
    assert shop.lena.get("/v1/stock-leases").json["items"] == []
    late = (clock.now() + timedelta(hours=73)).isoformat()
    assert shop.lease(shop.sam, 1, expires_at=late).json["code"] == "stock-lease.time-unfit"


def test_what_nobody_counts_needs_no_lease_and_what_is_not_there_cannot_be_leased(shop: Shop) -> None:
    gift = a_product(shop.session, "GIFT", "Gift card")
    shop.session.commit()
    body = {"product_id": str(gift.id), "quantity": 1}
    assert shop.sam.post("/v1/stock-leases", body).json["code"] == "stock-lease.not-needed"
    assert shop.lease(shop.sam, 11).json["code"] == "order.out-of-stock"
    assert shop.lease(shop.sam, 1, location="moon").json["code"] == "order.out-of-stock"
    assert shop.stock() == (10, 0)
