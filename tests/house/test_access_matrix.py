"""Role × operation × whose object: every operation, called as everybody, answers as its declaration says.

A row out of reach must look exactly like one that does not exist: another answer would tell who our customers are.
"""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy.orm import Session
from werkzeug.test import TestResponse

from docs import access as page
from docs.access import Reach, reach_of
from mcrm import clock
from mcrm.access.models import User
from mcrm.actors import SYSTEM, Area, Role
from mcrm.addresses.models import Address
from mcrm.api.ratelimit import Rate
from mcrm.api.state import EXTENSION, Access
from mcrm.cases.models import Case
from mcrm.contacts.models import Contact, ContactPoint
from mcrm.db import Row, Synced
from mcrm.deliveries import outbox
from mcrm.ids import new_id
from mcrm.invoices.models import Invoice
from mcrm.leads.models import Lead
from mcrm.opportunities.models import Opportunity
from mcrm.orders.models import Order
from mcrm.payments.models import Payment
from mcrm.products.models import PriceList
from mcrm.profile.models import ContactChange
from mcrm.quotes.models import Quote
from mcrm.returns.models import Return
from mcrm.sync.models import Conflict
from mcrm.targets.models import Target
from mcrm.tasks.models import Task
from mcrm.territories.models import Territory
from mcrm.visits.models import PlannedVisit, Visit
from tests.callers import Caller, as_customer, as_integration, as_staff
from tests.cast import a_customer, a_territory, an_order
from tests.deliveries.carriers import point_of
from tests.house.samples import body_of
from tests.sync.conflicts import conflict_of

UNKNOWN = "01890000-0000-7000-8000-000000000000"
EVERY_SCOPE = [f"{area}:{verb}" for area in Area for verb in ("read", "write")]
LIMITED = {Role.REP, Role.INTEGRATION}
PLENTY = Rate(per_second=1_000_000, burst=1_000_000)
ENDS_THE_CALLER = {"/v1/auth/logout"}


@dataclass
class World:
    """Ben of the West and Aisha of the East, what hangs on each, and one caller per role, who stand in the West."""

    description: dict[str, Any]
    callers: dict[Role, Caller]
    keyless: Caller
    own: dict[str, str] = field(default_factory=dict)
    foreign: dict[str, str] = field(default_factory=dict)


@pytest.fixture
def world(client: FlaskClient, session: Session) -> World:
    client.application.extensions[EXTENSION].by_address.rate = PLENTY
    west, east = a_territory(session, "West"), a_territory(session, "East")
    ben = a_customer(session, "Ben Okafor", phone="+447700900201", territory_id=west.id)
    aisha = a_customer(session, "Aisha Khan", phone="+447700900202", territory_id=east.id)
    own, foreign = things_of(session, west, ben), things_of(session, east, aisha)
    session.commit()
    limits = client.application.extensions[EXTENSION]
    limits.by_address.rate = limits.by_actor.rate = Rate(10**6, 10**6)  # there are more operations than one may call
    callers = {role: as_staff(client, role) for role in (Role.ADMIN, Role.MANAGER, Role.AGENT)}
    callers[Role.REP] = as_staff(client, Role.REP, [west])
    callers[Role.CUSTOMER] = as_customer(client, ben)
    callers[Role.INTEGRATION] = as_integration(client, EVERY_SCOPE, [west])
    return World(client.get("/openapi.json").json, callers, as_integration(client, []), own, foreign)


def things_of(session: Session, territory: Territory, customer: Contact) -> dict[str, str]:
    """The beginning of a path to the id that stands for one person's row there."""
    point = point_of(session, customer, "sms")
    facts = {"contact_id": customer.id, "contact_point_id": point.id, "channel": "sms"}
    delivery = outbox.queue(session, SYSTEM, text="Hello.", kind="note", **facts)
    prices = PriceList(name=f"For {customer.name}", currency="GBP", account_id=customer.account_id)
    session.add(prices)
    session.flush()
    assert delivery is not None
    order, change = an_order(session, customer), str(a_contact_change(session, customer, point).id)
    return {
        **selling(session, order, customer),
        **in_the_field(session, territory, customer),
        **on_the_round(session, customer),
        "/v1/territories": str(territory.id),
        "/v1/accounts": str(customer.account_id),
        "/v1/contacts": str(customer.id),
        "/v1/contact-points": str(point.id),
        "/v1/orders": str(order.id),
        "/v1/me/orders": str(an_order(session, customer).id),
        "/v1/me/addresses": str(an_address(session, customer).id),
        "/v1/me/chats": str(a_chat(session, customer).id),
        "/v1/me/contact-changes": change,
        "/v1/contact-changes": change,
        "/v1/deliveries": str(delivery.id),
        "/v1/me/deliveries": str(delivery.id),
        "/v1/price-lists": str(prices.id),
        "point_id": str(point.id),
        "/v1/sync": str(a_conflict(session, customer).id),
    }


