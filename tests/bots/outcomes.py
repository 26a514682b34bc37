"""What must stand in the database when a script has been played: what it says, and what holds after every one."""

import json
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from mcrm import clock
from mcrm.addresses.models import Address
from mcrm.cases.models import Case
from mcrm.consents.models import Consent, Suppression
from mcrm.contacts.models import ContactPoint
from mcrm.conversations.models import Conversation, Message
from mcrm.deliveries.models import Delivery
from mcrm.ids import new_id
from mcrm.inbox.models import Handover
from mcrm.interactions.models import Interaction
from mcrm.orders.models import Order
from mcrm.policy import gate
from mcrm.returns.models import Return


def check_outcome(session: Session, script: dict[str, Any], channels: tuple[str, str], turns: int) -> None:
    """`{channel}` in an outcome is the one on which the script ended; `turns` is how often the customer spoke."""
    words = json.dumps(script.get("outcome", {})).replace("{channel}", channels[-1])
    expected: dict[str, Any] = json.loads(words)
    for channel in channels:
        expected |= expected.get(channel, {})
    stops = session.scalars(select(Suppression.channel).where(Suppression.lifted_at.is_(None)))
    assert sorted(stops) == expected.get("suppressed", [])
    assert sorted(session.scalars(select(Case.kind))) == expected.get("cases", [])
    handovers = list(session.scalars(select(Handover).order_by(Handover.id)))
    assert [one.state for one in handovers] == expected.get("handovers", [])
    assert all(one.summary.count("\n") == 2 for one in handovers)
    _orders(session, script, expected)
    where = [f"{one.lines[0]}, {one.city} {one.postcode}" for one in session.scalars(select(Address))]
    assert where == expected.get("addresses", [])
    consents = list(session.scalars(select(Consent)))
    assert [f"{one.channel} {one.state}" for one in consents] == expected.get("consents", [])
    if "proofs" in expected:
        assert [one.proof["words"] for one in consents] == expected["proofs"]
    assert list(session.scalars(select(Return.reason))) == expected.get("returns", [])
    kinds = list(session.scalars(select(Delivery.kind)))
    assert {kind: kinds.count(kind) for kind in expected.get("sent", {})} == expected.get("sent", {})
    _log(session, expected, turns)
    for refused in expected.get("refuses", []):
        assert _may_be_sent_offers(session, refused).answer == gate.Answer.SUPPRESSED
    if expected.get("settled"):
        assert set(session.scalars(select(Conversation.flow))) <= {None}


def _orders(session: Session, script: dict[str, Any], expected: dict[str, Any]) -> None:
    numbers = {order.number: order.status for order in session.scalars(select(Order))}
    known = {**script.get("orders", {}), **script.get("others_orders", {})}
    known |= {order["number"]: order["status"] for order in script.get("order", [])} | expected.get("orders", {})
    new = [number for number in numbers if number not in known]
    assert {number: status for number, status in numbers.items() if number in known} == known
    assert len(new) == expected.get("new_orders", 0)


def _log(session: Session, expected: dict[str, Any], turns: int) -> None:
    """What the customer said is there once each, however often it came; a code stands nowhere."""
    facts = list(session.scalars(select(Interaction)))
    kinds = [fact.kind for fact in facts]
    assert {kind: kinds.count(kind) for kind in expected.get("log", {})} == expected.get("log", {})
    for kind in expected.get("by_customer", []):
        assert [fact.actor.partition(":")[0] for fact in facts if fact.kind == kind] == ["customer"]
    messages = list(session.scalars(select(Message)))
    assert (len(messages), kinds.count("message.received")) == (turns, turns)
    assert sum(message.error is not None for message in messages) == expected.get("errors", 0)
    codes = [text[-6:] for text in map(_digits, session.scalars(_CODES)) if text]
    for code in codes:
        assert not any(code in _digits(fact.payload) for fact in facts if fact.kind == "message.received")
        assert not any(code in (message.text or "") for message in messages)


def _digits(text: str) -> str:
    return "".join(letter for letter in text if letter.isdigit())


_CODES = select(Delivery.text).where(Delivery.kind == "code")


def _may_be_sent_offers(session: Session, channel: str) -> gate.Verdict:
    """Whether a campaign may write to the customer now: what is asked before any provider is called."""
    query = select(ContactPoint).where(ContactPoint.channel == channel, ContactPoint.contact_id.is_not(None))
    point = session.scalars(query.order_by(ContactPoint.id)).first()
    assert point is not None
    request = gate.Request(
        id=new_id(),
        channel=channel,
        purpose="marketing",
        kind="campaign",
        contact_id=point.contact_id,
        owner_id=point.contact_id,
        address=point.address,
        point_state=point.state,
        expires_at=None,
    )
    return gate.may_send(session, [request], clock.now())[request.id]
