"""Nothing is written about somebody who was forgotten: who writes holds the person, who forgets waits for that.

Whoever forgets a person locks their rows. So what is written at the same instant is seen by them, or sees that it comes
too late. Tables are taken by name: people stand below this package.
"""

from functools import cache
from typing import Any
from uuid import UUID

from sqlalchemy import Select, and_, bindparam, select
from sqlalchemy.orm import Session

from mcrm.db import Base
from mcrm.interactions.errors import AccountErased, ContactErased
from mcrm.prepared import Prepared
from mcrm.transaction import pending


def hold_contact(session: Session, contact_id: UUID) -> None:
    """Keep a person from being forgotten until the end of the transaction; raises ContactErased."""
    held = pending(session).held
    if contact_id in held:
        return
    if _contact().scalar(session.connection(), {"contact": contact_id}) is not None:
        raise ContactErased
    held.add(contact_id)


def hold_account(session: Session, account_id: UUID) -> None:
    """The same by the account of a private person; raises AccountErased. A company is nobody to forget."""
    held = pending(session).held
    if account_id in held:
        return
    row = session.execute(_account(), {"id": account_id}).first()
    if row is not None and row.kind == "person" and session.execute(_forgotten(), {"id": account_id}).first():
        raise AccountErased
    held.add(account_id)


@cache
def _contact() -> Prepared:
    """Of those alone who are there already: who is made in this very transaction, nobody else can see to forget."""
    contacts = Base.metadata.tables["contacts"].c
    query = select(contacts.erased_at).where(contacts.id == bindparam("contact"))
    return Prepared(query.with_for_update(read=True, key_share=True))


@cache
def _account() -> Select[Any]:
    accounts = Base.metadata.tables["accounts"].c
    query = select(accounts.kind).where(accounts.id == bindparam("id"))
    return query.with_for_update(read=True, key_share=True)


@cache
def _forgotten() -> Select[Any]:
    """Somebody of the account was forgotten, and nobody else is of it."""
    contacts = Base.metadata.tables["contacts"].c
    others = Base.metadata.tables["contacts"].alias()
    lives = select(others.c.id).where(and_(others.c.account_id == bindparam("id"), others.c.erased_at.is_(None)))
    query = select(contacts.id).where(contacts.account_id == bindparam("id"), contacts.erased_at.is_not(None))
    return query.where(~lives.exists()).limit(1)
