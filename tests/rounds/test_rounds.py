"""Whom to visit: cadences, what is overdue, a rep's day and why each call is on it, and what the manager sees."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from flask.testing import FlaskClient
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy.orm import Session

from mcrm import clock
from mcrm.actors import Role
from mcrm.rounds.planning import score_of
from tests.callers import as_staff
from tests.cast import a_product
from tests.visits.conftest import DELI, FERRY, NOON, Field, an_account, field, noon

__all__ = ["field", "noon"]
DAYS = st.integers(0, 5000)


def set_cadences(field: Field, **days: int) -> None:
    for name, every in days.items():
        assert field.noor.put(f"/v1/visit-cadences/{name}", {"every_days": every}).status_code == 200


def visited(field: Field, account: Any, days_ago: float, **more: Any) -> Any:
    at = (NOON - timedelta(days=days_ago)).isoformat()
    return field.sam.post("/v1/visits", {"account_id": str(account), "at": at, "checked_out_at": at, **more}).json


@given(days=DAYS, more=DAYS, every=st.integers(1, 400))
def test_the_longer_ago_and_the_closer_the_cadence_the_more_overdue(days: int, more: int, every: int) -> None:
    long_ago, ago = NOON - timedelta(days=days + more), NOON - timedelta(days=days)
    assert score_of(long_ago, NOON, every, NOON) >= score_of(ago, NOON, every, NOON) >= 0
    assert score_of(ago, NOON, every, NOON) >= score_of(ago, NOON, every + 1, NOON)
    assert (score_of(ago, NOON, every, NOON) >= 1) is (days >= every)
    assert score_of(None, NOON, every, NOON) == 1.0


def test_accounts_are_due_by_the_cadence_of_their_class(field: Field) -> None:
    set_cadences(field, A=14, B=30)
    visited(field, field.ferry, 21, outcome="no_need")
    visited(field, field.deli, 21, outcome="no_need")
    [due] = field.sam.get("/v1/visits/overdue").json["items"]
    assert (due["name"], due["every_days"], due["days_since"], due["score"]) == ("The Ferry Café", 14, 21, 1.5)

    visited(field, field.ferry, 1, outcome="nobody_there")  # in vain: it is as overdue as before
    assert field.sam.get("/v1/visits/overdue").json["items"][0]["score"] == 1.5
    visited(field, field.ferry, 0.5)
    assert field.sam.get("/v1/visits/overdue").json["items"] == []


def test_who_was_never_visited_is_due_at_once_and_reps_see_their_own(field: Field) -> None:
    set_cadences(field, A=14)
    assert [one["name"] for one in field.sam.get("/v1/visits/overdue").json["items"]] == ["The Ferry Café"]
    everywhere = field.noor.get("/v1/visits/overdue").json["items"]
    assert {(one["name"], one["score"]) for one in everywhere} == {("The Ferry Café", 1.0), ("Pier Kiosk", 1.0)}


def test_classes_without_a_cadence_may_have_a_usual_one(client: FlaskClient, field: Field) -> None:
    set_cadences(field, A=14)
    ada = as_staff(client, Role.ADMIN)
    path = "/v1/settings/visit-usual-days"
    ada.put(path, {"value": 60}, ada.get(path).headers["ETag"])
    assert [one["every_days"] for one in field.sam.get("/v1/visits/overdue").json["items"]] == [14, 60]
    assert field.noor.delete("/v1/visit-cadences/A").status_code == 204
    assert field.noor.delete("/v1/visit-cadences/A").status_code == 404
    assert [one["every_days"] for one in field.sam.get("/v1/visits/overdue").json["items"]] == [60, 60]


def test_a_day_has_appointments_at_their_times_and_says_why(session: Session, field: Field) -> None:
    for number in range(3):
        near = (FERRY[0] + number / 500, FERRY[1])
        an_account(session, f"Café {number}", field.west, near, "A")
    session.commit()
    set_cadences(field, A=7)
    visited(field, field.ferry, 10, outcome="no_need")
    appointment = {"account_id": str(field.deli), "on": "2026-11-26", "starts_at": "2026-11-26T15:00:00Z"}
    assert field.sam.post("/v1/planned-visits", appointment).status_code == 201

    day = field.sam.get("/v1/visits/day", lat=DELI[0], lon=DELI[1]).json
    reasons = {call["name"]: call["reason"] for call in day["calls"]}
    assert reasons == {
        "Quay Deli": "appointment",
        "The Ferry Café": "overdue",
        **{f"Café {number}": "never-visited" for number in range(3)},
    }
    deli = next(call for call in day["calls"] if call["name"] == "Quay Deli")
    ferry = next(call for call in day["calls"] if call["name"] == "The Ferry Café")
    assert (deli["why"], deli["late_s"]) == ("Appointment at 15:00.", 0)
    assert ferry["why"] == "Last visited 10 days ago; to be visited every 7 days."
    assert sum(call["distance_m"] for call in day["calls"]) == day["distance_m"] > 0
    assert all(call["arrives_at"] >= NOON.isoformat().replace("+00:00", "Z") for call in day["calls"])


def test_what_was_visited_leaves_the_day(field: Field) -> None:
    set_cadences(field, A=7)
    plan = field.sam.post("/v1/planned-visits", {"account_id": str(field.deli), "on": "2026-11-26"}).json
    assert len(field.sam.get("/v1/visits/day").json["calls"]) == 2
    visit = visited(field, field.deli, 0)
    done = field.sam.get(f"/v1/planned-visits/{plan['id']}").json
    assert (done["state"], done["visit_id"]) == ("visited", visit["id"])
    visited(field, field.ferry, 0, outcome="nobody_there")  # still overdue, but not twice on one day
    assert field.sam.get("/v1/visits/day").json["calls"] == []


def test_a_plan_may_move_or_be_dropped_until_the_visit_was_made(field: Field) -> None:
    plan = field.sam.post("/v1/planned-visits", {"account_id": str(field.deli), "on": "2026-11-26"}).json
    path = f"/v1/planned-visits/{plan['id']}"
    moved = field.sam.patch(path, {"on": "2026-11-27", "starts_at": "2026-11-27T10:00:00Z"})
    assert (moved.status_code, moved.json["on"]) == (200, "2026-11-27")
    wrong = field.sam.patch(path, {"on": "2026-11-28"})
    assert (wrong.status_code, wrong.json["code"]) == (422, "planned-visit.another-day")
    assert [field.sam.post(f"{path}/cancellation").json["state"] for _ in range(2)] == ["dropped", "dropped"]
    over = field.sam.patch(path, {"purpose": "A new blend"})
    assert (over.status_code, over.json["code"]) == (409, "planned-visit.over")
    assert field.sam.post("/v1/planned-visits", {"account_id": str(field.kiosk), "on": "2026-11-26"}).status_code == 404


def test_a_manager_plans_for_reps_who_see_the_account(client: FlaskClient, session: Session, field: Field) -> None:
    me = {user["name"]: user["id"] for user in as_staff(client, Role.ADMIN).get("/v1/users").json["items"]}
    plan = {"account_id": str(field.deli), "rep_id": me["Sam Doyle"], "on": "2026-11-26"}
    assert field.noor.post("/v1/planned-visits", plan).status_code == 201
    assert [call["name"] for call in field.noor.get("/v1/visits/day", rep_id=plan["rep_id"]).json["calls"]] == [
        "Quay Deli"
    ]
    unseen = field.noor.post("/v1/planned-visits", {**plan, "account_id": str(field.kiosk)})
    assert (unseen.status_code, unseen.json["code"]) == (404, "planned-visit.rep-unknown")
    other = field.sam.get("/v1/visits/day", rep_id=me["Noor Haddad"])
    assert (other.status_code, other.json["code"]) == (404, "planned-visit.rep-unknown")


def test_coverage_counts_who_was_visited_in_time(session: Session, field: Field) -> None:
    an_account(session, "Corner Café", field.west, account_class="A")
    session.commit()
    set_cadences(field, A=14)
    visited(field, field.ferry, 3)
    rows = {
        (row["territory"], row["account_class"]): row for row in field.noor.get("/v1/visits/coverage").json["items"]
    }
    west = rows["West", "A"]
    assert (west["accounts"], west["in_time"], west["never"], west["share"]) == (2, 1, 1, 0.5)
    assert rows["East", "A"]["share"] == 0


def test_the_teams_day_shows_who_called_on_whom_and_what_was_sold(session: Session, field: Field) -> None:
    espresso = a_product(session, price=950, stock=50)
    session.commit()
    person = field.noor.post("/v1/contacts", {"name": "Grace Obi", "account_id": str(field.ferry)}).json
    at = (NOON - timedelta(minutes=30)).isoformat()
    seen = {"lat": FERRY[0] + 0.02, "lon": FERRY[1]}
    began = field.sam.post("/v1/visits", {"account_id": str(field.ferry), "at": at, **seen}).json
    order = {"contact_id": person["id"], "lines": [{"product_id": str(espresso.id), "quantity": 2}]}
    assert field.sam.post("/v1/orders", order).status_code == 201
    assert field.noor.post("/v1/orders", order).status_code == 201  # not Sam's
    field.sam.post(f"/v1/visits/{began['id']}/check-out", {"outcome": "order_taken"})
    field.sam.post("/v1/planned-visits", {"account_id": str(field.deli), "on": "2026-11-26"})

    day = field.noor.get("/v1/teams/day").json
    [sam] = [rep for rep in day["reps"] if rep["name"] == "Sam Doyle"]
    [visit] = sam["visits"]
    sold = [{"currency": "GBP", "orders": 1, "total": 1900}]
    assert (day["on"], sam["planned"], sam["outside"], sam["minutes"], sam["sold"]) == ("2026-11-26", 1, 1, 30, sold)
    assert (visit["account_name"], visit["outcome"], visit["verdict"]) == ("The Ferry Café", "order_taken", "outside")
    assert (visit["minutes"], visit["sold"]) == (30, sold)
    assert field.noor.get("/v1/teams/day", on="2026-11-25").json["reps"][0]["visits"] == []
    assert field.sam.get("/v1/teams/day").status_code == 403


@pytest.fixture
def far_east() -> Iterator[None]:
    """The business's days begin when it is still yesterday in Greenwich."""
    before = clock.zone()
    clock.use_zone(ZoneInfo("Pacific/Auckland"))
    yield
    clock.use_zone(before)


def test_days_are_those_of_the_business(field: Field, far_east: None) -> None:
    begins, ends = clock.bounds(datetime(2026, 11, 27, tzinfo=UTC).date())
    assert (begins, ends - begins) == (datetime(2026, 11, 26, 11, tzinfo=UTC), timedelta(days=1))
    assert field.sam.get("/v1/visits/day").json["on"] == "2026-11-27"  # it is one o'clock at night there
