"""A day in the field without a network: visits, reports and tasks come in late and whole, by the rules of REST."""

import json
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from mcrm import clock
from mcrm.interactions.models import Interaction
from mcrm.visits.models import Visit
from tests.sync.conftest import Field
from tests.sync.device import Device

QUESTION = {"key": "facings", "label": "Facings", "type": "number", "is_required": True}


def ms(hours: float = 0) -> int:
    """So many hours from now, as devices tell time."""
    return round((clock.now() + timedelta(hours=hours)).timestamp() * 1000)


@pytest.fixture
def phone(field: Field) -> Device:
    """Sam's phone with everything on it, a report form too."""
    made = field.ada.post("/v1/visit-forms", {"name": "Shelf check", "questions": [QUESTION]})
    assert made.status_code == 201
    phone = field.phone()
    phone.sync()
    return phone


def test_a_whole_day_of_visits_comes_in_at_once(session: Session, field: Field, phone: Device) -> None:
    account, [form] = field.ben.account_id, phone.rows("visit_forms")
    assert json.loads(form["questions"])[0]["key"] == "facings"
    first = phone.create("visits", account_id=account, checked_in_at=ms(-8), lat=51.449, lon=-2.597, is_mock=False)
    second = phone.create("visits", account_id=account, checked_in_at=ms(-6), outcome="no_need", checked_out_at=ms(-5))
    third = phone.create("visits", account_id=account, checked_in_at=ms(-1))
    answers = json.dumps({"facings": 6})
    report = phone.create("visit_reports", visit_id=second["id"], form_id=form["id"], answers=answers)
    task = phone.create("tasks", title="Bring the decaf", due_at=ms(40), account_id=account)
    phone.sync()
    assert phone.refused == set()

    phone.sync()
    states = {raw["id"]: raw["state"] for raw in phone.rows("visits")}
    assert states == {first["id"]: "not_checked_out", second["id"]: "checked_out", third["id"]: "open"}
    assert field.sam.get(f"/v1/visits/{third['id']}").json["rep_id"] == field.user_id("Sam Doyle")
    assert [one["id"] for one in field.ada.get("/v1/visit-reports").json["items"]] == [report["id"]]
    assert field.ada.get(f"/v1/tasks/{task['id']}").json["owner_id"] == field.user_id("Sam Doyle")
    session.expire_all()
    kinds = list(session.scalars(select(Interaction.kind)))
    assert (kinds.count("visit.checked-in"), kinds.count("visit.reported"), kinds.count("task.added")) == (3, 1, 1)


def test_a_visit_goes_on_where_the_device_left_it(session: Session, field: Field, phone: Device) -> None:
    visit = phone.create("visits", account_id=field.ben.account_id, checked_in_at=ms(-2))
    phone.sync()
    phone.edit("visits", visit["id"], checked_out_at=ms(-1), outcome="order_taken")
    phone.sync()
    phone.edit("visits", visit["id"], outcome="follow_up")
    phone.sync()
    stored = session.scalars(select(Visit)).one()
    assert (stored.state, stored.outcome) == ("checked_out", "follow_up")
    assert phone.refused == set()


def test_the_same_push_again_changes_nothing(session: Session, field: Field, phone: Device) -> None:
    phone.create("visits", account_id=field.ben.account_id, checked_in_at=ms(-2), checked_out_at=ms(-1))
    task = phone.create("tasks", title="Call", account_id=field.ben.account_id)
    unsent = {"changes": phone.unsent()}
    answers = [field.sam.post("/v1/sync", unsent) for _ in range(2)]
    assert [answer.json["errors"] for answer in answers] == [[], []]
    session.expire_all()
    facts = list(session.scalars(select(Interaction.kind).where(Interaction.subject_type.in_(["visit", "task"]))))
    assert sorted(facts) == ["task.added", "visit.checked-in", "visit.checked-out"]
    assert field.sam.get(f"/v1/tasks/{task['id']}").json["rev"] == 1


def test_tasks_are_done_changed_and_deleted_without_a_network(field: Field, phone: Device) -> None:
    account = field.ben.account_id
    done = phone.create("tasks", title="Done at once", account_id=account, done_at=ms(-1))
    edited, gone = (phone.create("tasks", title=title, account_id=account) for title in ("Edited", "Gone"))
    phone.sync()
    phone.edit("tasks", edited["id"], title="Edited twice", due_at=ms(2), done_at=ms(-0.5))
    phone.delete("tasks", gone["id"])
    phone.sync()
    tasks = {task["id"]: task for task in field.ada.get("/v1/tasks").json["items"]}
    assert set(tasks) == {done["id"], edited["id"]}
    assert tasks[edited["id"]]["title"] == "Edited twice"
    assert all(task["done_at"] for task in tasks.values())
    phone.edit("tasks", done["id"], done_at=None)
    phone.sync()
    assert field.ada.get(f"/v1/tasks/{done['id']}").json["done_at"] is None


