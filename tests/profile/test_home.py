"""The app's first page and its chat: one thread of all channels, read once, and nobody else's."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import Engine, event, select
from sqlalchemy.orm import Session

from mcrm.actors import SYSTEM, Role
from mcrm.consents import resting
from mcrm.consents import service as consents
from mcrm.consents.models import ConsentState, Purpose, SuppressionReason
from mcrm.contacts import points
from mcrm.contacts.models import Contact
from mcrm.conversations.models import Conversation
from mcrm.ids import new_id
from mcrm.interactions.models import Interaction
from mcrm.offers.models import Offer
from mcrm.quiet import Quiet
from tests.bots.conftest import Phones
from tests.callers import Caller, as_customer, as_staff
from tests.cast import a_customer, an_order
from tests.deliveries.carriers import queue

BEN, AISHA = "+447700900201", "+447700900202"
PATH = "/v1/me/conversation"


@pytest.fixture
def ben(session: Session) -> Contact:
    made = a_customer(session, phone=BEN, telegram=700201, push="ben-token")
    session.commit()
    return made


@pytest.fixture
def app(client: FlaskClient, ben: Contact) -> Caller:
    return as_customer(client, ben)


@pytest.fixture
def aisha(client: FlaskClient, session: Session) -> Caller:
    made = a_customer(session, "Aisha Khan", phone=AISHA)
    session.commit()
    return as_customer(client, made)


def said(caller: Caller, **query: Any) -> list[tuple[str, str, str]]:
    items = caller.get(f"{PATH}/messages", **query).json["items"]
    return [(item["author"], item["channel"], item["text"]) for item in items]


@contextmanager
def counted() -> Iterator[list[str]]:
    """The statements that run meanwhile."""
    statements: list[str] = []

    def note(connection: Any, cursor: Any, statement: str, *rest: Any) -> None:
        statements.append(statement)

    event.listen(Engine, "before_cursor_execute", note)
    try:
        yield statements
    finally:
        event.remove(Engine, "before_cursor_execute", note)


def test_the_chat_of_the_app_is_the_thread_of_all_channels(
    app: Caller, aisha: Caller, session: Session, ben: Contact
) -> None:
    an_order(session, ben, "1042", "confirmed")
    session.commit()
    phones = Phones()
    phones.text(BEN, "track 1042")
    phones.chat(700201, "orders")

    thread = said(app)

    heads = [(author, channel) for author, channel, _ in reversed(thread)]
    assert heads == [("customer", "sms"), ("bot", "sms"), ("customer", "telegram"), ("bot", "telegram")]
    assert ("customer", "sms", "track 1042") in thread
    assert any(text.startswith("Order 1042") for author, _, text in thread if author == "bot")
    assert said(aisha) == []


def test_an_agents_answer_is_an_agents_and_says_not_whose(
    client: FlaskClient, app: Caller, session: Session, ben: Contact
) -> None:
    Phones().text(BEN, "hello")
    sam = as_staff(client, Role.AGENT, name="Kofi Mensah")
    started = sam.post("/v1/inbox/handovers", {"contact_id": str(ben.id)}).json["id"]
    sam.post(f"/v1/inbox/handovers/{started}/messages", {"text": "Hello Ben, how can I help?"})

    [latest, *_] = app.get(f"{PATH}/messages").json["items"]

    assert (latest["author"], latest["text"], latest["state"]) == ("agent", "Hello Ben, how can I help?", "queued")
    assert "Kofi" not in app.get(f"{PATH}/messages").text
    assert app.get(PATH).json["owner"] == "human"


def test_pages_of_the_thread_hold_everything_once_and_no_code(app: Caller, session: Session, ben: Contact) -> None:
    for number in range(5):
        queue(ben, session, f"News {number}")
    queue(ben, session, "481516 is your code.", kind="code", secret=True)
    found, cursor = [], None
    while True:
        page = app.get(f"{PATH}/messages", limit=2, **({"cursor": cursor} if cursor else {})).json
        found += [item["text"] for item in page["items"]]
        if (cursor := page["next_cursor"]) is None:
            break
    assert found == [f"News {number}" for number in reversed(range(5))]


def test_what_was_read_stays_read(app: Caller, aisha: Caller, session: Session, ben: Contact) -> None:
    for number in range(3):
        queue(ben, session, f"News {number}")
    positions = [item["position"] for item in app.get(f"{PATH}/messages").json["items"]]
    assert app.get(PATH).json["unread"] == 3

    assert app.put(f"{PATH}/reading", {"position": positions[1]}).json["unread"] == 1
    assert app.put(f"{PATH}/reading", {"position": positions[2]}).json["unread"] == 1, "it never goes back"
    ahead = app.put(f"{PATH}/reading", {"position": 2**53 - 1}).json
    queue(ben, session, "One more")
    assert (ahead["unread"], app.get(PATH).json["unread"]) == (0, 1), "nobody has read what is still to come"
    session.expire_all()
    assert session.scalars(select(Conversation)).one().contact_id == ben.id
    kinds = session.scalars(select(Interaction.kind).where(Interaction.kind == "conversation.read"))
    assert len(list(kinds)) == 2
    hers = aisha.get(PATH).json
    del hers["position"]
    nothing = {"owner": "bot", "unread": 0, "read_position": 0, "last_message_at": None, "is_stopped": False}
    assert hers == nothing


def test_reading_disturbs_no_dialogue(app: Caller, session: Session, ben: Contact) -> None:
    phones = Phones()
    phones.text(BEN, "hello")
    before = session.scalars(select(Conversation.version)).one()
    app.put(f"{PATH}/reading", {"position": 1})
    session.expire_all()
    assert session.scalars(select(Conversation.version)).one() == before
    assert phones.text(BEN, "orders") == 200


def test_the_first_page_says_what_is_going_on_in_a_few_queries(
    app: Caller, aisha: Caller, session: Session, ben: Contact
) -> None:
    coming = an_order(session, ben, "1042", "shipped")
    coming.expected_on = date(2026, 12, 1)
    an_order(session, ben, "1041", "delivered")
    session.add(Offer(id=new_id(), title="Winter roast", body="Dark cherry."))
    facts: dict[str, Any] = {"purpose": Purpose.MARKETING, "state": ConsentState.GRANTED}
    for channel in ("push", "telegram"):
        consents.decide(session, SYSTEM, contact_id=ben.id, channel=channel, **facts)
    [chat] = points.reachable(session, ben.id, "telegram")
    consents.suppress(session, SYSTEM, point=chat, reason=SuppressionReason.STOP_WORD)
    resting.keep_quiet(session, SYSTEM, contact=ben, hours=Quiet(21 * 60, 8 * 60))
    session.commit()
    queue(ben, session, "It is on its way.")

    with counted() as statements:
        shown = app.get("/v1/me/home").json

    assert len(statements) <= 20, "\n".join(statements)
    assert [(one["number"], one["status"], one["expected_on"]) for one in shown["orders"]] == [
        ("1042", "shipped", "2026-12-01")
    ]
    assert [offer["title"] for offer in shown["offers"]] == ["Winter roast"]
    assert (shown["name"], shown["conversation"]["unread"]) == ("Ben Okafor", 1)
    assert (shown["offers_on"], shown["stopped"]) == (["push"], ["telegram"])
    assert shown["quiet_hours"]["begins"] == "21:00"
    hers = aisha.get("/v1/me/home").json
    assert (hers["orders"], hers["conversation"]["unread"], hers["offers_on"]) == ([], 0, [])
