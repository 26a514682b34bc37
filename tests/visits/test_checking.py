"""A rep checks in and out: what is kept of place and time, and that no check-in is ever lost."""

from datetime import timedelta
from typing import Any

from flask.testing import FlaskClient
from sqlalchemy import select
from sqlalchemy.orm import Session

from mcrm import clock
from mcrm.actors import Role
from mcrm.ids import new_id
from mcrm.interactions.models import Interaction
from mcrm.tasks.models import Task
from mcrm.visits import expiring
from mcrm.visits.models import Visit
from tests.callers import Caller, as_staff
from tests.visits.conftest import FERRY, NOON, Field


def at(hours: float) -> str:
    """So many hours from noon."""
    return (NOON + timedelta(hours=hours)).isoformat()


def check_in(caller: Caller, account: Any, hours: float = 0, **more: Any) -> Any:
    return caller.post("/v1/visits", {"account_id": str(account), "at": at(hours), **more})


def kinds(session: Session) -> list[str]:
    session.expire_all()
    query = select(Interaction.kind).where(Interaction.subject_type == "visit").order_by(Interaction.position)
    return list(session.scalars(query))


def test_a_visit_begins_and_ends_with_what_came_of_it(session: Session, field: Field) -> None:
    made = check_in(field.sam, field.ferry, lat=FERRY[0], lon=FERRY[1], accuracy_m=8)
    assert (made.status_code, made.json["state"], made.json["verdict"]) == (201, "open", "inside")
    assert (made.json["distance_m"], made.json["left_visit_id"]) == (0, None)

    clock.advance(timedelta(minutes=10))
    end = {
        "outcome": "follow_up",
        "note": "Wants a decaf sample.",
        "next_step": {"title": "Bring the decaf", "due_at": at(48)},
    }
    done = field.sam.post(f"/v1/visits/{made.json['id']}/check-out", end).json
    assert (done["state"], done["outcome"]) == ("checked_out", "follow_up")
    assert kinds(session) == ["visit.checked-in", "visit.checked-out"]
    assert session.scalars(select(Interaction.kind).where(Interaction.kind == "note.added")).all() == ["note.added"]
    task = session.scalars(select(Task)).one()
    assert (task.title, task.account_id, str(task.visit_id)) == ("Bring the decaf", field.ferry, made.json["id"])


def test_a_visit_is_logged_in_one_call(field: Field) -> None:
    done = check_in(field.sam, field.ferry, -1, checked_out_at=at(-0.5), outcome="order_taken").json
    assert (done["state"], done["outcome"]) == ("checked_out", "order_taken")
    assert check_in(field.sam, field.deli).json["left_visit_id"] is None


def test_a_forgotten_check_out_never_costs_the_next_check_in(session: Session, field: Field) -> None:
    first = check_in(field.sam, field.ferry, -2).json
    second = check_in(field.sam, field.deli, -1)
    assert (second.status_code, second.json["left_visit_id"]) == (201, first["id"])
    assert field.sam.get(f"/v1/visits/{first['id']}").json["state"] == "not_checked_out"
    assert kinds(session) == ["visit.checked-in", "visit.not-checked-out", "visit.checked-in"]


def test_a_check_out_that_comes_late_is_still_the_truth(field: Field) -> None:
    first = check_in(field.sam, field.ferry, -2).json
    check_in(field.sam, field.deli, -1)
    late = field.sam.post(f"/v1/visits/{first['id']}/check-out", {"at": at(-1.5), "outcome": "no_need"}).json
    assert (late["state"], late["checked_out_at"]) == ("checked_out", "2026-11-26T10:30:00Z")


def test_a_check_in_that_comes_late_leaves_the_one_of_now_open(field: Field) -> None:
    now = check_in(field.sam, field.deli, -1).json
    before = check_in(field.sam, field.ferry, -3).json
    assert (before["state"], before["left_visit_id"]) == ("not_checked_out", None)
    assert field.sam.get(f"/v1/visits/{now['id']}").json["state"] == "open"


def test_the_same_check_in_and_check_out_again_change_nothing(session: Session, field: Field) -> None:
    visit = str(new_id())
    answers = [check_in(field.sam, field.ferry, -1, id=visit).json for _ in range(2)]
    assert answers[0] == answers[1]
    path, end = f"/v1/visits/{visit}/check-out", {"at": at(-0.5), "outcome": "refused"}
    assert field.sam.post(path, end).json == field.sam.post(path, end).json
    assert len(kinds(session)) == 2
    another = field.sam.post(path, {"at": at(-0.25)})
    assert (another.status_code, another.json["code"]) == (409, "visit.checked-out")
    elsewhere = check_in(field.sam, field.deli, -1, id=visit)
    assert (elsewhere.status_code, elsewhere.json["code"]) == (409, "visit.id-taken")


