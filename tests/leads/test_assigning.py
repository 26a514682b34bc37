"""Whose a lead is: territory, then load, then turn; fair at the same moment, and explained afterwards."""

import random
from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select
from sqlalchemy.orm import Session

from mcrm.actors import SYSTEM
from mcrm.db import Database
from mcrm.ids import new_id
from mcrm.leads import service
from mcrm.leads.assigning import Candidate, in_order
from mcrm.leads.models import Lead, LeadAssignment
from mcrm.territories.places import beginnings_of
from mcrm.transaction import perform, transaction
from tests.cast import a_territory, a_user
from tests.leads.conftest import Team


def test_leads_of_a_territory_go_round_among_its_reps(team: Team) -> None:
    owners = [team.lead(name=f"Lead {number}")["owner_id"] for number in range(4)]
    assert sorted(owners[:2]) == sorted([team.id("Sam"), team.id("Ruth")])
    assert owners[2:] == owners[:2], "the same round again"


def test_who_has_fewer_open_leads_gets_the_next(team: Team) -> None:
    first, _, third = (team.lead(name=f"Lead {number}") for number in range(3))
    lost = {"reason": "spam"}
    assert team.noor.post(f"/v1/leads/{first['id']}/loss", lost).status_code == 201
    assert team.noor.post(f"/v1/leads/{third['id']}/loss", lost).status_code == 201
    assert team.lead()["owner_id"] == first["owner_id"], "one is free, the other has one open, whatever the turn"


def test_the_decision_says_who_else_could_have_got_it(team: Team) -> None:
    lead = team.lead()
    [decision] = team.sam.get(f"/v1/leads/{lead['id']}/assignment").json["items"]
    assert (decision["rule"], decision["owner_id"]) == ("shared", lead["owner_id"])
    assert decision["candidates"][0] == {"user_id": lead["owner_id"], "open_leads": 0, "last_turn": 0}
    assert {one["user_id"] for one in decision["candidates"]} == {team.id("Sam"), team.id("Ruth")}


def test_a_postcode_leads_to_the_territory(team: Team) -> None:
    for territory, prefix in ((team.west, "BS1"), (team.east, "BS"), (team.east, "BA1 4")):
        assert team.ada.put(f"/v1/territories/{territory.id}/places/gb/{prefix}").status_code == 200
    taken = team.ada.put(f"/v1/territories/{team.west.id}/places/GB/BS")
    assert (taken.status_code, taken.json["code"]) == (409, "territory.place-taken")
    places = {
        postcode: team.lead(territory_id=None, postcode=postcode)["territory_id"]
        for postcode in ("BS1 4QA", "bs16 2aa", "BA14QA", "BA2 4QA")
    }
    west, east = str(team.west.id), str(team.east.id)
    assert places == {"BS1 4QA": west, "bs16 2aa": east, "BA14QA": east, "BA2 4QA": None}
    lead = team.lead(territory_id=None, postcode="BS1 4QA")
    assert team.noor.get(f"/v1/leads/{lead['id']}/assignment").json["items"][0]["place"] == "GB BS1"
    assert team.ada.delete(f"/v1/territories/{team.west.id}/places/GB/BS1").status_code == 204
    assert team.lead(territory_id=None, postcode="BS1 4QA")["territory_id"] == east


@pytest.mark.parametrize(
    ("country", "postcode", "beginnings"),
    [
        ("GB", "BS1 4QA", ["BS", "BS1", "BS1 4", "BS1 4QA"]),
        ("GB", "w1a1aa", ["W", "W1A", "W1A 1", "W1A 1AA"]),
        ("DE", "10115", ["1", "10", "101", "1011", "10115"]),
        ("GB", "?", ["?"]),
    ],
)
def test_what_a_postcode_begins_with(country: str, postcode: str, beginnings: list[str]) -> None:
    assert list(beginnings_of(country, postcode)) == beginnings


def test_a_rep_keeps_what_the_rep_found(team: Team) -> None:
    lead = team.lead(team.ruth, territory_id=None)
    assert (lead["owner_id"], lead["territory_id"]) == (team.id("Ruth"), str(team.west.id))
    refused = team.ruth.post("/v1/leads", {"name": "Mei Lin", "owner_id": team.id("Sam")})
    assert (refused.status_code, refused.json["code"]) == (403, "lead.managers-assign")
    foreign = team.ruth.post("/v1/leads", {"name": "Mei Lin", "territory_id": str(team.east.id)})
    assert foreign.status_code == 404


