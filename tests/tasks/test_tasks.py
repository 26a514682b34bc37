"""Tasks: somebody is to do something for an account, is reminded of it, and does it once."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select
from sqlalchemy.orm import Session

from mcrm import clock
from mcrm.actors import Role
from mcrm.ids import new_id
from mcrm.interactions.models import Interaction
from mcrm.opportunities.models import Opportunity
from mcrm.tasks.models import TaskReminder
from tests.callers import Caller, as_staff
from tests.cast import a_customer, a_territory

NOON = datetime(2026, 11, 26, 12, tzinfo=UTC)


@pytest.fixture
def ben(session: Session) -> Any:
    west = a_territory(session, "West")
    ben = a_customer(session, "Ben Okafor", territory_id=west.id)
    session.commit()
    ben.west = west
    return ben


@pytest.fixture
def sam(client: FlaskClient, ben: Any) -> Iterator[Caller]:
    with clock.stopped(NOON):
        yield as_staff(client, Role.REP, [ben.west], "Sam Doyle")


def hours(count: float) -> str:
    return (NOON + timedelta(hours=count)).isoformat().replace("+00:00", "Z")


def a_task(caller: Caller, ben: Any, **more: Any) -> Any:
    return caller.post("/v1/tasks", {"title": "Call about the grinder", "contact_id": str(ben.id), **more})


def kinds(session: Session) -> list[str]:
    session.expire_all()
    query = select(Interaction.kind).where(Interaction.subject_type == "task").order_by(Interaction.position)
    return list(session.scalars(query))


def reminders(session: Session) -> list[datetime]:
    session.expire_all()
    return list(session.scalars(select(TaskReminder.at).order_by(TaskReminder.at)))


def test_a_task_is_made_changed_and_done(session: Session, sam: Caller, ben: Any) -> None:
    made = a_task(sam, ben, due_at=hours(4))
    assert (made.status_code, made.json["account_id"]) == (201, str(ben.account_id))
    path = f"/v1/tasks/{made.json['id']}"
    assert sam.patch(path, {"title": "Call about the mill"}).json["title"] == "Call about the mill"
    clock.advance(timedelta(minutes=5))
    done = [sam.post(f"{path}/completion").json["done_at"] for _ in range(2)]
    assert done == ["2026-11-26T12:05:00Z"] * 2
    assert sam.patch(path, {"done_at": None}).json["done_at"] is None
    assert kinds(session) == ["task.added", "task.changed", "task.done", "task.reopened"]
    assert sam.delete(path, sam.get(path).headers["ETag"]).status_code == 204
    assert sam.get(path).status_code == 404


def test_lists_are_filtered(sam: Caller, ben: Any) -> None:
    first = a_task(sam, ben, due_at=hours(1)).json["id"]
    second = a_task(sam, ben, title="Send the price list").json["id"]
    sam.post(f"/v1/tasks/{second}/completion", {"at": hours(-1)})
    for query, expected in (
        ({"done": "false"}, [first]),
        ({"done": "true"}, [second]),
        ({"due_before": hours(2)}, [first]),
        ({"contact_id": str(ben.id)}, [second, first]),
        ({"owner_id": str(new_id())}, []),
    ):
        assert [task["id"] for task in sam.get("/v1/tasks", **query).json["items"]] == expected


def test_tasks_lie_within_the_reach_of_their_account(
    client: FlaskClient, session: Session, sam: Caller, ben: Any
) -> None:
    task = a_task(sam, ben).json["id"]
    east = a_territory(session, "East")
    session.commit()
    lena = as_staff(client, Role.REP, [east], "Lena Fischer")
    assert lena.get(f"/v1/tasks/{task}").status_code == 404
    assert a_task(lena, ben).status_code == 404
    people = {user["name"]: user["id"] for user in as_staff(client, Role.ADMIN).get("/v1/users").json["items"]}
    refused = sam.patch(f"/v1/tasks/{task}", {"owner_id": people["Lena Fischer"]})
    assert (refused.status_code, refused.json["code"]) == (404, "task.owner-unknown")


def test_a_task_is_for_somebody(session: Session, sam: Caller, ben: Any) -> None:
    nobody = sam.post("/v1/tasks", {"title": "Something"})
    assert (nobody.status_code, nobody.json["code"]) == (422, "task.account-needed")
    other = a_customer(session, "Aisha Khan", territory_id=ben.west.id)
    session.commit()
    elsewhere = a_task(sam, ben, account_id=str(other.account_id))
    assert (elsewhere.status_code, elsewhere.json["code"]) == (422, "task.contact-elsewhere")
    aishas = Opportunity(account_id=other.account_id, name="Beans", stage="discovery", currency="GBP")
    session.add(aishas)
    session.commit()
    foreign = a_task(sam, ben, opportunity_id=str(aishas.id))
    assert (foreign.status_code, foreign.json["code"]) == (422, "task.opportunity-elsewhere")
    theirs = {"title": "Send the offer", "account_id": str(other.account_id), "opportunity_id": str(aishas.id)}
    assert sam.post("/v1/tasks", theirs).json["opportunity_id"] == str(aishas.id)


def test_the_same_task_again_is_one(sam: Caller, ben: Any) -> None:
    id_ = str(new_id())
    assert a_task(sam, ben, id=id_).json == a_task(sam, ben, id=id_).json
    other = a_task(sam, ben, id=id_, title="Another")
    assert (other.status_code, other.json["code"]) == (409, "task.id-taken")


def test_a_reminder_follows_the_due_time_and_a_snooze(session: Session, sam: Caller, ben: Any) -> None:
    task = a_task(sam, ben, due_at=hours(4)).json["id"]
    assert reminders(session) == [NOON + timedelta(hours=3.5)]
    sam.patch(f"/v1/tasks/{task}", {"due_at": hours(6)})
    assert reminders(session) == [NOON + timedelta(hours=5.5)]
    snoozed = sam.post(f"/v1/tasks/{task}/snooze", {"until": hours(8)}).json
    assert (snoozed["due_at"], reminders(session)) == (hours(6), [NOON + timedelta(hours=8)])
    sam.patch(f"/v1/tasks/{task}", {"due_at": None})
    assert reminders(session) == []
    sam.post(f"/v1/tasks/{task}/completion")
    late = sam.post(f"/v1/tasks/{task}/snooze", {"until": hours(8)})
    assert (late.status_code, late.json["code"]) == (409, "task.done")


def test_a_task_that_repeats_makes_the_next_one(session: Session, sam: Caller, ben: Any) -> None:
    first = a_task(sam, ben, due_at=hours(-50), repeat_every_days=1).json["id"]
    sam.post(f"/v1/tasks/{first}/completion")
    [following] = sam.get("/v1/tasks", done="false").json["items"]
    assert (following["due_at"], following["repeat_every_days"]) == (hours(22), 1)
    sam.patch(f"/v1/tasks/{first}", {"done_at": None})
    sam.post(f"/v1/tasks/{first}/completion")
    assert len(sam.get("/v1/tasks").json["items"]) == 2
    assert kinds(session).count("task.added") == 2
