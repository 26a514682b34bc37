"""TRACK and ORDERS: where is my order? Status, expected date and lines; never prices or addresses."""

from collections.abc import Sequence

from bots.commands.basics import strangers
from bots.talk import LOCKED_FOR, TRIES, Talk, phrase
from mcrm.orders.tracking import TrackedOrder

MOST_CHOICES = 5
OPEN = frozenset({"new", "confirmed", "shipped"})
MINUTES = int(LOCKED_FOR.total_seconds()) // 60


def track(talk: Talk, number: str | None) -> None:
    """TRACK 1042: where that order is. Without a number: the one open order, or a choice."""
    if number is not None:
        return by_number(talk, number)
    if not talk.event.known:
        return strangers(talk)
    orders = list(talk.ports.orders())
    open_ones = [order for order in orders if order.status in OPEN]
    wanted = open_ones or orders
    if not wanted:
        talk.say("orders.none")
    elif len(wanted) == 1:
        _tell(talk, wanted[0])
    else:
        talk.say("track.which")
        _offer(talk, wanted)
    return None


def orders(talk: Talk, words: str | None) -> None:
    """ORDERS: your latest orders."""
    if not talk.event.known:
        return strangers(talk)
    latest = list(talk.ports.orders())[:MOST_CHOICES]
    if not latest:
        talk.say("orders.none")
        return None
    talk.say("orders.list", n=len(latest))
    return _offer(talk, latest)


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


def _offer(talk: Talk, orders: Sequence[TrackedOrder]) -> None:
    talk.choose(
        *(
            (
                phrase("orders.entry", number=order.number, status=phrase(f"short.{order.status}")),
                f"track:{order.number}",
            )
            for order in orders[:MOST_CHOICES]
        )
    )