def test_a_lead_of_nobody_is_claimed_by_one(team: Team) -> None:
    assert team.ada.delete(f"/v1/territories/{team.east.id}/grants/{team.id('Lena')}").status_code == 204
    lead = team.lead(territory_id=str(team.east.id))
    assert lead["owner_id"] is None
    assert team.noor.get(f"/v1/leads/{lead['id']}/assignment").json["items"][0]["rule"] == "nobody-covers"
    assert team.ada.put(f"/v1/territories/{team.east.id}/grants/{team.id('Lena')}").status_code == 200
    assert team.lena.post(f"/v1/leads/{lead['id']}/claim").json["owner_id"] == team.id("Lena")
    late = team.noor.post(f"/v1/leads/{lead['id']}/claim")
    assert (late.status_code, late.json["code"]) == (409, "lead.taken")


def test_a_manager_gives_a_lead_to_somebody_who_sees_it(team: Team) -> None:
    lead = team.lead()
    path = f"/v1/leads/{lead['id']}/assignment"
    unfit = team.noor.post(path, {"owner_id": team.id("Lena")})
    assert (unfit.status_code, unfit.json["code"]) == (422, "lead.owner-unfit")
    assert team.sam.post(path, {"owner_id": team.id("Sam")}).status_code == 403
    for name in ("Sam", "Ruth"):
        assert team.noor.post(path, {"owner_id": team.id(name)}).json["rule"] == "named"
    assert team.noor.post(path).json["rule"] == "shared"
    assert [one["rule"] for one in team.sam.get(path).json["items"]] == ["shared", "named", "named", "shared"]


def test_in_another_territory_it_is_given_out_anew(team: Team) -> None:
    lead = team.lead()
    moved = team.noor.patch(f"/v1/leads/{lead['id']}", {"territory_id": str(team.east.id)}).json
    assert moved["owner_id"] == team.id("Lena")
    assert team.sam.get(f"/v1/leads/{lead['id']}").status_code == 404


def test_a_rep_sees_the_leads_of_the_own_territory_alone(team: Team) -> None:
    mine = team.lead()
    team.lead(territory_id=str(team.east.id))
    team.lead(territory_id=None)
    assert [item["id"] for item in team.sam.get("/v1/leads").json["items"]] == [mine["id"]]
    assert len(team.noor.get("/v1/leads").json["items"]) == 3
    assert len(team.noor.get("/v1/leads", unowned="true").json["items"]) == 1


def test_leads_that_come_at_once_are_shared_out_evenly(committed: Database) -> None:
    with transaction() as session:
        west = a_territory(session)
        reps = [a_user(session, name, territories=[west]).id for name in ("Sam Doyle", "Ruth Okeke", "Ida Novak")]

    def come(number: int) -> None:
        perform(lambda session: service.create(session, SYSTEM, name=f"Lead {number}", territory_id=west.id), tries=9)

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(come, range(24)))
    with Session(committed.bind) as session:
        owners = list(session.scalars(select(Lead.owner_id)))
        decisions = list(session.scalars(select(LeadAssignment).order_by(LeadAssignment.id)))
    assert {rep: owners.count(rep) for rep in reps} == dict.fromkeys(reps, 8)
    loads = sorted(sum(one["open_leads"] for one in decision.candidates) for decision in decisions)
    assert loads == list(range(24)), "each saw all that were given out before"


@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 5)), min_size=1, max_size=8), st.randoms())
def test_the_order_of_candidates_is_theirs_whoever_is_asked_first(
    facts: list[tuple[int, int]], chance: random.Random
) -> None:
    candidates = [Candidate(new_id(), load, turn) for load, turn in facts]
    shuffled = chance.sample(candidates, len(candidates))
    first, *others = in_order(shuffled)
    assert in_order(candidates)[0] == first
    assert all((first.open_leads, first.last_turn) <= (other.open_leads, other.last_turn) for other in others)