def test_columns_that_an_app_left_empty_say_nothing(session: Session, field: Field, phone: Device) -> None:
    """The protocol's client fills them with zeros and empty texts."""
    account, empty = field.ben.account_id, {"lat": 0, "lon": 0, "outcome": "", "checked_out_at": 0}
    phone.create("visits", account_id=account, checked_in_at=ms(-1), **empty)
    task = phone.create("tasks", title="Call", account_id=account, due_at=0, done_at=0, contact_id="")
    phone.sync()
    assert phone.refused == set()
    stored = session.scalars(select(Visit)).one()
    assert (stored.state, stored.lat, stored.outcome, stored.verdict) == ("open", None, None, "unknown")
    kept = field.ada.get(f"/v1/tasks/{task['id']}").json
    assert (kept["due_at"], kept["done_at"]) == (None, None)


WRONG: list[tuple[str, dict[str, Any], str]] = [
    ("visits", {"account_id": "aisha", "checked_in_at": 1}, "account.unknown"),
    ("visits", {"outcome": "lunch", "checked_in_at": 1}, "sync.record-invalid"),
    ("visits", {"checked_in_at": 2_000, "checked_out_at": 1_000}, "visit.ends-before-it-begins"),
    ("visits", {"checked_in_at": 1, "lat": 51.4}, "visit.position-half"),
    ("visits", {"checked_in_at": 1, "lat": 510.4, "lon": 1.0}, "sync.record-invalid"),
    ("tasks", {"account_id": None, "title": "For nobody"}, "task.account-needed"),
    ("tasks", {"title": "Late", "due_at": 2**52}, "sync.record-invalid"),
    ("visit_reports", {"answers": "{nonsense"}, "sync.record-invalid"),
]


@pytest.mark.parametrize(("table", "columns", "code"), WRONG)
def test_what_makes_no_sense_is_named_and_holds_nothing_back(
    field: Field, phone: Device, table: str, columns: dict[str, Any], code: str
) -> None:
    columns = {"account_id": "ben", **columns}
    owners = {"ben": field.ben.account_id, "aisha": field.aisha.account_id}
    columns["account_id"] = owners.get(columns["account_id"])
    visit = phone.create("visits", account_id=field.ben.account_id, checked_in_at=ms(-2))
    more = {"visit_id": visit["id"], "form_id": phone.rows("visit_forms")[0]["id"]} if table == "visit_reports" else {}
    bad = phone.create(table, **{**columns, **more})
    answer = field.sam.post("/v1/sync", {"changes": phone.unsent()}).json
    assert [(error["id"], error["code"]) for error in answer["errors"]] == [(bad["id"], code)]
    assert field.sam.get(f"/v1/visits/{visit['id']}").status_code == 200


def test_visits_move_with_their_account(field: Field, phone: Device) -> None:
    visit = phone.create("visits", account_id=field.ben.account_id, checked_in_at=ms(-2), checked_out_at=ms(-1))
    form = phone.rows("visit_forms")[0]["id"]
    report = phone.create("visit_reports", visit_id=visit["id"], form_id=form, answers='{"facings": 1}')
    phone.sync()
    lenas = field.phone(field.lena)
    lenas.sync()
    field.move(field.ben.account_id, field.east)
    phone.sync()
    lenas.sync()
    assert phone.rows("visits") == phone.rows("visit_reports") == []
    assert [raw["id"] for raw in lenas.rows("visit_reports")] == [report["id"]]
    assert [raw["id"] for raw in lenas.rows("visits")] == [visit["id"]]
    lenas.edit("visits", visit["id"], outcome="refused")
    answer = field.lena.post(f"/v1/sync?last_pulled_at={lenas.last_pulled_at}", {"changes": lenas.unsent()}).json
    assert [error["code"] for error in answer["errors"]] == ["visit.not-yours"]


def test_a_planned_visit_reaches_the_phone_and_leaves_it_done(field: Field, phone: Device) -> None:
    sam, today = field.user_id("Sam Doyle"), clock.now().date().isoformat()
    plan = {"account_id": str(field.ben.account_id), "rep_id": sam, "on": today}
    assert field.ada.post("/v1/planned-visits", plan).status_code == 201
    phone.sync()
    [raw] = phone.rows("planned_visits")
    assert (raw["on"], raw["state"], raw["rep_id"]) == (today, "planned", sam)
    visit = phone.create("visits", account_id=field.ben.account_id, checked_in_at=ms())
    phone.sync()
    phone.sync()
    [raw] = phone.rows("planned_visits")
    assert (raw["state"], raw["visit_id"]) == ("visited", visit["id"])
