"""Use cases of cases: somebody of the business has to look at this; opened, moved, given to somebody, noted, closed."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Select, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from mcrm import clock
from mcrm.access import reach
from mcrm.access.models import User
from mcrm.actors import Actor
from mcrm.cases.errors import CaseUnknown, MoveRefused, OrderElsewhere, OwnerUnknown
from mcrm.cases.models import MOVES, Case, CaseState
from mcrm.contacts import service as contacts
from mcrm.contacts.models import Contact
from mcrm.contacts.people import same_person
from mcrm.editing import edit
from mcrm.interactions import log
from mcrm.interactions.kinds import Kind
from mcrm.notes.service import Note
from mcrm.orders import service as orders
from mcrm.orders.models import NumberSeries
from mcrm.orders.numbers import spellings
from mcrm.settings_store import opening

TABLE = Case.__table__
SERIES = "case"
FIRST_NUMBER = 501


def open_case(
    session: Session,
    actor: Actor,
    *,
    kind: str,
    summary: str,
    contact_id: UUID | None,
    contact_point_id: UUID | None,
) -> tuple[Case, bool]:
    """A case of this kind for this person, and whether it is new: one that is not closed is not opened twice."""
    whose = Case.contact_id == contact_id if contact_id else Case.contact_point_id == contact_point_id
    query = select(Case).where(whose, Case.kind == kind, Case.state != CaseState.CLOSED.value).limit(1)
    if (known := session.scalar(query)) is not None:
        return known, False
    facts = {"contact_id": contact_id, "contact_point_id": contact_point_id}
    return _open(session, actor, kind=kind, summary=summary, due_at=None, **facts), True


def add(
    session: Session,
    actor: Actor,
    *,
    kind: str,
    summary: str,
    contact_id: UUID,
    order_id: UUID | None = None,
    owner_id: UUID | None = None,
    due_at: datetime | None = None,
) -> Case:
    """A case that somebody of the staff opens; due as its kind says unless a time is given.

    Raises ContactUnknown, ContactErased, OrderUnknown, OrderElsewhere, OwnerUnknown.
    """
    contact = contacts.reachable(session, actor, contact_id, field="contact_id")
    contacts.hold(session, contact.id)
    if order_id is not None and not same_person(
        session, orders.reachable(session, actor, order_id).contact_id, contact.id
    ):
        raise OrderElsewhere(field="order_id")
    _require_owner(session, owner_id, contact)
    facts = {"contact_id": contact.id, "order_id": order_id, "owner_id": owner_id}
    return _open(session, actor, kind=kind, summary=summary, due_at=due_at, **facts)


def change(session: Session, actor: Actor, case: Case, changes: dict[str, Any]) -> Case:
    """Change summary, kind, owner, due time or state; raises OwnerUnknown, MoveRefused."""
    state = changes.pop("state", None)
    if changes.get("owner_id") is not None:
        contact = session.get(Contact, case.contact_id) if case.contact_id else None
        _require_owner(session, changes["owner_id"], contact)
    if changed := edit(case, changes):
        session.flush()
        _trace(session, actor, Kind.CASE_CHANGED, case, {"fields": changed})
    return case if state is None else move(session, actor, case, CaseState(state))


def move(session: Session, actor: Actor, case: Case, state: CaseState) -> Case:
    """Bring a case into another state; into its own changes nothing. Raises MoveRefused."""
    before = CaseState(case.state)
    if state is before:
        return case
    if state not in MOVES[before]:
        raise MoveRefused(f"A case that is {before} cannot become {state}.", field="state")
    case.state = state.value
    case.closed_at = clock.now() if state is CaseState.CLOSED else None
    session.flush()
    _trace(session, actor, Kind.CASE_MOVED, case, {"number": case.number, "from": before.value, "to": state.value})
    return case


def note(session: Session, actor: Actor, case: Case, text: str) -> Note:
    """Write down something for colleagues; a fact in the log and nothing else, so it is never edited."""
    at = clock.now()
    id_ = _trace(session, actor, Kind.CASE_NOTED, case, {"text": text}, at=at)
    return Note(id_, at, actor.label, text, case.contact_id, None)


def within_reach(query: Select[Any], actor: Actor) -> Select[Any]:
    """A select of cases, or of columns of them, narrowed to the people that the actor sees; nobody's are for those
    who see everything.
    """
    if actor.sees_all:
        return query
    people = contacts.contacts_of(actor).with_only_columns(Contact.id)
    return query.where(TABLE.c.contact_id.in_(people))


def found_by(words: str) -> Select[UUID]:
    """The ids of the cases of this number, however it is written."""
    return select(Case.id).where(Case.number.in_(spellings(words)))


def reachable(session: Session, actor: Actor, case_id: UUID) -> Case:
    """The case; raises CaseUnknown for unknown and foreign ids alike."""
    case: Case | None = session.scalar(within_reach(select(Case), actor).where(Case.id == case_id))
    if case is None:
        raise CaseUnknown()
    return case


def _open(session: Session, actor: Actor, *, kind: str, due_at: datetime | None, **facts: Any) -> Case:
    number = f"C-{_next_number(session)}"
    due_at = due_at or opening.case_due(session, kind, clock.now())
    case = Case(number=number, kind=kind, due_at=due_at, **facts)
    session.add(case)
    session.flush()
    _trace(session, actor, Kind.CASE_OPENED, case, {"number": number, "kind": kind})
    return case


def _require_owner(session: Session, owner_id: UUID | None, contact: Contact | None) -> None:
    """Whoever is to settle it has to see whose case it is."""
    if owner_id is None:
        return
    user = session.get(User, owner_id)
    sees = contact is None or reach.sees(session, owner_id, contact.account_id)
    if user is None or not user.is_active or not sees:
        raise OwnerUnknown(field="owner_id")


def _trace(
    session: Session,
    actor: Actor,
    kind: Kind,
    case: Case,
    payload: dict[str, Any],
    at: datetime | None = None,
) -> UUID:
    about = log.About(contact_id=case.contact_id, contact_point_id=case.contact_point_id, subject=("case", case.id))
    return log.append(session, actor, kind, about=about, payload=payload, at=at)


def _next_number(session: Session) -> int:
    """The next of the series; the row is locked until the commit, so that no number is lost or given twice."""
    taken = (
        update(NumberSeries)
        .where(NumberSeries.name == SERIES)
        .values(next_number=NumberSeries.next_number + 1)
        .returning(NumberSeries.next_number - 1)
        .execution_options(synchronize_session=False)
    )
    if (number := session.scalar(taken)) is not None:
        return int(number)
    try:
        with session.begin_nested():
            session.add(NumberSeries(name=SERIES, next_number=FIRST_NUMBER + 1))
            session.flush()
    except IntegrityError:
        return _next_number(session)
    return FIRST_NUMBER
