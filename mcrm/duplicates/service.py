"""Say that two contacts are different people, or take it back."""

from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from mcrm import clock
from mcrm.actors import Actor
from mcrm.contacts import service as contacts
from mcrm.contacts.models import Contact
from mcrm.duplicates.errors import DismissalUnknown, SameContact
from mcrm.duplicates.models import DuplicateDismissal
from mcrm.ids import new_id
from mcrm.interactions import log
from mcrm.interactions.kinds import Kind
from mcrm.interactions.log import About
from mcrm.transaction import insert_once


def dismiss(session: Session, actor: Actor, contact: Contact, other_id: UUID) -> None:
    """These are two people, whatever they have in common; saying it twice is once.

    Raises SameContact, ContactErased, and ContactUnknown for another one out of reach.
    """
    other = contacts.reachable(session, actor, other_id)
    contacts.hold(session, other.id)
    if other.id == contact.id:
        raise SameContact
    one_id, two_id = sorted((contact.id, other.id))
    row = {"id": new_id(), "created_at": clock.now(), "one_id": one_id, "other_id": two_id, "dismissed_by": actor.label}
    if insert_once(session, DuplicateDismissal, row, unique=["one_id", "other_id"]) is not None:
        _log(session, actor, Kind.DUPLICATE_DISMISSED, contact, other.id)


def suspect_again(session: Session, actor: Actor, contact: Contact, other_id: UUID) -> None:
    """Take back that these are two people; raises DismissalUnknown, and ContactUnknown for one out of reach."""
    other = contacts.reachable(session, actor, other_id)
    one_id, two_id = sorted((contact.id, other.id))
    pair = (DuplicateDismissal.one_id == one_id, DuplicateDismissal.other_id == two_id)
    found = session.scalar(select(DuplicateDismissal).where(*pair))
    if found is None:
        raise DismissalUnknown
    session.delete(found)
    session.flush()
    _log(session, actor, Kind.DUPLICATE_SUSPECTED, contact, other.id)


def _log(session: Session, actor: Actor, kind: Kind, contact: Contact, other_id: UUID) -> None:
    about = About(contact_id=contact.id, account_id=contact.account_id, subject=("contact", other_id))
    log.append(session, actor, kind, about=about)
