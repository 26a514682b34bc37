"""In a chat the buttons of one message can be tapped at a time: those of what was asked last."""

import threading
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import event, select
from sqlalchemy.orm import Session

from bots.dialogue import answer
from bots.house import House
from bots.inbound import Inbound
from mcrm import clock, db
from mcrm.actors import Actor, Channel, Role, Scope
from mcrm.contacts import points
from mcrm.contacts.models import Contact
from mcrm.conversations.models import Conversation
from mcrm.deliveries.models import Delivery
from mcrm.deliveries.outgoing import Ambiguous, Deferred, Operation, Outcome, Outgoing, Sent
from mcrm.inbox import answering, presence
from mcrm.transaction import transaction
from notifications import resolver
from notifications.senders import Late, one
from tests import cast
from tests.bots.conftest import SETTINGS, Phones, Replies
from tests.deliveries.carriers import Carrier, a_round

BEN, BEN_CHAT = "+447700900201", "700201"


class Chat:
    """The customer's screen: what was sent to it, and which of it still has buttons, by Telegram's message id."""

    def __init__(self, *first: Outcome) -> None:
        self.first = list(first)
        self.buttons: dict[str, tuple[Any, ...]] = {}
        self.asked: list[tuple[str, str]] = []
        self.carrier = Carrier(answer=self._take)

    def _take(self, outgoing: Outgoing) -> Outcome:
        self.asked.append((outgoing.operation.value, outgoing.text))
        if outgoing.operation is Operation.SEND and self.first:
            return self.first.pop(0)
        if outgoing.operation is Operation.SEND:
            number = str(len(self.asked) + 100)
            self.buttons[number] = outgoing.buttons
            return Sent(number)
        if outgoing.operation is Operation.EDIT:
            assert outgoing.reference in self.buttons, "an edit of a message that is not there"
            self.buttons[outgoing.reference] = outgoing.buttons
        return Sent(outgoing.reference or "")

    @property
    def live(self) -> list[str]:
        """The messages with buttons."""
        return [number for number, buttons in self.buttons.items() if buttons]

    def catch_up(self) -> None:
        """Until nothing is due, however often something has to wait for something else."""
        for _ in range(8):
            a_round("telegram", self.carrier)
            clock.advance(timedelta(seconds=2))


@pytest.fixture
def ben(session: Session) -> Contact:
    """Ben, known by his number and his chat, with two orders under way."""
    ben = cast.a_customer(session, "Ben Okafor", phone=BEN, telegram=int(BEN_CHAT))
    for number in ("1042", "1043"):
        cast.an_order(session, ben, number)
    session.commit()
    return ben


@pytest.mark.parametrize("then", ["/help", "orders", "track 1042", "cancel 1042"])
def test_whoever_types_instead_of_tapping_loses_the_old_buttons(
    session: Session, ben: Contact, phones: Phones, then: str
) -> None:
    chat = Chat()
    with clock.stopped(clock.now()):
        phones.chat(int(BEN_CHAT), "/menu")
        chat.catch_up()
        [menu] = chat.live
        phones.chat(int(BEN_CHAT), then)
        chat.catch_up()
    assert menu not in chat.live
    assert len(chat.live) <= 1


def test_a_question_that_still_stands_keeps_its_buttons(session: Session, ben: Contact, phones: Phones) -> None:
    chat = Chat()
    with clock.stopped(clock.now()):
        phones.chat(int(BEN_CHAT), "where is my order")
        phones.chat(int(BEN_CHAT), "thanks")
        phones.chat(int(BEN_CHAT), "asdf")
        chat.catch_up()
        assert len(chat.live) == 1
        phones.chat(int(BEN_CHAT), "track 1042")
        chat.catch_up()
    assert chat.live == []


