"""What an agent has at hand: the thread, the customer at a glance, ready-made words, a way to colleagues."""

from datetime import UTC, datetime, timedelta

from flask.testing import FlaskClient
from sqlalchemy import select
from sqlalchemy.orm import Session

from mcrm import clock, hours
from mcrm.access.models import User
from mcrm.actors import Role
from mcrm.contacts.models import Contact
from mcrm.conversations.models import Conversation
from tests.bots.conftest import Phones, Replies
from tests.callers import Caller, as_customer, as_staff
from tests.cast import a_handover
from tests.inbox.conftest import BEN


def a_waiting(session: Session, ben: Contact) -> str:
    """The path of a hand-over of Ben's."""
    made = a_handover(session, ben)
    session.commit()
    return f"/v1/inbox/handovers/{made.id}"


def test_the_thread_holds_every_channel_and_the_notes_and_what_became_of_each_message(
    phones: Phones, session: Session, ben: Contact, kofi: Caller
) -> None:
    phones.chat(700201, "orders")
    phones.text(BEN, "agent")
    path = f"/v1/inbox/handovers/{kofi.get('/v1/inbox/handovers').json['items'][0]['id']}"
    kofi.post(f"{path}/notes", {"text": "A regular."})
    kofi.post(f"{path}/messages", {"text": "Hello Ben."})
    items = kofi.get(f"{path}/thread").json["items"]
    assert [(one["kind"], one["channel"]) for one in reversed(items)] == [
        ("message.received", "telegram"),
        ("delivery.queued", "telegram"),
        ("message.received", "sms"),
        ("conversation.handed-over", "sms"),
        ("delivery.queued", "sms"),
        ("conversation.noted", "api"),
        ("delivery.queued", "sms"),
    ]
    assert (items[0]["name"], items[0]["payload"]["state"]) == ("Kofi Mensah", "queued")
    first = kofi.get(f"{path}/thread", limit=3).json
    rest = kofi.get(f"{path}/thread", limit=10, cursor=first["next_cursor"]).json
    assert first["items"] + rest["items"] == items


def test_the_customer_never_reads_a_note(session: Session, client: FlaskClient, ben: Contact, kofi: Caller) -> None:
    path = a_waiting(session, ben)
    kofi.post(f"{path}/notes", {"text": "Sounds angry."})
    kofi.post(f"{path}/messages", {"text": "Hello Ben."})
    own = as_customer(client, ben).get("/v1/me/timeline").text
    assert "Hello Ben." in own
    assert "angry" not in own and "Kofi" not in own


def test_the_customer_at_a_glance(session: Session, ben: Contact, kofi: Caller) -> None:
    path = a_waiting(session, ben)
    kofi.post("/v1/cases", {"contact_id": str(ben.id), "kind": "complaint", "summary": "A cup broke."})
    kofi.put(f"/v1/contacts/{ben.id}/consents/sms/marketing", {"state": "granted"})
    seen = kofi.get(f"{path}/customer").json
    assert seen["contact"]["name"] == "Ben Okafor"
    assert [one["number"] for one in seen["orders"]] == ["1002"]
    assert [one["kind"] for one in seen["cases"]] == ["complaint"]
    assert [(one["channel"], one["purpose"], one["state"]) for one in seen["consents"]] == [
        ("sms", "marketing", "granted")
    ]
    assert sorted(one["channel"] for one in seen["addresses"]) == ["sms", "telegram"]


def test_a_stranger_has_a_thread_too(phones: Phones, session: Session, kofi: Caller) -> None:
    phones.text("+447700900299", "agent")
    session.expire_all()
    path = f"/v1/inbox/handovers/{kofi.get('/v1/inbox/handovers').json['items'][0]['id']}"
    assert kofi.get(f"{path}/customer").json["contact"] is None
    kinds = [one["kind"] for one in kofi.get(f"{path}/thread").json["items"]]
    assert kinds == ["delivery.queued", "conversation.handed-over", "message.received"]
    assert kofi.post(f"{path}/messages", {"text": "Who is there?"}).status_code == 201


def test_canned_words_come_in_the_customers_language_and_filled_in(
    session: Session, client: FlaskClient, ben: Contact, kofi: Caller, noor: Caller
) -> None:
    path = a_waiting(session, ben)
    for locale, body in (("en", "Hello {{ customer }}, order {{ order }}."), ("es", "Hola {{ customer }}.")):
        assert noor.post("/v1/canned-replies", {"name": "hello", "locale": locale, "body": body}).status_code == 201
    noor.post("/v1/canned-replies", {"name": "bye", "body": "{{ agent }} of {{ business }}."})
    found = kofi.get(f"{path}/canned-replies").json["items"]
    assert [one["text"] for one in found][1] == "Hello Ben, order 1002."
    assert found[0]["text"].startswith("Kofi of ")
    session.execute(Conversation.__table__.update().values(locale="es"))
    session.commit()
    assert [one["locale"] for one in kofi.get(f"{path}/canned-replies").json["items"]] == ["en", "es"]
    refused = noor.post("/v1/canned-replies", {"name": "bad", "body": "{{ password }}"})
    assert (refused.status_code, refused.json["code"]) == (422, "canned-reply.unreadable")
    again = noor.post("/v1/canned-replies", {"name": "bye", "body": "Bye."})
    assert (again.status_code, again.json["code"]) == (409, "canned-reply.name-taken")
    assert kofi.post("/v1/canned-replies", {"name": "mine", "body": "Hi."}).status_code == 403