def an_address(session: Session, customer: Contact) -> Address:
    """Where the customer's goods go."""
    address = Address(contact_id=customer.id, kind="delivery", lines=["3 Narrow Quay"], city="Bristol", country="GB")
    session.add(address)
    session.flush()
    return address


def a_chat(session: Session, customer: Contact) -> ContactPoint:
    """A chat that is joined with the customer."""
    chat = ContactPoint(contact_id=customer.id, channel="telegram", address=str(customer.id.int % 10**9))
    session.add(chat)
    session.flush()
    return chat


def a_contact_change(session: Session, customer: Contact, number: ContactPoint) -> ContactChange:
    """Another number, not proved yet."""
    new = ContactPoint(channel="sms", address=f"+44770090{customer.id.int % 10**4:04d}")
    session.add(new)
    session.flush()
    change = ContactChange(contact_id=customer.id, old_point_id=number.id, new_point_id=new.id)
    change.expires_at = clock.now() + timedelta(minutes=5)
    session.add(change)
    session.flush()
    return change


def a_conflict(session: Session, customer: Contact) -> Conflict:
    """An edit by a colleague who met somebody else's."""
    colleague = User(email=f"{new_id()}@harbourandpine.example", name="Lena Fischer", role=Role.REP.value)
    colleague.password_hash = "no password opens this"
    session.add(colleague)
    session.flush()
    conflict = conflict_of(colleague.id, customer.id)
    session.add(conflict)
    session.flush()
    return conflict


def selling(session: Session, order: Order, customer: Contact) -> dict[str, str]:
    """What hangs on the customer's orders."""
    money = {"order_id": order.id, "currency": "GBP"}
    person = {"contact_id": customer.id, "account_id": customer.account_id}
    found: dict[str, Synced | Row] = {
        "/v1/quotes": Quote(number=f"Q-{customer.name}", currency="GBP", total=900, valid_until=clock.now(), **person),
        "/v1/returns": Return(order_id=order.id, reason="damaged", state="requested"),
        "/v1/payments": Payment(method="cash", state="captured", amount=900, **money),
        "/v1/invoices": Invoice(
            kind="invoice", number=f"I-{customer.name}", order_number=order.number, issued_on=clock.now().date(),
            seller={}, buyer={}, net=900, tax=0, total=900, taxes=[], **money,
        ),
    }  # fmt: skip
    session.add_all(found.values())
    session.flush()
    names = {path: str(row.id) for path, row in found.items()}
    return names | {f"/v1/me/{name}": names[f"/v1/{name}"] for name in ("quotes", "returns", "invoices")}


def on_the_round(session: Session, customer: Contact) -> dict[str, str]:
    """What is done for the customer's account by somebody who calls there."""
    rep = User(email=f"{customer.id}@harbourandpine.example", name="Kai Brook", role="rep", password_hash="none")
    session.add(rep)
    session.flush()
    now, where = clock.now(), {"account_id": customer.account_id, "rep_id": rep.id}
    found: dict[str, Synced] = {
        "/v1/tasks": Task(title="Call", account_id=customer.account_id),
        "/v1/cases": Case(number=f"C-{customer.name}", kind="complaint", summary="A cup.", contact_id=customer.id),
        "/v1/visits": Visit(checked_in_at=now, visited_at=now, received_at=now, **where),
        "/v1/planned-visits": PlannedVisit(on=now.date(), **where),
    }
    session.add_all(found.values())
    session.flush()
    return {path: str(row.id) for path, row in found.items()}


