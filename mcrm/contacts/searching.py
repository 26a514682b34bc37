"""Lists of people: each person once, as the contact that survives, found by what any of the merged ones has."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Select, exists, false, func, or_, select, true, union
from sqlalchemy.orm import aliased

from mcrm.accounts.models import Account
from mcrm.actors import Actor
from mcrm.contacts.models import Contact, ContactPoint, PointChannel, PointState
from mcrm.contacts.service import contacts_of
from mcrm.lookup import service as lookup
from mcrm.lookup.service import Ids

PERSON = func.coalesce(Contact.group_id, Contact.id)


def people_of(actor: Actor, *, few: bool = False) -> Select[Contact]:
    """One contact a person, of those within reach: the survivor, or where that is out of reach, each of the others.

    `few`: other conditions leave few, so that reach is better asked of each of them than read from the territory's
    index.
    """
    alone = or_(Contact.group_id.is_(None), Contact.group_id == Contact.id)
    query = select(Contact).where(_within_reach(actor, Contact)) if few else contacts_of(actor)
    if actor.sees_all:
        return query.where(alone)
    survivor = aliased(Contact)
    seen = exists().where(survivor.id == Contact.group_id, _within_reach(actor, survivor))
    return query.where(or_(alone, ~seen))


def _within_reach(actor: Actor, contact: Any) -> ColumnElement[bool]:
    """What `contacts_of` says, asked of each row by itself: the account is looked up by its id."""
    if actor.sees_all:
        return true()
    home = aliased(Account)
    return exists().where(home.id == contact.account_id, home.territory_id.in_(actor.territory_ids))


def narrowed(query: Select[Any], actor: Actor, ids: Sequence[Ids]) -> Select[Any]:
    """People of whom some contact within reach is among these ids; nobody for no ids.

    What a contact out of reach has must not show, not even by the survivor's coming up.
    """
    if not ids:
        return query.where(false())
    found = Contact.id.in_(ids[0] if len(ids) == 1 else union(*ids))
    hits = select(Contact).where(found, _within_reach(actor, Contact)).correlate(None)
    shown: Ids = hits.with_only_columns(PERSON)
    if not actor.sees_all:
        shown = union(shown, hits.with_only_columns(Contact.id))
    return query.where(Contact.id.in_(shown))


def searched(query: Select[Any], actor: Actor, words: str | None, phone: str | None) -> Select[Any]:
    """Narrowed to the holder of a phone number (E.164), and to people with words, number or phone that begin so.

    A phone is found by its last digits, too.
    """
    if phone is not None:
        query = narrowed(query, actor, [_owners(ContactPoint.address == phone)])
    if words is None:
        return query
    points = lookup.addressed(ContactPoint.__tablename__, words)
    owners = [select(ContactPoint.contact_id).where(ContactPoint.id.in_(found)) for found in points]
    return narrowed(query, actor, [*lookup.named(Contact.__tablename__, words), *owners])  # type: ignore[list-item]


def of_account(account_id: UUID) -> Select[UUID]:
    """The ids of the contacts of an account."""
    return select(Contact.id).where(Contact.account_id == account_id)


def _owners(condition: ColumnElement[bool]) -> Select[Any]:
    return select(ContactPoint.contact_id).where(
        ContactPoint.channel == PointChannel.SMS.value, ContactPoint.state != PointState.REMOVED.value, condition
    )
