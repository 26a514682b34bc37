"""The demo's field day: where Sam and Lena call, how often, what they have done and what they have to do."""

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from mcrm import clock
from mcrm.access import reach
from mcrm.access.models import User
from mcrm.accounts import service as accounts
from mcrm.accounts.models import Account
from mcrm.activities import service as activities
from mcrm.activities.service import ActivityKind, ActivityOutcome
from mcrm.actors import SYSTEM, Actor, Channel
from mcrm.rounds import planning
from mcrm.tasks import service as tasks
from mcrm.territories.models import Territory
from mcrm.visits import appointments, checking, forms, reporting
from mcrm.visits.checking import FollowUp, Seen
from mcrm.visits.models import Outcome

CADENCES = (("A", 14), ("B", 30), ("C", 60))
SHELF_CHECK: tuple[dict[str, Any], ...] = (
    {"key": "facings", "label": "Bags on the shelf", "type": "number", "is_required": True, "minimum": 0},
    {"key": "grinder", "label": "Whose grinder", "type": "choice", "options": ["ours", "another's", "none"]},
    {"key": "promotion", "label": "The winter poster is up", "type": "yes_no"},
    {"key": "shelf", "label": "A photo of the shelf", "type": "photo"},
    {"key": "words", "label": "Anything else", "type": "text"},
)


@dataclass(frozen=True, slots=True)
class Spot:
    """Where an account lies in Bristol, and its class."""

    lat: float
    lon: float
    account_class: str


SPOTS = {
    "The Ferry Café": Spot(51.4487, -2.5989, "A"),
    "Ben Okafor": Spot(51.4410, -2.6020, "C"),
    "Aisha Khan": Spot(51.4562, -2.6065, "B"),
    "Rosa Bianchi": Spot(51.4645, -2.6093, "B"),
    "Pier Kitchen": Spot(51.4558, -2.5741, "A"),
    "Tom Reilly": Spot(51.4631, -2.5664, "C"),
    "Mei Lin": Spot(51.4502, -2.5570, "B"),
    "Jonah Price": Spot(51.4704, -2.5480, "B"),
}


def seed(session: Session) -> None:
    """Add the field day to a seeded demo."""
    for account_class, every_days in CADENCES:
        planning.put_cadence(session, SYSTEM, account_class=account_class, every_days=every_days)
    usual = {"is_required": False, "options": [], "minimum": None, "maximum": None}
    form = forms.publish(session, SYSTEM, name="Shelf check", questions=[usual | one for one in SHELF_CHECK])
    east = session.scalars(select(Territory.id).where(Territory.name == "East")).one()
    accounts.create(session, SYSTEM, name="Pier Kitchen", territory_id=east, account_class="A")
    there = {account.name: account for account in session.scalars(select(Account).where(Account.name.in_(SPOTS)))}
    for name, spot in SPOTS.items():
        place = {"lat": spot.lat, "lon": spot.lon, "account_class": spot.account_class}
        accounts.change(session, SYSTEM, there[name], place)
    sam, lena = (_rep(session, name) for name in ("sam", "lena"))
    _west(session, sam, there, form.id)
    _east(session, lena, there)


def _west(session: Session, sam: Actor, there: dict[str, Account], form_id: Any) -> None:
    """Sam was at the Ferry Café three weeks ago, and has an appointment there today."""
    ferry, today = there["The Ferry Café"], _today()
    began, seen = clock.now() - timedelta(days=20), Seen(51.4488, -2.5990, accuracy_m=12)
    visit = checking.check_in(
        session,
        sam,
        account_id=ferry.id,
        at=began,
        seen=seen,
        outcome=Outcome.FOLLOW_UP,
        checked_out_at=began + timedelta(minutes=35),
        follow_up=FollowUp(note="They grind too fine for the filter roast.", next_step="Bring a decaf sample"),
    ).visit
    answers = {"facings": 6, "grinder": "ours", "promotion": False}
    reporting.report(session, sam, visit_id=visit.id, form_id=form_id, answers=answers)
    meeting = datetime.combine(today, time(15), clock.zone())
    appointments.plan(
        session, sam, account_id=ferry.id, on=today, starts_at=meeting, purpose="Taste the winter roast together"
    )
    appointments.plan(session, sam, account_id=there["Rosa Bianchi"].id, on=today)
    due = datetime.combine(today + timedelta(days=1), time(9), clock.zone())
    tasks.add(session, sam, title="Send Aisha the price list", account_id=there["Aisha Khan"].id, due_at=due)
    activities.write_down(
        session,
        sam,
        kind=ActivityKind.CALL,
        account_id=there["Ben Okafor"].id,
        outcome=ActivityOutcome.LEFT_MESSAGE,
        duration_s=40,
        text="Asked whether the espresso is to his taste.",
    )


def _east(session: Session, lena: Actor, there: dict[str, Account]) -> None:
    """Lena was at Tom's nine days ago, and found nobody there."""
    began = clock.now() - timedelta(days=9)
    checking.check_in(
        session,
        lena,
        account_id=there["Tom Reilly"].id,
        at=began,
        seen=Seen(51.4632, -2.5665, accuracy_m=20),
        outcome=Outcome.NOBODY_THERE,
        checked_out_at=began + timedelta(minutes=5),
    )
    appointments.plan(session, lena, account_id=there["Mei Lin"].id, on=_today(), purpose="Show the olive-wood boards")
    due = datetime.combine(_today() + timedelta(days=2), time(10), clock.zone())
    tasks.add(session, lena, title="Call Jonah about his order", account_id=there["Jonah Price"].id, due_at=due)


def _rep(session: Session, login: str) -> Actor:
    user_id = session.scalars(select(User.id).where(User.email == f"{login}@harbourandpine.example")).one()
    actor = reach.standing_for(session, user_id, Channel.APP)
    assert actor is not None
    return actor


def _today() -> date:
    return clock.now().astimezone(clock.zone()).date()
