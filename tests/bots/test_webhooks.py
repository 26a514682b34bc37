"""The doors: what is not signed leaves no trace, what is odd is answered 200, and nothing raises."""

import threading
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import func, select
from sqlalchemy.orm import Session
from twilio.request_validator import RequestValidator

from bots.dialogue import answer
from bots.house import House
from bots.inbound import Inbound, clean
from mcrm import clock, db
from mcrm.cases.models import Case
from mcrm.consents import service as consents
from mcrm.contacts.models import ContactPoint
from mcrm.conversations.models import Conversation, Message, Owner
from mcrm.deliveries.models import Delivery
from mcrm.interactions import log
from mcrm.interactions.models import Interaction
from mcrm.transaction import transaction
from tests import cast
from tests.bots.conftest import PUBLIC_URL, SETTINGS, SMS_URL, TOKEN, Phones, Replies

FORM = {"MessageSid": "SM1", "From": "+447700900201", "To": "+447700900100", "Body": "hello"}
PERSON = {"id": 700201, "is_bot": False, "first_name": "Ben"}
CHAT = {"id": 700201, "type": "private"}


def stored(session: Session) -> int:
    tables = (Message, ContactPoint, Delivery, Interaction)
    return sum(session.scalar(select(func.count()).select_from(table)) or 0 for table in tables)


def test_a_text_that_twilio_did_not_sign_leaves_no_trace(session: Session, phones: Phones) -> None:
    good = RequestValidator(TOKEN).compute_signature(PUBLIC_URL + SMS_URL, FORM)
    other = RequestValidator("f" * 32).compute_signature(PUBLIC_URL + SMS_URL, FORM)
    assert phones.post_sms(FORM, None) == 403
    assert phones.post_sms(FORM, other) == 403
    assert phones.post_sms(FORM | {"Body": "STOP"}, good) == 403
    assert phones.post_sms(FORM, good, url=f"{SMS_URL}?a=1") == 403
    assert stored(session) == 0
    assert phones.post_sms(FORM, good) == 200
    assert stored(session) > 0


def test_a_chat_of_some_texts_tells_devices_once_when_the_number_was_last_seen(
    session: Session, phones: Phones
) -> None:
    with clock.stopped(clock.now()):
        phones.text("+447700900203", "hello")
        point = session.scalars(select(ContactPoint)).one()
        seen, rev = point.last_seen_at, point.rev
        clock.advance(timedelta(minutes=4))
        phones.text("+447700900203", "hello again")
        session.refresh(point)
        assert (point.last_seen_at, point.rev) == (seen, rev)
        clock.advance(timedelta(minutes=1))
        phones.text("+447700900203", "anybody there?")
        session.refresh(point)
        assert point.last_seen_at == clock.now()
        assert point.rev == rev + 1


def test_an_update_without_our_secret_leaves_no_trace(session: Session, phones: Phones) -> None:
    update = {"update_id": 1, "message": {"date": 1, "chat": CHAT, "from": PERSON, "text": "hello"}}
    assert [phones.post_update(update, secret) for secret in (None, "", "wrong")] == [403, 403, 403]
    assert stored(session) == 0


@pytest.mark.parametrize(
    "update",
    [
        None,
        [],
        "text",
        {},
        {"update_id": "x"},
        {"update_id": 1, "poll": {}},
        {"update_id": 1, "message": None},
        {"update_id": 1, "message": {"chat": {"id": "x"}, "from": {}, "date": 0}},
        {"update_id": 1, "message": {"chat": CHAT, "from": PERSON, "date": 10**30, "text": "x"}},
        {"update_id": 1, "message": {"chat": CHAT, "from": PERSON, "date": 2**60, "text": "x"}},
        {"update_id": 1, "message": {"chat": CHAT, "from": PERSON, "date": 0, "text": ["x"]}},
        {"update_id": 1, "callback_query": {"id": 1}},
    ],
    ids=str,
)
def test_an_update_of_an_unknown_shape_is_logged_and_not_sent_again(
    session: Session, phones: Phones, update: Any
) -> None:
    assert phones.post_update(update) == 200
    assert [fact.kind for fact in log.tail(session, after=0)] == ["message.unreadable"]


