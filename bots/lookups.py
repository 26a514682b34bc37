"""What flows look up before they ask or agree: choices, and whether something may be done. Nothing is changed here."""

from collections.abc import Callable, Mapping
from uuid import UUID

from sqlalchemy import and_, or_, select
from sqlalchemy.orm import Session

from bots.catalogue import Money, Phrase
from bots.pages import PAGE, following
from bots.slots import plain_words
from bots.talk import Allowed, Option, Refused, Verdict, phrase
from bots.turn import Turn
from mcrm.actors import Actor
from mcrm.errors import DomainError
from mcrm.invoices import service as invoices
from mcrm.invoices.models import Invoice
from mcrm.orders import placing, reordering, service
from mcrm.orders.models import Order, OrderLine, OrderStatus
from mcrm.orders.placing import Wanted
from mcrm.orders.tracking import orders_of_contact
from mcrm.privacy import asking
from mcrm.products.models import Product
from mcrm.products.service import products_of, searched
from mcrm.returns import service as returns
from mcrm.returns.models import Return

Values = Mapping[str, str]
BEFORE_LEAVING = (OrderStatus.NEW, OrderStatus.CONFIRMED)
HAS_LEFT = (OrderStatus.SHIPPED, OrderStatus.DELIVERED)
MOST_LOOKED_AT, MOST_PAGED = 10, 50
MOST_CATEGORIES = 5


def order_named(session: Session, actor: Actor, number: str) -> Order | None:
    """The actor's own order of that number, the newest if numbers repeat."""
    query = service.orders_of(actor).where(Order.number_key == service.number_key(number))
    return session.scalars(query.order_by(Order.placed_at.desc())).first()


def live_lines(session: Session, order: Order) -> list[OrderLine]:
    """The lines of an order of which anything is still wanted."""
    return [line for line in service.lines_of(session, [order.id])[order.id] if line.live_quantity > 0]


def returnable(session: Session, order: Order) -> dict[UUID, int]:
    """How many pieces of each line the customer has, and is not sending back yet."""
    gone = returns.returned(session, order.id)
    there = {line.id: line.shipped_quantity for line in service.lines_of(session, [order.id])[order.id]}
    if order.status not in returns.ALL_THERE:
        there = dict(returns.delivered(session, order.id))
    left = {line_id: pieces - gone.get(line_id, 0) for line_id, pieces in there.items()}
    return {line_id: pieces for line_id, pieces in left.items() if pieces > 0}


def _orders_in(*states: OrderStatus, most: int = MOST_LOOKED_AT) -> Callable[[Turn, Values], tuple[Option, ...]]:
    def options(turn: Turn, values: Values) -> tuple[Option, ...]:
        if turn.contact is None:
            return ()
        found = orders_of_contact(turn.session, turn.actor, MOST_PAGED if "after" in values else most)
        listed = [
            Option(one.number, phrase("orders.entry", number=one.number, status=phrase(f"short.{one.status}")))
            for one in found
            if not states or one.status in states
        ]
        return following(listed, values)

    return options


def _arrived_orders(turn: Turn, values: Values) -> tuple[Option, ...]:
    """The orders of which anything has arrived."""
    if turn.contact is None:
        return ()
    found = orders_of_contact(turn.session, turn.actor, MOST_PAGED)
    arrived = {one.number for one in found if one.status == OrderStatus.DELIVERED or one.delivered_at is not None}
    return tuple(option for option in _orders_in(*HAS_LEFT, most=MOST_PAGED)(turn, values) if option.value in arrived)


def _returned_orders(turn: Turn, values: Values) -> tuple[Option, ...]:
    """The orders of which anything was sent back, or is to be."""
    if turn.contact is None:
        return ()
    sent_back = service.orders_of(turn.actor).where(Order.id.in_(select(Return.order_id)))
    numbers = set(turn.session.scalars(sent_back.with_only_columns(Order.number)))
    return tuple(option for option in _orders_in(most=MOST_PAGED)(turn, values) if option.value in numbers)


def _invoiced_orders(turn: Turn, values: Values) -> tuple[Option, ...]:
    """The orders that there is an invoice of; of another one that is named, the guard says that it is still to come."""
    found = _orders_in()(turn, values)
    if not found:
        return ()
    of_invoices = service.orders_of(turn.actor).join(Invoice, Invoice.order_id == Order.id)
    numbers = set(turn.session.scalars(of_invoices.with_only_columns(Order.number)))
    return tuple(option for option in found if option.value in numbers)