def test_the_reply_goes_before_the_old_buttons_do(session: Session, ben: Contact, phones: Phones) -> None:
    chat = Chat()
    with clock.stopped(clock.now()):
        phones.chat(int(BEN_CHAT), "/menu")
        chat.catch_up()
        phones.chat(int(BEN_CHAT), "/help")
        chat.catch_up()
    assert [operation for operation, _ in chat.asked] == ["send", "send", "edit"]
    assert chat.asked[-1] == ("edit", ""), "the words stay as they are"


@pytest.mark.parametrize("first", [[], [Deferred("telegram.5xx")], [Ambiguous("telegram.no-answer")]], ids=str)
def test_buttons_that_are_still_on_their_way_go_once_they_are_there(
    session: Session, ben: Contact, phones: Phones, first: list[Outcome]
) -> None:
    chat = Chat(*first)
    senders = {"telegram": Late("telegram:ours", lambda: chat.carrier, one)}
    with clock.stopped(clock.now()):
        phones.chat(int(BEN_CHAT), "/menu")
        phones.chat(int(BEN_CHAT), "where is my order")
        phones.chat(int(BEN_CHAT), "track 1042")
        for _ in range(6):
            chat.catch_up()
            resolver.resolve_due(senders)
    assert len(chat.buttons) == 3
    assert chat.live == []


def test_where_nobody_knows_the_message_the_edit_is_given_up(session: Session, ben: Contact, phones: Phones) -> None:
    chat = Chat(*[Ambiguous("telegram.no-answer")] * 2)
    senders = {"telegram": Late("telegram:ours", lambda: chat.carrier, one)}
    with clock.stopped(clock.now()):
        phones.chat(int(BEN_CHAT), "/menu")
        for _ in range(3):
            chat.catch_up()
            resolver.resolve_due(senders)
        phones.chat(int(BEN_CHAT), "/help")
        chat.catch_up()
    [edit] = session.scalars(select(Delivery).where(Delivery.operation == "edit"))
    assert (edit.state, edit.reason) == ("expired", "nothing-to-edit")


def test_a_tap_takes_the_buttons_once_and_leaves_the_choice(
    session: Session, ben: Contact, phones: Phones, replies: Replies
) -> None:
    chat = Chat()
    with clock.stopped(clock.now()):
        phones.chat(int(BEN_CHAT), "/menu")
        chat.catch_up()
        [menu] = chat.live
        _tap(phones, menu, "t:help")
        chat.catch_up()
    assert [edit.text for edit in replies.to(BEN_CHAT, "edit")] == ["What can I do for you?"]
    assert chat.live == []


def test_a_tap_on_old_buttons_takes_the_newer_ones_too(session: Session, ben: Contact, phones: Phones) -> None:
    chat = Chat()
    with clock.stopped(clock.now()):
        phones.chat(int(BEN_CHAT), "/menu")
        phones.chat(int(BEN_CHAT), "orders")
        a_round("telegram", chat.carrier)
        a_round("telegram", chat.carrier)
        _tap(phones, next(iter(chat.buttons)), "t:track")
        chat.catch_up()
    assert len(chat.live) == 1, "those of the last question"


def test_the_talk_that_goes_on_by_text_leaves_no_buttons_behind(
    session: Session, ben: Contact, phones: Phones, replies: Replies
) -> None:
    chat = Chat()
    with clock.stopped(clock.now()):
        phones.chat(int(BEN_CHAT), "/menu")
        chat.catch_up()
        phones.text(BEN, "orders")
        phones.text(BEN, "menu")
        chat.catch_up()
    assert chat.live == []
    assert replies.to(BEN, "edit") == []


def test_who_is_answered_by_a_person_has_no_buttons_of_the_bot(session: Session, ben: Contact, phones: Phones) -> None:
    kofi = cast.a_user(session, "Kofi Mensah", "agent")
    actor = Actor(role=Role.AGENT, channel=Channel.API, id=kofi.id, scope=Scope.ALL)
    presence.arrive(session, actor)
    session.commit()
    chat = Chat()
    with clock.stopped(clock.now()):
        phones.chat(int(BEN_CHAT), "/menu")
        chat.catch_up()
        begun = answering.start(session, actor, contact_id=ben.id)
        session.commit()
        chat.catch_up()
        assert chat.live == []
        answering.resolve(session, actor, begun.id, business="Harbour & Pine")
        session.commit()
        chat.catch_up()
        assert len(chat.live) == 1, "how was our help?"
        phones.chat(int(BEN_CHAT), "5")
        chat.catch_up()
    assert chat.live == []