@pytest.mark.parametrize("key", ["edited_message", "channel_post"])
def test_edits_and_channels_are_nobody_talking_to_us(session: Session, phones: Phones, key: str) -> None:
    assert phones.update({key: {"chat": CHAT}}) == 200
    group = {"id": -5, "type": "group"}
    assert phones.update({"message": {"chat": group, "from": PERSON, "date": 1, "text": "hi"}}) == 200
    assert stored(session) == 0


def test_who_blocks_the_bot_hears_nothing_until_they_come_back(
    session: Session, phones: Phones, replies: Replies
) -> None:
    phones.update({"my_chat_member": {"chat": CHAT, "from": PERSON, "new_chat_member": {"status": "kicked"}}})
    phones.chat(700201, "hello")
    assert replies.fresh("700201") == []
    phones.update({"my_chat_member": {"chat": CHAT, "from": PERSON, "new_chat_member": {"status": "member"}}})
    phones.chat(700201, "hello")
    assert len(replies.fresh("700201")) == 1


def test_a_tapped_button_is_answered_and_its_keyboard_removed(
    session: Session, phones: Phones, replies: Replies
) -> None:
    phones.chat(700201, tap="t:menu")
    assert len(replies.to("700201")) == 1
    [edit], [tapped] = replies.to("700201", "edit"), replies.to("700201", "answer")
    assert (edit.text, edit.content, tapped.content) == ("old", {"reference": "7"}, {"reference": "q1"})


@pytest.mark.parametrize(
    ("markup", "kept"),
    [
        ({"inline_keyboard": [[{"text": "Menu", "callback_data": "t:menu"}], [{"text": "Other"}]]}, "old\n→ Menu"),
        ({"inline_keyboard": [["odd", {"callback_data": "t:other"}], 7]}, "old"),
        ({"inline_keyboard": 7}, "old"),
        ("odd", "old"),
    ],
)
def test_the_choice_stays_in_the_chat_when_its_buttons_go(
    phones: Phones, replies: Replies, markup: Any, kept: str
) -> None:
    message = {"message_id": 7, "date": 1, "chat": CHAT, "text": "old", "reply_markup": markup}
    assert phones.update({"callback_query": {"id": "q", "from": PERSON, "data": "t:menu", "message": message}}) == 200
    [edit] = replies.to(str(CHAT["id"]), "edit")
    assert edit.text == kept