def test_a_conversation_is_passed_on_to_a_colleague_or_into_a_queue(
    session: Session, client: FlaskClient, ben: Contact, kofi: Caller, noor: Caller
) -> None:
    path = a_waiting(session, ben)
    lena = as_staff(client, Role.AGENT, name="Lena Fischer")
    ids = {user.name: user.id for user in session.scalars(select(User))}
    kofi.post(f"{path}/assignment")
    moved = kofi.post(f"{path}/transfer", {"agent_id": str(ids["Lena Fischer"])})
    assert (moved.status_code, moved.json["agent_id"]) == (201, str(ids["Lena Fischer"]))
    assert kofi.post(f"{path}/messages", {"text": "Hi"}).json["code"] == "handover.taken"
    assert lena.post(f"{path}/transfer", {"queue": "wholesale"}).json["state"] == "waiting"
    assert [one["queue"] for one in kofi.get("/v1/inbox/handovers", queue="wholesale").json["items"]] == ["wholesale"]
    assert kofi.post(f"{path}/transfer", {"agent_id": str(ben.id)}).json["code"] == "agent.unknown"
    assert kofi.post(f"{path}/transfer", {}).status_code == 422
    assert kofi.post(f"{path}/assignment").status_code == 201


def test_an_agent_may_begin_and_the_bot_is_silent_from_then_on(
    phones: Phones, replies: Replies, session: Session, ben: Contact, kofi: Caller
) -> None:
    refused = kofi.post("/v1/inbox/handovers", {"contact_id": str(ben.id)})
    assert (refused.status_code, refused.json["code"]) == (409, "handover.no-channel")
    phones.chat(700201, "orders")
    begun = kofi.post("/v1/inbox/handovers", {"contact_id": str(ben.id)}).json
    assert (begun["state"], begun["channel"]) == ("taken", "telegram")
    session.expire_all()
    replies.fresh("700201")
    phones.chat(700201, "orders")
    session.expire_all()
    assert replies.fresh("700201") == []
    returned = kofi.post(f"/v1/inbox/handovers/{begun['id']}/return")
    assert (returned.status_code, returned.json["ended_by"]) == (201, "agent")
    phones.chat(700201, "orders")
    session.expire_all()
    assert len(replies.fresh("700201")) == 1


def test_cases_move_through_their_states(session: Session, ben: Contact, kofi: Caller) -> None:
    facts = {"contact_id": str(ben.id), "kind": "complaint", "summary": "A cup broke."}
    made = kofi.post("/v1/cases", facts).json
    assert (made["state"], made["number"][:2]) == ("open", "C-")
    path = f"/v1/cases/{made['id']}"
    owner = session.scalars(select(User.id).where(User.name == "Kofi Mensah")).one()
    assert kofi.patch(path, {"state": "working", "owner_id": str(owner)}).json["state"] == "working"
    assert [one["id"] for one in kofi.get("/v1/cases", owner_id=str(owner), state="working").json["items"]]
    closed = kofi.post(f"{path}/closure")
    assert (closed.status_code, closed.json["closed_at"] is None) == (201, False)
    refused = kofi.patch(path, {"state": "waiting"})
    assert (refused.status_code, refused.json["code"]) == (409, "case.move-refused")
    assert kofi.patch(path, {"state": "open"}).json["closed_at"] is None
    assert kofi.get("/v1/cases", is_overdue="true").json["items"] == []
    assert [one["id"] for one in kofi.get("/v1/cases", is_overdue="false").json["items"]] == [made["id"]]


def test_the_report_says_what_the_bot_settled(phones: Phones, session: Session, ben: Contact, noor: Caller) -> None:
    noor.put("/v1/inbox/presence", {"is_present": True})
    phones.text(BEN, "where is my order")
    phones.text("+447700900291", "blub blab")
    phones.text("+447700900292", "agent")
    now = clock.now()
    span = {"since": (now - timedelta(hours=1)).isoformat(), "until": (now + timedelta(hours=1)).isoformat()}
    said = {one["intent"]: one for one in noor.get("/v1/inbox/containment", **span).json["items"]}
    assert {intent: (row["solved"], row["handed_over"], row["abandoned"]) for intent, row in said.items()} == {
        "track": (1, 0, 0),
        "agent": (0, 1, 0),
        "miss": (0, 0, 1),
    }
    assert noor.get("/v1/inbox/containment", since=span["until"], until=span["since"]).status_code == 422


def test_business_time_knows_nights_weekends_and_holidays() -> None:
    week = hours.read("Mon-Fri 09:00-17:30 Europe/London")
    friday = datetime(2026, 12, 18, 17, 0, tzinfo=UTC)
    monday_is_off = frozenset({datetime(2026, 12, 21, tzinfo=UTC).date()})
    assert hours.after(friday, 60, week, monday_is_off) == datetime(2026, 12, 22, 9, 30, tzinfo=UTC)
    assert hours.worked(friday, datetime(2026, 12, 22, 9, 30, tzinfo=UTC), week, monday_is_off) == timedelta(hours=1)
    assert hours.worked(friday, friday - timedelta(hours=1), week) == timedelta(0)
    assert hours.is_open(friday, week)
    assert not hours.is_open(friday + timedelta(minutes=30), week)
    assert not hours.is_open(datetime(2026, 12, 21, 12, 0, tzinfo=UTC), week, monday_is_off)
