"""From the bot to a person and back: whoever owns a conversation answers it, and nobody else does."""

from datetime import timedelta

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select
from sqlalchemy.orm import Session

from mcrm import clock
from mcrm.actors import Role
from mcrm.cases.models import Case
from mcrm.contacts.models import Contact
from mcrm.conversations.models import Conversation
from mcrm.deliveries.models import Delivery
from mcrm.inbox import returning
from mcrm.interactions.models import Interaction
from mcrm.transaction import perform
from tests.bots.conftest import Phones, Replies
from tests.callers import Caller, as_staff
from tests.inbox.conftest import BEN, NIGHT, NOON, a_setting, at


def waiting(caller: Caller) -> dict[str, object]:
    [one] = caller.get("/v1/inbox/handovers", going_on="true").json["items"]
    return one  # type: ignore[no-any-return]


def test_a_hand_over_and_back(
    phones: Phones, replies: Replies, session: Session, ben: Contact, kofi: Caller, noor: Caller
) -> None:
    phones.text(BEN, "where is order 1002")
    phones.text(BEN, "drop")
    phones.text(BEN, "never mind")
    phones.text(BEN, "agent")
    session.expire_all()
    assert "within 15 minutes" in replies.fresh(BEN)[-1].text

    one = waiting(kofi)
    assert (one["state"], one["reason"], one["awaits_reply"]) == ("taken", "asked", True)
    assert str(one["summary"]).split("\n") == [
        "Ben Okafor, by sms",
        "Latest order 1002, shipped",
        "The customer asked for a person. Tried before: track, cancel an order.",
    ]
    phones.text(BEN, "are you there?")
    session.expire_all()
    assert replies.fresh(BEN) == [], "the bot is silent while a person answers"

    said = kofi.post(f"/v1/inbox/handovers/{one['id']}/messages", {"text": "Hello Ben, Kofi here."})
    assert (said.status_code, said.json["channel"]) == (201, "sms")
    session.expire_all()
    assert [delivery.text for delivery in replies.fresh(BEN)] == ["Hello Ben, Kofi here."]
    assert noor.post(f"/v1/inbox/handovers/{one['id']}/messages", {"text": "Me too."}).json["code"] == "handover.taken"

    settled = kofi.post(f"/v1/inbox/handovers/{one['id']}/resolution")
    assert (settled.status_code, settled.json["state"], settled.json["ended_by"]) == (201, "resolved", "agent")
    session.expire_all()
    assert "1 (poor) to 5" in replies.fresh(BEN)[0].text
    phones.text(BEN, "5")
    phones.text(BEN, "where is order 1002")
    session.expire_all()
    thanks, status = (said.text for said in replies.fresh(BEN))
    assert thanks == "Thank you for telling us."
    assert status.startswith("Order 1002: on its way")
    assert kofi.get(f"/v1/inbox/handovers/{one['id']}").json["rating"] == 5
    kinds = session.scalars(select(Interaction.kind).where(Interaction.subject_type == "handover")).all()
    assert sorted(kinds) == ["conversation.handed-over", "conversation.rated", "conversation.resolved"]


def test_the_customer_is_asked_once_and_an_old_number_is_no_rating(
    phones: Phones, replies: Replies, session: Session, ben: Contact, kofi: Caller
) -> None:
    phones.text(BEN, "agent")
    one = waiting(kofi)
    kofi.post(f"/v1/inbox/handovers/{one['id']}/resolution")
    phones.text(BEN, "4")
    phones.text(BEN, "rate 1")
    session.expire_all()
    assert "Nobody asked" in replies.fresh(BEN)[-1].text
    assert kofi.get(f"/v1/inbox/handovers/{one['id']}").json["rating"] == 4


def test_the_answer_leaves_on_the_channel_of_the_last_message(
    phones: Phones, replies: Replies, session: Session, ben: Contact, kofi: Caller
) -> None:
    phones.text(BEN, "agent")
    phones.chat(700201, "I am here now")
    one = waiting(kofi)
    assert kofi.post(f"/v1/inbox/handovers/{one['id']}/messages", {"text": "Hello."}).json["channel"] == "telegram"
    session.expire_all()
    assert [said.text for said in replies.to("700201")] == ["Hello."]
    kofi.post(f"/v1/inbox/handovers/{one['id']}/resolution")
    phones.chat(700201, tap="t:rate:3")
    assert kofi.get(f"/v1/inbox/handovers/{one['id']}").json["rating"] == 3


def test_the_word_bot_gives_the_conversation_back(
    phones: Phones, replies: Replies, session: Session, ben: Contact, kofi: Caller
) -> None:
    phones.text(BEN, "agent")
    one = waiting(kofi)
    replies.fresh(BEN)
    phones.text(BEN, "Bot")
    session.expire_all()
    assert replies.fresh(BEN)[0].text.startswith("I am back, the bot.")
    ended = kofi.get(f"/v1/inbox/handovers/{one['id']}").json
    assert (ended["state"], ended["ended_by"]) == ("returned", "customer")
    assert kofi.post(f"/v1/inbox/handovers/{one['id']}/messages", {"text": "Hello?"}).json["code"] == "handover.ended"


