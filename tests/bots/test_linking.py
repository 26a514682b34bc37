"""A link from the app joins a chat to its contact once, and the stranger's conversation goes with it."""

import re
from dataclasses import replace
from datetime import timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from mcrm import clock
from mcrm.actors import SYSTEM
from mcrm.contacts import points
from mcrm.contacts.linking import new_link
from mcrm.contacts.models import Contact
from mcrm.conversations.models import Conversation
from mcrm.deliveries.segments import segments
from mcrm.interactions.models import Interaction
from tests import cast
from tests.bots.conftest import SETTINGS, Phones, Replies


def a_link(session: Session) -> tuple[Contact, str]:
    ben = cast.a_customer(session, phone="+447700900201")
    token = new_link(session, SYSTEM, contact_id=ben.id, channel="telegram")
    session.commit()
    return ben, token


def said(phones: Phones, replies: Replies, user: int, text: str) -> str:
    phones.chat(user, text)
    [reply] = replies.fresh(str(user))
    return reply.text


def test_a_link_works_once_and_for_its_channel(session: Session, phones: Phones, replies: Replies) -> None:
    ben, token = a_link(session)
    assert said(phones, replies, 700201, "hello").startswith("Hello, this is Harbour & Pine")
    assert said(phones, replies, 700201, f"/start {token}").startswith("Thank you Ben")
    session.expire_all()
    assert session.scalars(select(Conversation.contact_id)).all() == [ben.id]
    assert "expired or was used" in said(phones, replies, 700999, f"/start {token}")
    assert said(phones, replies, 700201, "/start").startswith("Hello Ben")


def test_two_conversations_of_one_person_become_one(session: Session, phones: Phones, replies: Replies) -> None:
    ben, token = a_link(session)
    phones.text("+447700900201", "hello")
    phones.chat(700201, "hello")
    phones.chat(700201, f"/start {token}")
    session.expire_all()
    assert session.scalars(select(Conversation.contact_id)).all() == [ben.id]


def test_a_link_lives_fifteen_minutes(session: Session, phones: Phones, replies: Replies) -> None:
    with clock.stopped(clock.now()):
        _, token = a_link(session)
        clock.advance(timedelta(minutes=15))
        assert "expired" in said(phones, replies, 700201, f"/start {token}")


def test_a_choice_of_long_ago_does_nothing(session: Session, phones: Phones, replies: Replies) -> None:
    _, token = a_link(session)
    with clock.stopped(clock.now()):
        said(phones, replies, 700201, f"/start {token}")
        clock.advance(timedelta(minutes=16))
        assert said(phones, replies, 700201, "3").startswith("That choice has expired")


def test_link_in_a_text_gives_the_holder_of_the_number_a_way_into_telegram(session: Session, replies: Replies) -> None:
    ben = cast.a_customer(session, phone="+447700900201")
    session.commit()
    assert SETTINGS.telegram is not None
    named = replace(SETTINGS, telegram=replace(SETTINGS.telegram, bot_username="harbour_pine_bot"))
    phones = Phones(named)
    phones.text("+447700900201", "LINK")
    [reply] = replies.fresh("+447700900201")
    opened = re.fullmatch(r"Open https://t\.me/harbour_pine_bot\?start=(\S+) to link Telegram .*", reply.text)
    assert opened is not None
    assert segments(reply.text)[1] == 1
    assert opened[1] not in "".join(session.scalars(select(Interaction.payload))), "the log keeps no key to an account"
    assert said(phones, replies, 700201, f"/start {opened[1]}").startswith("Thank you Ben")
    session.expire_all()
    assert [point.address for point in points.reachable(session, ben.id, "telegram")] == ["700201"]

    phones.text("+447700900209", "LINK")
    [to_a_stranger] = replies.fresh("+447700900209")
    assert "t.me" not in to_a_stranger.text


def test_without_the_bots_name_a_text_says_how_to_link(session: Session, phones: Phones, replies: Replies) -> None:
    a_link(session)
    phones.text("+447700900201", "LINK")
    [reply] = replies.fresh("+447700900201")
    assert reply.text.startswith("This number needs no linking.")