def in_the_field(session: Session, territory: Territory, customer: Contact) -> dict[str, str]:
    """What is sold in the customer's territory."""
    days = {"starts_on": clock.now().date(), "ends_on": clock.now().date()}
    beans = {"name": "Beans", "stage": "discovery", "currency": "GBP"}
    found: dict[str, Synced] = {
        "/v1/leads": Lead(name="Rosa Bianchi", territory_id=territory.id, assigned_at=clock.now()),
        "/v1/opportunities": Opportunity(account_id=customer.account_id, **beans),
        "/v1/targets": Target(measure="orders-count", territory_id=territory.id, goal=1, **days),
    }
    session.add_all(found.values())
    session.flush()
    return {path: str(row.id) for path, row in found.items()}


def operations(client: FlaskClient) -> Iterator[tuple[str, str, Access]]:
    for path, method, access in page.operations(client.application):
        if not access.public and path not in ENDS_THE_CALLER:
            yield path, method, access


def thing(path: str) -> str:
    """Under which name `things_of` knows the row of a path."""
    return "/".join(path.split("/")[: 4 if path.startswith("/v1/me/") else 3])


def filled(path: str, things: dict[str, str]) -> str:
    """The path with ids in it: the row's own for the first, one of the row's things or an unknown id for others."""
    at = iter([things.get(thing(path), UNKNOWN)])

    def value(match: re.Match[str]) -> str:
        name = match[1]
        return {"channel": "sms", "purpose": "marketing", "country": "GB", "prefix": "BS1"}.get(name) or next(
            at, things.get(name, UNKNOWN)
        )

    return re.sub(r"\{(\w+)\}", value, path)


def call(world: World, caller: Caller, path: str, method: str, things: dict[str, str]) -> TestResponse:
    """Make the call with a body that fits, so that nothing but the row can be the matter."""
    body = body_of(world.description, world.description["paths"][path][method.lower()])
    sent = {} if body is None else {"data": json.dumps(body), "content_type": "application/json"}
    headers = {**caller.headers, "If-Match": '"1"'}
    return caller.client.open(filled(path, things), method=method, headers=headers, **sent)


def without_id(answer: TestResponse) -> tuple[int, dict[str, Any]]:
    return answer.status_code, {name: value for name, value in answer.json.items() if name != "request_id"}


def test_whoever_is_not_named_is_refused_and_whoever_is_gets_in(client: FlaskClient, world: World) -> None:
    wrong = []
    nobody = Caller(client, "none")
    nobody.headers = {}
    for path, method, access in operations(client):
        if method == "DELETE":
            continue  # the rows are needed until the end; that it refuses is tried elsewhere
        for role, caller in world.callers.items():
            answer = call(world, caller, path, method, world.own)
            code = answer.json.get("code") if isinstance(answer.json, dict) else None
            refused = answer.status_code == 401 or code in {"auth.role-missing", "auth.scope-missing"}
            if refused is not (role not in access.roles):
                wrong.append((role.value, method, path, answer.status_code, code))
        if call(world, nobody, path, method, world.own).status_code != 401:
            wrong.append(("nobody", method, path))
    assert wrong == []


def test_a_key_that_permits_nothing_is_let_into_nothing(client: FlaskClient, world: World) -> None:
    open_to = [
        (method, path)
        for path, method, access in operations(client)
        if call(world, world.keyless, path, method, world.own).status_code != 403
    ]
    assert open_to == []


def test_a_row_out_of_reach_looks_like_one_that_does_not_exist(client: FlaskClient, world: World) -> None:
    wrong, tried = [], 0
    for path, method, access in operations(client):
        if "{" not in path or not world.foreign.keys() & {thing(path)}:
            continue
        limited = {Role.CUSTOMER} if reach_of(path) is Reach.OWN else LIMITED
        for role in access.roles & limited:
            foreign = call(world, world.callers[role], path, method, world.foreign)
            unknown = call(world, world.callers[role], path, method, {})
            if foreign.status_code != 404 or without_id(foreign) != without_id(unknown):
                wrong.append((role.value, method, path, foreign.status_code, foreign.text[:200]))
            tried += 1
    assert wrong == []
    assert tried > 40


def test_every_row_within_reach_is_tried(client: FlaskClient, world: World) -> None:
    """A new resource with rows of somebody's joins `things_of`; else nobody tries whether it leaks."""
    missing = {
        thing(path)
        for path, _, _ in operations(client)
        if "{" in path and reach_of(path) is Reach.TERRITORY and thing(path) not in world.foreign
    }
    assert missing == set()


def test_the_page_of_the_docs_is_what_the_application_declares(client: FlaskClient) -> None:
    assert page.PAGE.read_text(encoding="utf-8") == page.table(client.application), "run python -m docs.access"