def test_out_of_hours_a_case_is_opened_with_a_promise(
    phones: Phones, replies: Replies, session: Session, ben: Contact, monkeypatch: pytest.MonkeyPatch
) -> None:
    a_setting("support-hours", "Mon-Fri 09:00-17:30 Europe/London")
    a_setting("support-holidays", "2026-11-27")
    a_setting("case-due-hours", "8, asked 1")
    at(monkeypatch, NIGHT)
    phones.text(BEN, "agent")
    session.expire_all()
    text = replies.fresh(BEN)[0].text
    assert "Our team is away now" in text
    assert "Monday" in text and "10:00" in text, text  # Friday is a holiday
    [case] = session.scalars(select(Case))
    assert case.due_at is not None and case.due_at.isoformat() == "2026-11-30T10:00:00+00:00"
    phones.text(BEN, "orders")
    assert session.scalars(select(Conversation.owner)).all() == ["bot"]


def test_in_hours_the_customer_waits_in_the_queue_until_somebody_comes(
    phones: Phones, session: Session, ben: Contact, client: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    a_setting("support-hours", "Mon-Fri 09:00-17:30 Europe/London")
    at(monkeypatch, NOON)
    noor = as_staff(client, Role.MANAGER, name="Noor Haddad")
    phones.text(BEN, "agent")
    session.expire_all()
    one = waiting(noor)
    assert (one["state"], one["agent_id"], one["first_response_due_at"]) == ("waiting", None, "2026-11-26T12:15:00Z")
    at(monkeypatch, NOON + timedelta(minutes=6))
    noor.post(f"/v1/inbox/handovers/{one['id']}/messages", {"text": "Hello."})
    one = waiting(noor)
    assert (one["state"], one["first_response_s"], one["awaits_reply"]) == ("taken", 360, False)


def test_nobody_wrote_for_a_day_and_the_bot_answers_again(
    phones: Phones, session: Session, ben: Contact, kofi: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    phones.text(BEN, "agent")
    assert not perform(returning._return_idle)
    at(monkeypatch, clock.now() + timedelta(hours=25))
    assert perform(returning.step)
    assert not perform(returning.step)
    session.expire_all()
    assert session.scalars(select(Conversation.owner)).all() == ["bot"]
    assert session.scalars(select(Case.kind)).all() == ["unanswered"], "whoever was left waiting is not forgotten"


def test_an_agent_who_leaves_without_a_word_loses_the_conversation_to_the_queue(
    phones: Phones, session: Session, ben: Contact, kofi: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    phones.text(BEN, "agent")
    at(monkeypatch, clock.now() + timedelta(minutes=7))
    assert perform(returning.step)
    assert not perform(returning.step)
    session.expire_all()
    assert waiting(kofi)["state"] == "waiting"


def test_the_least_busy_agent_gets_the_next_one_and_a_full_desk_makes_a_queue(
    phones: Phones, session: Session, client: FlaskClient, kofi: Caller
) -> None:
    ada = as_staff(client, Role.ADMIN, name="Ada Marsh")
    a_setting("agent-capacity", 1)
    ada.put("/v1/inbox/presence", {"is_present": True})
    for number in range(3):
        phones.text(f"+44770090030{number}", "agent")
    session.expire_all()
    listed = kofi.get("/v1/inbox/handovers", going_on="true").json["items"]
    assert sorted(one["state"] for one in listed) == ["taken", "taken", "waiting"]
    agents = kofi.get("/v1/inbox/agents").json["items"]
    assert sorted((agent["name"], agent["conversations"]) for agent in agents) == [("Ada Marsh", 1), ("Kofi Mensah", 1)]
    assert ada.put("/v1/inbox/presence", {"is_present": False}).json == {"until": None}
    assert [agent["name"] for agent in kofi.get("/v1/inbox/agents").json["items"]] == ["Kofi Mensah"]


def test_a_lock_out_calls_a_person_later_and_keeps_the_bot(
    phones: Phones, session: Session, ben: Contact, kofi: Caller
) -> None:
    for number in range(5):
        phones.text(BEN, f"track 90{number}00")
    session.expire_all()
    assert session.scalars(select(Case.kind)).all() == ["order-guesses"]
    assert kofi.get("/v1/inbox/handovers").json["items"] == []


def test_a_push_goes_to_the_agent_who_was_given_it(
    phones: Phones, session: Session, ben: Contact, kofi: Caller
) -> None:
    registration = {"kind": "token", "value": "kofi-token", "platform": "android"}
    assert kofi.put("/v1/me/push-registrations/till", registration).status_code == 200
    phones.text(BEN, "agent")
    session.expire_all()
    [push] = session.scalars(select(Delivery).where(Delivery.channel == "push"))
    assert (push.kind, push.text) == ("handover", "They wrote by sms.")
