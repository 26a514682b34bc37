"""Issuing invoices. `invoices_of` is the one place that says which documents somebody sees."""

from dataclasses import asdict, dataclass
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import CompoundSelect, Select, select
from sqlalchemy.orm import Session

from mcrm import clock
from mcrm.accounts.models import Account
from mcrm.actors import Actor
from mcrm.addresses import service as addresses
from mcrm.addresses.models import AddressKind
from mcrm.contacts.models import Contact
from mcrm.interactions import log
from mcrm.interactions.kinds import Kind
from mcrm.interactions.log import About
from mcrm.invoices import amounts, remaining
from mcrm.invoices.amounts import Line
from mcrm.invoices.errors import AlreadyInvoiced, BeyondInvoice, InvoiceUnknown, NotInvoiceable
from mcrm.invoices.models import Invoice, InvoiceKind, InvoiceLine
from mcrm.ledger import posting
from mcrm.ledger.models import Cause, LedgerAccount
from mcrm.orders import service as orders
from mcrm.orders.models import Order, OrderKind, OrderStatus
from mcrm.orders.numbers import next_number, spellings
from mcrm.orders.storing import SOURCE as IMPORTED
from mcrm.payments import service as payments

POSTCODE_LAST = frozenset({"AU", "CA", "GB", "IE", "NZ", "US"})
CREDIT_FACTS = ("credits_id", "credits_number", "refund_id", "return_id", "reason")
PREFIXES = {InvoiceKind.INVOICE: "INV", InvoiceKind.CREDIT_NOTE: "CRN"}


@dataclass(frozen=True, slots=True)
class Seller:
    """Who issues: as printed, and the time zone that decides which day (and which year's series) it is."""

    name: str
    address: tuple[str, ...]
    tax_number: str | None
    zone: ZoneInfo


def invoices_of(actor: Actor) -> Select[Invoice]:
    """The documents of orders within the actor's reach."""
    return orders.within_reach(select(Invoice).join(orders.TABLE, orders.TABLE.c.id == Invoice.order_id), actor)


def reachable(session: Session, actor: Actor, invoice_id: UUID) -> Invoice:
    """The document; raises InvoiceUnknown for unknown and foreign ids alike."""
    invoice = session.scalar(invoices_of(actor).where(Invoice.id == invoice_id))
    if invoice is None:
        raise InvoiceUnknown()
    return invoice


def found_by(words: str) -> CompoundSelect[UUID]:
    """The ids of the documents of this number, however it is written, and of those of the order of this number."""
    document = Invoice.__table__.c
    by_order = select(document.id).where(document.order_id.in_(orders.numbered(words)))
    return select(document.id).where(document.number.in_(spellings(words))).union(by_order)


def lines_of(session: Session, invoice_id: UUID) -> list[InvoiceLine]:
    """The lines of a document, in their order."""
    query = select(InvoiceLine).where(InvoiceLine.invoice_id == invoice_id).order_by(InvoiceLine.line_number)
    return list(session.scalars(query))


def issue(session: Session, actor: Actor, *, order_id: UUID, seller: Seller) -> Invoice:
    """Invoice an order as it stands, once; a credit order gets a credit note.

    Raises OrderUnknown, AlreadyInvoiced, NotInvoiceable, and CreditTooLarge where the invoice of the order that it
    credits has less left.
    """
    order = payments.locked(session, actor, order_id)
    if order.status == OrderStatus.CANCELLED:
        raise NotInvoiceable("The order is cancelled.")
    if order.source == IMPORTED:
        raise NotInvoiceable("The order was invoiced before it was imported.")
    if session.scalar(select(Invoice.id).where(Invoice.order_id == order.id, Invoice.credits_id.is_(None))):
        raise AlreadyInvoiced
    lines = [amounts.of_order_line(line) for line in orders.lines_of(session, [order.id])[order.id]]
    lines = [line for line in lines if line.quantity]  # all of the others were cancelled
    if not lines:
        raise NotInvoiceable("The order has no lines.")
    kind = InvoiceKind.INVOICE
    if order.kind == OrderKind.CREDIT:
        kind = InvoiceKind.CREDIT_NOTE
        remaining.check_credit_order(session, order, amounts.per_rate(lines))
    return store(session, actor, order, kind, lines, seller)


