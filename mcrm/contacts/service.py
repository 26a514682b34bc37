"""Use cases of contacts; `contacts_of` is the one place that says which contacts somebody sees."""

import re
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Select, bindparam, exists, or_, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from mcrm.accounts import service as accounts
from mcrm.accounts.models import Account, AccountKind
from mcrm.actors import Actor, Role
from mcrm.contacts.errors import ContactPointUnknown, ContactUnknown, NumberTaken
from mcrm.contacts.models import Contact, ContactPoint, PointChannel, PointState
from mcrm.editing import edit
from mcrm.interactions import log
from mcrm.interactions.kinds import Kind
from mcrm.interactions.log import About

FEWEST_DIGITS = 3
ONE, OTHER = Contact.__table__.alias(), Contact.__table__.alias()
GROUP = select(OTHER.c.id).join_from(OTHER, ONE, ONE.c.group_id == OTHER.c.group_id)


def contacts_of(actor: Actor) -> Select[Contact]:
    """The contacts within the actor's reach: all, those of the granted territories, or the customer's own person."""
    query = select(Contact)
    if actor.sees_all:
        return query
    if actor.role is Role.CUSTOMER:
        return query.where(is_person(Contact.id, actor.contact_id))
    return query.join(Account, Account.id == Contact.account_id).where(Account.territory_id.in_(actor.territory_ids))


def is_person(column: Any, contact_id: UUID | None) -> ColumnElement[bool]:
    """Whether a column names this contact or one of its group; nobody matches None."""
    group = GROUP.where(ONE.c.id == contact_id)
    matches: ColumnElement[bool] = column.in_(select(ONE.c.id).where(ONE.c.id == contact_id).union_all(group))
    return matches


def reachable(session: Session, actor: Actor, contact_id: UUID, *, field: str | None = None) -> Contact:
    """The contact; raises ContactUnknown, naming `field`, for an unknown and for a foreign id alike."""
    contact = session.scalar(contacts_of(actor).where(Contact.id == contact_id))
    if contact is None:
        raise ContactUnknown(field=field)
    return contact


def account_of(session: Session, actor: Actor, contact_id: UUID, *, field: str | None = None) -> UUID:
    """The account of a contact; raises ContactUnknown as `reachable` does, at a third of its price."""
    if not actor.sees_all:
        return reachable(session, actor, contact_id, field=field).account_id
    account_id: UUID | None = session.connection().scalar(_ACCOUNT, {"contact": contact_id})
    if account_id is None:
        raise ContactUnknown(field=field)
    return account_id


_ACCOUNT = select(Contact.__table__.c.account_id).where(Contact.__table__.c.id == bindparam("contact"))


def person_ids(session: Session, contact: Contact) -> list[UUID]:
    """The ids of all contacts that are this person (merged contacts share a group)."""
    if contact.group_id is None:
        return [contact.id]
    return list(session.scalars(select(Contact.id).where(Contact.group_id == contact.group_id)))


def searched(query: Select[Contact], words: str | None, phone: str | None) -> Select[Contact]:
    """Narrowed to the holder of a phone number (E.164) and to contacts whose name, number or phone hold these words."""
    if phone is not None:
        query = query.where(_has_number(ContactPoint.address == phone))
    if words is None:
        return query
    matches = [Contact.name.icontains(words, autoescape=True), Contact.number.istartswith(words, autoescape=True)]
    digits = re.sub(r"\D", "", words).lstrip("0")  # a national number's 0 is not in the stored form
    if len(digits) >= FEWEST_DIGITS and not re.search(r"[^\W\d]", words):
        matches.append(_has_number(ContactPoint.address.contains(digits, autoescape=True)))
    return query.where(or_(*matches))


def _has_number(condition: ColumnElement[bool]) -> ColumnElement[bool]:
    return exists().where(
        ContactPoint.contact_id == Contact.id,
        ContactPoint.channel == PointChannel.SMS.value,
        ContactPoint.state != PointState.REMOVED.value,
        condition,
    )


def create(
    session: Session,
    actor: Actor,
    *,
    name: str,
    account_id: UUID | None = None,
    territory_id: UUID | None = None,
    locale: str | None = None,
    timezone: str | None = None,
    **facts: Any,
) -> Contact:
    """Make a contact of an account, or a private person, whose account is made with it in `territory_id`.

    `facts` are other columns of Contact. Raises NumberTaken, and AccountUnknown or TerritoryUnknown for references
    outside the actor's reach.
    """
    if account_id is None:
        kind, where = AccountKind.PERSON, dict[str, Any](locale=locale, timezone=timezone)
        account = accounts.create(session, actor, name=name, kind=kind, territory_id=territory_id, **where)
    else:
        account = accounts.reachable(session, actor, account_id, field="account_id")
    contact = Contact(name=name, account_id=account.id, locale=locale, timezone=timezone, **facts)
    _store(session, contact)
    log.append(session, actor, Kind.CONTACT_CREATED, about=About(contact_id=contact.id, account_id=account.id))
    return contact


def change(session: Session, actor: Actor, contact: Contact, changes: dict[str, Any]) -> Contact:
    """Change a contact; what was the same already leaves no trace. Raises NumberTaken, AccountUnknown."""
    if "account_id" in changes:
        accounts.reachable(session, actor, changes["account_id"], field="account_id")
    if changed := edit(contact, changes):
        _store(session, contact)
        about = About(contact_id=contact.id, account_id=contact.account_id)
        log.append(session, actor, Kind.CONTACT_CHANGED, about=about, payload={"changed": changed})
        if "name" in changed:
            _rename_private_account(session, actor, contact)
    return contact


def _rename_private_account(session: Session, actor: Actor, contact: Contact) -> None:
    """A private person's account bears the person's name."""
    account = session.get_one(Account, contact.account_id)
    if account.kind == AccountKind.PERSON:
        accounts.change(session, actor, account, {"name": contact.name})


def _store(session: Session, contact: Contact) -> None:
    try:
        with session.begin_nested():
            session.add(contact)
    except IntegrityError:
        raise NumberTaken(field="number") from None


def points_of(session: Session, contact_id: UUID) -> list[ContactPoint]:
    """The addresses of a contact that nobody removed, oldest first."""
    query = select(ContactPoint).where(
        ContactPoint.contact_id == contact_id, ContactPoint.state != PointState.REMOVED.value
    )
    return list(session.scalars(query.order_by(ContactPoint.id)))


def reachable_point(session: Session, actor: Actor, point_id: UUID) -> ContactPoint:
    """The contact point, if its contact is within reach (for who sees all, also one that nobody owns yet).

    Raises ContactPointUnknown for an unknown and for a foreign id alike.
    """
    point = session.get(ContactPoint, point_id)
    if point is None or point.state == PointState.REMOVED:
        raise ContactPointUnknown
    if point.contact_id is None:
        if actor.sees_all:
            return point
        raise ContactPointUnknown
    if session.scalar(contacts_of(actor).where(Contact.id == point.contact_id)) is None:
        raise ContactPointUnknown
    return point
