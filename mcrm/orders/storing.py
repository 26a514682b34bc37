"""Storing imported lines: customers, products and orders that are new, found or made in one transaction a window."""

from typing import Any
from uuid import UUID

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from mcrm import clock
from mcrm.accounts.models import Account, AccountKind
from mcrm.actors import SYSTEM
from mcrm.contacts.models import Contact, ContactPoint
from mcrm.ids import new_id
from mcrm.interactions import log
from mcrm.interactions.kinds import Kind
from mcrm.interactions.log import About
from mcrm.lookup.keeping import index_rows
from mcrm.orders.models import Order, OrderKind, OrderLine, OrderStatus, PaymentStatus
from mcrm.orders.rows import Line
from mcrm.orders.service import number_key
from mcrm.products.models import Product
from mcrm.transaction import insert_rows, write_rows

SOURCE = "import"
BY_ADDRESS = ("sms", "email")
Customer = tuple[UUID, UUID, str | None]  # contact, account, country


class Store:
    """Stores windows of lines; remembers customers and products only once their transaction has committed."""

    def __init__(self, currency: str) -> None:
        self.currency = currency
        self.customers: dict[str, Customer] = {}
        self.products: dict[str, UUID] = {}
        self.fresh: tuple[dict[str, Customer], dict[str, UUID]] = ({}, {})

    def keep(self) -> None:
        """The last transaction has committed: what it found or made may be relied on."""
        self.customers.update(self.fresh[0])
        self.products.update(self.fresh[1])

    def store(self, session: Session, lines: list[Line]) -> dict[int, tuple[str, str]]:
        """Store what is new; (outcome, reason) by line number of the file."""
        self.fresh = ({}, {})
        if not lines:
            return {}
        self._find_or_make_customers(session, lines)
        self._find_or_make_products(session, lines)
        orders = {
            order.number: order
            for order in session.scalars(select(Order).where(Order.number.in_({line.invoice for line in lines})))
        }
        known = {order.id for order in orders.values()}
        query = select(OrderLine.order_id, OrderLine.line_number).where(OrderLine.order_id.in_(known))
        there = {(row[0], row[1]) for row in session.execute(query)}
        verdicts: dict[int, tuple[str, str]] = {}
        heads: dict[str, dict[str, Any]] = {}
        added: dict[UUID, tuple[int, int]] = {}
        rows: list[dict[str, Any]] = []
        for line in lines:
            if (customer := self._customer(line.customer)) is None:
                verdicts[line.at_line] = ("rejected", "no-such-customer")
                continue
            contact_id, account_id, country = customer
            order = orders.get(line.invoice)
            head = heads.get(line.invoice)
            if order is None and head is None:
                head = heads[line.invoice] = self._head(line, contact_id, account_id)
            order_id: UUID = order.id if order else head["id"]  # type: ignore[index]
            if order and (order.source != SOURCE or order.currency != self.currency):
                verdicts[line.at_line] = ("rejected", "number-taken")
                continue
            if (order.contact_id if order else head["contact_id"]) != contact_id:  # type: ignore[index]
                verdicts[line.at_line] = ("rejected", "other-customer")
                continue
            verdicts[line.at_line] = ("imported", "" if country == line.country else "other-country")
            if (order_id, line.nth) in there:
                continue
            rows.append(self._line(order_id, line))
            if head:
                for name, amount in (
                    ("total", line.total),
                    ("tax_total", line.tax),
                    ("net_total", line.total - line.tax),
                ):
                    head[name] += amount
            else:
                total, tax = added.get(order_id, (0, 0))
                added[order_id] = (total + line.total, tax + line.tax)
        self._write(session, list(heads.values()), rows, added)
        return verdicts

    def _write(
        self,
        session: Session,
        heads: list[dict[str, Any]],
        rows: list[dict[str, Any]],
        added: dict[UUID, tuple[int, int]],
    ) -> None:
        insert_rows(session, Order, heads)
        insert_rows(session, OrderLine, rows)
        for order_id, (total, tax) in added.items():
            more = {"total": Order.total + total, "tax_total": Order.tax_total + tax, "updated_at": clock.now()}
            more["net_total"] = Order.net_total + (total - tax)
            write_rows(session, update(Order).where(Order.id == order_id).values(**more))
        for head in heads:
            log.append(
                session,
                SYSTEM,
                Kind.ORDER_IMPORTED,
                about=About(
                    contact_id=head["contact_id"], account_id=head["account_id"], subject=("order", head["id"])
                ),
                payload={"number": head["number"], "currency": self.currency},
            )

    def _customer(self, number: str) -> Customer | None:
        return self.customers.get(number) or self.fresh[0].get(number)

    def _find_or_make_customers(self, session: Session, lines: list[Line]) -> None:
        wanted = {line.customer: line for line in reversed(lines) if line.customer not in self.customers}
        found = self.fresh[0]
        query = select(Contact.number, Contact.id, Contact.account_id, Account.country)
        query = query.join(Account, Account.id == Contact.account_id).where(Contact.number.in_(wanted))
        for number, contact_id, account_id, country in session.execute(query):
            found[str(number)] = (contact_id, account_id, country)
        if addresses := [customer for customer, line in wanted.items() if line.is_address]:
            found.update(_by_address(session, addresses))
        accounts, contacts = [], []
        for number, line in wanted.items():
            if number in found or line.is_address:
                continue
            name = f"Customer {number}"
            account = _row(name=name, kind=AccountKind.PERSON.value, country=line.country or None, custom={})
            contact = _row(name=name, number=number, account_id=account["id"], custom={})
            accounts.append(account)
            contacts.append(contact)
            found[number] = (contact["id"], account["id"], account["country"])
            about = About(contact_id=contact["id"], account_id=account["id"], subject=("contact", contact["id"]))
            log.append(session, SYSTEM, Kind.CONTACT_CREATED, about=about, payload={"number": number})
        insert_rows(session, Account, accounts)
        insert_rows(session, Contact, contacts)
        index_rows(session, Account, accounts)
        index_rows(session, Contact, contacts)

    def _find_or_make_products(self, session: Session, lines: list[Line]) -> None:
        wanted: dict[str, Line] = {}
        for line in lines:
            key = line.code.upper()
            if key and key not in self.products and (key not in wanted or not wanted[key].description):
                wanted[key] = line
        found = self.fresh[1]
        query = select(Product.code_key, Product.id).where(Product.code_key.in_(wanted))
        found.update((row[0], row[1]) for row in session.execute(query))
        made = []
        for key, line in wanted.items():
            if key in found:
                continue
            row = _row(code=line.code, code_key=key, name=line.description or line.code, is_active=True, custom={})
            made.append(row)
            found[key] = row["id"]
            log.append(
                session,
                SYSTEM,
                Kind.PRODUCT_CREATED,
                about=About(subject=("product", row["id"])),
                payload={"code": key},
            )
        insert_rows(session, Product, made)

    def _head(self, line: Line, contact_id: UUID, account_id: UUID) -> dict[str, Any]:
        kind = OrderKind.CREDIT if line.is_credit else OrderKind.ORDER
        return _row(
            number=line.invoice,
            number_key=number_key(line.invoice),
            kind=kind.value,
            status=line.status.value,
            payment_status=PaymentStatus.PAID.value,
            account_id=account_id,
            contact_id=contact_id,
            currency=self.currency,
            **dict.fromkeys(("total", "tax_total", "net_total"), 0),
            placed_at=line.placed_at,
            reference=line.reference,
            source=SOURCE,
            custom={},
        )

    def _line(self, order_id: UUID, line: Line) -> dict[str, Any]:
        key = line.code.upper()
        return _row(
            order_id=order_id,
            line_number=line.nth,
            product_id=(self.products.get(key) or self.fresh[1][key]) if key else None,
            description=line.description or line.code or "-",
            quantity=line.quantity,
            unit_price=line.unit_price,
            total=line.total,
            tax=line.tax,
            net=line.total - line.tax,
            shipped_quantity=0 if line.status is OrderStatus.CANCELLED else max(line.quantity, 0),
        )


def _by_address(session: Session, addresses: list[str]) -> dict[str, Customer]:
    """Customers without a number, by a phone or mail of theirs."""
    query = select(ContactPoint.address, Contact.id, Contact.account_id, Account.country)
    query = query.join(Contact, Contact.id == ContactPoint.contact_id).join(Account, Account.id == Contact.account_id)
    query = query.where(ContactPoint.channel.in_(BY_ADDRESS), ContactPoint.address.in_(addresses))
    return {
        address: (contact_id, account_id, country)
        for address, contact_id, account_id, country in session.execute(query)
    }


def _row(**facts: Any) -> dict[str, Any]:
    """The columns of a new row of a synced table, for `insert_rows`."""
    now = clock.now()
    return {"id": new_id(), "rev": 1, "created_at": now, "updated_at": now, **facts}
