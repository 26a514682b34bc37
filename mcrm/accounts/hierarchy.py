"""Accounts below accounts: no circles, whoever moves what at the same moment, and a tree of bounded size."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from mcrm.accounts.errors import AccountInCircle, AccountTooDeep
from mcrm.accounts.models import Account

DEEPEST = 20
MOST_NODES = 500


@dataclass(frozen=True, slots=True)
class Node:
    """One account in a tree; `depth` counts from the account that was asked for."""

    id: UUID
    parent_id: UUID | None
    name: str
    kind: str
    depth: int


@dataclass(frozen=True, slots=True)
class Tree:
    """What stands above an account, the highest first, and it with all that stands below, level by level.

    `is_whole` is False where more stands below than is shown.
    """

    above: Sequence[Node]
    nodes: Sequence[Node]
    is_whole: bool


def check_parent(session: Session, account: Account, parent_id: UUID) -> None:
    """Hold on to the account and to all above its new parent; raises AccountInCircle, AccountTooDeep.

    Two moves that would close a circle together need each other's rows: the second one waits, and then sees the first
    (or is chosen as the victim of a deadlock, and runs again as a whole).
    """
    session.flush()
    _parent_of(session, account.id)
    level = check_depth(session, parent_id, never=account.id)
    if level + _height(session, account.id, DEEPEST - level) > DEEPEST:
        raise AccountTooDeep(field="parent_id")


def check_depth(session: Session, parent_id: UUID, *, never: UUID | None = None) -> int:
    """On which level below the highest something below this parent stands; all above are locked.

    Raises AccountTooDeep, and AccountInCircle where the account `never` stands above.
    """
    above: UUID | None = parent_id
    level = 0
    while above is not None:
        if above == never:
            raise AccountInCircle(field="parent_id")
        if level >= DEEPEST:
            raise AccountTooDeep(field="parent_id")
        above, level = _parent_of(session, above), level + 1
    return level


def _parent_of(session: Session, account_id: UUID) -> UUID | None:
    """Locked, so that nobody moves it before this transaction ends."""
    query = select(Account.parent_id).where(Account.id == account_id).with_for_update(key_share=True)
    return session.scalar(query)


def _height(session: Session, account_id: UUID, most: int) -> int:
    """How many levels stand below, counted to one more than `most`."""
    level, ids = 0, [account_id]
    while level <= most:
        ids = list(session.scalars(select(Account.id).where(Account.parent_id.in_(ids))))
        if not ids:
            break
        level += 1
    return level


def tree(session: Session, within_reach: Select[Account], account: Account) -> Tree:
    """The tree around an account, of the accounts within reach; one out of reach hides what stands behind it."""
    nodes = [_node(account, 0)]
    level, whole = [account.id], True
    for depth in range(1, DEEPEST + 1):
        left = MOST_NODES - len(nodes)
        query = within_reach.where(Account.parent_id.in_(level)).order_by(Account.name, Account.id).limit(left + 1)
        found = session.scalars(query).all()
        if len(found) > left:
            found, whole = found[:left], False
        nodes += [_node(child, depth) for child in found]
        level = [child.id for child in found]
        if not level or not whole:
            break
    return Tree(_above(session, within_reach, account), nodes, whole)


def _above(session: Session, within_reach: Select[Account], account: Account) -> list[Node]:
    found: list[Node] = []
    while account.parent_id is not None and len(found) < DEEPEST:
        parent = session.scalar(within_reach.where(Account.id == account.parent_id))
        if parent is None:
            break
        account = parent
        found.append(_node(account, -1 - len(found)))
    return found[::-1]


def _node(account: Account, depth: int) -> Node:
    return Node(account.id, account.parent_id, account.name, account.kind, depth)
