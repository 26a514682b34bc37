"""The tour's trading day: a quote, its order, money, two shipments, goods that come back, and books that agree."""

from collections.abc import Callable, Iterator
from decimal import Decimal
from typing import Any, Protocol

from mcrm.ids import new_id
from mcrm.money import in_major_units

PIECES, BACK = 4, 1


class NotAsTold(Exception):
    """A step of the day ended differently."""


class Desk(Protocol):
    """What a step needs of the tour."""

    people: dict[str, dict[str, Any]]

    def call(self, method: str, path: str, /, **body: Any) -> Any:
        """One call of the API as the admin."""


class Day:
    """What was made so far. `customer` is the person's first name in small letters."""

    def __init__(self, desk: Desk, customer: str = "mei") -> None:
        """Nothing happens yet."""
        self.desk = desk
        self.customer = desk.people[customer]
        self.order: dict[str, Any] = {}
        self.invoice: dict[str, Any] = {}
        self.goods_back: dict[str, Any] = {}

    def steps(self) -> tuple[tuple[str, Callable[[], Iterator[str]]], ...]:
        """The day in order."""
        return (
            (f"{self.customer['name'].partition(' ')[0]} gets a quote and takes it", self.quote),
            ("It is invoiced and paid", self.pay),
            ("It leaves in two parts", self.ship),
            ("A piece comes back and the money with it", self.take_back),
            ("The books agree with the goods and the money", self.reconcile),
        )

    def quote(self) -> Iterator[str]:
        """Prices promised, then an order at exactly these."""
        product = self.desk.call("GET", "/v1/products?limit=1")["items"][0]
        lines = [{"product_id": product["id"], "quantity": PIECES}]
        quote = self.desk.call("POST", "/v1/quotes", contact_id=self.customer["id"], lines=lines)
        yield f"quote {quote['number']}: {PIECES} x {product['name']} for {self._money(quote['total'], quote)}"
        self.order = self.desk.call("POST", f"/v1/quotes/{quote['id']}/acceptance")
        _same("the order's total", self.order["total"], quote["total"])
        yield f"accepted: order {self.order['number']}, of it {self._money(self.order['tax_total'])} tax"

    def pay(self) -> Iterator[str]:
        """An invoice, and a card that is charged in two steps."""
        path, total = f"/v1/orders/{self.order['id']}", self.order["total"]
        self.invoice = self.desk.call("POST", f"{path}/invoices")
        yield f"invoice {self.invoice['number']} over {self._money(self.invoice['total'])}"
        card = {"method": "card", "amount": total, "currency": self.order["currency"], "state": "authorised"}
        payment = self.desk.call("POST", f"{path}/payments", external_reference=f"tour-{new_id()}", **card)
        self.desk.call("POST", f"/v1/payments/{payment['id']}/capture")
        yield f"card authorised and captured: {self._payment_status('paid')}"

    def ship(self) -> Iterator[str]:
        """A part, then the rest."""
        path, line = f"/v1/orders/{self.order['id']}", self.order["lines"][0]["id"]
        part = [{"line_id": line, "quantity": 1}]
        self.desk.call("POST", f"{path}/shipments", carrier="Royal Mail", lines=part)
        yield f"1 of {PIECES} left: the order is {self.desk.call('GET', path)['status']}"
        self.desk.call("POST", f"{path}/shipments", carrier="Royal Mail")
        self.desk.call("POST", f"{path}/delivery")
        _same("the order's status", self.desk.call("GET", path)["status"], "delivered")
        yield "the rest followed, and all of it was delivered"

    def take_back(self) -> Iterator[str]:
        """A return, looked at, credited, refunded."""
        path, line = f"/v1/orders/{self.order['id']}", self.order["lines"][0]
        pieces = [{"line_id": line["id"], "quantity": BACK}]
        back = self.desk.call("POST", f"{path}/returns", reason="damaged", lines=pieces)
        self.desk.call("POST", f"/v1/returns/{back['id']}/receipt")
        finding = {"line_id": line["id"], "verdict": "scrap", "refundable_quantity": BACK}
        self.desk.call("POST", f"/v1/returns/{back['id']}/inspection", lines=[finding])
        self.goods_back = self.desk.call("POST", f"/v1/returns/{back['id']}/closure")
        credit = self.desk.call("GET", f"/v1/orders/{self.goods_back['credit_order_id']}")
        amount = -credit["total"]
        yield f"{BACK} came back damaged: credit {credit['number']} of {self._money(amount)}"
        card = {"method": "card", "amount": amount, "currency": self.order["currency"], "return_id": back["id"]}
        self.desk.call("POST", f"{path}/refunds", external_reference=f"tour-{new_id()}", **card)
        taken = {"lines": [{"line_number": 1, "quantity": BACK}], "return_id": back["id"]}
        note = self.desk.call("POST", f"/v1/invoices/{self.invoice['id']}/credit-notes", **taken)
        yield f"refunded, credit note {note['number']}: {self._payment_status('part_refunded')}"

    def reconcile(self) -> Iterator[str]:
        """Goods and money, added up two ways."""
        found = self.desk.call("GET", "/v1/ledger/reconciliation")
        if not found["in_balance"]:
            raise NotAsTold(f"the books differ: {found['differences'][:3]}")
        for balance in self.desk.call("GET", "/v1/ledger/balances")["items"]:
            yield f"{balance['account']:<14}{self._money(balance['balance'], balance):>14}"
        yield "every order, payment, return and piece of stock is where the books say"

    def _payment_status(self, expected: str) -> str:
        status = self.desk.call("GET", f"/v1/orders/{self.order['id']}")["payment_status"]
        _same("the payment status", status, expected)
        return str(status)

    def _money(self, amount: int, of: dict[str, Any] | None = None) -> str:
        currency = (of or self.order)["currency"]
        whole: Decimal = in_major_units(amount, currency)
        return f"{whole:,} {currency}"


def _same(what: str, found: Any, expected: Any) -> None:
    if found != expected:
        raise NotAsTold(f"{what} is {found!r}, not {expected!r}")