def test_only_who_makes_a_visit_ends_it(client: FlaskClient, field: Field) -> None:
    visit = check_in(field.sam, field.ferry).json["id"]
    kai = as_staff(client, Role.REP, [field.west], "Kai Brook")
    refused = kai.post(f"/v1/visits/{visit}/check-out", {"outcome": "refused"})
    assert (refused.status_code, refused.json["code"]) == (403, "visit.not-yours")
    assert check_in(field.sam, field.kiosk).status_code == 404
    assert check_in(kai, field.ferry).json["left_visit_id"] is None  # one open visit each


def test_a_visit_cannot_end_before_it_began(field: Field) -> None:
    visit = check_in(field.sam, field.ferry, -1).json["id"]
    refused = field.sam.post(f"/v1/visits/{visit}/check-out", {"at": at(-2)})
    assert (refused.status_code, refused.json["code"]) == (422, "visit.ends-before-it-begins")


def test_what_came_of_it_may_be_said_later(session: Session, field: Field) -> None:
    visit = check_in(field.sam, field.ferry, -1, checked_out_at=at(-0.5)).json["id"]
    said = field.sam.put(f"/v1/visits/{visit}/outcome", {"outcome": "nobody_there"}).json
    assert said["outcome"] == "nobody_there"
    assert kinds(session)[-1] == "visit.changed"
    assert field.sam.put(f"/v1/visits/{visit}/outcome", {"outcome": "lunch"}).status_code == 422


def test_where_the_rep_was_is_judged_and_never_guessed(field: Field) -> None:
    lat, lon = FERRY
    cases: list[tuple[dict[str, Any], str]] = [
        ({"lat": lat + 0.001, "lon": lon}, "inside"),  # about 111 m
        ({"lat": lat + 0.01, "lon": lon, "accuracy_m": 50}, "outside"),
        ({"lat": lat + 0.01, "lon": lon, "accuracy_m": 5000}, "unknown"),
        ({"lat": lat, "lon": lon, "is_mock": True}, "unknown"),
        ({}, "unknown"),
    ]
    found = [check_in(field.sam, field.ferry, index / 100 - 1, **seen).json for index, (seen, _) in enumerate(cases)]
    assert [one["verdict"] for one in found] == [verdict for _, verdict in cases]
    assert [one["distance_m"] for one in found] == [111, 1112, 1112, 0, None]
    half = check_in(field.sam, field.ferry, 0, lat=lat)
    assert (half.status_code, half.json["code"]) == (422, "visit.position-half")


def test_how_near_is_near_enough_is_a_setting(client: FlaskClient, field: Field) -> None:
    ada = as_staff(client, Role.ADMIN)
    path = "/v1/settings/visit-radius-m"
    assert ada.put(path, {"value": 50}, ada.get(path).headers["ETag"]).status_code == 200
    assert check_in(field.sam, field.ferry, 0, lat=FERRY[0] + 0.001, lon=FERRY[1]).json["verdict"] == "outside"


def test_a_wrong_clock_is_seen_and_set_right(field: Field) -> None:
    ahead = check_in(field.sam, field.ferry, 1.5, device_now=at(2)).json
    assert (ahead["clock_skew_s"], ahead["checked_in_at"]) == (7200, "2026-11-26T13:30:00Z")
    assert ahead["visited_at"] == "2026-11-26T11:30:00Z"
    unsaid = check_in(field.sam, field.deli, 30).json
    assert (unsaid["clock_skew_s"], unsaid["visited_at"]) == (108_000, unsaid["received_at"])
    end = field.sam.post(f"/v1/visits/{unsaid['id']}/check-out", {"outcome": "other"})
    assert end.json["state"] == "checked_out"  # the clock is wrong, the rep shall get out all the same


def test_positions_expire_and_the_verdict_stays(client: FlaskClient, session: Session, field: Field) -> None:
    visit = check_in(field.sam, field.ferry, 0, lat=FERRY[0] + 0.001, lon=FERRY[1]).json
    assert expiring.step(session) is False
    session.expire_all()
    assert session.scalars(select(Visit.lat)).one() == FERRY[0] + 0.001

    clock.advance(timedelta(days=31))
    expiring.step(session)
    session.commit()
    noor = as_staff(client, Role.MANAGER)
    kept = noor.get(f"/v1/visits/{visit['id']}").json
    assert (kept["lat"], kept["lon"], kept["verdict"], kept["distance_m"]) == (None, None, "inside", 111)
    assert kept["rev"] == visit["rev"] + 1


def test_no_raw_position_is_in_the_log(session: Session, field: Field) -> None:
    check_in(field.sam, field.ferry, 0, lat=51.123456, lon=-2.654321)
    session.expire_all()
    assert not [words for words in session.scalars(select(Interaction.payload)) if "123456" in words]
