"""Fills an empty database with Harbour & Pine, a coffee roaster and homeware shop in Bristol, through the use cases.

What happened "before" the demo starts is told to nobody: each message that the story caused is ended as history.
"""

import secrets
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any
from uuid import UUID

from sqlalchemy import update
from sqlalchemy.orm import Session

from demo import fieldday, history, selling
from demo.history import Past
from mcrm import clock
from mcrm.access import passwords, users
from mcrm.accounts import service as accounts
from mcrm.actors import SYSTEM
from mcrm.config import Settings
from mcrm.consents import service as consents
from mcrm.consents.models import ConsentState
from mcrm.contacts import points
from mcrm.contacts import service as contacts
from mcrm.contacts.models import Contact
from mcrm.deliveries.models import Delivery, DeliveryState
from mcrm.inbox import canned
from mcrm.invoices.service import Seller
from mcrm.orders.numbers import next_order_number
from mcrm.orders.placing import Wanted
from mcrm.products import service as products
from mcrm.stock import moving as stock
from mcrm.taxes import service as taxes
from mcrm.territories import service as territories
from mcrm.transaction import transaction

STAFF = (
    ("admin", "Ada Marsh", "ada"),
    ("manager", "Noor Haddad", "noor"),
    ("rep", "Sam Doyle", "sam"),
    ("rep", "Lena Fischer", "lena"),
    ("agent", "Kofi Mensah", "kofi"),
)
CANNED = (
    ("Hello", "Hello {{ customer }}, this is {{ agent }} of {{ business }}. How can I help?"),
    ("Looking into it", "Give me a few minutes, {{ customer }}: I am looking into order {{ order }}."),
    ("Refund", "I have asked for your money back, {{ customer }}. It is with you within five working days."),
)
PRODUCTS = (
    ("HP-ESP-250", "Harbour espresso, 250 g", "coffee", 850),
    ("HP-ESP-1000", "Harbour espresso, 1 kg", "coffee", 2900),
    ("HP-FLT-250", "Pine filter roast, 250 g", "coffee", 900),
    ("HP-DEC-250", "Quiet decaf, 250 g", "coffee", 950),
    ("HP-KEN-250", "Kenya Nyeri, 250 g", "coffee", 1250),
    ("HP-ETH-250", "Ethiopia Guji, 250 g", "coffee", 1200),
    ("HP-V60", "Pour-over dripper, oak stand", "homeware", 3400),
    ("HP-MUG", "Stoneware mug, pine green", "homeware", 1400),
    ("HP-MUG-4", "Stoneware mugs, set of four", "homeware", 4900),
    ("HP-TWL", "Linen tea towel, harbour stripe", "homeware", 1600),
    ("HP-CAN", "Beeswax candle, pine", "homeware", 1900),
    ("HP-BRD", "Serving board, olive wood", "homeware", 4200),
)
TAXES = (("standard", "VAT", 2000), ("zero", "VAT, zero-rated", 0))
KNOWN_FOR = timedelta(days=28)
"""How long ago the business took all this down; less than the cadence of any private customer."""
VAT_SINCE = datetime(2011, 1, 4, tzinfo=UTC)
TRADE_DISCOUNTS: tuple[dict[str, Any], ...] = (
    {"product_id": None, "category": "coffee", "min_quantity": 24, "basis_points": 500},
)


@dataclass(frozen=True, slots=True)
class Person:
    """A customer of the demo, and how far the orders have come."""

    name: str
    phone: str
    territory: str
    telegram: int | None = None
    push: str | None = None
    email: str | None = None
    marketing: bool = False
    orders: tuple[str, ...] = ("delivered", "shipped", "confirmed")


PEOPLE = (
    Person(
        "Ben Okafor",
        "+447700900201",
        "West",
        telegram=700201,
        push="ben-pixel-token-0001",
        email="ben@example.com",
        marketing=True,
    ),
    Person(
        "Aisha Khan",
        "+447700900202",
        "West",
        telegram=700202,
        email="aisha@example.com",
        orders=("delivered", "confirmed", "new"),
    ),
    Person("Tom Reilly", "+447700900203", "East", orders=("shipped", "confirmed", "cancelled")),
    Person("Mei Lin", "+447700900204", "East", push="mei-iphone-token-0001", email="mei@example.com", marketing=True),
    Person("Rosa Bianchi", "+447700900205", "West", orders=("delivered", "delivered", "confirmed")),
    Person("Jonah Price", "+447700900206", "East", orders=("delivered", "new", "confirmed")),
)


@dataclass
class Seeded:
    """What scripts, and the page of phones, want to know of the demo's people."""

    accounts: list[dict[str, str]] = field(default_factory=list)
    reps: list[dict[str, str]] = field(default_factory=list)
    agents: list[dict[str, str]] = field(default_factory=list)
    customers: list[dict[str, Any]] = field(default_factory=list)

    @property
    def signs_in_by_click(self) -> dict[str, list[dict[str, str]]]:
        """Whose apps the page of phones opens, with the passwords of this run."""
        return {"reps": self.reps, "agents": self.agents}