def _lines(turn: Turn, values: Values) -> tuple[Option, ...]:
    order = order_named(turn.session, turn.actor, values["order"])
    lines = live_lines(turn.session, order) if order else []
    listed = [
        Option(
            str(line.id),
            phrase("change.entry", quantity=line.live_quantity, description=line.description),
            plain_words(line.description),
        )
        for line in lines
    ]
    return following(listed, values)


def _catalogue(turn: Turn, values: Values) -> tuple[Option, ...]:
    """What is on sale and has a price for this customer, by name: a page and a first of the next.

    Narrowed to what they looked for or `chosen`, and to what comes `after` what they saw.
    """
    if turn.contact is None:
        return ()
    chosen = values.get("chosen")
    query = searched(products_of(turn.actor), None if chosen else values.get("search"))
    query = query.order_by(Product.name, Product.id)
    if chosen is not None:
        query = query.where(Product.id == UUID(chosen))
    elif (after := values.get("after")) is not None:
        last = select(Product.name).where(Product.id == UUID(after)).scalar_subquery()
        query = query.where(or_(Product.name > last, and_(Product.name == last, Product.id > UUID(after))))
    options: list[Option] = []
    for product in turn.session.scalars(query.limit(MOST_LOOKED_AT * 2)):
        if len(options) > PAGE:
            break
        drafted = _drafted(turn, [Wanted(product.id, 1)])
        if isinstance(drafted, placing.Draft):
            price = Money(drafted.money["total"], drafted.currency)
            label = phrase("order.product", name=product.name, price=price)
            options.append(Option(str(product.id), label, plain_words(product.name)))
    return tuple(options)


def _categories(turn: Turn, values: Values) -> tuple[Option, ...]:
    """What there is on sale, by kind."""
    query = products_of(turn.actor).where(Product.category.is_not(None), Product.category != "")
    found = turn.session.scalars(query.with_only_columns(Product.category).distinct().order_by(Product.category))
    names = [str(name) for name in found][:MOST_CATEGORIES]
    return tuple(Option(name, phrase("order.category", name=name[:1].upper() + name[1:])) for name in names)


def _drafted(turn: Turn, wanted: list[Wanted]) -> placing.Draft | Refused:
    assert turn.contact is not None
    try:
        return placing.draft(turn.session, turn.actor, turn.contact.account_id, wanted)
    except DomainError:
        return Refused(phrase("order.not-on-sale"))


def _cancellable(turn: Turn, values: Values) -> Verdict:
    order = order_named(turn.session, turn.actor, values["order"])
    if order is None:
        return Refused(phrase("track.unknown", number=values["order"]))
    lines = service.lines_of(turn.session, [order.id])[order.id]
    if order.status == "cancelled":
        return Refused(phrase("drop.already", number=order.number), instead=("orders", "agent"))
    if order.status not in BEFORE_LEAVING or any(line.shipped_quantity for line in lines):
        return Refused(phrase("drop.too-late", number=order.number, status=phrase(f"short.{order.status}")))
    return Allowed({"number": order.number, "total": Money(order.total, order.currency)})


def _changeable(turn: Turn, values: Values) -> Verdict:
    order = order_named(turn.session, turn.actor, values["order"])
    line = turn.session.get(OrderLine, UUID(values["line"])) if "line" in values else None
    if order is None or (line is not None and line.order_id != order.id):
        return Refused(phrase("track.unknown", number=values["order"]))
    if order.status not in BEFORE_LEAVING or (line is not None and line.shipped_quantity):
        return Refused(phrase("change.too-late", number=order.number, status=phrase(f"short.{order.status}")))
    if line is None or "quantity" not in values:
        return Allowed({})  # the rest is still to be said
    facts = {"number": order.number, "description": line.description}
    before, after = line.live_quantity, int(values["quantity"])
    if after == before:
        return Refused(phrase("change.same", **facts, quantity=after), instead=())
    return Allowed(facts | {"before": before, "after": after})


