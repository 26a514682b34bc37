"""Selling without a network: leads and opportunities go by the same moves, targets show the same progress."""

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from mcrm import clock
from mcrm.deliveries.models import Delivery
from mcrm.interactions.models import Interaction
from mcrm.leads import escalating
from mcrm.leads.models import Lead
from mcrm.sync.tables import milliseconds
from mcrm.targets import service as targets
from mcrm.transaction import perform
from tests.sync.conftest import Field
from tests.sync.device import Device, Raw


@pytest.fixture
def phone(field: Field) -> Device:
    made = field.phone()
    made.sync()
    return made


def clean(phone: Device) -> None:
    """Nothing was refused, and both sides hold the same."""
    assert (phone.pushed["experimentalRejectedIds"], phone.pushed["errors"], phone.pushed["conflicts"]) == ({}, [], [])
    phone.sync()
    assert phone.is_equal_to_the_server()


def a_lead(phone: Device, **columns: Any) -> Raw:
    return phone.create("leads", name="Rosa Bianchi", phone="07700 900205", **columns)


def test_a_lead_made_and_contacted_offline_is_the_reps_with_its_clock_stopped(field: Field, phone: Device) -> None:
    came = milliseconds(clock.now() - timedelta(hours=2))
    lead = a_lead(phone, created_at=came, status="contacted", first_touched_at=came + 60_000, territory_id=None)
    phone.sync()
    clean(phone)
    mine = phone.get("leads", lead["id"])
    assert mine is not None
    assert (mine["status"], mine["phone"], mine["first_touched_at"]) == ("contacted", "+447700900205", came + 60_000)
    assert (mine["owner_id"], mine["territory_id"]) == (field.user_id("Sam Doyle"), str(field.west.id))
    assert field.lena.get(f"/v1/leads/{lead['id']}").status_code == 404


def test_a_lead_converted_offline_is_business_after_the_sync_and_a_repeated_push_is_harmless(
    field: Field, phone: Device, session: Session
) -> None:
    lead = a_lead(phone, company="Bianchi Bakery")
    phone.sync()
    clean(phone)
    phone.edit("leads", lead["id"], status="converted")
    phone.push(lose_reply=True)
    phone.push()
    clean(phone)
    mine = phone.get("leads", lead["id"])
    assert mine is not None
    assert (mine["status"], mine["phone"]) == ("converted", None)
    assert [raw["name"] for raw in phone.rows("accounts") if raw["id"] == mine["account_id"]] == ["Bianchi Bakery"]
    assert [raw["id"] for raw in phone.rows("opportunities")] == [mine["opportunity_id"]]
    kinds = session.scalars(select(Interaction.kind).where(Interaction.kind == "lead.converted")).all()
    assert len(kinds) == 1


@pytest.mark.parametrize(
    ("columns", "code"),
    [
        ({"status": "lost"}, "lead.loss-reason-needed"),
        ({"status": "lost", "lost_reason": "bored"}, "lead.loss-reason-needed"),
        ({"status": "dreaming"}, "lead.illegal-move"),
        ({"lost_reason": "spam"}, "lead.illegal-move"),
        ({"first_touched_at": 4_102_444_800_000}, "lead.touch-time-unfit"),
        ({"phone": "07700 900206"}, "contact-point.invalid-address"),
    ],
)
def test_what_a_lead_cannot_become_is_refused_with_a_reason(phone: Device, columns: dict[str, Any], code: str) -> None:
    lead = a_lead(phone)
    phone.sync()
    phone.edit("leads", lead["id"], **columns)
    phone.push()
    assert [(error["id"], error["code"]) for error in phone.pushed["errors"]] == [(lead["id"], code)]


def test_a_status_that_the_office_moved_meanwhile_stands(field: Field, phone: Device) -> None:
    lead = a_lead(phone)
    phone.sync()
    assert field.ada.post(f"/v1/leads/{lead['id']}/loss", {"reason": "spam"}).status_code == 201
    phone.edit("leads", lead["id"], status="contacted")
    [conflict] = phone.push()["conflicts"]
    assert (conflict["theirs"], conflict["applied"]) == ({"status": "lost"}, "theirs")
    phone.sync()
    assert phone.get("leads", lead["id"])["status"] == "lost"  # type: ignore[index]