def check_covered(session: Session, order: Order) -> None:
    """Raise BeyondInvoice for an order that costs more than it was invoiced, less what was credited: what is added to
    it could neither be invoiced nor paid any more. The caller holds the order's lock.
    """
    query = select(Invoice.kind, Invoice.total).where(Invoice.order_id == order.id)
    documents = session.execute(query).all()
    sums = [total if kind == InvoiceKind.INVOICE else -total for kind, total in documents]
    if documents and order.total > sum(sums):
        raise BeyondInvoice(field="lines")


def store(
    session: Session, actor: Actor, order: Order, kind: InvoiceKind, lines: list[Line], seller: Seller, **facts: Any
) -> Invoice:
    """Number a document, keep it with its lines, book it and log it; the caller holds the order's lock."""
    rates = amounts.per_rate(lines)
    net, tax = (sum(rate[part] for rate in rates.values()) for part in (0, 1))
    now = clock.now()
    issued_on = now.astimezone(seller.zone).date()
    invoice = Invoice(
        kind=kind.value,
        number=_number(session, kind, issued_on.year),
        order_id=order.id,
        order_number=order.number,
        created_at=now,
        issued_on=issued_on,
        currency=order.currency,
        seller={"name": seller.name, "address": list(seller.address), "tax_number": seller.tax_number},
        buyer=_buyer(session, order),
        net=net,
        tax=tax,
        total=net + tax,
        taxes=[{"basis_points": points, "net": part[0], "tax": part[1]} for points, part in rates.items()],
        **(dict.fromkeys(CREDIT_FACTS) | facts),
    )
    session.add(invoice)
    session.flush()
    session.add_all(_row(invoice, number, line) for number, line in enumerate(lines, 1))
    session.flush()
    _book(session, invoice)
    payments.settle(session, order)  # a credit note changes what is owed
    _note(session, actor, order, invoice)
    return invoice


def _number(session: Session, kind: InvoiceKind, year: int) -> str:
    """`INV-2026-00001`: its own series per kind and year, without holes since it commits or vanishes with the rest."""
    prefix = f"{PREFIXES[kind]}-{year}"
    return f"{prefix}-{next_number(session, prefix, first=1):05d}"


def _buyer(session: Session, order: Order) -> dict[str, Any]:
    names = select(Contact.name, Contact.number, Account.name.label("account"), Account.country)
    query = names.join(Account, Account.id == order.account_id).where(Contact.id == order.contact_id)
    found = session.execute(query).one()
    return {
        "name": found.account,
        "contact": found.name if found.name != found.account else None,
        "number": found.number,
        "country": found.country,
        "address": _address(session, order),
    }


def _address(session: Session, order: Order) -> list[str]:
    """Where bills of the account, else of the contact, go, as it is written on a letter; empty where nobody said."""
    found = addresses.default_of(session, Account, order.account_id, AddressKind.BILLING)
    found = found or addresses.default_of(session, Contact, order.contact_id, AddressKind.BILLING)
    if found is None:
        return []
    place = [found.city, found.postcode] if found.country in POSTCODE_LAST else [found.postcode, found.city]
    written = [found.name, *found.lines, " ".join(word for word in place if word), found.region, found.country]
    return [words for words in written if words]


def _row(invoice: Invoice, number: int, line: Line) -> InvoiceLine:
    return InvoiceLine(invoice_id=invoice.id, line_number=number, total=line.total, **asdict(line))


def _book(session: Session, invoice: Invoice) -> None:
    sold = {
        LedgerAccount.RECEIVABLE: invoice.total,
        LedgerAccount.REVENUE: -invoice.net,
        LedgerAccount.TAX: -invoice.tax,
    }
    taken_back = {
        LedgerAccount.RECEIVABLE: -invoice.total,
        LedgerAccount.REFUNDS: invoice.net,
        LedgerAccount.TAX: invoice.tax,
    }
    is_invoice = invoice.kind == InvoiceKind.INVOICE
    posting.post(
        session,
        Cause.INVOICE if is_invoice else Cause.CREDIT_NOTE,
        subject_id=invoice.id,
        order_id=invoice.order_id,
        currency=invoice.currency,
        amounts=sold if is_invoice else taken_back,
    )


def _note(session: Session, actor: Actor, order: Order, invoice: Invoice) -> None:
    kind = Kind.INVOICE_ISSUED if invoice.kind == InvoiceKind.INVOICE else Kind.CREDIT_NOTE_ISSUED
    about = About(contact_id=order.contact_id, account_id=order.account_id, subject=(invoice.kind, invoice.id))
    payload = {"number": invoice.number, "order": order.number, "total": invoice.total, "currency": invoice.currency}
    log.append(session, actor, kind, about=about, payload=payload)