def seed(settings: Settings) -> Seeded:
    """Fill the database in use; what was made, with the passwords of this run."""
    made = Seeded()
    hashes = {}
    for _, _, login in STAFF:
        password = f"{login}-{secrets.token_urlsafe(9)}"
        hashes[login] = (password, passwords.hashed(password))
    with clock.stopped(clock.now() - KNOWN_FOR), transaction() as session:
        areas = {name: territories.create(session, SYSTEM, name=name).id for name in ("West", "East")}
        _staff(session, hashes, areas, made)
        sold = _products(session, settings)
        known = [_customer(session, person, areas[person.territory]) for person in PEOPLE]
        _cafe(session, areas["West"])
    seller = Seller(settings.business_name, settings.business_address, settings.business_tax_number, settings.timezone)
    with transaction() as session:
        past = [_past(session, person, contact.id, sold) for person, contact in zip(PEOPLE, known, strict=True)]
        history.tell(session, [order for orders in past for order in orders], seller)
    made.customers += [_described(*facts) for facts in zip(PEOPLE, known, past, strict=True)]
    with transaction() as session:
        fieldday.seed(session)
    with transaction() as session:
        selling.seed(session, areas, settings.currency)
        for name, body in CANNED:
            canned.add(session, SYSTEM, name=name, locale="en", body=body)
        _end_as_history(session)
    return made


def _staff(session: Session, hashes: dict[str, tuple[str, str]], areas: dict[str, UUID], made: Seeded) -> None:
    for role, name, login in STAFF:
        email = f"{login}@harbourandpine.example"
        password, hashed = hashes[login]
        user = users.create(session, SYSTEM, email=email, name=name, role=role, password_hash=hashed)
        if role == "rep":
            area = areas["West" if login == "sam" else "East"]
            territories.grant(session, SYSTEM, territory_id=area, user_id=user.id)
            made.reps.append({"name": name, "email": email, "password": password})
        if role == "agent":
            made.agents.append({"name": name, "email": email, "password": password})
        made.accounts.append({"role": role, "email": email, "password": password})


def _products(session: Session, settings: Settings) -> list[UUID]:
    for code, name, basis_points in TAXES:
        taxes.set_rate(session, SYSTEM, code=code, name=name, basis_points=basis_points, valid_from=VAT_SINCE)
    make = partial(products.create_price_list, session, SYSTEM, currency=settings.currency)
    prices = make(name="Shop prices")
    trade = make(name="Trade prices", account_class="A", rank=50, includes_tax=False, discounts=TRADE_DISCOUNTS)
    sold = []
    for code, name, category, pence in PRODUCTS:
        tax_code = "zero" if category == "coffee" else "standard"
        product = products.create(session, SYSTEM, code=code, name=name, category=category, tax_code=tax_code)
        set_price = partial(products.set_price, session, SYSTEM, product_id=product.id)
        set_price(price_list_id=prices.id, min_quantity=1, unit_price=pence)
        set_price(price_list_id=trade.id, min_quantity=6, unit_price=pence * 3 // 5)
        stock.move(session, SYSTEM, product_id=product.id, quantity=400, reason="opening stock")
        sold.append(product.id)
    return sold


def _customer(session: Session, person: Person, territory_id: UUID) -> Contact:
    contact = contacts.create(session, SYSTEM, name=person.name, territory_id=territory_id, locale="en-GB")
    points.add(session, SYSTEM, contact=contact, channel="sms", address=person.phone)
    if person.email:
        points.add(session, SYSTEM, contact=contact, channel="email", address=person.email)
    if person.telegram:
        points.add(
            session, SYSTEM, contact=contact, channel="telegram", address=str(person.telegram), verified_at=clock.now()
        )
    if person.push:
        points.add(
            session, SYSTEM, contact=contact, channel="push", address=person.push, kind="token", platform="android"
        )
    if person.marketing:
        proof = {"where": "shop counter", "text": "Yes, tell me about new coffees", "version": 1}
        consents.decide(
            session,
            SYSTEM,
            contact_id=contact.id,
            channel="push",
            purpose="marketing",
            state=ConsentState.GRANTED,
            proof=proof,
        )
    return contact


def _past(session: Session, person: Person, contact_id: UUID, sold: list[UUID]) -> list[Past]:
    """What somebody ordered; the numbers go by person, so that scripts and texts may name them."""
    number = PEOPLE.index(person)
    return [
        Past(
            contact_id,
            person=number,
            place=place,
            number=next_order_number(session),
            status=status,
            lines=[Wanted(sold[(number + place * 3) % 6], 1 + place), Wanted(sold[6 + number], 1)],
        )
        for place, status in enumerate(person.orders)
    ]


def _described(person: Person, contact: Contact, past: list[Past]) -> dict[str, Any]:
    return {
        "id": str(contact.id),
        "name": person.name,
        "phone": person.phone,
        "telegram_user_id": person.telegram,
        "push_token": person.push,
        "email": person.email,
        "orders": [{"number": one.number, "status": one.order.status} for one in past],
    }


def _cafe(session: Session, territory_id: UUID) -> None:
    cafe = accounts.create(session, SYSTEM, name="The Ferry Café", territory_id=territory_id, account_class="A")
    for name, phone in (("Grace Obi", "+447700900211"), ("Pete Marlow", "+447700900212")):
        contact = contacts.create(session, SYSTEM, name=name, account_id=cafe.id)
        points.add(session, SYSTEM, contact=contact, channel="sms", address=phone)


def _end_as_history(session: Session) -> None:
    """The shipments of the story told nobody: what they queued is over before a worker could see it."""
    session.execute(
        update(Delivery)
        .where(Delivery.state == DeliveryState.QUEUED.value)
        .values(state=DeliveryState.EXPIRED.value, reason="seeded", settled_at=clock.now())
        .execution_options(synchronize_session=False)
    )
