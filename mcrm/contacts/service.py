"""Use cases of contacts; `contacts_of` is the one place that says which contacts somebody sees."""

from collections.abc import Collection, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, Select, bindparam, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from mcrm.accounts import service as accounts
from mcrm.accounts.models import Account, AccountKind
from mcrm.actors import Actor, Role
from mcrm.contacts.errors import ContactPointUnknown, ContactUnknown, NumberTaken
from mcrm.contacts.models import Contact, ContactPoint, PointState
from mcrm.contacts.people import is_person
from mcrm.custom_fields import service as custom_fields
from mcrm.custom_fields.models import FieldTable
from mcrm.editing import edit
from mcrm.interactions import log, remembering
from mcrm.interactions.kinds import Kind
from mcrm.interactions.log import About
from mcrm.prepared import Prepared


def contacts_of(actor: Actor) -> Select[Contact]:
    """The contacts within the actor's reach: all, those of the granted territories, or the customer's own person."""
    query = select(Contact)
    if actor.sees_all:
        return query
    if actor.role is Role.CUSTOMER:
        return query.where(is_person(Contact.id, actor.contact_id))
    return query.join(Account, Account.id == Contact.account_id).where(Account.territory_id.in_(actor.territory_ids))


def reachable(session: Session, actor: Actor, contact_id: UUID, *, field: str | None = None) -> Contact:
    """The contact; raises ContactUnknown, naming `field`, for an unknown and for a foreign id alike."""
    contact: Contact | None
    if actor.role is Role.CUSTOMER:
        contact = session.scalar(contacts_of(actor).where(Contact.id == contact_id))
    else:
        query = _ANY if actor.sees_all else _WITHIN
        contact = session.scalar(query, {"id": contact_id, "territories": list(actor.territory_ids)})
    if contact is None:
        raise ContactUnknown(field=field)
    return contact


# Built once: putting a statement together costs more than running it, and a push asks for hundreds.
_ANY = select(Contact).where(Contact.id == bindparam("id"))
_WITHIN = _ANY.join(Account, Account.id == Contact.account_id).where(accounts.MINE)


def account_of(session: Session, actor: Actor, contact_id: UUID, *, field: str | None = None) -> UUID:
    """The account of a contact; raises ContactUnknown as `reachable` does, at a third of its price."""
    if not actor.sees_all:
        return reachable(session, actor, contact_id, field=field).account_id
    account_id: UUID | None = _ACCOUNT.scalar(session.connection(), {"contact": contact_id})
    if account_id is None:
        raise ContactUnknown(field=field)
    return account_id


_ACCOUNT = Prepared(select(Contact.__table__.c.account_id).where(Contact.__table__.c.id == bindparam("contact")))


def hold(session: Session, contact_id: UUID) -> None:
    """Keep a person from being forgotten until the end, because something is written about them; or ContactErased.

    Every fact that names them does it as well (see `log.append`): this is for those who must know before they write.
    """
    remembering.hold_contact(session, contact_id)


def member_ids(session: Session, actor: Actor, contact: Contact) -> list[UUID]:
    """The ids of all contacts within the actor's reach that are this person."""
    if contact.group_id is None:
        return [contact.id]
    within_reach = contacts_of(actor).where(Contact.group_id == contact.group_id)
    return list(session.scalars(within_reach.with_only_columns(Contact.id).order_by(Contact.id)))


def hide_survivors(session: Session | Connection, actor: Actor, items: Sequence[dict[str, Any]]) -> None:
    """Leave an item's `group_id`, which is the survivor's id, only where that one is within reach."""
    if actor.sees_all:
        return
    named = {item["group_id"] for item in items if item["group_id"] not in (None, item["id"])}
    if not named:
        return
    seen = set(session.scalars(contacts_of(actor).with_only_columns(Contact.id).where(Contact.id.in_(named))))
    for item in items:
        if item["group_id"] in named - seen:
            item["group_id"] = None


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

    `facts` are other columns of Contact. Raises NumberTaken, errors of custom values, and AccountUnknown or
    TerritoryUnknown for references outside the actor's reach.
    """
    facts["custom"] = custom_fields.checked(session, FieldTable.CONTACTS, facts.get("custom") or {})
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
    """Change a contact; what was the same already leaves no trace. Of `custom` the named values change.

    Raises ContactErased, NumberTaken, AccountUnknown, and errors of custom values.
    """
    hold(session, contact.id)
    if "account_id" in changes:
        accounts.reachable(session, actor, changes["account_id"], field="account_id")
    if "custom" in changes:
        given = changes["custom"]
        changes["custom"] = custom_fields.checked(session, FieldTable.CONTACTS, given, contact.custom)
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


def points_of(session: Session, contact_ids: Collection[UUID]) -> list[ContactPoint]:
    """The addresses of these contacts that nobody removed, oldest first."""
    query = select(ContactPoint).where(
        ContactPoint.contact_id.in_(contact_ids), ContactPoint.state != PointState.REMOVED.value
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
