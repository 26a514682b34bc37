"""The conversation scripts of tests/dialogues, through the real webhooks.

Also with every message delivered twice and a restart between any two, and with a change of the channel half-way.
"""

import re
import tomllib
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from mcrm import clock
from mcrm.actors import SYSTEM
from mcrm.addresses.models import Address
from mcrm.cases.models import Case
from mcrm.config import Mail
from mcrm.consents.models import Consent, Suppression
from mcrm.contacts.models import Contact
from mcrm.conversations.models import Message
from mcrm.deliveries.models import Delivery
from mcrm.deliveries.segments import Encoding, segments
from mcrm.interactions.models import Interaction
from mcrm.invoices.service import issue
from mcrm.orders.models import Order, OrderLine
from mcrm.orders.placing import Wanted, place
from mcrm.products.models import Product
from mcrm.returns.models import Return
from tests import cast
from tests.bots.conftest import SETTINGS, Phones, Replies
from tests.tills import SELLER

FOLDER = Path(__file__).parents[1] / "dialogues"
SCRIPTS = sorted(path.stem for path in FOLDER.glob("*.toml"))
assert SETTINGS.telegram is not None
NAMED = replace(
    SETTINGS,
    telegram=replace(SETTINGS.telegram, bot_username="harbour_and_pine_bot"),
    mail=Mail("localhost", 25, is_tls=False, user=None, password=None, sender="shop@harbourandpine.example"),
)
BEN, AISHA = "+447700900201", "+447700900202"


def arrange(session: Session, script: dict[str, Any]) -> None:
    ben = cast.a_customer(session, "Ben Okafor", phone=BEN, telegram=700201 if script.get("telegram", True) else None)
    aisha = cast.a_customer(session, "Aisha Khan", phone=AISHA)
    for number, status in script.get("orders", {}).items():
        cast.an_order(session, ben, number, status)
    for number, status in script.get("others_orders", {}).items():
        cast.an_order(session, aisha, number, status)
    coffee = cast.a_product(session, stock=20)
    mug = cast.a_product(session, "MUG-1", "Harbour mug", price=1200, stock=20)
    for made in script.get("order", []):
        _placed(session, ben, {"coffee": coffee, "mug": mug}, made)
    for order in session.scalars(select(Order)):
        order.number_key = order.number.upper().replace("-", "")
    session.commit()


def _placed(session: Session, ben: Contact, products: dict[str, Product], made: dict[str, Any]) -> None:
    wanted = [Wanted(products[name].id, quantity) for name, quantity in made["lines"].items()]
    order = place(session, SYSTEM, contact_id=ben.id, lines=wanted)
    session.refresh(order)
    order.number, order.status = made["number"], made["status"]
    if made["status"] in ("shipped", "delivered"):
        for line in session.scalars(select(OrderLine).where(OrderLine.order_id == order.id)):
            line.shipped_quantity = line.quantity
    session.flush()
    if made.get("invoiced"):
        issue(session, SYSTEM, order_id=order.id, seller=SELLER)


def _ways() -> list[Any]:
    """Every script in every way that it can go; of those for several channels, half the ways in the long runs only."""
    ways = []
    for name in SCRIPTS:
        script = tomllib.loads((FOLDER / f"{name}.toml").read_text(encoding="utf-8"))
        channels = script.get("channels", ["sms"])
        for at, channel in enumerate(channels):
            for copies in (1, 2):
                marks = [pytest.mark.soak] if len(channels) > 1 and copies != at + 1 else []
                ways.append(pytest.param(name, channel, copies, id=f"{name}-{channel}-{copies}", marks=marks))
        if "switch_at" in script:
            ways.append(pytest.param(name, "switch", 1, id=f"{name}-switch"))
    return ways


@pytest.mark.parametrize(("name", "channel", "copies"), _ways())
def test_a_conversation_goes_as_written(
    session: Session, replies: Replies, name: str, channel: str, copies: int
) -> None:
    script = tomllib.loads((FOLDER / f"{name}.toml").read_text(encoding="utf-8"))
    arrange(session, script)
    phones = Phones(NAMED)
    with clock.stopped(clock.now()):
        for place, turn in enumerate(script["turn"]):
            clock.advance(timedelta(seconds=5, **turn.get("later", {})))
            if copies == 2:  # a restart between any two messages: nothing is kept but in the database
                phones = replace_app(phones)
            phones.copies = copies
            by = channel if channel != "switch" else ("sms" if place < script["switch_at"] else "telegram")
            turn = {"channel": by, **turn}
            take_turn(session, phones, replies, turn)
    expected = script.get("outcome", {})
    check_outcome(session, script, expected)


