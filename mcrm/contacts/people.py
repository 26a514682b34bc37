"""Who is one person with whom: merged contacts share a group, which bears the id of the one that survives."""

from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, select
from sqlalchemy.orm import Session

from mcrm.contacts.models import Contact

ONE, OTHER = Contact.__table__.alias(), Contact.__table__.alias()
GROUP = select(OTHER.c.id).join_from(OTHER, ONE, ONE.c.group_id == OTHER.c.group_id)


def is_person(column: Any, contact_id: UUID | None) -> ColumnElement[bool]:
    """Whether a column names this contact or one of its group; nobody matches None."""
    group = GROUP.where(ONE.c.id == contact_id)
    matches: ColumnElement[bool] = column.in_(select(ONE.c.id).where(ONE.c.id == contact_id).union_all(group))
    return matches


def survivor_of(session: Session, contact_id: UUID) -> Contact:
    """The contact that stands for the whole person: itself, unless it was merged into another one."""
    contact = session.get_one(Contact, contact_id)
    if contact.group_id in (None, contact.id):
        return contact
    return session.get_one(Contact, contact.group_id)


def same_person(session: Session, one_id: UUID, other_id: UUID) -> bool:
    """Whether both contacts are one person."""
    if one_id == other_id:
        return True
    groups = set(session.scalars(select(Contact.group_id).where(Contact.id.in_([one_id, other_id]))))
    return len(groups) == 1 and None not in groups


def person_ids(session: Session, contact: Contact) -> list[UUID]:
    """The ids of all contacts that are this person, the contact itself first."""
    if contact.group_id is None:
        return [contact.id]
    others = select(Contact.id).where(Contact.group_id == contact.group_id, Contact.id != contact.id)
    return [contact.id, *session.scalars(others.order_by(Contact.id))]
