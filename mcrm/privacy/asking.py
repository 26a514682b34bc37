"""Asking to be forgotten: twice, with thirty days in which it can be taken back."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from mcrm import clock, passes
from mcrm.actors import Actor, Role
from mcrm.audit import trail
from mcrm.contacts import service as contacts
from mcrm.contacts.models import Contact
from mcrm.contacts.people import person_ids, survivor_of
from mcrm.interactions import log
from mcrm.interactions.kinds import Kind
from mcrm.interactions.log import About
from mcrm.privacy.errors import ConfirmationOver, ErasureUnderWay, ErasureUnknown, ForgottenAlready, SignInStale
from mcrm.privacy.models import UNDER_WAY, Erasure, ErasureState
from mcrm.privacy.persons import Person
from mcrm.privacy.settling import Unsettled, unsettled

GRACE = timedelta(days=30)
CONFIRMED_WITHIN = timedelta(minutes=10)
FRESH_LEVEL = 3
PURPOSE = "erasure-confirmation"
REV_BYTES = 8
NO_ERASURE = UUID(int=0)


@dataclass(frozen=True, slots=True)
class Question:
    """What is answered to the first asking: say it again with this within ten minutes. `waits_for` is open now."""

    confirmation: str
    waits_for: Sequence[Unsettled]
    due_at: datetime


def require_fresh(actor: Actor) -> None:
    """Only somebody who has just proved who they are; raises SignInStale."""
    if actor.role is Role.CUSTOMER and actor.level < FRESH_LEVEL:
        raise SignInStale


def question(session: Session, actor: Actor, contact_id: UUID) -> Question:
    """Ask back; nothing is written. The confirmation dies with time, with any change of the contact, and with use.

    Raises SignInStale, ContactUnknown, ForgottenAlready.
    """
    require_fresh(actor)
    contact = _contact(session, actor, contact_id)
    token = passes.issue(PURPOSE, _state(contact, _last(session, contact)), clock.now() + CONFIRMED_WITHIN)
    return Question(token, unsettled(session, Person.of(session, contact.id)), clock.now() + GRACE)


def confirm(session: Session, actor: Actor, contact_id: UUID, confirmation: str) -> Erasure:
    """The second asking. Raises ConfirmationOver for what is not the answer to the question that was asked last."""
    require_fresh(actor)
    contact = _contact(session, actor, contact_id, lock=True)
    if (pending := under_way(session, contact)) is not None:
        return pending
    if passes.read(PURPOSE, confirmation) != _state(contact, _last(session, contact)):
        raise ConfirmationOver(field="confirmation")
    return ask(session, actor, contact.id)


def ask(session: Session, actor: Actor, contact_id: UUID) -> Erasure:
    """Let the person be forgotten in thirty days; asked again while it waits, it is the same wish.

    The doors have asked twice before: the API by `question`, the bots in the dialogue. Raises SignInStale,
    ContactUnknown, ForgottenAlready.
    """
    require_fresh(actor)
    contact = _contact(session, actor, contact_id, lock=True)
    if (pending := under_way(session, contact)) is not None:
        return pending
    due_at = clock.now() + GRACE
    asked = Erasure(contact_id=contact.id, asked_by=actor.label, due_at=due_at, look_at=due_at)
    asked.waits_for = [what.value for what in unsettled(session, Person.of(session, contact.id))]
    session.add(asked)
    session.flush()
    _trace(session, actor, Kind.ERASURE_ASKED, contact, asked)
    return asked


def take_back(session: Session, actor: Actor, contact_id: UUID) -> Erasure:
    """Let everything stay as it is. Raises ContactUnknown, ErasureUnknown, and ErasureUnderWay once it has begun."""
    contact = survivor_of(session, contacts.reachable(session, actor, contact_id).id)
    pending = under_way(session, contact, lock=True)
    if pending is None:
        raise ErasureUnknown
    if pending.state != ErasureState.PENDING:
        raise ErasureUnderWay
    pending.state, pending.ended_at, pending.ended_by = ErasureState.TAKEN_BACK.value, clock.now(), actor.label
    session.flush()
    _trace(session, actor, Kind.ERASURE_TAKEN_BACK, contact, pending)
    return pending


def under_way(session: Session, contact: Contact, *, lock: bool = False) -> Erasure | None:
    """The wish that waits for its day or is being fulfilled."""
    query = select(Erasure).where(UNDER_WAY, Erasure.contact_id.in_(person_ids(session, contact)))
    query = query.with_for_update() if lock else query
    return session.scalars(query.execution_options(populate_existing=True)).first()


def last_of(session: Session, actor: Actor, contact_id: UUID) -> Erasure:
    """The person's last wish to be forgotten, whatever became of it. Raises ContactUnknown, ErasureUnknown."""
    contact = survivor_of(session, contacts.reachable(session, actor, contact_id).id)
    last = _last(session, contact)
    if last is None:
        raise ErasureUnknown
    return last


def _last(session: Session, contact: Contact) -> Erasure | None:
    query = select(Erasure).where(Erasure.contact_id.in_(person_ids(session, contact)))
    return session.scalars(query.order_by(Erasure.id.desc()).limit(1)).first()


def _contact(session: Session, actor: Actor, contact_id: UUID, *, lock: bool = False) -> Contact:
    """The contact that stands for the person; locked, of two who ask at once the second one sees the first."""
    contact = survivor_of(session, contacts.reachable(session, actor, contact_id).id)
    if lock:
        query = select(Contact).where(Contact.id == contact.id).with_for_update(key_share=True)
        contact = session.scalars(query.execution_options(populate_existing=True)).one()
    if contact.erased_at is not None:
        raise ForgottenAlready
    return contact


def _state(contact: Contact, last: Erasure | None) -> bytes:
    """What must not have changed between the question and its answer."""
    return contact.id.bytes + contact.rev.to_bytes(REV_BYTES) + (last.id if last else NO_ERASURE).bytes


def _trace(session: Session, actor: Actor, kind: Kind, contact: Contact, erasure: Erasure) -> None:
    """A fact about the contact; what one of the staff does stands in the audit, too."""
    about = About(contact_id=contact.id, account_id=contact.account_id, subject=("erasure", erasure.id))
    payload = {"due_at": erasure.due_at.isoformat(), "waits_for": erasure.waits_for}
    if actor.is_staff:
        trail.record(session, actor, kind, subject=("contact", contact.id), about=about, payload=payload)
    else:
        log.append(session, actor, kind, about=about, payload=payload)