def test_an_opportunity_is_opened_moved_and_lost_offline(field: Field, phone: Device) -> None:
    made = phone.create("opportunities", name="Beans", account_id=field.ben.account_id, amount=90_000, currency="GBP")
    phone.sync()
    clean(phone)
    phone.edit("opportunities", made["id"], stage="proposal", closes_on="2026-12-24")
    phone.sync()
    clean(phone)
    phone.edit("opportunities", made["id"], stage="lost", loss_reason="bored")
    phone.push()
    assert [error["code"] for error in phone.pushed["errors"]] == ["opportunity.loss-reason-unknown"]
    phone.edit("opportunities", made["id"], stage="lost", loss_reason="price", loss_detail="Too dear.")
    phone.push(lose_reply=True)
    phone.push()
    clean(phone)
    stored = field.ada.get(f"/v1/opportunities/{made['id']}").json
    assert (stored["stage"], stored["loss_reason"], stored["amount"]) == ("lost", "price", 90_000)
    stays = field.ada.get(f"/v1/opportunities/{made['id']}/stages").json["items"]
    assert [stay["stage"] for stay in stays] == ["discovery", "proposal", "lost"]
    phone.edit("opportunities", made["id"], stage="proposal")
    phone.push()
    assert [error["code"] for error in phone.pushed["errors"]] == ["opportunity.illegal-move"]


def test_opportunities_move_with_their_account(field: Field, phone: Device) -> None:
    lenas = field.phone(field.lena)
    lenas.sync()
    made = phone.create("opportunities", name="Beans", account_id=field.ben.account_id)
    phone.sync()
    moved = field.ada.post(f"/v1/accounts/{field.ben.account_id}/move", {"territory_id": str(field.east.id)})
    assert moved.status_code == 201
    phone.sync()
    lenas.sync()
    assert (phone.rows("opportunities"), [raw["id"] for raw in lenas.rows("opportunities")]) == ([], [made["id"]])
    assert lenas.rows("opportunities")[0]["owner_id"] == field.user_id("Lena Fischer"), "who sees it there goes on"
    assert phone.is_equal_to_the_server()
    assert lenas.is_equal_to_the_server()


def test_a_lead_goes_to_the_devices_of_its_new_territory(field: Field, phone: Device) -> None:
    lenas = field.phone(field.lena)
    lead = a_lead(phone)
    phone.sync()
    assert field.ada.patch(f"/v1/leads/{lead['id']}", {"territory_id": str(field.east.id)}).status_code == 200
    phone.sync()
    lenas.sync()
    assert (phone.rows("leads"), [raw["id"] for raw in lenas.rows("leads")]) == ([], [lead["id"]])
    assert phone.is_equal_to_the_server()


def test_the_phone_shows_the_progress_that_the_api_shows(field: Field, phone: Device) -> None:
    days = {"starts_on": "2026-01-01", "ends_on": "2099-12-31"}
    facts = {"measure": "orders-count", "territory_id": str(field.west.id), "goal": 4, **days}
    made = field.ada.post("/v1/targets", facts).json
    lines = [{"product_id": str(field.espresso.id), "quantity": 1}]
    field.ada.post("/v1/orders", {"contact_id": str(field.ben.id), "lines": lines})
    targets.refresh()
    phone.sync()
    [mine] = phone.rows("targets")
    shown = field.ada.get(f"/v1/targets/{made['id']}").json
    assert (mine["progress"], mine["goal"], mine["ends_on"]) == (1, 4, "2099-12-31")
    assert (mine["progress"], mine["rev"]) == (shown["progress"], shown["rev"])
    phone.edit("targets", made["id"], goal=1)
    phone.push()
    assert [error["code"] for error in phone.pushed["errors"]] == ["sync.read-only"]


def test_owner_and_manager_are_told_on_their_phones_once(field: Field, session: Session) -> None:
    push = {"kind": "token", "platform": "android", "locale": "en-GB"}
    for caller, token in ((field.sam, "sams-token"), (field.ada, "adas-token")):
        answer = caller.put("/v1/me/push-registrations/till", {**push, "value": token})
        assert answer.status_code == 200
    lead = field.ada.post("/v1/leads", {"name": "Rosa", "territory_id": str(field.west.id), "source": "web form"})
    assert lead.json["owner_id"] == field.user_id("Sam Doyle")
    stored = session.get_one(Lead, session.scalars(select(Lead.id)).one())
    assert stored.touch_due_at is not None
    stored.touch_due_at -= timedelta(hours=1)
    session.commit()
    assert perform(escalating.step)
    assert not perform(escalating.step)
    told = session.execute(select(Delivery.kind, Delivery.text, Delivery.contact_id).order_by(Delivery.id)).all()
    assert [tuple(row) for row in told] == [
        ("lead-assigned", "A lead from web form waits for you to get in touch.", None),
        ("lead-overdue", "Nobody got in touch in time.", None),
    ]
