"""Files out: rows read a page at a time, each page on a snapshot of its own, so that no long read holds anything up.

What an import takes an export gives under the same heading: a file that goes out comes back in unchanged.
"""

import csv
import io
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import IO, Any
from uuid import UUID

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from mcrm.accounts.models import Account, AccountKind
from mcrm.actors import Actor
from mcrm.addresses.models import Address, AddressKind
from mcrm.api.fields import instant_text
from mcrm.audit import trail
from mcrm.bulk import workbooks
from mcrm.bulk.acting import MAY_TAKE, require
from mcrm.bulk.cells import major, safe
from mcrm.bulk.rows import CONTACTS, PLACE_PARTS, PRICES, PRODUCTS, STOCK
from mcrm.contacts import service as contacts
from mcrm.contacts.models import Contact, ContactPoint, PointState
from mcrm.db import canonical, reading
from mcrm.ids import new_id
from mcrm.interactions.kinds import Kind
from mcrm.orders import service as orders
from mcrm.orders.models import Order, OrderLine
from mcrm.orders.rows import COLUMNS as ORDER_COLUMNS
from mcrm.orders.rows import OPTIONAL as ORDER_OPTIONAL
from mcrm.orders.storing import BY_ADDRESS
from mcrm.products import service as products
from mcrm.products.models import PriceList, PriceListItem, Product
from mcrm.stock.models import StockItem
from mcrm.tags.models import ContactTag, Tag
from mcrm.territories.models import Territory
from mcrm.transaction import transaction

PAGE = 500
Record = Sequence[str | int]
Found = Select[*tuple[Any, ...]]
READABLE = {"sms": "phone", "email": "email", "telegram": "telegram"}


@dataclass(frozen=True, slots=True)
class Source:
    """What goes out: its headings, the query of what somebody sees (its last column is the key), and a row's cells."""

    header: tuple[str, ...]
    query: Callable[[Actor], Found]
    key: Any
    records: Callable[[Session, Sequence[Any]], Iterator[Record]]


def rows(actor: Actor, resource: str) -> Iterator[Record]:
    """The heading, then every row within the actor's reach; raises NotYours before the first.

    Who takes people's data out of the house is noted in the audit, before anything goes.
    """
    require(actor, MAY_TAKE, resource)
    with transaction() as session:
        subject, payload = ("export", new_id()), {"resource": resource}
        trail.record(session, actor, Kind.EXPORT_MADE, subject=subject, fields=[resource], payload=payload)
    return _rows(SOURCES[resource], actor)


def _rows(source: Source, actor: Actor) -> Iterator[Record]:
    yield source.header
    query, after = source.query(actor).order_by(source.key).limit(PAGE), None
    while True:
        with reading() as session:
            page = session.execute(query if after is None else query.where(source.key > after)).all()
            records = list(source.records(session, page))
        yield from records
        if len(page) < PAGE:
            return
        after = page[-1][-1]


def csv_pieces(found: Iterator[Record]) -> Iterator[bytes]:
    """CSV in UTF-8, about a page a piece; no cell is a formula."""
    out = io.StringIO()
    writer = csv.writer(out)
    for count, record in enumerate(found, 1):
        writer.writerow([safe(cell) if isinstance(cell, str) else cell for cell in record])
        if not count % PAGE:
            yield out.getvalue().encode()
            out.seek(0)
            out.truncate()
    yield out.getvalue().encode()


def write_csv(found: Iterator[Record], out: IO[bytes]) -> int:
    """Write CSV; how many rows below the heading."""
    counted = Counted(found)
    for piece in csv_pieces(counted.each()):
        out.write(piece)
    return counted.below_header


def write_xlsx(found: Iterator[Record], out: IO[bytes]) -> int:
    """Write a workbook; how many rows below the heading."""
    counted = Counted(found)
    workbooks.write(out, ([safe(cell) if isinstance(cell, str) else cell for cell in one] for one in counted.each()))
    return counted.below_header


class Counted:
    """Counts records as they pass."""

    def __init__(self, found: Iterator[Record]) -> None:
        """`found` begins with the heading."""
        self._found = found
        self.below_header = -1

    def each(self) -> Iterator[Record]:
        """The records."""
        for record in self._found:
            self.below_header += 1
            yield record


