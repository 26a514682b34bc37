"""Orders taken without a network: from leases, at the prices of then, and no surprise that nobody hears of."""

from datetime import timedelta
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from mcrm import clock
from mcrm.deliveries.models import Delivery
from mcrm.leases import service
from mcrm.leases.models import StockLease
from mcrm.stock.models import StockItem
from mcrm.sync.models import SyncDevice
from mcrm.sync.tables import milliseconds
from mcrm.transaction import perform, transaction
from tests.sync.conftest import Field
from tests.sync.device import Device, Raw
from tests.sync.test_waking import register


def ago(**time: float) -> int:
    return milliseconds(clock.now() - timedelta(**time))


def a_lease(phone: Device, field: Field, quantity: int) -> Raw:
    return phone.create("stock_leases", product_id=field.espresso.id, quantity=quantity, created_at=ago())


def an_order(phone: Device, field: Field, quantity: int, *, taken: int | None = None, **line: Any) -> Raw:
    shown = {"shown_total": line.pop("shown_total")} if "shown_total" in line else {}
    order = phone.create("orders", contact_id=field.ben.id, created_at=taken or ago(), **shown)
    phone.create("order_lines", order_id=order["id"], product_id=field.espresso.id, quantity=quantity, **line)
    return order


def stock(session: Session) -> tuple[int, int]:
    session.expire_all()
    item = session.scalars(select(StockItem)).one()
    return item.on_hand, item.reserved


def end_leases(since: timedelta) -> None:
    with transaction() as session:
        for lease in session.scalars(select(StockLease)):
            lease.expires_at = clock.now() - since


def codes(phone: Device) -> list[str]:
    return [error["code"] for error in phone.pushed["errors"] if error["table"] != "order_lines"]


def inbox(field: Field) -> list[Raw]:
    items: list[Raw] = field.ada.get("/v1/sync/conflicts").json["items"]
    return items


def test_two_devices_sell_from_one_lease_and_never_more_than_is_there(field: Field, session: Session) -> None:
    phone, tablet = field.phone(), field.tablet()
    phone.sync()
    lease = a_lease(phone, field, 40)
    an_order(phone, field, 30, lease_id=lease["id"])
    phone.sync()
    assert codes(phone) == []
    assert stock(session) == (50, 40), "the lease was made first, and the order sold from it"
    tablet.sync()
    assert tablet.get("stock_leases", lease["id"])["sold"] == 30  # type: ignore[index]
    an_order(phone, field, 10, lease_id=lease["id"])
    refused = an_order(tablet, field, 15, lease_id=lease["id"])
    an_order(tablet, field, 10)
    phone.sync()
    tablet.sync()
    assert codes(tablet) == ["order.out-of-stock"]
    assert tablet.pushed["experimentalRejectedIds"]["orders"] == [refused["id"]]
    assert stock(session) == (50, 50)
    assert field.lena.get("/v1/sync/digest").json["tables"]["stock_leases"]["count"] == 0, "it is Sam's alone"


def test_a_lease_is_given_back_after_what_was_sold_from_it(field: Field, session: Session) -> None:
    phone = field.phone()
    phone.sync()
    lease = a_lease(phone, field, 50)
    phone.sync()
    an_order(phone, field, 20, lease_id=lease["id"])
    phone.edit("stock_leases", lease["id"], state="returned")
    phone.push()
    phone.send_last_push_again()
    assert codes(phone) == []
    phone.sync()
    held = phone.get("stock_leases", lease["id"])
    assert held is not None
    assert (held["sold"], held["given_back"], held["state"]) == (20, 30, "returned")
    assert stock(session) == (50, 20)
    assert phone.is_equal_to_the_server()


def test_an_order_that_comes_late_is_honoured_or_refused_and_told(field: Field, session: Session) -> None:
    phone = field.phone()
    register(field.sam, "sams-phone")
    phone.sync()
    lease = a_lease(phone, field, 40)
    phone.sync()
    end_leases(timedelta(hours=1))
    early = an_order(phone, field, 30, taken=ago(hours=2), lease_id=lease["id"])
    phone.push()
    assert codes(phone) == [], "it was taken while the lease held, and the lease waited for it"
    assert stock(session) == (50, 40)
    end_leases(timedelta(hours=13))
    assert perform(service.expire)
    an_order(phone, field, 15, taken=ago(hours=14), lease_id=lease["id"])
    phone.push()
    assert codes(phone) == [], "what is free suffices"
    assert stock(session) == (50, 45)
    refused = an_order(phone, field, 6, taken=ago(hours=14), lease_id=lease["id"])
    phone.push()
    assert codes(phone) == ["stock-lease.expired"]
    phone.push()
    [kept] = inbox(field)
    assert (kept["kind"], kept["row_id"], kept["theirs"]["code"]) == ("refused", refused["id"], "stock-lease.expired")
    assert kept["mine"]["order_lines"][0]["quantity"] == 6
    assert session.scalars(select(Delivery.kind).where(Delivery.kind == "order.refused")).all() == ["order.refused"]
    settled = field.sam.post(f"/v1/sync/conflicts/{kept['id']}/settlement", {"choice": "mine"})
    assert settled.json["code"] == "sync-conflict.order-not-taken"
    phone.edit("order_lines", next(raw["id"] for raw in phone.rows("order_lines") if raw["quantity"] == 6), quantity=5)
    phone.sync()
    assert codes(phone) == []
    assert [item["state"] for item in inbox(field)] == ["settled"], "it was corrected, and taken"
    assert stock(session) == (50, 50)
    assert phone.get("orders", early["id"])["number"]  # type: ignore[index]
    assert field.ada.get("/v1/ledger/reconciliation").json["differences"][1:] == []


