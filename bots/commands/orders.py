"""TRACK and ORDERS: where is my order? Status, expected date and lines; never prices or addresses."""

from collections.abc import Sequence

from bots.commands.basics import strangers
from bots.pages import PAGE
from bots.talk import LOCKED_FOR, TRIES, Talk, phrase
from mcrm.orders.tracking import TrackedOrder

MOST_LOOKED_AT, MOST_PAGED = 10, 50
OPEN = frozenset({"new", "confirmed", "shipped"})
MINUTES = int(LOCKED_FOR.total_seconds()) // 60


def track(talk: Talk, number: str | None) -> None:
    """TRACK 1042: where that order is. Without a number: the one open order, or a choice."""
    if number is not None:
        return by_number(talk, number)
    if not talk.event.known:
        return strangers(talk)
    wanted = _under_way(talk.ports.orders(MOST_LOOKED_AT))
    if not wanted:
        talk.say("orders.none")
    elif len(wanted) == 1:
        _tell(talk, wanted[0])
    else:
        talk.say("track.which")
        _offer(talk, wanted, of="track")
    return None


def orders(talk: Talk, words: str | None) -> None:
    """ORDERS: your latest orders."""
    if not talk.event.known:
        return strangers(talk)
    latest = talk.ports.orders(MOST_LOOKED_AT)
    if not latest:
        talk.say("orders.none")
        return None
    talk.say("orders.list", n=len(latest))
    return _offer(talk, latest, of="orders")


def more(talk: Talk, shown: str | None) -> None:
    """MORE: the next page of what was listed. `shown`: which list (`track` or `orders`) and its last order shown."""
    of, _, last = (shown or "").partition(":")
    listed = talk.ports.orders(MOST_PAGED) if shown and talk.event.known else ()
    listed = _under_way(listed) if of == "track" else listed
    places = [place for place, order in enumerate(listed, 1) if order.number == last]
    if not places or places[0] == len(listed):
        return talk.say("list.end")
    talk.say("list.next")
    return _offer(talk, listed[places[0] :], of=of)


def by_number(talk: Talk, number: str) -> None:
    """An own order is told whatever was guessed before: the list shows it anyway. All others look alike, and count."""
    if (order := talk.ports.track(number)) is not None:
        talk.change(failures=0)
        return _tell(talk, order)
    if not talk.event.known:
        return strangers(talk)
    if talk.is_locked:
        return talk.say("track.locked", minutes=MINUTES)
    if talk.state.failures + 1 >= TRIES:
        talk.lock("order-guesses")
        return talk.say("track.locked", minutes=MINUTES)
    talk.change(failures=talk.state.failures + 1)
    return talk.say("track.unknown", number=number[:40])


def _tell(talk: Talk, order: TrackedOrder) -> None:
    talk.say("track.status", number=order.number, status=phrase(f"status.{order.status}"))
    if order.expected_on is not None and order.status in OPEN:
        talk.say("track.expected", date=order.expected_on)
    if order.delivered_at is not None and order.status == "delivered":
        talk.say("track.arrived", date=order.delivered_at)
    lines = [phrase("track.item", quantity=line.quantity, description=line.description) for line in order.lines]
    if lines:
        talk.say("track.items", items=lines)
    talk.change(flow=None, asked=None)


def _under_way(orders: Sequence[TrackedOrder]) -> Sequence[TrackedOrder]:
    """Those that can still arrive; all where none can."""
    return [order for order in orders if order.status in OPEN] or orders


def _offer(talk: Talk, orders: Sequence[TrackedOrder], *, of: str) -> None:
    options = [
        (phrase("orders.entry", number=order.number, status=phrase(f"short.{order.status}")), f"track:{order.number}")
        for order in orders[:PAGE]
    ]
    if len(orders) > PAGE:
        options.append((phrase("list.more"), f"more:{of}:{orders[PAGE - 1].number}"))
    talk.choose(*options)