def _contacts(actor: Actor) -> Found:
    own, theirs = Contact.__table__.c, Account.__table__.c
    columns = (own.number, own.name, own.locale, own.timezone, own.notes, own.custom)
    query = select(
        *columns, theirs.kind, theirs.name, theirs.number, theirs.account_class, theirs.country, Territory.name, own.id
    )
    query = query.join(Account, Account.id == Contact.account_id)
    query = query.outerjoin(Territory, Territory.id == Account.territory_id)
    seen = contacts.contacts_of(actor).with_only_columns(Contact.id)
    query = query.where(Contact.erased_at.is_(None))
    return query if actor.sees_all else query.where(Contact.id.in_(seen))


def _contact_records(session: Session, page: Sequence[Any]) -> Iterator[Record]:
    ids = [row[-1] for row in page]
    held: defaultdict[tuple[UUID | None, str], list[str]] = defaultdict(list)
    tags = select(ContactTag.contact_id, Tag.name).join(Tag, Tag.id == ContactTag.tag_id)
    for tagged, tag in session.execute(tags.where(ContactTag.contact_id.in_(ids)).order_by(Tag.name)):
        held[tagged, "tags"].append(tag)
    places = _places(session, ids)
    points = select(ContactPoint.contact_id, ContactPoint.channel, ContactPoint.address)
    points = points.where(ContactPoint.contact_id.in_(ids))
    points = points.where(ContactPoint.state != PointState.REMOVED.value, ContactPoint.channel.in_(READABLE))
    for contact_id, channel, address in session.execute(points.order_by(ContactPoint.id)):
        held[contact_id, READABLE[channel]].append(address)
    for (
        number,
        name,
        locale,
        timezone,
        notes,
        custom,
        kind,
        account,
        account_number,
        class_,
        country,
        place,
        id_,
    ) in page:
        is_company = kind == AccountKind.COMPANY
        values = {
            "number": number,
            "name": name,
            **{field: "; ".join(held[id_, field]) for field in (*READABLE.values(), "tags")},
            **{f"{kind}_{part}": text for kind in AddressKind for part, text in places(id_, kind)},
            "account": account if is_company else None,
            "account_number": account_number if is_company else None,
            "account_class": class_,
            "country": country,
            "territory": place,
            "locale": locale,
            "timezone": timezone,
            "notes": notes,
            "custom": _object(custom),
        }
        yield [values[one.name] or "" for one in CONTACTS.fields]


def _places(session: Session, ids: Sequence[UUID]) -> Callable[[UUID, AddressKind], Iterator[tuple[str, str]]]:
    """A function that says the parts of a contact's default address of a kind."""
    query = select(Address).where(Address.contact_id.in_(ids), Address.is_default)
    found = {(one.contact_id, one.kind): one for one in session.scalars(query)}

    def parts(contact_id: UUID, kind: AddressKind) -> Iterator[tuple[str, str]]:
        address = found.get((contact_id, kind.value))
        for part in PLACE_PARTS:
            value = getattr(address, part, None)
            yield part, "; ".join(value) if isinstance(value, list) else value or ""

    return parts


def _products(actor: Actor) -> Found:
    columns = Product.__table__.c
    names = ("code", "name", "description", "category", "unit", "picture_url", "is_active", "tax_code", "custom", "id")
    return products.products_of(actor).with_only_columns(*(columns[name] for name in names))


def _product_records(session: Session, page: Sequence[Any]) -> Iterator[Record]:
    for *texts, is_active, tax_code, custom, _ in page:
        yield [*(text or "" for text in texts), _word(is_active), tax_code or "", _object(custom)]


def _prices(actor: Actor) -> Found:
    seen = products.price_lists_of(actor).with_only_columns(PriceList.id)
    query: Found = select(PriceList.name, PriceList.currency, Product.code, PriceListItem.min_quantity)
    query = query.add_columns(PriceListItem.unit_price, PriceList.valid_from, PriceList.valid_until, PriceList.rank)
    query = query.add_columns(PriceList.includes_tax, PriceList.account_class, Account.name, Account.number)
    query = query.add_columns(PriceListItem.id)
    query = query.select_from(PriceListItem).join(PriceList, PriceList.id == PriceListItem.price_list_id)
    query = query.outerjoin(Account, Account.id == PriceList.account_id)
    return query.join(Product, Product.id == PriceListItem.product_id).where(PriceList.id.in_(seen))


