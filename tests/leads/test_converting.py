"""A lead becomes business once: a contact, an account and an opportunity; who is known already is not doubled."""

from concurrent.futures import ThreadPoolExecutor
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from mcrm.accounts.models import Account
from mcrm.actors import SYSTEM
from mcrm.contacts.models import Contact, ContactPoint
from mcrm.db import Database
from mcrm.interactions.models import Interaction
from mcrm.leads import converting, service
from mcrm.leads.errors import LeadConverted
from mcrm.opportunities.models import Opportunity
from mcrm.products.models import Product
from mcrm.transaction import perform, transaction
from tests.cast import a_customer, a_product
from tests.leads.conftest import Team

PHONE = "+447700900205"


def test_a_lead_becomes_contact_account_and_opportunity(team: Team, session: Session) -> None:
    lead = team.lead(team.sam, company="Bianchi Bakery", phone=PHONE, email="Rosa@bianchi.example")
    wanted = {"amount": 120_000, "closes_on": "2026-12-24"}
    done = team.sam.post(f"/v1/leads/{lead['id']}/conversion", {"opportunity": wanted})
    assert done.status_code == 201, done.text
    made = done.json
    assert (made["was_known"], made["duplicates"], made["lead"]["status"]) == (False, [], "converted")
    assert (made["lead"]["phone"], made["lead"]["email"]) == (None, None), "they stand with the contact"
    contact = team.sam.get(f"/v1/contacts/{made['contact_id']}").json
    assert {point["address"] for point in contact["contact_points"]} == {PHONE, "rosa@bianchi.example"}
    account = team.sam.get(f"/v1/accounts/{made['account_id']}").json
    assert (account["name"], account["kind"], account["territory_id"]) == (
        "Bianchi Bakery", "company", str(team.west.id),
    )  # fmt: skip
    opportunity = team.sam.get(f"/v1/opportunities/{made['lead']['opportunity_id']}").json
    assert opportunity == made["opportunity"]
    assert (opportunity["name"], opportunity["stage"], opportunity["amount"], opportunity["currency"]) == (
        "Bianchi Bakery", "discovery", 120_000, "GBP",
    )  # fmt: skip
    assert opportunity["owner_id"] == team.id("Sam")
    facts = list(session.scalars(select(Interaction.kind).order_by(Interaction.position.desc()).limit(6)))
    assert facts == [
        "lead.converted", "opportunity.opened", "contact-point.added", "contact-point.added", "contact.created",
        "account.created",
    ]  # fmt: skip


def test_it_is_converted_once(team: Team) -> None:
    lead = team.lead()
    path = f"/v1/leads/{lead['id']}"
    assert team.sam.post(f"{path}/conversion", {"without_opportunity": True}).json["opportunity"] is None
    for act in ("conversion", "qualification", "reopening"):
        refused = team.sam.post(f"{path}/{act}")
        assert (refused.status_code, refused.json["code"]) == (409, "lead.converted")


def test_whose_phone_is_known_is_found_and_not_doubled(team: Team, session: Session) -> None:
    ben = a_customer(session, phone=PHONE, territory_id=team.west.id)
    session.commit()
    lead = team.lead(phone="07700 900205")
    made = team.sam.post(f"/v1/leads/{lead['id']}/conversion").json
    assert (made["was_known"], made["contact_id"], made["account_id"]) == (True, str(ben.id), str(ben.account_id))
    assert session.scalar(select(func.count()).select_from(Contact)) == 1


def test_who_is_known_beyond_reach_is_left_to_a_manager(team: Team, session: Session) -> None:
    a_customer(session, phone=PHONE, territory_id=team.east.id)
    session.commit()
    lead = team.lead(phone=PHONE)
    refused = team.sam.post(f"/v1/leads/{lead['id']}/conversion")
    assert (refused.status_code, refused.json["code"]) == (409, "lead.known-elsewhere")
    assert team.sam.get(f"/v1/leads/{lead['id']}").json["status"] == "new"
    made = team.noor.post(f"/v1/leads/{lead['id']}/conversion").json
    assert made["was_known"]
    assert made["opportunity"]["owner_id"] is None, "the lead's owner does not see that account"


def test_who_looks_like_somebody_is_told(team: Team, session: Session) -> None:
    twin = team.noor.post("/v1/contacts", {"name": "Rosa Bianchi", "territory_id": str(team.west.id)}).json
    point = {"channel": "sms", "address": "+447700900299"}
    assert team.noor.post(f"/v1/contacts/{twin['id']}/contact-points", point).status_code == 201
    lead = team.lead(name="Rosa Bianchi", phone=PHONE)
    made = team.sam.post(f"/v1/leads/{lead['id']}/conversion").json
    assert not made["was_known"]
    assert [one["contact_id"] for one in made["duplicates"]] == [twin["id"]]


def a_lead(phone: str | None = None) -> UUID:
    with transaction() as session:
        if session.scalar(select(Product.id).limit(1)) is None:
            a_product(session)
        return service.create(session, SYSTEM, name="Rosa Bianchi", phone=phone).id


def attempt(lead_id: UUID) -> str:
    try:
        perform(lambda session: converting.convert(session, SYSTEM, lead_id=lead_id), tries=9)
    except LeadConverted:
        return "too late"
    return "done"


def counts(database: Database) -> list[int]:
    with Session(database.bind) as session:
        tables = (Contact, Account, Opportunity, ContactPoint)
        return [session.scalar(select(func.count()).select_from(table)) or 0 for table in tables]


def test_of_eight_conversions_at_once_one_is_made(committed: Database) -> None:
    lead_id = a_lead(PHONE)
    with ThreadPoolExecutor(8) as pool:
        assert sorted(pool.map(attempt, [lead_id] * 8)) == ["done"] + ["too late"] * 7
    assert counts(committed) == [1, 1, 1, 1]


def test_two_leads_of_one_phone_converted_at_once_make_one_contact(committed: Database) -> None:
    leads = [a_lead(PHONE), a_lead(PHONE)]
    with ThreadPoolExecutor(2) as pool:
        assert list(pool.map(attempt, leads)) == ["done", "done"]
    assert counts(committed) == [1, 1, 2, 1]
