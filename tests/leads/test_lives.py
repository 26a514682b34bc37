"""A lead's life: the moves it may make, the clock that runs until somebody gets in touch, and who hears of it."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select
from sqlalchemy.orm import Session

from mcrm import clock, hours
from mcrm.errors import Conflict
from mcrm.interactions.models import Interaction
from mcrm.leads import escalating, states
from mcrm.leads.models import Lead, LeadStatus
from mcrm.leads.states import MOVES, LeadMove
from mcrm.settings_store import service as settings_store
from mcrm.transaction import perform
from tests.leads.conftest import Team

MONDAY_9 = datetime(2026, 3, 2, 9, tzinfo=UTC)


def test_a_lead_is_contacted_qualified_and_lost_with_a_reason(team: Team, session: Session) -> None:
    lead = team.lead(phone="07700 900205", source="web form")
    assert (lead["status"], lead["phone"], lead["first_touched_at"]) == ("new", "+447700900205", None)
    path = f"/v1/leads/{lead['id']}"
    touched = team.sam.post(f"{path}/touches", {"how": "call", "text": "Wants samples."}).json
    assert (touched["status"], touched["first_touched_at"] is not None) == ("contacted", True)
    again = team.sam.post(f"{path}/touches", {"how": "visit"}).json
    assert again["first_touched_at"] == touched["first_touched_at"]
    assert team.sam.post(f"{path}/qualification").json["status"] == "qualified"
    assert team.sam.post(f"{path}/loss").status_code == 422
    assert team.sam.post(f"{path}/loss", {"reason": "competitor"}).json["lost_reason"] == "competitor"
    refused = team.sam.post(f"{path}/qualification")
    assert (refused.status_code, refused.json["code"]) == (409, "lead.illegal-move")
    assert team.sam.patch(path, {"name": "Rosa B."}).json["code"] == "lead.closed"
    reopened = team.sam.post(f"{path}/reopening").json
    assert (reopened["status"], reopened["lost_reason"], reopened["first_touched_at"]) == ("new", None, None)
    history = [fact["kind"] for fact in team.sam.get(f"{path}/history").json["items"]]
    assert history == [
        "lead.reopened", "lead.lost", "lead.qualified", "lead.touched", "lead.touched", "lead.assigned", "lead.created",
    ]  # fmt: skip


def test_a_touch_is_neither_in_the_future_nor_before_the_lead(team: Team) -> None:
    lead = team.lead()
    for at in (clock.now() + timedelta(hours=1), clock.now() - timedelta(hours=1)):
        refused = team.sam.post(f"/v1/leads/{lead['id']}/touches", {"how": "call", "at": at.isoformat()})
        assert (refused.status_code, refused.json["code"]) == (422, "lead.touch-time-unfit")


def wait(session: Session, lead: dict[str, Any], minutes: int) -> None:
    """So many minutes go by for a lead."""
    session.expire_all()
    stored = session.get_one(Lead, UUID(lead["id"]))
    assert stored.assigned_at is not None
    assert stored.touch_due_at is not None
    stored.assigned_at -= timedelta(minutes=minutes)
    stored.touch_due_at -= timedelta(minutes=minutes)
    session.commit()


def overdue(session: Session) -> list[str]:
    query = select(Interaction.kind).where(Interaction.kind == "lead.overdue")
    return list(session.scalars(query))


def test_who_is_not_contacted_in_time_is_told_of_once(team: Team, session: Session) -> None:
    lead, contacted = team.lead(), team.lead()
    team.sam.post(f"/v1/leads/{contacted['id']}/touches", {"how": "call"})
    assert not perform(escalating.step), "it is not due yet"
    wait(session, lead, 31)
    assert [item["id"] for item in team.sam.get("/v1/leads", overdue="true").json["items"]] == [lead["id"]]
    assert perform(escalating.step)
    assert not perform(escalating.step)
    assert overdue(session) == ["lead.overdue"]
    team.noor.post(f"/v1/leads/{lead['id']}/assignment", {"owner_id": team.id("Ruth")})
    assert not perform(escalating.step), "the clock begins anew with a new owner"
    wait(session, lead, 31)
    assert perform(escalating.step)
    found = team.noor.get("/v1/leads/first-touches").json
    assert (found["all"]["leads"], found["all"]["touched"], found["all"]["overdue"]) == (2, 1, 1)
    assert found["all"]["median_s"] == 0
    by_owner = {row["owner_id"]: row for row in found["owners"]}
    assert by_owner[team.id("Ruth")]["overdue"] == 1


def test_the_clock_stands_still_outside_business_hours(team: Team) -> None:
    setting = "/v1/settings/lead-hours"
    wrong = team.ada.put(setting, {"value": "always"}, '"0"')
    assert wrong.status_code == 422
    assert team.ada.put(setting, {"value": "Mon-Fri 09:00-17:30 Europe/London"}, '"0"').status_code == 200
    settings_store.forget()
    lead = team.lead()
    due, assigned = (datetime.fromisoformat(lead[name]) for name in ("touch_due_at", "assigned_at"))
    assert due == hours.after(assigned, 30, hours.read("Mon-Fri 09:00-17:30 Europe/London"))
    settings_store.forget()


@pytest.mark.parametrize(
    ("start", "minutes", "end"),
    [
        (MONDAY_9, 30, MONDAY_9 + timedelta(minutes=30)),
        (MONDAY_9 - timedelta(hours=3), 30, MONDAY_9 + timedelta(minutes=30)),
        (MONDAY_9 + timedelta(hours=8), 60, MONDAY_9 + timedelta(days=1, minutes=30)),
        (MONDAY_9 + timedelta(days=5), 30, MONDAY_9 + timedelta(days=7, minutes=30)),
        (datetime(2026, 3, 29, 12, tzinfo=UTC), 30, datetime(2026, 3, 30, 8, 30, tzinfo=UTC)),
    ],
)
def test_minutes_of_business_hours(start: datetime, minutes: int, end: datetime) -> None:
    assert hours.after(start, minutes, hours.read("Mon-Fri 09:00-17:30 Europe/London")) == end


def test_hours_without_a_zone_are_those_of_the_business() -> None:
    summer = datetime(2026, 7, 6, 7, 30, tzinfo=UTC)  # half past eight in Bristol
    before = clock.zone()
    clock.use_zone(ZoneInfo("Europe/London"))
    try:
        plain, said = (hours.read(f"Mon-Fri 09:00-17:30{zone}") for zone in ("", " Europe/London"))
        assert hours.after(summer, 30, plain) == hours.after(summer, 30, said) == summer + timedelta(hours=1)
        assert hours.is_open(summer + timedelta(hours=9) - timedelta(minutes=1), plain)
        assert not hours.is_open(summer + timedelta(hours=9), plain)
    finally:
        clock.use_zone(before)


@given(
    st.integers(0, 366 * 24 * 60),
    st.integers(1, 5000),
    st.sampled_from(["Mon-Fri 09:00-17:30 Europe/London", "Sat-Mon 00:00-23:59", "Wed 10:00-11:00 Asia/Kolkata"]),
)
def test_a_deadline_never_comes_early_and_lies_in_the_hours(start: int, minutes: int, text: str) -> None:
    open_, begun = hours.read(text), MONDAY_9 + timedelta(minutes=start)
    end = hours.after(begun, minutes, open_)
    assert end >= begun + timedelta(minutes=minutes)
    assert hours.after(begun, minutes + 1, open_) > end
    assert hours.after(begun, minutes, None) == begun + timedelta(minutes=minutes)


@given(st.lists(st.sampled_from(LeadMove), max_size=12))
def test_whatever_is_tried_a_lead_makes_legal_moves_alone(moves: list[LeadMove]) -> None:
    status = LeadStatus.NEW
    for move in moves:
        try:
            after = states.after(status, move)
        except Conflict:
            assert status not in MOVES[move]
            continue
        assert MOVES[move][status] == after
        assert status is not LeadStatus.CONVERTED, "nothing leads back from there"
        assert status is not LeadStatus.LOST or move is LeadMove.REOPEN
        status = after