def _price_records(session: Session, page: Sequence[Any]) -> Iterator[Record]:
    for name, currency, code, min_quantity, unit_price, *dates, rank, includes_tax, class_, account, number, _ in page:
        times = [instant_text(one) if one else "" for one in dates]
        whom = [_word(includes_tax), class_ or "", account or "", number or ""]
        yield [name, currency, code, min_quantity, major(unit_price, currency), *times, rank, *whom]


def _stock(actor: Actor) -> Found:
    query: Found = select(Product.code, StockItem.location, StockItem.on_hand, StockItem.id)
    return query.select_from(StockItem).join(Product, Product.id == StockItem.product_id)


def _stock_records(session: Session, page: Sequence[Any]) -> Iterator[Record]:
    for code, location, on_hand, _ in page:
        yield [code, location, on_hand]


def _orders(actor: Actor) -> Found:
    seen = orders.orders_of(actor).with_only_columns(Order.id)
    columns = (
        Order.number,
        Order.placed_at,
        Order.currency,
        Order.kind,
        Order.status,
        Order.reference,
        Contact.number,
        Contact.id,
        Account.country,
        Order.id,
    )
    query: Found = select(*columns).select_from(Order).join(Contact, Contact.id == Order.contact_id)
    return query.join(Account, Account.id == Order.account_id).where(Order.id.in_(seen))


def _order_records(session: Session, page: Sequence[Any]) -> Iterator[Record]:
    """One row an order line, in the columns that the import of past orders reads."""
    lines: defaultdict[UUID, list[Any]] = defaultdict(list)
    query = select(OrderLine, Product.code).outerjoin(Product, Product.id == OrderLine.product_id)
    query = query.where(OrderLine.order_id.in_([row[-1] for row in page]))
    for line, code in session.execute(query.order_by(OrderLine.order_id, OrderLine.line_number)):
        lines[line.order_id].append((line, code))
    addresses = _addresses(session, [row[7] for row in page if row[6] is None])
    for number, placed_at, currency, kind, status, reference, customer, contact_id, country, order_id in page:
        who = customer or addresses.get(contact_id, "")
        for line, code in lines[order_id]:
            quantity = line.live_quantity
            if not quantity:
                continue  # all of it was cancelled
            yield (
                number,
                code or "",
                line.description,
                quantity,
                placed_at.isoformat(),
                _price_of_one(line.total, quantity, currency),
                who,
                country or "",
                currency,
                major(line.tax, currency) if line.tax else "",
                kind,
                status,
                reference or "",
            )


def _addresses(session: Session, contact_ids: Sequence[UUID]) -> dict[UUID | None, str]:
    """A phone, else a mail, of each of these contacts: what finds somebody who has no number."""
    query = select(ContactPoint.contact_id, ContactPoint.address).where(ContactPoint.contact_id.in_(contact_ids))
    query = query.where(ContactPoint.state != PointState.REMOVED.value, ContactPoint.channel.in_(BY_ADDRESS))
    newest_first = query.order_by(ContactPoint.channel, ContactPoint.id.desc())  # the last one said is kept
    return {row[0]: row[1] for row in session.execute(newest_first)}


def _price_of_one(total: int, quantity: int, currency: str) -> str:
    """The price of one such that the line comes to its total again."""
    places = len(major(1, currency).partition(".")[2])
    return format((Decimal(total) / quantity).scaleb(-places).quantize(Decimal(10) ** -8).normalize(), "f")


def _word(value: bool) -> str:
    return "true" if value else "false"


def _object(custom: dict[str, Any] | None) -> str:
    return canonical(custom) if custom else ""


def _header(resource: Any) -> tuple[str, ...]:
    return tuple(one.name for one in resource.fields)


SOURCES = {
    "contacts": Source(_header(CONTACTS), _contacts, Contact.id, _contact_records),
    "products": Source(_header(PRODUCTS), _products, Product.id, _product_records),
    "prices": Source(_header(PRICES), _prices, PriceListItem.id, _price_records),
    "stock": Source(_header(STOCK), _stock, StockItem.id, _stock_records),
    "orders": Source((*ORDER_COLUMNS, *ORDER_OPTIONAL), _orders, Order.id, _order_records),
}