def _orderable_again(turn: Turn, values: Values) -> Verdict:
    order = order_named(turn.session, turn.actor, values["order"])
    if order is None:
        return Refused(phrase("track.unknown", number=values["order"]))
    try:
        found = reordering.again(turn.session, turn.actor, order_id=order.id)
    except DomainError:
        return Refused(phrase("reorder.gone", number=order.number))
    drafted = _drafted(turn, list(found.wanted))
    if isinstance(drafted, Refused):
        return drafted
    total = Money(drafted.money["total"], drafted.currency)
    facts = {"number": order.number, "pieces": sum(line.quantity for line in found.wanted), "total": total}
    missing = phrase("reorder.without", gone=", ".join(found.gone)) if found.gone else phrase("reorder.complete")
    lines = [phrase("track.item", quantity=line["quantity"], description=line["description"]) for line in drafted.lines]
    return Allowed(facts | {"missing": missing, "items": tuple(lines)})


def _orderable(turn: Turn, values: Values) -> Verdict:
    drafted = _drafted(turn, [Wanted(UUID(values["product"]), int(values["quantity"]))])
    if isinstance(drafted, Refused):
        return drafted
    line = drafted.lines[0]
    total = Money(drafted.money["total"], drafted.currency)
    return Allowed({"quantity": line["quantity"], "description": line["description"], "total": total})


def _refundable(turn: Turn, values: Values) -> Verdict:
    order = order_named(turn.session, turn.actor, values["order"])
    if order is None:
        return Refused(phrase("track.unknown", number=values["order"]))
    if order.status not in HAS_LEFT:
        return Refused(phrase("refund.not-sent", number=order.number, status=phrase(f"short.{order.status}")))
    pieces = returnable(turn.session, order)
    if not pieces and order.status not in returns.ALL_THERE:
        return Refused(phrase("refund.on-its-way", number=order.number), instead=("agent",))
    if not pieces:
        return Refused(phrase("refund.nothing-left", number=order.number), instead=("agent",))
    reason = {"reason": _reason(values["reason"])} if "reason" in values else {}
    return Allowed({"number": order.number, "pieces": sum(pieces.values()), **reason})


def _reason(reason: str) -> Phrase:
    return {
        "damaged": phrase("refund.damaged"),
        "wrong_item": phrase("refund.wrong-item"),
        "not_as_described": phrase("refund.not-as-described"),
        "changed_mind": phrase("refund.changed-mind"),
    }[reason]


def _invoiced(turn: Turn, values: Values) -> Verdict:
    order = order_named(turn.session, turn.actor, values["order"])
    if order is None:
        return Refused(phrase("track.unknown", number=values["order"]))
    found = invoices.invoices_of(turn.actor).where(Invoice.order_id == order.id).limit(1)
    if turn.session.scalars(found).first() is None:
        return Refused(phrase("invoice.none", number=order.number))
    return Allowed({"number": order.number})


def _profile_change(turn: Turn, values: Values) -> Verdict:
    if values["field"] == "phone":
        return Allowed({"field": phrase("profile.phone"), "value": values["phone"]})
    if values["field"] == "mail":
        return Allowed({"field": phrase("profile.mail"), "value": values["mail"]})
    return Allowed({"field": phrase("profile.name"), "value": values["name"]})


def _forgettable(turn: Turn, values: Values) -> Verdict:
    """Who has asked already hears until when it can be taken back."""
    assert turn.contact is not None
    asked = asking.under_way(turn.session, turn.contact)
    return Allowed({}) if asked is None else Refused(phrase("delete.pending", day=asked.due_at))


def _kept(turn: Turn, values: Values) -> Verdict:
    assert turn.contact is not None
    asked = asking.under_way(turn.session, turn.contact)
    return Refused(phrase("keep.nothing")) if asked is None else Allowed({})


def _read_back(turn: Turn, values: Values) -> Verdict:
    """Nothing to check: the answers themselves are read back."""
    return Allowed(dict(values))


OPTIONS: Mapping[str, Callable[[Turn, Values], tuple[Option, ...]]] = {
    "orders": _orders_in(),
    "orders-invoiced": _invoiced_orders,
    "orders-before-leaving": _orders_in(*BEFORE_LEAVING),
    "orders-arrived": _arrived_orders,
    "orders-returned": _returned_orders,
    "lines": _lines,
    "catalogue": _catalogue,
    "categories": _categories,
}

GUARDS: Mapping[str, Callable[[Turn, Values], Verdict]] = {
    "cancellable": _cancellable,
    "changeable": _changeable,
    "orderable": _orderable,
    "orderable-again": _orderable_again,
    "refundable": _refundable,
    "invoiced": _invoiced,
    "profile-change": _profile_change,
    "forgettable": _forgettable,
    "to-be-forgotten": _kept,
    "read-back": _read_back,
}
