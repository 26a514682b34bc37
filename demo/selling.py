"""The selling side of the demo: places, leads at every point of their way, opportunities in stages, targets."""

from calendar import monthrange
from collections.abc import Mapping
from datetime import timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from mcrm import clock
from mcrm.access.models import User
from mcrm.accounts.models import Account
from mcrm.actors import SYSTEM
from mcrm.leads import converting
from mcrm.leads import service as leads
from mcrm.leads.models import LeadLoss
from mcrm.leads.service import Touch
from mcrm.opportunities import service as opportunities
from mcrm.targets import service as targets
from mcrm.targets.models import Measure
from mcrm.territories import places
from mcrm.territories.models import Territory

PLACES = (("West", "BS1"), ("West", "BS3"), ("West", "BS8"), ("East", "BA"), ("East", "SN"))
LEADS = (
    ("Hana Sato", "Quayside Yoga", "+447700900301", "BS1 4QA", "web form"),
    ("Idris Cole", "The Narrow Boat", "+447700900302", "BS3 1AA", "trade fair"),
    ("Marta Nowak", "Marta's Deli", "+447700900303", "BA1 1AA", "web form"),
    ("Owen Pugh", None, "+447700900304", "BS8 1AA", "referral"),
    ("Carys Bevan", "Bevan & Daughters", "+447700900305", "BA2 3AA", "trade fair"),
    ("Luca Rossi", "Rossi Gelato", "+447700900306", "BS1 5AA", "referral"),
)
OPPORTUNITIES = (
    ("The Ferry Café", "Beans for the summer terrace", "negotiation", 480_000, 12),
    ("The Ferry Café", "Mugs with their name", "proposal", 90_000, 30),
    ("Ben Okafor", "Coffee for the office kitchen", "discovery", 60_000, 45),
    ("Tom Reilly", "Hampers for Christmas", "proposal", 150_000, 20),
    ("Mei Lin", "A tasting for the book club", "discovery", 25_000, -3),
)


def seed(session: Session, areas: Mapping[str, UUID], currency: str) -> None:
    """Put the field's business beside the people and accounts that are there."""
    for area, prefix in PLACES:
        places.give(session, SYSTEM, session.get_one(Territory, areas[area]), "GB", prefix)
    _leads(session)
    _opportunities(session, currency)
    _targets(session, areas, currency)


def _leads(session: Session) -> None:
    """One waits, one was called, one is worth an offer, one came to nothing, one is business, one waits as well."""
    made = [
        leads.create(session, SYSTEM, name=name, company=company, phone=phone, postcode=postcode, source=source)
        for name, company, phone, postcode, source in LEADS
    ]
    _, called, qualified, lost, converted, _ = made
    leads.touch(session, SYSTEM, called, how=Touch.CALL, text="Send samples of the filter roast.")
    leads.touch(session, SYSTEM, qualified, how=Touch.VISIT, text="Wants a delivery each Monday.")
    leads.qualify(session, SYSTEM, qualified)
    leads.lose(session, SYSTEM, lost, reason=LeadLoss.NOT_INTERESTED)
    wanted: dict[str, Any] = {"amount": 210_000, "closes_on": clock.now().date() + timedelta(days=25)}
    converting.convert(session, SYSTEM, lead_id=converted.id, opportunity=wanted)


def _opportunities(session: Session, currency: str) -> None:
    today = clock.now().date()
    for account, name, stage, amount, days in OPPORTUNITIES:
        found = session.scalars(select(Account).where(Account.name == account).order_by(Account.id)).first()
        assert found is not None
        opportunities.begin(
            session,
            SYSTEM,
            account_id=found.id,
            name=name,
            stage=stage,
            amount=amount,
            currency=currency,
            closes_on=today + timedelta(days=days),
            owner_id=_rep(session, "sam" if account in {"The Ferry Café", "Ben Okafor"} else "lena"),
        )
    cafe = session.scalars(select(Account).where(Account.name == "The Ferry Café")).one()
    for name in ("Beans for the winter", "A grinder on loan"):
        ended = opportunities.begin(
            session, SYSTEM, account_id=cafe.id, name=name, amount=300_000, owner_id=_rep(session, "sam")
        )
        if name.startswith("Beans"):
            opportunities.win(session, SYSTEM, opportunity_id=ended.id)
        else:
            opportunities.lose(session, SYSTEM, opportunity_id=ended.id, reason="competitor")


def _targets(session: Session, areas: Mapping[str, UUID], currency: str) -> None:
    today = clock.now().date()
    month: dict[str, Any] = {
        "starts_on": today.replace(day=1),
        "ends_on": today.replace(day=monthrange(today.year, today.month)[1]),
    }
    for area, login in (("West", "sam"), ("East", "lena")):
        where = {"territory_id": areas[area], **month}
        targets.set_(session, SYSTEM, measure=Measure.ORDERS_VALUE, goal=100_000, currency=currency, **where)
        mine = {**where, "user_id": _rep(session, login)}
        targets.set_(session, SYSTEM, measure=Measure.OPPORTUNITIES_WON, goal=3, **mine)
        targets.set_(session, SYSTEM, measure=Measure.NEW_ACCOUNTS, goal=5, **mine)


def _rep(session: Session, login: str) -> UUID:
    return session.scalars(select(User.id).where(User.email == f"{login}@harbourandpine.example")).one()
