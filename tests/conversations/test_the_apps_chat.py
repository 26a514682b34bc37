"""The app's chat: the same dialogue behind a sign-in, one thread of all channels, answers of people, and quiet news."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from itertools import count
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import func, select
from sqlalchemy.orm import Session
from werkzeug.test import TestResponse

from mcrm import clock
from mcrm.actors import SYSTEM, Role
from mcrm.consents.models import Suppression
from mcrm.contacts.models import Contact, ContactPoint
from mcrm.conversations.models import Message
from mcrm.deliveries.models import Delivery
from mcrm.deliveries.outbox import queue
from mcrm.deliveries.rates import Rate
from mcrm.interactions import log
from mcrm.interactions.models import Interaction
from mcrm.orders.models import Order
from mcrm.settings_store import service as settings_store
from notifications.senders import make_senders
from notifications.worker import deliver_due
from tests import doors
from tests.bots.conftest import SETTINGS, Phones
from tests.callers import Caller, as_customer, as_staff
from tests.cast import a_customer, an_order

BEN = "+447700900201"
PATH = "/v1/me/conversation"
MESSAGES = f"{PATH}/messages"


@pytest.fixture(autouse=True)
def fresh_settings() -> Iterator[None]:
    """What another test set is not remembered here."""
    settings_store.forget()
    yield
    settings_store.forget()


@pytest.fixture
def ben(session: Session) -> Contact:
    made = a_customer(session, "Ben Okafor", phone=BEN, telegram=700201, push="token-of-bens-phone")
    an_order(session, made, "1002", "shipped")
    session.commit()
    return made


@pytest.fixture
def app(client: FlaskClient, ben: Contact) -> Caller:
    return as_customer(client, ben)


@pytest.fixture
def kofi(client: FlaskClient) -> Caller:
    kofi = as_staff(client, Role.AGENT, name="Kofi Mensah")
    kofi.put("/v1/inbox/presence", {"is_present": True})
    return kofi


_numbers = count(1)


def say(app: Caller, text: str, client_id: str | None = None) -> TestResponse:
    return app.post(MESSAGES, {"client_id": client_id or f"m-{next(_numbers)}", "text": text})


def choose(app: Caller, value: str, client_id: str = "choice-1") -> TestResponse:
    return app.post(MESSAGES, {"client_id": client_id, "choice": value})


def texts(page: Any) -> list[tuple[str, str | None]]:
    return [(item["author"], item["text"]) for item in reversed(page["items"])]


def test_a_customer_asks_in_the_app_and_is_answered_at_once(app: Caller, session: Session, ben: Contact) -> None:
    answer = say(app, "where is my order?", "first")

    assert answer.status_code == 201
    assert (answer.json["message"]["client_id"], answer.json["message"]["author"]) == ("first", "customer")
    [said] = answer.json["answers"]
    assert (said["author"], said["channel"]) == ("bot", "app")
    assert said["text"].startswith("Order 1002: on its way")
    kinds = session.scalars(select(Interaction.kind).where(Interaction.channel == "app").order_by(Interaction.position))
    assert list(kinds)[-2:] == ["message.received", "delivery.queued"]
    point = session.scalars(select(ContactPoint).where(ContactPoint.channel == "app")).one()
    assert (point.contact_id, point.address) == (ben.id, str(ben.id))


def test_the_same_message_again_changes_nothing_and_gets_the_same_answer(app: Caller, session: Session) -> None:
    first = say(app, "where is my order?", "first")
    before = log.head(session)[1]
    again = say(app, "where is my order?", "first")

    assert (again.status_code, again.json) == (201, first.json)
    session.expire_all()
    assert log.head(session)[1] == before
    assert session.scalar(select(func.count()).select_from(Message)) == 1


def test_an_idempotency_key_keeps_the_whole_exchange(app: Caller) -> None:
    body = {"client_id": "first", "text": "where is my order?"}
    first, again = (app.post(MESSAGES, body, **{"Idempotency-Key": "k1"}) for _ in range(2))
    assert (first.status_code, first.json) == (again.status_code, again.json)
    assert first.json["answers"]


def test_names_of_messages_are_each_customers_own(app: Caller, client: FlaskClient, session: Session) -> None:
    aisha = a_customer(session, "Aisha Khan", phone="+447700900202")
    session.commit()
    say(app, "where is my order?", "first")
    other = say(as_customer(client, aisha), "hello", "first")
    assert other.json["message"]["text"] == "hello"
    assert "1002" not in other.text


def test_choices_have_labels_and_values_and_one_is_taken_by_its_value(
    app: Caller, session: Session, ben: Contact
) -> None:
    an_order(session, ben, "1003", "confirmed")
    session.commit()
    [asked] = say(app, "wheres my stuff").json["answers"]
    assert [choice["label"][:4] for choice in asked["choices"]] == ["1003", "1002", "Menu"]

    taken = choose(app, asked["choices"][1]["value"]).json

    assert taken["message"]["text"] == asked["choices"][1]["label"]
    assert taken["answers"][0]["text"].startswith("Order 1002: on its way")


def test_a_choice_that_nobody_offered_does_nothing(app: Caller, session: Session) -> None:
    for number, value in enumerate(("errand:drop", "use-link:x", "pick:0123456789ab:1", "zorp", "code:123456")):
        answer = choose(app, value, f"c{number}")
        assert answer.status_code == 201
        assert len(answer.json["answers"]) == 1
    assert list(session.scalars(select(Order.status))) == ["shipped"]


@pytest.mark.parametrize(
    "body",
    [
        {"client_id": "a"},
        {"client_id": "a", "text": "hello", "choice": "menu"},
        {"text": "hello"},
        {"client_id": "a", "text": ""},
        {"client_id": "a b", "text": "hello"},
        {"client_id": "a", "text": "x" * 2001},
        {"client_id": "a", "text": "hello", "attachments": ["photo.jpg"]},
    ],
)
def test_what_is_no_message_is_refused_in_plain_words(app: Caller, session: Session, body: dict[str, Any]) -> None:
    refused = app.post(MESSAGES, body)
    assert refused.status_code == 422
    assert refused.json["errors"]
    assert session.scalar(select(func.count()).select_from(Message)) == 0


def test_a_file_is_refused(app: Caller, client: FlaskClient, session: Session) -> None:
    answer = client.post(MESSAGES, data=b"\x89PNG", content_type="image/png", headers=app.headers)
    assert answer.status_code == 415
    assert session.scalar(select(func.count()).select_from(Message)) == 0


def test_the_one_thread_holds_every_channel_and_no_code(app: Caller, session: Session) -> None:
    phones = Phones(SETTINGS)
    say(app, "where is my order?")
    assert phones.text(BEN, "verify") == 200
    assert phones.chat(700201, "orders") == 200
    page = app.get(MESSAGES).json

    assert {item["channel"] for item in page["items"]} == {"app", "sms", "telegram"}
    assert [author for author, _ in texts(page)] == ["customer", "bot"] * 3
    sent = session.scalars(select(Delivery.text).where(Delivery.kind == "code")).one()
    assert sent not in {text for _, text in texts(page)}
    assert page["next_cursor"] is None


def test_the_thread_is_read_page_by_page_and_resumed_by_position(app: Caller) -> None:
    for number in range(3):
        say(app, f"track {number}999")
    whole, position = app.get(MESSAGES).json, app.get(PATH).json["position"]
    first = app.get(MESSAGES, limit=2).json
    rest = app.get(MESSAGES, limit=10, cursor=first["next_cursor"]).json
    assert first["items"] + rest["items"] == whole["items"]

    say(app, "hello")
    fresh = app.get(MESSAGES, after=position).json
    assert [author for author, _ in texts(fresh)] == ["customer", "bot"]
    assert app.get(MESSAGES, after=fresh["items"][0]["position"]).json["items"] == []


def test_nobody_else_reads_it_and_the_staff_has_no_such_chat(
    app: Caller, client: FlaskClient, session: Session, kofi: Caller
) -> None:
    say(app, "where is my order?")
    aisha = a_customer(session, "Aisha Khan", phone="+447700900202")
    session.commit()
    assert as_customer(client, aisha).get(MESSAGES).json["items"] == []
    assert kofi.get(MESSAGES).status_code == 403
    assert say(kofi, "hello").status_code == 403
    assert client.post(MESSAGES, json={"client_id": "a", "text": "hello"}).status_code == 401


def test_too_many_messages_in_a_minute_are_told_to_wait(client: FlaskClient, session: Session, ben: Contact) -> None:
    few = doors.make_app(doors.settings(inbound_per_minute=3)).test_client()
    app = as_customer(few, ben)
    with clock.stopped(clock.now()):
        answers = [say(app, "hello", f"h{number}") for number in range(5)]
        assert [answer.status_code for answer in answers] == [201, 201, 201, 429, 429]
        assert int(answers[-1].headers["Retry-After"]) >= 1
        assert say(app, "hello", "h0").status_code == 201  # known: it costs nothing
        clock.advance(timedelta(minutes=1))
        assert say(app, "hello", "h4").status_code == 201
    assert session.scalar(select(func.count()).select_from(Message)) == 4


def test_a_fresh_sign_in_is_proof_enough_to_cancel_and_an_old_one_asks_for_a_code(
    app: Caller, session: Session, ben: Contact
) -> None:
    an_order(session, ben, "1003", "confirmed")
    session.commit()
    with clock.stopped(clock.now()):
        assert "Cancel order 1003" in say(app, "cancel 1003").json["answers"][0]["text"]
        say(app, "no")
        clock.advance(timedelta(minutes=6))
        assert "code is on its way" in say(app, "cancel 1003").json["answers"][0]["text"]
        session.expire_all()
        code = session.scalars(select(Delivery.text).where(Delivery.kind == "code")).one()
        digits = "".join(letter for letter in code if letter.isdigit())[-6:]
        [read_back] = say(app, digits).json["answers"]
        assert "Cancel order 1003" in read_back["text"]
        assert "•" in str(app.get(MESSAGES).json["items"][1]["text"])  # the code itself stands nowhere


def test_a_code_proves_one_sign_in_and_no_other(
    app: Caller, client: FlaskClient, session: Session, ben: Contact
) -> None:
    an_order(session, ben, "1003", "confirmed")
    session.commit()
    with clock.stopped(clock.now()):
        tablet = as_customer(client, ben, device="tablet")
        clock.advance(timedelta(minutes=6))
        say(app, "verify")
        session.expire_all()
        code = session.scalars(select(Delivery.text).where(Delivery.kind == "code")).one()
        say(app, "".join(letter for letter in code if letter.isdigit())[-6:])
        assert "code is on its way" in say(tablet, "cancel 1003").json["answers"][0]["text"]


def test_stop_in_the_app_ends_what_the_app_says_and_touches_no_order(
    app: Caller, session: Session, ben: Contact
) -> None:
    an_order(session, ben, "1003", "confirmed")
    session.commit()
    assert "Cancel order 1003" in say(app, "cancel").json["answers"][0]["text"]  # no carrier takes that word here
    [confirmed] = say(app, "stop").json["answers"]
    assert "no more messages" in confirmed["text"]
    assert list(session.scalars(select(Suppression.channel))) == ["app"]
    assert app.get(PATH).json["is_stopped"] is True
    assert say(app, "where is my order?").json["answers"] == []
    [back] = say(app, "START").json["answers"]
    assert "Welcome back" in back["text"]
    assert app.get(PATH).json["is_stopped"] is False
    assert set(session.scalars(select(Order.status))) == {"shipped", "confirmed"}


def test_a_person_answers_in_the_app_and_a_quiet_push_tells_of_it(app: Caller, session: Session, kofi: Caller) -> None:
    say(app, "agent")
    assert app.get(PATH).json["owner"] == "human"
    assert say(app, "are you there?").json["answers"] == []
    path = f"/v1/inbox/handovers/{kofi.get('/v1/inbox/handovers').json['items'][0]['id']}"
    before = app.get(PATH).json["position"]
    assert kofi.post(f"{path}/messages", {"text": "Hello Ben, I look into it."}).json["channel"] == "app"

    [said] = app.get(MESSAGES, after=before).json["items"]
    assert (said["author"], said["text"]) == ("agent", "Hello Ben, I look into it.")
    assert "Kofi" not in app.get(MESSAGES).text
    news = session.scalars(select(Delivery).where(Delivery.channel == "push")).one()
    assert (news.kind, news.text, news.content["title"]) == (
        "agent-reply-news",
        "Hello Ben, I look into it.",
        "Harbour & Pine",
    )
    assert news.not_before > news.created_at


@pytest.mark.parametrize("how", ["reading", "receipt"])
def test_the_push_is_called_off_when_the_app_shows_the_answer(
    app: Caller, session: Session, kofi: Caller, how: str
) -> None:
    say(app, "agent")
    path = f"/v1/inbox/handovers/{kofi.get('/v1/inbox/handovers').json['items'][0]['id']}"
    kofi.post(f"{path}/messages", {"text": "Hello Ben."})
    said = app.get(MESSAGES).json["items"][0]
    assert app.get(PATH).json["unread"] == 2, "the bot's word and the agent's; the push only repeats it"
    for _ in range(2):
        if how == "reading":
            answer = app.put(f"{PATH}/reading", {"position": said["position"]})
            assert (answer.status_code, answer.json["unread"]) == (200, 0)
        else:
            answer = app.post(f"/v1/me/deliveries/{said['id']}/receipt", {"state": "read"})
            assert (answer.status_code, answer.json["state"]) == (201, "read")

    session.expire_all()
    news = session.scalars(select(Delivery).where(Delivery.channel == "push")).one()
    assert (news.state, news.reason) == ("suppressed", "shown-in-the-app")
    thread = kofi.get(f"{path}/thread").json["items"]
    assert [item["payload"].get("state") for item in thread if item["payload"].get("text") == "Hello Ben."][
        -1
    ] == "read"


def test_settled_by_a_person_the_app_asks_how_it_was_and_the_bot_is_back(app: Caller, kofi: Caller) -> None:
    say(app, "agent")
    path = f"/v1/inbox/handovers/{kofi.get('/v1/inbox/handovers').json['items'][0]['id']}"
    kofi.post(f"{path}/messages", {"text": "Done."})
    assert kofi.post(f"{path}/resolution").status_code == 201
    question = app.get(MESSAGES).json["items"][0]
    assert [choice["label"] for choice in question["choices"]] == ["1", "2", "3", "4", "5"]
    assert "Thank you" in choose(app, question["choices"][4]["value"]).json["answers"][0]["text"]
    assert kofi.get(path).json["rating"] == 5
    assert say(app, "where is my order?").json["answers"][0]["author"] == "bot"


def test_an_agent_can_begin_in_the_app(app: Caller, kofi: Caller, ben: Contact) -> None:
    say(app, "hello")
    begun = kofi.post("/v1/inbox/handovers", {"contact_id": str(ben.id)}).json
    assert (begun["channel"], begun["state"]) == ("app", "taken")


def test_the_apps_address_is_given_by_signing_in_alone(client: FlaskClient, ben: Contact) -> None:
    ada = as_staff(client, Role.ADMIN)
    body = {"channel": "app", "address": str(ben.id)}
    refused = ada.post(f"/v1/contacts/{ben.id}/contact-points", body)
    assert (refused.status_code, refused.json["code"]) == (422, "contact-point.invalid-address")


def test_a_merged_customer_goes_on_in_the_one_thread(
    app: Caller, client: FlaskClient, session: Session, ben: Contact
) -> None:
    say(app, "where is my order?")
    double = a_customer(session, "B. Okafor", phone="+447700900299")
    session.commit()
    ada = as_staff(client, Role.ADMIN)
    merged = ada.post(f"/v1/contacts/{double.id}/merge", {"other_id": str(ben.id)})
    assert merged.status_code == 200, merged.text
    say(app, "orders")
    assert [author for author, _ in texts(app.get(MESSAGES).json)] == ["customer", "bot"] * 2


def test_a_one_time_link_stands_in_the_thread_while_it_can_be_used_and_never_in_the_log(
    app: Caller, session: Session, ben: Contact
) -> None:
    with clock.stopped(clock.now()):
        say(app, "hello")
        words = "Your copy: https://crm.harbourandpine.example/c/once"
        point = session.scalars(select(ContactPoint).where(ContactPoint.channel == "app")).one()
        link = {"kind": "data-copy.ready", "secret": True, "expires_at": clock.now() + timedelta(days=1)}
        queue(session, SYSTEM, channel="app", contact_point_id=point.id, contact_id=ben.id, text=words, **link)
        session.commit()
        with ThreadPoolExecutor(1) as pool:
            deliver_due("app", make_senders(doors.settings())["app"], Rate(1000), pool)
        assert app.get(MESSAGES).json["items"][0]["text"] == words
        session.expire_all()
        assert session.scalars(select(Delivery.state).where(Delivery.kind == "data-copy.ready")).one() == "accepted"
        assert not any(words in fact for fact in session.scalars(select(Interaction.payload)))
        clock.advance(timedelta(days=1))
        later = as_customer(app.client, ben, device="tablet")
        assert words not in later.get(MESSAGES).text
