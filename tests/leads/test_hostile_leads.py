"""Leads in the hands of people who try what nobody should: other people's accounts, endless words, dead clocks."""

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from mcrm import clock
from mcrm.deliveries.models import Delivery
from mcrm.ids import new_id
from mcrm.interactions.models import Interaction
from mcrm.leads import escalating
from mcrm.transaction import perform
from tests.cast import a_customer
from tests.leads.conftest import Team


def registered(team: Team) -> None:
    """Noor's phone can be told."""
    facts = {"kind": "token", "value": "noors-phone-token-0001", "platform": "android", "locale": "en-GB"}
    assert team.noor.put("/v1/me/push-registrations/till", facts).status_code == 200


def escalated(session: Session) -> int:
    while perform(escalating.step):
        pass
    session.expire_all()
    return len(session.scalars(select(Delivery).where(Delivery.kind == "lead-overdue")).all())


@pytest.mark.parametrize("whose", ["nobody", "lena"])
def test_no_lead_is_converted_into_an_account_out_of_reach(team: Team, session: Session, whose: str) -> None:
    foreign = a_customer(session, "Tom Reilly", territory_id=team.east.id)
    session.commit()
    account_id = str(new_id() if whose == "nobody" else foreign.account_id)
    known = a_customer(session, phone="+447700900201", territory_id=team.west.id)
    session.commit()
    lead = team.lead(team.sam, phone="+447700900201")
    facts: dict[str, Any] = {"account_id": account_id, "contact_id": str(known.id), "without_opportunity": True}
    answer = team.sam.post(f"/v1/leads/{lead['id']}/conversion", facts)
    assert (answer.status_code, answer.json["code"]) == (404, "account.unknown")
    session.expire_all()
    kinds = session.scalars(select(Interaction.kind).where(Interaction.account_id == foreign.account_id)).all()
    assert "lead.converted" not in kinds


def test_the_longest_words_about_a_lead_fit_whatever_they_are_made_of(team: Team) -> None:
    lead = team.lead(team.sam)["id"]
    assert team.sam.post(f"/v1/leads/{lead}/touches", {"how": "call", "text": "\x01" * 4000}).status_code == 201
    assert team.sam.post(f"/v1/leads/{lead}/loss", {"reason": "other", "detail": '"' * 1000}).status_code == 201


def test_a_lead_that_was_reopened_is_told_of_again_when_it_waits_too_long(team: Team, session: Session) -> None:
    registered(team)
    start = clock.now()
    lead = team.lead()["id"]
    with clock.stopped(start + timedelta(days=9)):
        assert escalated(session) == 1
    with clock.stopped(start + timedelta(minutes=10)):
        team.noor.post(f"/v1/leads/{lead}/loss", {"reason": "spam"})
        assert team.noor.post(f"/v1/leads/{lead}/reopening").status_code == 201
    with clock.stopped(start + timedelta(days=18)):
        assert escalated(session) == 2
        assert escalated(session) == 2


def test_a_lead_of_another_territory_is_nobodys_business(team: Team) -> None:
    lead = team.lead(team.noor, territory_id=str(team.east.id), phone="+447700900203")["id"]
    answers = [
        team.sam.get(f"/v1/leads/{lead}"),
        team.sam.get(f"/v1/leads/{lead}/history"),
        team.sam.get(f"/v1/leads/{lead}/assignment"),
        team.sam.post(f"/v1/leads/{lead}/claim"),
        team.sam.post(f"/v1/leads/{lead}/touches", {"how": "call"}),
        team.sam.post(f"/v1/leads/{lead}/qualification"),
        team.sam.post(f"/v1/leads/{lead}/loss", {"reason": "spam"}),
        team.sam.post(f"/v1/leads/{lead}/conversion", {}),
    ]
    assert [(answer.status_code, answer.json["code"]) for answer in answers] == [(404, "lead.unknown")] * 8
    assert team.sam.post(f"/v1/leads/{lead}/assignment", {}).status_code == 403
    assert team.sam.get("/v1/leads", territory_id=str(team.east.id)).json["items"] == []
    counted = team.sam.get("/v1/leads/first-touches").json
    assert (counted["owners"], counted["all"]["leads"]) == ([], 0)
