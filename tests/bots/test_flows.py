"""Flows are data: a broken one names itself, a good one is done once, by whom it may be, as surely as it asks for."""

import threading
import tomllib
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from bots import errands, flowfiles
from bots.dialogue import answer
from bots.errands import ERRANDS
from bots.flowfiles import FlowBroken, flows
from bots.house import House
from bots.inbound import Inbound
from bots.lookups import GUARDS, OPTIONS
from bots.rendering import LONGEST_CALLBACK
from bots.talk import ANSWER_WITHIN
from bots.turn import Turn
from mcrm import clock, db
from mcrm.contacts import points
from mcrm.conversations.models import Conversation, Message
from mcrm.errors import NotAllowed
from mcrm.orders.models import Order
from mcrm.transaction import transaction
from tests import cast
from tests.bots.conftest import SETTINGS, Phones, Replies

GOOD = 'title = "flow.drop"\ntriggers = []\nlevel = 1\naction = "cancel-order"\ndone = "drop.done"\n'
SLOT = '[[slots]]\nname = "order"\ntype = "order"\nask = "drop.which"\n'
BEN = "+447700900201"


@pytest.mark.parametrize(
    ("text", "named"),
    [
        (GOOD.replace("level = 1\n", ""), "'level' is missing"),
        (GOOD + "colour = 1\n", "no key 'colour'"),
        (GOOD.replace("drop.done", "drop.dune"), "no phrase 'drop.dune'"),
        (GOOD.replace("level = 1", "level = 4"), "level"),
        (GOOD + 'confirm = "maybe"\n', "confirm"),
        (GOOD + 'confirm = "explicit"\n', "read_back"),
        (GOOD + 'on_fail = "shrug"\n', "on_fail"),
        (GOOD + SLOT.replace('type = "order"', 'type = "wish"'), "slots.order.type"),
        (GOOD + SLOT + "sort = 1\n", "no key 'sort'"),
        (GOOD + SLOT.replace('ask = "drop.which"\n', ""), "'ask' is missing"),
    ],
)
def test_a_broken_flow_names_itself_and_the_key(tmp_path: Path, text: str, named: str) -> None:
    path = tmp_path / "lost.toml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(FlowBroken, match=f"flows/lost.toml.*{named}"):
        flowfiles.read(path)


@pytest.mark.parametrize("missing", ["guards", "options", "actions"])
def test_a_flow_that_names_what_nobody_wrote_stops_the_start(missing: str) -> None:
    there: dict[str, Any] = {"guards": GUARDS, "options": OPTIONS, "actions": ERRANDS}
    flowfiles.check(**there)
    with pytest.raises(FlowBroken, match="flows/"):
        flowfiles.check(**{**there, missing: ()})


def test_every_errand_guard_and_list_is_used_by_a_flow() -> None:
    assert {flow.action for flow in flows().values()} == ERRANDS.keys()
    assert {flow.guard for flow in flows().values()} - {None} == GUARDS.keys()
    slots = [slot for flow in flows().values() for slot in flow.slots]
    named = {name for slot in slots for name in (slot.options_from, slot.otherwise_from)}
    assert named - {None} == OPTIONS.keys()


def test_every_flow_is_tried_by_a_script() -> None:
    spoken = ""
    for path in (Path(__file__).parents[1] / "dialogues").glob("*.toml"):
        script = tomllib.loads(path.read_text(encoding="utf-8"))
        spoken += "\n".join(turn.get("expect", "") for turn in script["turn"]) + "\n"
    untried = [flow.id for flow in flows().values() if flow.id not in TRIED or TRIED[flow.id] not in spoken]
    assert untried == []


TRIED = {
    "address": "We send to",
    "buy": "for £24.00 is placed",
    "change": "is changed",
    "complaint": "your case is C-",
    "delete_me": "We delete everything we hold",
    "drop": "is cancelled",
    "export_me": "Its link comes here",
    "invoice": "Here is invoice ",
    "keep_me": "taken back",
    "new_mail": "is your mail address with us",
    "new_number": "is your number with us",
    "offers": "no offer just now",
    "prefs": "no more offers",
    "profile": "Your name is",
    "quiet": "by your own clock, no offers come",
    "refund": "is noted",
    "refund_status": "waiting for the goods",
    "reorder": "for £31.00 is placed",
}
"""What each flow says when it is done."""


def test_an_errand_is_never_run_for_less_than_its_flow_asks(session: Session) -> None:
    ben = cast.a_customer(session, phone=BEN)
    order = cast.an_order(session, ben, "1042")
    conversation, message = Conversation(contact_id=ben.id), Message(channel="sms", direction="in", provider_id="1")
    [point] = points.reachable(session, ben.id, "sms")
    inbound = Inbound("sms", "1", BEN, text="1")
    turn = Turn(session, House.of(SETTINGS), inbound, message, point, ben, conversation, "en", level=2)
    with pytest.raises(NotAllowed):
        errands.run(turn, {"flow": "drop", "values": {"order": order.number}})
    assert order.status == "confirmed"


def test_a_tapped_consent_is_used_up_and_short_enough(session: Session, phones: Phones, replies: Replies) -> None:
    cast.a_customer(session, phone=BEN, telegram=700201)
    session.commit()
    phones.chat(700201, "/prefs")
    phones.chat(700201, "telegram")
    [[_, first], *_] = [row[0] for row in replies.to("700201")[-1].content["buttons"]]
    assert len(first.encode()) <= LONGEST_CALLBACK
    phones.chat(700201, tap=first)
    phones.chat(700201, tap=first)
    said = [reply.text for reply in replies.to("700201")][-2:]
    assert said[0].startswith("Telegram: you get offers")
    assert said[1].startswith("That choice has expired")


def test_a_wish_and_its_withdrawal_at_the_same_instant_leave_the_order(committed: db.Database) -> None:
    with transaction() as session:
        cast.an_order(session, cast.a_customer(session, phone=BEN), "1042")
    house = House.of(SETTINGS)
    texts = ("cancel 1042", "wait no")
    threads = [
        threading.Thread(target=answer, args=(Inbound("sms", f"SM{place}", BEN, text=text), house))
        for place, text in enumerate(texts)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with db.reading() as looking:
        [conversation] = looking.scalars(select(Conversation)).all()
        assert conversation.version == 3, "one after the other, none lost"
        assert looking.scalars(select(Order.status)).all() == ["confirmed"]
        assert looking.scalars(select(Message.error).where(Message.error.is_not(None))).all() == []


def test_an_old_question_is_taken_up_again_or_dropped(session: Session, phones: Phones, replies: Replies) -> None:
    cast.a_customer(session, phone=BEN)
    session.commit()
    with clock.stopped(clock.now()):
        phones.text(BEN, "address")
        phones.text(BEN, "14 Elm Street")
        clock.advance(ANSWER_WITHIN)
        phones.text(BEN, "BS1 4QA")
        phones.text(BEN, "1")
        phones.text(BEN, "BS1 4QA")
    assert [reply.text.partition("?")[0] for reply in replies.to(BEN)][-3:] == [
        "Shall we go on with your address change",
        "And the postcode",
        "And the town",
    ]
