"""Placing an order: prices, stock and number in one transaction, so that nobody is promised what is not there.

`draft` says what it costs, `book` makes it so: a quote keeps a draft and books it later, at its own prices.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any, cast
from uuid import UUID

from sqlalchemy import Table
from sqlalchemy.orm import Session, make_transient_to_detached

from mcrm import clock
from mcrm.actors import Actor
from mcrm.contacts import service as contacts
from mcrm.db import Synced
from mcrm.ids import new_id
from mcrm.interactions import log
from mcrm.interactions.kinds import Kind
from mcrm.interactions.log import About
from mcrm.leases import selling
from mcrm.leases.selling import Demand, Drawn
from mcrm.orders.errors import OrderEmpty
from mcrm.orders.models import Order, OrderLine
from mcrm.orders.numbers import next_order_number
from mcrm.orders.service import number_key
from mcrm.pricing import service as pricing
from mcrm.pricing.rules import PricedLine
from mcrm.pricing.rules import Wanted as Wanted
from mcrm.stock import service as stock
from mcrm.stock.errors import OutOfStock
from mcrm.transaction import insert_rows

PRICED = tuple(field.name for field in fields(PricedLine) if field.name in OrderLine.__table__.c)
"""What a line keeps of its price: columns of the same names."""


def _blank(model: type[Synced]) -> dict[str, Any]:
    """What a new row has before anybody says more: plain defaults, and None where that is allowed."""
    columns = list(cast(Table, model.__table__).c)
    plain = {
        column.name: cast(Any, column.default).arg for column in columns if getattr(column.default, "is_scalar", False)
    }
    unsaid = [column for column in columns if column.default is None and column.server_default is None]
    return plain | {column.name: None for column in unsaid if column.nullable}


ORDER, LINE = _blank(Order), _blank(OrderLine)


@dataclass(frozen=True, slots=True)
class Draft:
    """Priced lines that nobody has ordered yet.

    A line is the columns of its order line but for what `book` gives it; `money` the amounts of the order by column.
    """

    currency: str
    money: dict[str, int]
    lines: list[dict[str, Any]]


def place(
    session: Session,
    actor: Actor,
    *,
    contact_id: UUID,
    lines: Sequence[Wanted],
    **facts: Any,
) -> Order:
    """Place an order for a contact within the actor's reach, as `place_lines` does."""
    return place_lines(session, actor, contact_id=contact_id, lines=lines, **facts)[0]


def place_lines(
    session: Session,
    actor: Actor,
    *,
    contact_id: UUID,
    lines: Sequence[Wanted],
    made: Sequence[dict[str, Any]] = (),
    priced_at: datetime | None = None,
    **facts: Any,
) -> tuple[Order, list[dict[str, Any]]]:
    """Place an order for a contact within the actor's reach; the order and the columns of its lines.

    `made`: what a device has said of each line already, its id and the lease it was sold from. Prices are those of
    `priced_at`, by default of now, whatever anybody was shown before. Raises ContactUnknown, ProductUnknown,
    ProductWithoutPrice, DiscountBeyondLimit, OrderEmpty, MixedCurrencies, TotalTooLarge, and what `book` raises.
    """
    if not lines:
        raise OrderEmpty(field="lines")
    account_id = contacts.account_of(session, actor, contact_id, field="contact_id")
    drafted = draft(session, actor, account_id, lines, at=priced_at)
    for line, said in zip(drafted.lines, made, strict=False):
        line.update(said)
    return book(session, actor, drafted, contact_id=contact_id, account_id=account_id, **facts)


def draft(
    session: Session, actor: Actor, account_id: UUID, lines: Sequence[Wanted], *, at: datetime | None = None
) -> Draft:
    """What these lines cost an account at an instant (default: now), sold by this actor; the caller knows the account.

    Raises what `pricing.service.quote` raises.
    """
    quotation = pricing.quote(session, actor, account_id=account_id, lines=lines, at=at)
    priced = quotation.priced
    money = {"net_total": priced.net_total, "tax_total": priced.tax_total, "total": priced.total}
    return Draft(priced.currency, money, [_line(line, quotation.names[line.product_id]) for line in priced.lines])


