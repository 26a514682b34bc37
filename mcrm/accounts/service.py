"""Use cases of accounts; `accounts_of` is the one place that says which accounts somebody sees."""

from typing import Any
from uuid import UUID

from sqlalchemy import Select, false, or_, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from mcrm.accounts.errors import AccountInCircle, AccountNumberTaken, AccountUnknown
from mcrm.accounts.models import Account, AccountKind
from mcrm.actors import Actor, Role
from mcrm.editing import edit
from mcrm.interactions import log
from mcrm.interactions.kinds import Kind
from mcrm.interactions.log import About
from mcrm.territories import service as territories

DEEPEST = 20


def accounts_of(actor: Actor) -> Select[Account]:
    """The accounts within the actor's reach: all, or those of the granted territories; none for customers."""
    query = select(Account)
    if actor.sees_all:
        return query
    if actor.role is Role.CUSTOMER:
        return query.where(false())
    return query.where(Account.territory_id.in_(actor.territory_ids))


def searched(query: Select[Account], words: str | None) -> Select[Account]:
    """Narrowed to accounts whose name holds, or whose number begins with, these words."""
    if words is None:
        return query
    return query.where(
        or_(Account.name.icontains(words, autoescape=True), Account.number.istartswith(words, autoescape=True))
    )


def reachable(session: Session, actor: Actor, account_id: UUID, *, field: str | None = None) -> Account:
    """The account; raises AccountUnknown, naming `field`, for an unknown and for a foreign id alike."""
    account = session.scalar(accounts_of(actor).where(Account.id == account_id))
    if account is None:
        raise AccountUnknown(field=field)
    return account


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

    Raises AccountNumberTaken, and TerritoryUnknown or AccountUnknown for references outside the actor's reach.
    """
    territory_id = territories.for_new(session, actor, territory_id)
    if parent_id is not None:
        reachable(session, actor, parent_id, field="parent_id")
    account = Account(name=name, kind=kind.value, territory_id=territory_id, parent_id=parent_id, **facts)
    _store(session, account)
    log.append(session, actor, Kind.ACCOUNT_CREATED, about=About(account_id=account.id), payload={"kind": kind.value})
    return account


def change(session: Session, actor: Actor, account: Account, changes: dict[str, Any]) -> Account:
    """Change an account; raises AccountNumberTaken, AccountInCircle, and not-found for references out of reach."""
    if changes.get("territory_id") is not None:
        territories.reachable(session, actor, changes["territory_id"], field="territory_id")
    elif "territory_id" in changes:  # a rep may hand an account over, not lose it
        changes["territory_id"] = territories.for_new(session, actor, None)
    if changes.get("parent_id") is not None:
        _check_parent(session, actor, account, changes["parent_id"])
    before = account.territory_id
    if changed := edit(account, changes):
        _store(session, account)
        payload: dict[str, Any] = {"changed": changed}
        if "territory_id" in changed:
            payload["territory"] = [before and str(before), account.territory_id and str(account.territory_id)]
        log.append(session, actor, Kind.ACCOUNT_CHANGED, about=About(account_id=account.id), payload=payload)
    return account


def _check_parent(session: Session, actor: Actor, account: Account, parent_id: UUID) -> None:
    above: UUID | None = reachable(session, actor, parent_id, field="parent_id").id
    for _ in range(DEEPEST):
        if above is None:
            return
        if above == account.id:
            break
        above = session.scalar(select(Account.parent_id).where(Account.id == above))
    raise AccountInCircle(field="parent_id")


def _store(session: Session, account: Account) -> None:
    try:
        with session.begin_nested():
            session.add(account)
    except IntegrityError:
        raise AccountNumberTaken(field="number") from None
