"""Open a case: somebody of the business has to look at this."""

from typing import Any
from uuid import UUID

from sqlalchemy import Select, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from mcrm.actors import Actor
from mcrm.cases.models import Case, CaseState
from mcrm.contacts import service as contacts
from mcrm.contacts.models import Contact
from mcrm.interactions import log
from mcrm.interactions.kinds import Kind
from mcrm.orders.models import NumberSeries
from mcrm.orders.numbers import spellings

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
    """A case of this kind for this person, and whether it is new: one that is still open is not opened twice."""
    whose = Case.contact_id == contact_id if contact_id else Case.contact_point_id == contact_point_id
    query = select(Case).where(whose, Case.kind == kind, Case.state == CaseState.OPEN.value).limit(1)
    if (known := session.scalar(query)) is not None:
        return known, False
    number = f"C-{_next_number(session)}"
    case = Case(number=number, kind=kind, summary=summary, contact_id=contact_id, contact_point_id=contact_point_id)
    session.add(case)
    session.flush()
    about = log.About(contact_id=contact_id, contact_point_id=contact_point_id, subject=("case", case.id))
    log.append(session, actor, Kind.CASE_OPENED, about=about, payload={"number": number, "kind": kind})
    return case, True


def within_reach(query: Select[Any], actor: Actor) -> Select[Any]:
    """A select of cases, or of columns of them, narrowed to the people that the actor sees; nobody's are for those
    who see everything.
    """
    if actor.sees_all:
        return query
    people = contacts.contacts_of(actor).with_only_columns(Contact.id)
    return query.where(Case.contact_id.in_(people))


def found_by(words: str) -> Select[UUID]:
    """The ids of the cases of this number, however it is written."""
    return select(Case.id).where(Case.number.in_(spellings(words)))


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