def book(
    session: Session,
    actor: Actor,
    drafted: Draft,
    *,
    contact_id: UUID,
    account_id: UUID,
    id: UUID | None = None,
    taken_at: datetime | None = None,
    **facts: Any,
) -> tuple[Order, list[dict[str, Any]]]:
    """Make an order of a draft: stock, number, rows and log.

    `taken_at` is when it was taken (default: now), `facts` are other columns of Order; it draws on the actor's stock
    leases of then before it asks for what is free. Raises ContactErased, LeaseUnknown, LeaseExpired, and OutOfStock,
    naming the line.
    """
    contacts.hold(session, contact_id)
    drawn, taken = _promised(session, actor, drafted.lines, taken_at or clock.now())
    about = {"contact_id": contact_id, "account_id": account_id}
    if "number" not in facts:
        facts["number"] = next_order_number(session)
    order = _stored(session, drafted, about | facts, id or new_id())
    rows = line_rows(order, drafted.lines)
    insert_rows(session, OrderLine, rows)
    _hold(session, rows, drawn, taken)
    most, leased = max(line["discount_basis_points"] for line in rows), sum(share.pieces for share in drawn.shares)
    given = {"discount_basis_points": most} if most else {}
    given |= {"leased": leased} if leased else {}
    log.append(
        session,
        actor,
        Kind.ORDER_PLACED,
        about=About(**about, subject=("order", order.id)),
        payload={"number": order.number, "total": order.total, "currency": order.currency, "lines": len(rows)} | given,
    )
    return order, rows


def line_rows(order: Order, lines: Sequence[dict[str, Any]], *, after: int = 0) -> list[dict[str, Any]]:
    """The rows of an order's new lines, numbered from `after` + 1."""
    now = clock.now()
    head = LINE | {"created_at": now, "updated_at": now, "order_id": order.id}
    return [head | {"id": new_id(), "line_number": number} | line for number, line in enumerate(lines, after + 1)]


def _promised(
    session: Session, actor: Actor, lines: Sequence[dict[str, Any]], taken_at: datetime
) -> tuple[Drawn, stock.Taken]:
    """What comes out of the seller's leases, and the rest, out of what is free."""
    demands = [Demand(line["product_id"], line["quantity"], line.get("lease_id")) for line in lines]
    drawn = selling.draw(session, actor, demands, taken_at=taken_at)
    pieces, where = Counter[UUID](), dict[UUID, str]()
    for index, line in enumerate(lines):
        line["lease_id"] = drawn.lease_of(index, line.get("lease_id"))
        if rest := line["quantity"] - drawn.pieces(index):
            pieces[line["product_id"]] += rest
            where[line["product_id"]] = f"lines.{index}.quantity"
    try:
        return drawn, stock.reserve(session, pieces, fields=where) if pieces else {}
    except OutOfStock as error:
        raise drawn.worded(error, demands) from None


def _hold(session: Session, rows: Sequence[dict[str, Any]], drawn: Drawn, taken: stock.Taken) -> None:
    stock.pass_on(session, ((share.stock_item_id, rows[share.line]["id"], share.pieces) for share in drawn.shares))
    rest = [(row["id"], row["product_id"], row["quantity"] - drawn.pieces(index)) for index, row in enumerate(rows)]
    stock.hold(session, rest, taken)


def _stored(session: Session, drafted: Draft, facts: dict[str, Any], id: UUID) -> Order:
    """The order, inserted past the unit of work, which would cost as much again as the statement."""
    now = clock.now()
    row = {
        **ORDER,
        "id": id,
        "created_at": now,
        "updated_at": now,
        "placed_at": now,
        "custom": {},
        "number_key": number_key(facts["number"]),
        "currency": drafted.currency,
        **drafted.money,
        **facts,
    }
    insert_rows(session, Order, [row])
    order = Order(**row)
    make_transient_to_detached(order)
    session.add(order)
    return order


def _line(line: PricedLine, name: str) -> dict[str, Any]:
    return {"description": name} | {key: getattr(line, key) for key in PRICED}