def replace_app(phones: Phones) -> Phones:
    """A process started anew; the providers count on."""
    fresh = Phones(NAMED)
    fresh.numbers = phones.numbers
    return fresh


def take_turn(session: Session, phones: Phones, replies: Replies, turn: dict[str, Any]) -> None:
    channel = turn["channel"]
    address = turn.get("address", BEN if channel == "sms" else "700201")
    last = replies.to(address)
    if "old_pick" in turn:
        status = phones.chat(int(address), tap=f"t:pick:0123456789ab:{turn['old_pick']}")
    elif "pick" in turn and channel == "telegram" and last and last[-1].content.get("buttons"):
        _, data = last[-1].content["buttons"][turn["pick"] - 1][0]
        status = phones.chat(int(address), tap=data)
    elif "tap" in turn:
        status = phones.chat(int(address), tap=turn["tap"])
    elif "card" in turn:
        status = phones.chat(int(address), contact=turn["card"], **turn.get("more", {}))
    else:
        says = _filled(turn["says"] if "says" in turn else str(turn["pick"]), session)
        status = (
            phones.text(address, says, **turn.get("more", {})) if channel == "sms" else phones.chat(int(address), says)
        )
    assert status == 200
    session.expire_all()
    check(turn, replies.fresh(address), session)


def check_outcome(session: Session, script: dict[str, Any], expected: dict[str, Any]) -> None:
    stops = session.scalars(select(Suppression.channel).where(Suppression.lifted_at.is_(None)))
    assert sorted(stops) == expected.get("suppressed", [])
    assert sorted(session.scalars(select(Case.kind))) == expected.get("cases", [])
    numbers = {order.number: order.status for order in session.scalars(select(Order))}
    known = {**script.get("orders", {}), **script.get("others_orders", {})}
    known |= {order["number"]: order["status"] for order in script.get("order", [])} | expected.get("orders", {})
    new = [number for number in numbers if number not in known]
    assert {number: status for number, status in numbers.items() if number in known} == known
    assert len(new) == expected.get("new_orders", 0)
    where = [f"{one.lines[0]}, {one.city} {one.postcode}" for one in session.scalars(select(Address))]
    assert where == expected.get("addresses", [])
    assert [f"{one.channel} {one.state}" for one in session.scalars(select(Consent))] == expected.get("consents", [])
    assert list(session.scalars(select(Return.reason))) == expected.get("returns", [])
    kinds = list(session.scalars(select(Delivery.kind)))
    assert {kind: kinds.count(kind) for kind in expected.get("sent", {})} == expected.get("sent", {})
    if "log" in expected:
        kinds = list(session.scalars(select(Interaction.kind)))
        assert {kind: kinds.count(kind) for kind in expected["log"]} == expected["log"]
    assert session.scalars(select(Message.error).where(Message.error.is_not(None))).all() == []


def check(turn: dict[str, Any], said: list[Delivery], session: Session) -> None:
    answers = [delivery.text for delivery in said if delivery.kind != "code"]
    if not turn.get("expect"):
        assert answers == []
        return
    assert len(answers) == 1, answers
    assert re.search(turn["expect"], answers[0], re.DOTALL), answers[0]
    if turn.get("channel", "sms") == "sms":
        encoding, parts = segments(answers[0])
        assert (encoding, parts <= 2) == (Encoding.GSM7, True)


def _filled(words: str, session: Session) -> str:
    """`{code}` is the one that was sent last, `{token}` that of the last link to another chat."""
    for name, kind, pattern in (("{code}", "code", r"\d{6}"), ("{token}", "chat-link", r"start=([\w-]+)")):
        if name in words:
            query = select(Delivery.text).where(Delivery.kind == kind).order_by(Delivery.id.desc()).limit(1)
            [found] = re.findall(pattern, session.scalars(query).one())
            words = words.replace(name, found)
    return words
