"""Any order of leases, sales with and without a network, returns, cancellations, ends and repeats: never oversold.

Four devices (two of Sam's, Lena's, the manager's) sell the same fifty bags. At the end the stock is what its orders and
leases say, every device holds what it should, and whatever was refused is known by its reason.
"""

from collections.abc import Callable
from contextlib import ExitStack
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, rule, run_state_machine_as_test
from sqlalchemy import select

from mcrm import clock, db
from mcrm.db import Database
from mcrm.ids import new_id
from mcrm.leases import service
from mcrm.leases.models import StockLease
from mcrm.stock.models import StockItem
from mcrm.sync.tables import milliseconds
from mcrm.transaction import perform, transaction
from tests import databases, doors
from tests.conftest import ArrangingSession
from tests.sync.conftest import make_field
from tests.sync.device import Device, Raw
from tests.sync.test_any_day import LONG, SHORT, drop_what_was_refused

DEVICES, PICK, QUANTITIES = st.integers(0, 3), st.integers(0, 5), st.integers(1, 30)
HOURS = st.integers(-2, 30)


class AnySales(RuleBasedStateMachine):
    """One example: a database, rolled back at its end."""

    store: Database

    def __init__(self) -> None:
        super().__init__()
        self.open = ExitStack()
        joined = self.open.enter_context(databases.rolled_back(self.store))
        db.use(joined)
        self.open.callback(db.use, None)
        session = ArrangingSession(bind=joined.bind, expire_on_commit=False, **joined.options)
        self.session = self.open.enter_context(session)
        client = self.open.enter_context(doors.make_app().test_client())
        self.field = make_field(client, self.session)
        sam, lena, ada = self.field.sam, self.field.lena, self.field.ada
        self.devices = [self.field.phone(sam), self.field.tablet(), self.field.phone(lena), self.field.phone(ada)]
        self.buyers = [self.field.ben, self.field.ben, self.field.aisha, self.field.ben]
        self.taken: list[str] = []
        self.refused: set[str] = set()
        self.requests: list[tuple[Device, Any]] = []
        for device in self.devices:
            device.sync()

    @rule(at=DEVICES, quantity=QUANTITIES)
    def a_device_asks_for_a_lease(self, at: int, quantity: int) -> None:
        made = milliseconds(clock.now())
        self.devices[at].create("stock_leases", product_id=self.field.espresso.id, quantity=quantity, created_at=made)

    @rule(at=DEVICES, quantity=QUANTITIES, pick=PICK, hours=HOURS, names_it=st.booleans())
    def an_order_is_taken(self, at: int, quantity: int, pick: int, hours: int, names_it: bool) -> None:
        device, made = self.devices[at], milliseconds(clock.now() - timedelta(hours=hours))
        order = device.create("orders", contact_id=self.buyers[at].id, created_at=made, shown_total=quantity * 950)
        line: Raw = {"order_id": order["id"], "product_id": self.field.espresso.id, "quantity": quantity}
        if names_it and (rows := device.rows("stock_leases")):
            line["lease_id"] = rows[pick % len(rows)]["id"]
        device.create("order_lines", **line)
        self.taken.append(order["id"])

    @rule(at=DEVICES, pick=PICK)
    def a_lease_is_given_back_on_a_device(self, at: int, pick: int) -> None:
        held = [raw for raw in self.devices[at].rows("stock_leases") if raw.get("state") == "held"]
        if held:
            self.devices[at].edit("stock_leases", held[pick % len(held)]["id"], state="returned")

    @rule(at=DEVICES, quantity=QUANTITIES)
    def an_order_is_placed_over_the_network(self, at: int, quantity: int) -> None:
        lines = [{"product_id": str(self.field.espresso.id), "quantity": quantity}]
        body = {"contact_id": str(self.buyers[at].id), "lines": lines}
        assert self.devices[at].caller.post("/v1/orders", body).status_code in {201, 409}

    @rule(pick=PICK)
    def an_order_is_cancelled(self, pick: int) -> None:
        orders = sorted(item["id"] for item in self.field.ada.get("/v1/orders", status="new").json["items"])
        if orders:
            assert self.field.ada.post(f"/v1/orders/{orders[pick % len(orders)]}/cancellation").status_code == 201

    @rule(pick=PICK, hours=HOURS)
    def the_time_of_a_lease_is_over(self, pick: int, hours: int) -> None:
        with transaction() as session:
            if leases := session.scalars(select(StockLease).order_by(StockLease.id)).all():
                leases[pick % len(leases)].expires_at = clock.now() - timedelta(hours=hours)
        while perform(service.expire):
            pass

    @rule(at=DEVICES, lose_reply=st.booleans())
    def a_device_pushes(self, at: int, lose_reply: bool) -> None:
        device = self.devices[at]
        if device.push(lose_reply=lose_reply, **{"Idempotency-Key": str(new_id())}):
            self.requests.append((device, device.request))
            self.refused.update(device.pushed["experimentalRejectedIds"].get("orders", ()))

    @rule(pick=PICK)
    def an_old_push_arrives_again(self, pick: int) -> None:
        if self.requests:
            device, request = self.requests[pick % len(self.requests)]
            newest, device.request = device.request, request
            device.send_last_push_again()
            device.request = newest

    @rule(at=DEVICES)
    def a_device_syncs(self, at: int) -> None:
        self.a_device_pushes(at, lose_reply=False)
        while self.devices[at].pull():
            pass

    def teardown(self) -> None:
        """Everybody comes back to the network."""
        try:
            for _ in range(2):
                for at in range(len(self.devices)):
                    self.a_device_syncs(at)
            for device in self.devices:
                drop_what_was_refused(device)
                assert device.is_equal_to_the_server(), device.differences()
            self.check_the_stock()
            self.check_that_every_order_was_answered()
        finally:
            self.open.close()

    def check_the_stock(self) -> None:
        self.session.expire_all()
        item = self.session.scalars(select(StockItem)).one()
        assert 0 <= item.reserved <= item.on_hand == 50
        differences = self.field.ada.get("/v1/ledger/reconciliation").json["differences"]
        assert [one for one in differences if one["what"] != "on-hand"] == []

    def check_that_every_order_was_answered(self) -> None:
        """Each stands on the server, or was refused by name and lies in the inbox."""
        inbox = self.field.ada.get("/v1/sync/conflicts", limit=100).json["items"]
        kept = {item["row_id"]: item["state"] for item in inbox if item["kind"] == "refused"}
        for id_ in self.taken:
            if self.field.ada.get(f"/v1/orders/{id_}").status_code == 200:
                assert kept.get(id_) != "open", "it was refused once, and taken since"
            else:
                assert id_ in self.refused
                assert kept[id_] == "open"


def machine(store: Database) -> Callable[[], AnySales]:
    return type("AnySalesOnThisStore", (AnySales,), {"store": store})


@pytest.mark.parametrize("engine", databases.ENGINES)
def test_any_sales_end_with_nothing_oversold_and_nothing_unsaid(engine: str, stores: dict[str, Database]) -> None:
    run_state_machine_as_test(machine(stores[engine]), settings=SHORT)


@pytest.mark.soak
@pytest.mark.parametrize("engine", databases.ENGINES)
def test_many_sales_end_with_nothing_oversold_and_nothing_unsaid(engine: str, stores: dict[str, Database]) -> None:
    run_state_machine_as_test(machine(stores[engine]), settings=LONG)