def test_a_lease_of_somebody_else_cannot_be_sold_from_or_touched(field: Field, session: Session) -> None:
    phone, lenas = field.phone(), field.phone(field.lena)
    lenas.sync()
    phone.sync()
    lease = a_lease(lenas, field, 40)
    lenas.sync()
    an_order(phone, field, 5, lease_id=lease["id"])
    phone.tables.setdefault("stock_leases", {})[lease["id"]] = {**lease, "_status": "synced", "_changed": ""}
    phone.edit("stock_leases", lease["id"], state="returned")
    phone.push()
    assert codes(phone) == ["stock-lease.unknown", "sync.record-unknown"]
    assert stock(session) == (50, 40)


def test_a_discount_of_the_device_holds_within_the_limit(field: Field) -> None:
    phone = field.phone()
    phone.sync()
    order = an_order(phone, field, 2, discount_basis_points=1000, shown_total=1710)
    beyond = an_order(phone, field, 2, discount_basis_points=1001)
    phone.push()
    phone.send_last_push_again()
    assert codes(phone) == ["discount.beyond-limit"]
    assert phone.pushed["experimentalRejectedIds"]["orders"] == [beyond["id"]]
    phone.sync()
    assert phone.get("orders", order["id"])["total"] == 1710  # type: ignore[index]
    assert [item["kind"] for item in inbox(field)] == ["refused"]


def test_an_order_has_the_prices_of_when_it_was_taken_without_a_network(field: Field, session: Session) -> None:
    phone = field.phone()
    phone.sync()
    sale = {"name": "Sale", "currency": "GBP", "rank": 1, "valid_until": (clock.now() - timedelta(hours=1)).isoformat()}
    prices = field.ada.post("/v1/price-lists", sale).json["id"]
    step = {"product_id": str(field.espresso.id), "unit_price": 500}
    assert field.ada.post(f"/v1/price-lists/{prices}/prices", step).status_code == 201
    online = an_order(phone, field, 1, taken=ago(hours=2), shown_total=500)
    phone.push()
    assert [one["kind"] for one in phone.pushed["conflicts"]] == ["price"], "the device had a network then"
    session.execute(update(SyncDevice).values(heard_at=clock.now() - timedelta(hours=9)))
    session.commit()
    honoured = an_order(phone, field, 1, taken=ago(hours=2), shown_total=500)
    too_long_ago = an_order(phone, field, 1, taken=ago(hours=10), shown_total=500)
    phone.push()
    assert [one["row_id"] for one in phone.pushed["conflicts"]] == [too_long_ago["id"]]
    phone.sync()
    totals = [phone.get("orders", one["id"])["total"] for one in (online, honoured, too_long_ago)]  # type: ignore[index]
    assert totals == [950, 500, 950]


def test_a_price_that_changed_is_said_to_the_rep_and_the_manager(field: Field, session: Session) -> None:
    phone = field.phone()
    register(field.sam, "sams-phone")
    phone.sync()
    order = an_order(phone, field, 2, shown_total=1200)
    phone.push()
    phone.send_last_push_again()
    assert codes(phone) == []
    [kept] = inbox(field)
    assert (kept["row_id"], kept["mine"], kept["theirs"]) == (order["id"], {"total": 1200}, {"total": 1900})
    stored = field.ada.get(f"/v1/orders/{order['id']}").json
    assert (stored["status"], stored["total"]) == ("new", 1900)
    texts = session.scalars(select(Delivery.text).where(Delivery.kind == "order.price-changed")).all()
    assert texts == [f"Order {stored['number']} costs 19.00 now; 12.00 was shown."]
    settlement = f"/v1/sync/conflicts/{kept['id']}/settlement"
    assert field.ada.post(settlement, {"choice": "mine"}).json["code"] == "sync-conflict.price-stands"
    assert field.ada.post(settlement, {"choice": "theirs"}).status_code == 201


def test_deleting_what_everybody_holds_is_refused_and_it_comes_back(field: Field) -> None:
    phone = field.phone()
    phone.sync()
    phone.delete("products", field.espresso.id)
    phone.push()
    assert [error["code"] for error in phone.pushed["errors"]] == ["sync.not-deletable"]
    phone.sync()
    assert phone.is_equal_to_the_server()
