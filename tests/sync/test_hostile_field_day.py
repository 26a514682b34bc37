"""Devices that reach for what is somebody else's: leads, opportunities, visits, reports, tasks, plans and targets."""

import json
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from mcrm import clock
from mcrm.interactions.log import head
from mcrm.sync.models import Conflict
from tests.sync.conftest import Field
from tests.sync.device import Device, Raw

QUESTION = {"key": "facings", "label": "Facings", "type": "number", "is_required": True}


def ms(hours: float = 0) -> int:
    return round((clock.now() + timedelta(hours=hours)).timestamp() * 1000)


@pytest.fixture
def theirs(field: Field) -> dict[str, Any]:
    """What is Lena's in the East, by table."""
    account, contact = str(field.aisha.account_id), str(field.aisha.id)
    form = field.ada.post("/v1/visit-forms", {"name": "Shelf check", "questions": [QUESTION]}).json["id"]
    visit = field.lena.post("/v1/visits", {"account_id": account}).json["id"]
    answers = {"form_id": form, "answers": {"facings": 3}}
    made = {
        "leads": field.lena.post("/v1/leads", {"name": "Rosa Bianchi", "phone": "+447700900203"}),
        "opportunities": field.lena.post("/v1/opportunities", {"name": "A grinder", "account_id": account}),
        "tasks": field.lena.post("/v1/tasks", {"title": "Ring Aisha", "contact_id": contact}),
        "visit_reports": field.lena.post(f"/v1/visits/{visit}/reports", answers),
        "planned_visits": field.lena.post("/v1/planned-visits", {"account_id": account, "on": "2026-12-01"}),
    }
    assert {answer.status_code for answer in made.values()} == {201}
    return {"visits": visit, "visit_forms": form} | {name: answer.json["id"] for name, answer in made.items()}


def pushed(field: Field, phone: Device, changes: Raw) -> Raw:
    answer = field.sam.post(f"/v1/sync?last_pulled_at={phone.last_pulled_at}", {"changes": changes})
    assert answer.status_code == 200, answer.text
    return dict(answer.json)


EDITS: dict[str, Raw] = {
    "leads": {"name": "Mine", "status": "converted"},
    "opportunities": {"name": "Mine", "stage": "won", "amount": 1},
    "tasks": {"title": "Mine", "done_at": 1},
    "visits": {"outcome": "refused", "checked_out_at": 1},
    "visit_reports": {"answers": "{}"},
    "planned_visits": {"purpose": "Mine"},
}


@pytest.mark.parametrize("table", sorted(EDITS))
def test_rows_of_others_are_neither_changed_nor_deleted_nor_told_of(
    field: Field, session: Session, theirs: dict[str, Any], table: str
) -> None:
    phone = field.phone()
    phone.sync()
    session.expire_all()
    stands = head(session)
    row = {"id": theirs[table], "rev": 1, "created_at": ms(), **EDITS[table]}
    for lists in ({"created": [row]}, {"updated": [{**row, "_changed": ",".join(EDITS[table])}]}):
        said = pushed(field, phone, {table: lists})
        assert [(one["code"], said["conflicts"]) for one in said["errors"]] == [("sync.record-unknown", [])]
    assert pushed(field, phone, {table: {"deleted": [theirs[table]]}})["errors"] == []
    session.expire_all()
    assert head(session) == stands


def test_nothing_is_made_below_what_is_out_of_reach(field: Field, session: Session, theirs: dict[str, Any]) -> None:
    phone = field.phone()
    phone.sync()
    session.expire_all()
    stands, account = head(session), field.aisha.account_id
    phone.create("opportunities", name="Mine", account_id=account, amount=1, currency="GBP")
    phone.create("opportunities", name="Mine", account_id=field.ben.account_id, contact_id=field.aisha.id)
    phone.create("tasks", title="Mine", account_id=account)
    phone.create("tasks", title="Mine", account_id=field.ben.account_id, contact_id=field.aisha.id)
    phone.create("visits", account_id=account, checked_in_at=ms())
    answers = json.dumps({"facings": 1})
    phone.create("visit_reports", visit_id=theirs["visits"], form_id=theirs["visit_forms"], answers=answers)
    phone.create("leads", name="Mine", territory_id=field.east.id)
    phone.create("targets", measure="visits", goal=1, territory_id=field.west.id)
    phone.create("planned_visits", account_id=field.ben.account_id, on="2026-12-01")
    phone.create("visit_forms", name="Mine", questions="[]")
    phone.push()
    codes = sorted(error["code"] for error in phone.pushed["errors"])
    unknown = ["account.unknown"] * 3 + ["contact.unknown"] * 2
    assert codes == sorted([*unknown, "visit.unknown", "territory.unknown", *["sync.read-only"] * 3])
    session.expire_all()
    assert head(session) == stands


def test_what_a_device_says_of_its_place_is_not_kept_with_a_conflict(
    field: Field, session: Session, theirs: dict[str, Any]
) -> None:
    phone = field.phone()
    phone.sync()
    visit = phone.create("visits", account_id=field.ben.account_id, checked_in_at=ms(-1), lat=51.449, lon=-2.597)
    phone.sync()
    field.move(field.ben.account_id, field.east)
    late = {**visit, "rev": 1, "outcome": "refused", "_changed": "", "lat": 51.449, "lon": -2.597}
    said = pushed(field, phone, {"visits": {"updated": [late]}})
    assert [error["code"] for error in said["errors"]] == ["sync.moved-away"]
    session.expire_all()
    [kept] = session.scalars(select(Conflict)).all()
    assert kept.mine["outcome"] == "refused"
    assert not {"lat", "lon"} & kept.mine.keys()
