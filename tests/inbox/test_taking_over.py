"""Whose a conversation is: a colleague's is passed on by them, or taken over, with a reason that they are told."""

from datetime import timedelta
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select
from sqlalchemy.orm import Session

from mcrm import clock
from mcrm.access.models import User
from mcrm.actors import Role
from mcrm.contacts.models import Contact
from mcrm.deliveries.models import Delivery
from mcrm.interactions.models import Interaction
from tests.callers import Caller, as_staff
from tests.cast import a_customer, a_handover
from tests.inbox.conftest import a_setting, at

WHY = {"reason": "Kofi went home ill."}


@pytest.fixture
def path(session: Session, ben: Contact, kofi: Caller) -> str:
    """The path of a conversation that Kofi answers."""
    made = a_handover(session, ben)
    session.commit()
    assert kofi.post(f"/v1/inbox/handovers/{made.id}/assignment").status_code == 201
    return f"/v1/inbox/handovers/{made.id}"


@pytest.fixture
def lena(client: FlaskClient) -> Caller:
    """Another agent."""
    return as_staff(client, Role.AGENT, name="Lena Fischer")


def id_of(session: Session, name: str) -> str:
    return str(session.scalars(select(User.id).where(User.name == name)).one())


def refusal(answer: Any) -> tuple[int, str]:
    return answer.status_code, answer.json["code"]


def test_only_its_agent_passes_a_conversation_on(
    session: Session, path: str, kofi: Caller, lena: Caller, noor: Caller
) -> None:
    for other in (lena, noor):
        mine = {"agent_id": other.get("/v1/staff/me").json["id"]}
        assert refusal(other.post(f"{path}/transfer", mine)) == (409, "handover.taken")
        assert refusal(other.post(f"{path}/transfer", {"queue": "wholesale"})) == (409, "handover.taken")
    assert kofi.get(path).json["agent_id"] == id_of(session, "Kofi Mensah")
    assert kofi.post(f"{path}/transfer", {"queue": "wholesale"}).status_code == 201
    handed = lena.post(f"{path}/transfer", {"agent_id": id_of(session, "Noor Haddad")})
    assert handed.status_code == 201, "what waits in a queue is everybody's to pass on"


def test_an_agent_does_not_take_over_from_a_colleague_who_is_there(path: str, kofi: Caller, lena: Caller) -> None:
    assert refusal(lena.post(f"{path}/takeover", WHY)) == (409, "handover.agent-present")
    assert kofi.post(f"{path}/messages", {"text": "Still me."}).status_code == 201


def test_a_manager_takes_over_for_a_reason_that_the_colleague_is_told(
    session: Session, path: str, kofi: Caller, noor: Caller
) -> None:
    registration = {"kind": "token", "value": "kofi-token", "platform": "android"}
    assert kofi.put("/v1/me/push-registrations/till", registration).status_code == 200
    assert noor.post(f"{path}/takeover", {}).status_code == 422, "a reason is said"
    taken = noor.post(f"{path}/takeover", WHY)
    assert (taken.status_code, taken.json["agent_id"]) == (201, id_of(session, "Noor Haddad"))
    assert refusal(kofi.post(f"{path}/messages", {"text": "Hi"})) == (409, "handover.taken")
    [fact] = [one for one in kofi.get(f"{path}/thread").json["items"] if one["kind"] == "conversation.taken-over"]
    assert (fact["name"], fact["payload"]) == ("Noor Haddad", WHY | {"agent_id": id_of(session, "Kofi Mensah")})
    session.expire_all()
    [push] = session.scalars(select(Delivery).where(Delivery.channel == "push"))
    assert push.text == "A conversation of yours by sms is theirs now; the reason stands in it."
    assert noor.post(f"{path}/messages", {"text": "Noor here."}).status_code == 201


@pytest.mark.parametrize("what", ["left", "silent", "never came"])
def test_whose_agent_is_away_may_be_taken_over_by_anybody(
    what: str, session: Session, ben: Contact, client: FlaskClient, path: str, kofi: Caller, lena: Caller,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    if what == "left":
        kofi.put("/v1/inbox/presence", {"is_present": False})
    elif what == "silent":
        at(monkeypatch, clock.now() + timedelta(minutes=3))
    else:
        kofi.post(f"{path}/transfer", {"agent_id": as_staff(client, Role.AGENT, name="Sam Doyle")
                                      .get("/v1/staff/me").json["id"]})  # fmt: skip
    assert lena.post(f"{path}/takeover", WHY).json["agent_id"] == id_of(session, "Lena Fischer")


def test_whose_agent_has_more_than_a_desk_holds_may_be_taken_over_by_anybody(
    path: str, kofi: Caller, lena: Caller, session: Session, client: FlaskClient
) -> None:
    a_setting("agent-capacity", 1)
    assert refusal(lena.post(f"{path}/takeover", WHY)) == (409, "handover.agent-present")
    other = a_handover(session, a_customer(session, "Tom Reilly", phone="+447700900203"))
    session.commit()
    kofi.post(f"/v1/inbox/handovers/{other.id}/assignment")
    assert lena.post(f"{path}/takeover", WHY).status_code == 201


def test_taking_over_what_waits_or_what_is_ones_own_already_is_no_offence(
    session: Session, path: str, kofi: Caller, lena: Caller
) -> None:
    assert kofi.post(f"{path}/takeover", WHY).json["agent_id"] == id_of(session, "Kofi Mensah")
    kofi.post(f"{path}/transfer", {"queue": "wholesale"})
    assert lena.post(f"{path}/takeover", WHY).json["state"] == "taken"
    session.expire_all()
    kinds = session.scalars(select(Interaction.kind)).all()
    assert "conversation.taken-over" not in kinds
    lena.post(f"{path}/return")
    assert refusal(kofi.post(f"{path}/takeover", WHY)) == (409, "handover.ended")
