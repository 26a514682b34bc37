"""Use cases of tags: put on, taken off, filtered by; one spelling each."""

import re
from collections.abc import Collection
from typing import Any
from uuid import UUID

from sqlalchemy import Select, delete, false, func, select
from sqlalchemy.orm import Session

from mcrm import clock
from mcrm.accounts.models import Account
from mcrm.actors import Actor
from mcrm.contacts.models import Contact
from mcrm.ids import new_id
from mcrm.interactions import log
from mcrm.interactions.kinds import Kind
from mcrm.interactions.log import About
from mcrm.tags.errors import TagInvalid, TooManyTags
from mcrm.tags.models import AccountTag, ContactTag, Tag
from mcrm.transaction import insert_once

LONGEST = 60
MOST = 50
SPELLING = re.compile(r"[\w .&+#-]+")
Tagged = Contact | Account
PUT: dict[type[Any], tuple[type[ContactTag] | type[AccountTag], str]] = {
    Contact: (ContactTag, "contact_id"),
    Account: (AccountTag, "account_id"),
}


def normalised(name: str) -> str:
    """The one spelling of a tag: lower case, single spaces; raises TagInvalid."""
    name = " ".join(name.split()).casefold()
    if not SPELLING.fullmatch(name) or len(name) > LONGEST:
        raise TagInvalid
    return name


def tags(query: str | None) -> Select[Tag]:
    """All tags, or those that begin so."""
    found = select(Tag)
    return found if query is None else found.where(Tag.name.startswith(query.strip().casefold(), autoescape=True))


def tags_of(session: Session, model: type[Any], ids: Collection[UUID]) -> list[str]:
    """The tags on any of these contacts or accounts, in order of the alphabet."""
    table, column = PUT[model]
    query = select(Tag.name).join(table, table.tag_id == Tag.id).where(getattr(table, column).in_(ids)).distinct()
    return list(session.scalars(query.order_by(Tag.name)))


def with_tag(model: type[Any], name: str) -> Select[UUID]:
    """The ids of the contacts or accounts with this tag, however it was written; none for what is no tag."""
    table, column = PUT[model]
    query = select(getattr(table, column)).join(Tag, Tag.id == table.tag_id)
    try:
        return query.where(Tag.name == normalised(name))
    except TagInvalid:
        return query.where(false())


def put_on(session: Session, actor: Actor, row: Tagged, name: str) -> bool:
    """Put a tag on a contact or an account; False when it was there. Raises TagInvalid, TooManyTags."""
    name = normalised(name)
    table, column = PUT[type(row)]
    held = session.scalar(select(func.count()).select_from(table).where(getattr(table, column) == row.id)) or 0
    if held >= MOST:
        raise TooManyTags
    tag = session.scalar(select(Tag).where(Tag.name == name))
    if tag is None:
        tag = insert_once(session, Tag, _new(name=name), unique=["name"])
        tag = tag or session.scalars(select(Tag).where(Tag.name == name)).one()
    if insert_once(session, table, _new(**{column: row.id}, tag_id=tag.id), unique=[column, "tag_id"]) is None:
        return False
    log.append(session, actor, Kind.TAG_ADDED, about=_about(row), payload={"tag": name})
    return True


def take_off(session: Session, actor: Actor, row: Tagged, name: str) -> bool:
    """Take a tag off; False when it is not on."""
    table, column = PUT[type(row)]
    tagged = with_tag(type(row), name).where(getattr(table, column) == row.id).with_only_columns(table.id)
    id_ = session.scalar(tagged)
    if id_ is None:
        return False
    session.execute(delete(table).where(table.id == id_).execution_options(synchronize_session=False))
    log.append(session, actor, Kind.TAG_REMOVED, about=_about(row), payload={"tag": normalised(name)})
    return True


def clear(session: Session, row: Tagged) -> None:
    """Take all tags off something that is about to be deleted."""
    table, column = PUT[type(row)]
    session.execute(delete(table).where(getattr(table, column) == row.id).execution_options(synchronize_session=False))


def _new(**values: Any) -> dict[str, Any]:
    return {"id": new_id(), "created_at": clock.now(), **values}


def _about(row: Tagged) -> About:
    if isinstance(row, Account):
        return About(account_id=row.id)
    return About(contact_id=row.id, account_id=row.account_id)