def test_a_step_that_fails_calls_a_person_and_keeps_the_message(
    session: Session, phones: Phones, replies: Replies, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bots.dialogue.step", lambda *unused: 1 / 0)
    assert phones.text("+447700900203", "hello") == 200
    [message], [case] = session.scalars(select(Message)).all(), session.scalars(select(Case)).all()
    assert (message.text, case.kind) == ("hello", "error")
    assert str(message.error).startswith("ZeroDivisionError")
    assert [delivery.text[:29] for delivery in replies.fresh("+447700900203")] == ["Sorry, something went wrong h"]


@pytest.mark.parametrize("words", [r"\u0000", r"hello \\u0000", r"{\"a\": \"\ud800\x00\"}"])
def test_who_writes_the_escape_of_a_character_is_answered(
    session: Session, phones: Phones, replies: Replies, words: str
) -> None:
    assert (phones.text("+447700900203", words), phones.chat(700203, words)) == (200, 200)
    assert session.scalars(select(Message.text)).all() == [words, words]
    assert [len(replies.fresh(address)) for address in ("+447700900203", "700203")] == [1, 1]


def test_what_a_flood_gets_is_one_notice(session: Session) -> None:
    house = replace(House.of(SETTINGS), limits=replace(SETTINGS.limits, inbound_per_minute=2))
    for number in range(6):
        answer(Inbound("sms", f"SM{number}", "+447700900203", text="help"), house)
    texts = session.scalars(select(Delivery.text).order_by(Delivery.id)).all()
    assert [text[:20] for text in texts] in (
        ["Harbour & Pine: TRAC"] * 2 + ["You are writing fast"],
        ["Harbour & Pine: TRAC"] * 4,  # the minute turned
    )
    assert session.scalar(select(func.count()).select_from(Message)) == 6


@pytest.mark.parametrize("channel", ["sms", "telegram"])
def test_stop_and_start_in_turn_cannot_make_us_write_without_end(session: Session, channel: str) -> None:
    house = replace(House.of(SETTINGS), limits=replace(SETTINGS.limits, inbound_per_minute=4))
    address = {"sms": "+447700900203", "telegram": "700203"}[channel]
    with clock.stopped(clock.now()):
        for number in range(20):
            words = "start" if number % 2 else "stop it"
            answer(Inbound(channel, f"in-{number}", address, text=words), house)
        assert session.scalar(select(func.count()).select_from(Delivery)) == 4, "four answers, then silence"
        answer(Inbound(channel, "in-stop", address, text="stop it"), house)
    assert [stop.reason for stop in consents.suppressions_of(session, channel, address)] == ["stop-word"]


def test_a_code_stands_neither_in_the_log_nor_in_the_messages(session: Session, phones: Phones) -> None:
    phones.text("+447700900203", "verify")
    phones.text("+447700900203", "482 915")
    words = [fact.payload for fact in log.tail(session, after=0)] + list(session.scalars(select(Message.text)))
    assert not [text for text in words if "482" in text or "915" in text]


NONSENSE = st.text(st.characters(), max_size=300) | st.text("0123456789 #/t:stopjk😀\x00\ud800", max_size=40)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(words=NONSENSE)
def test_nonsense_never_raises_and_gets_at_most_one_reply(database: db.Database, session: Session, words: str) -> None:
    said = select(func.count()).select_from(Delivery).where(Delivery.operation == "send")
    for channel, address in (("sms", "+447700900203"), ("telegram", "700203")):
        before = session.scalar(said) or 0
        number = str(session.scalar(select(func.count()).select_from(Message)))
        answer(Inbound(channel, number, address, text=clean(words)), House.of(SETTINGS))
        assert (session.scalar(said) or 0) - before <= 1
    assert session.scalars(select(Message.error).where(Message.error.is_not(None))).all() == []


@pytest.mark.parametrize("trouble", ["a person owns the chat", "the step fails"])
def test_a_tapped_button_stops_waiting_whatever_becomes_of_it(
    session: Session, phones: Phones, replies: Replies, monkeypatch: pytest.MonkeyPatch, trouble: str
) -> None:
    phones.chat(700203, "hello")
    if trouble == "the step fails":
        monkeypatch.setattr("bots.dialogue.step", lambda *unused: 1 / 0)
    else:
        session.scalars(select(Conversation)).one().owner = Owner.HUMAN.value
        session.commit()
    before = len(replies.to("700203"))
    assert phones.chat(700203, tap="t:orders") == 200
    [answered] = replies.to("700203", "answer")
    assert answered.content["reference"].startswith("q")
    assert len(replies.to("700203")) - before == (trouble == "the step fails")


def test_two_messages_at_the_same_instant_are_taken_one_after_the_other(committed: db.Database) -> None:
    with transaction() as session:
        cast.an_order(session, cast.a_customer(session, phone="+447700900201"), "1042")
    house = House.of(SETTINGS)
    texts = ["track 9998", "track 9999", "track 9998", "track 9999"]  # both count, whichever comes first
    threads = [
        threading.Thread(target=answer, args=(Inbound("sms", f"SM{n // 2}", "+447700900201", text=text), house))
        for n, text in enumerate(sorted(texts))
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with db.reading() as session:
        [conversation] = session.scalars(select(Conversation)).all()
        assert (conversation.version, conversation.failures) == (3, 2)
        assert session.scalar(select(func.count()).select_from(Delivery)) == 2