def test_two_turns_at_the_same_instant_leave_the_buttons_of_one(committed: db.Database) -> None:
    with transaction() as session:
        ben = cast.a_customer(session, "Ben Okafor", phone=BEN, telegram=int(BEN_CHAT))
        for number in ("1042", "1043"):
            cast.an_order(session, ben, number)
    house, chat = House.of(SETTINGS), Chat()
    turns = [Inbound("telegram", str(n), BEN_CHAT, text=text) for n, text in enumerate(("menu", "orders", "track"))]
    threads = [threading.Thread(target=answer, args=(turn, house)) for turn in turns]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with clock.stopped(clock.now()):
        chat.catch_up()
    with db.reading() as looking:
        [[_, last]] = looking.scalars(select(Conversation)).one().slots["keyboards"]
        shown = looking.get_one(Delivery, UUID(last)).provider_id
    assert (len(chat.buttons), chat.live) == (3, [shown])


def test_the_button_that_shares_a_number_goes_when_something_else_is_said(
    session: Session, phones: Phones, replies: Replies
) -> None:
    phones.chat(700999, "/link")
    phones.chat(700999, "menu")  # its own buttons leave no room to take the other away
    phones.chat(700999, "help")
    phones.chat(700999, "help")
    shown = [
        (bool(reply.content.get("buttons")), bool(reply.content.get("reply_keyboard")))
        for reply in replies.to("700999")
    ]
    assert shown == [(True, True), (True, False), (False, True), (False, False)]


@pytest.mark.parametrize("channel", ["sms", "app"])
def test_where_no_buttons_stay_on_a_screen_nothing_is_kept_or_edited(
    session: Session, ben: Contact, phones: Phones, channel: str
) -> None:
    if channel == "sms":
        phones.text(BEN, "menu")
        phones.text(BEN, "orders")
    else:
        points.in_the_app(session, Actor(role=Role.CUSTOMER, channel=Channel.APP, id=ben.id, contact_id=ben.id), ben)
        session.commit()
        for number, words in enumerate(("menu", "orders")):
            answer(Inbound("app", f"m-{number}", str(ben.id), text=words, level=2), House.of(SETTINGS))
    [conversation] = session.scalars(select(Conversation))
    assert "keyboards" not in conversation.slots
    assert session.scalars(select(Delivery).where(Delivery.operation == "edit")).all() == []


def test_a_turn_with_nothing_to_take_away_costs_no_statement_more(
    session: Session, ben: Contact, phones: Phones
) -> None:
    def statements(says: str) -> int:
        seen: list[str] = []

        def note(*facts: Any) -> None:
            seen.append(facts[2])

        engine = session.get_bind()
        event.listen(engine, "before_cursor_execute", note)
        phones.chat(int(BEN_CHAT), says)
        event.remove(engine, "before_cursor_execute", note)
        return len(seen)

    statements("/help")  # what is read once
    plain = statements("/help")
    assert statements("/menu") <= plain + 1, "buttons are remembered with the conversation itself"
    assert statements("/help") > plain, "now there is something to take away"
    assert statements("/help") == plain


def _tap(phones: Phones, message_id: str, data: str) -> None:
    person = {"id": int(BEN_CHAT), "is_bot": False, "first_name": "Ben"}
    message = {"message_id": int(message_id), "date": 1, "chat": {"id": int(BEN_CHAT), "type": "private"}}
    query = {"id": f"q{message_id}", "from": person, "data": data}
    assert phones.update({"callback_query": query | {"message": message | {"text": "What can I do for you?"}}}) == 200
