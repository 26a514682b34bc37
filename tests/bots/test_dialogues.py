"""The conversation scripts of tests/dialogues, through the real webhooks, also with every message delivered twice."""

import re
import tomllib
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from mcrm.cases.models import Case
from mcrm.consents.models import Suppression
from mcrm.contacts.models import ContactPoint
from mcrm.conversations.models import Message
from mcrm.deliveries.models import Delivery
from mcrm.deliveries.segments import Encoding, segments
from mcrm.orders.models import Order
from tests import cast
from tests.bots.conftest import Phones, Replies

FOLDER = Path(__file__).parents[1] / "dialogues"
SCRIPTS = sorted(path.stem for path in FOLDER.glob("*.toml"))
BEN, AISHA = "+447700900201", "+447700900202"


def arrange(session: Session, script: dict[str, Any]) -> None:
    ben = cast.a_customer(session, "Ben Okafor", phone=BEN, telegram=700201 if script.get("telegram", True) else None)
    aisha = cast.a_customer(session, "Aisha Khan", phone=AISHA)
    for number, status in script.get("orders", {}).items():
        cast.an_order(session, ben, number, status)
    for number, status in script.get("others_orders", {}).items():
        cast.an_order(session, aisha, number, status)
    for order in session.scalars(select(Order)):
        order.number_key = order.number.upper().replace("-", "")
    session.commit()


@pytest.mark.parametrize("copies", [1, 2], ids=["once", "twice"])
@pytest.mark.parametrize("name", SCRIPTS)
def test_a_conversation_goes_as_written(
    session: Session, phones: Phones, replies: Replies, name: str, copies: int
) -> None:
    script = tomllib.loads((FOLDER / f"{name}.toml").read_text(encoding="utf-8"))
    arrange(session, script)
    phones.copies = copies
    for turn in script["turn"]:
        channel = turn.get("channel", "sms")
        address = turn.get("address", BEN if channel == "sms" else "700201")
        if "tap" in turn:
            status = phones.chat(int(address), tap=turn["tap"])
        elif "card" in turn:
            status = phones.chat(int(address), contact=turn["card"], **turn.get("more", {}))
        elif channel == "sms":
            status = phones.text(address, _filled(turn["says"], session), **turn.get("more", {}))
        else:
            status = phones.chat(int(address), _filled(turn["says"], session))
        assert status == 200
        session.expire_all()
        check(turn, replies.fresh(address), session)
    expected = script.get("outcome", {})
    assert sorted(session.scalars(select(Suppression.channel).where(Suppression.lifted_at.is_(None)))) == expected.get(
        "suppressed", []
    )
    assert sorted(session.scalars(select(Case.kind))) == expected.get("cases", [])
    assert {order.number: order.status for order in session.scalars(select(Order))} == {
        **script.get("orders", {}),
        **script.get("others_orders", {}),
    }
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
    """`{code}` is the one that was sent last."""
    if "{code}" not in words:
        return words
    query = select(Delivery.text).where(Delivery.kind == "code").order_by(Delivery.id.desc()).limit(1)
    text = session.scalars(query.join(ContactPoint, ContactPoint.id == Delivery.contact_point_id)).one()
    [code] = re.findall(r"\d{6}", text)
    return words.replace("{code}", code)
