"""Use cases of accounts; `accounts_of` is the one place that says which accounts somebody sees."""

from typing import Any
from uuid import UUID

from sqlalchemy import Select, bindparam, false, select, union
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from mcrm.accounts import hierarchy
from mcrm.accounts.errors import AccountInUse, AccountNumberTaken, AccountPositionHalf, AccountUnknown
from mcrm.accounts.models import Account, AccountKind
from mcrm.actors import Actor, Role
from mcrm.custom_fields import service as custom_fields
from mcrm.custom_fields.models import FieldTable
from mcrm.editing import edit
from mcrm.interactions import log, remembering
from mcrm.interactions.kinds import Kind
from mcrm.interactions.log import About
from mcrm.lookup import service as lookup
from mcrm.territories import service as territories


def accounts_of(actor: Actor) -> Select[Account]:
    """The accounts within the actor's reach: all, or those of the granted territories; none for customers."""
    query = select(Account)
    if actor.sees_all:
        return query
    if actor.role is Role.CUSTOMER:
        return query.where(false())
    return query.where(Account.territory_id.in_(actor.territory_ids))


def searched(query: Select[Account], words: str | None) -> Select[Account]:
    """Narrowed to accounts whose name has words that begin so, or whose number begins so."""
    if words is None:
        return query
    found = lookup.named(Account.__tablename__, words)
    return query.where(Account.id.in_(union(*found)) if found else false())


def reachable(session: Session, actor: Actor, account_id: UUID, *, field: str | None = None) -> Account:
    """The account; raises AccountUnknown, naming `field`, for an unknown and for a foreign id alike."""
    account: Account | None = None
    if actor.role is not Role.CUSTOMER:
        query = _ANY if actor.sees_all else _WITHIN
        account = session.scalar(query, {"id": account_id, "territories": list(actor.territory_ids)})
    if account is None:
        raise AccountUnknown(field=field)
    return account


# Built once: putting a statement together costs more than running it, and a push asks for hundreds.
MINE = Account.territory_id.in_(bindparam("territories", expanding=True))
_ANY = select(Account).where(Account.id == bindparam("id"))
_WITHIN = _ANY.where(MINE)


def create(
    session: Session,
    actor: Actor,
    *,
    name: str,
    kind: AccountKind = AccountKind.COMPANY,
    territory_id: UUID | None = None,
    parent_id: UUID | None = None,
    **facts: Any,
) -> Account:
    """Make an account in a territory of the actor's; `facts` are other columns of Account.

    Raises AccountNumberTaken, AccountTooDeep, AccountPositionHalf, errors of custom values, and TerritoryUnknown or
    AccountUnknown for references outside the actor's reach.
    """
    territory_id = territories.for_new(session, actor, territory_id)
    if parent_id is not None:
        reachable(session, actor, parent_id, field="parent_id")
        hierarchy.check_depth(session, parent_id)
    account = Account(name=name, kind=kind.value, territory_id=territory_id, parent_id=parent_id, **facts)
    known: dict[str, Any] | None = (
        {} if kind is AccountKind.PERSON else None
    )  # a private person's is made in passing: nothing is asked
    account.custom = custom_fields.checked(session, FieldTable.ACCOUNTS, account.custom or {}, known)
    _store(session, account)
    log.append(session, actor, Kind.ACCOUNT_CREATED, about=About(account_id=account.id), payload={"kind": kind.value})
    return account


def hold(session: Session, account_id: UUID) -> None:
    """The same as `contacts.hold`, for the account of a private person; raises AccountErased."""
    remembering.hold_account(session, account_id)


def change(session: Session, actor: Actor, account: Account, changes: dict[str, Any]) -> Account:
    """Change an account; of `custom` the named values change, the others stay.

    Raises AccountErased, AccountNumberTaken, AccountInCircle, AccountTooDeep, AccountPositionHalf, errors of custom
    values, not-found for what is out of reach.
    """
    hold(session, account.id)
    if changes.get("territory_id") is not None:
        territories.reachable(session, actor, changes["territory_id"], field="territory_id")
    elif "territory_id" in changes:  # a rep may hand an account over, not lose it
        changes["territory_id"] = territories.for_new(session, actor, None)
    if changes.get("parent_id") is not None:
        parent = reachable(session, actor, changes["parent_id"], field="parent_id")
        hierarchy.check_parent(session, account, parent.id)
    if "custom" in changes:
        given = changes["custom"]
        changes["custom"] = custom_fields.checked(session, FieldTable.ACCOUNTS, given, account.custom)
    before = account.territory_id
    if changed := edit(account, changes):
        _store(session, account)
        payload: dict[str, Any] = {"changed": changed}
        if "territory_id" in changed:
            payload["territory"] = [before and str(before), account.territory_id and str(account.territory_id)]
        log.append(session, actor, Kind.ACCOUNT_CHANGED, about=About(account_id=account.id), payload=payload)
    return account


def remove(session: Session, actor: Actor, account: Account) -> None:
    """Delete an account on which nothing hangs; raises AccountInUse."""
    try:
        with session.begin_nested():
            session.delete(account)
    except IntegrityError:
        raise AccountInUse from None
    log.append(session, actor, Kind.ACCOUNT_REMOVED, about=About(account_id=account.id))


def _store(session: Session, account: Account) -> None:
    if (account.lat is None) is not (account.lon is None):
        raise AccountPositionHalf(field="lat" if account.lat is None else "lon")
    try:
        with session.begin_nested():
            session.add(account)
    except IntegrityError:
        raise AccountNumberTaken(field="number") from None
