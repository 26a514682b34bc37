"""Whom a record of a device concerns: what is kept of it must be found when that person is forgotten."""

from collections.abc import Mapping
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import Table, select
from sqlalchemy.orm import Session

from mcrm.accounts import service as accounts
from mcrm.accounts.models import Account
from mcrm.contacts import service as contacts
from mcrm.contacts.models import Contact
from mcrm.interactions.errors import AccountErased, ContactErased
from mcrm.orders.models import Order, OrderLine
from mcrm.sync.tables import TABLES, identifier
from mcrm.visits.models import Visit, VisitReport

NAMED = ("contact_id", "account_id")
PARENTS = {
    OrderLine.__tablename__: (Order.__tablename__, "order_id"),
    VisitReport.__tablename__: (Visit.__tablename__, "visit_id"),
}
"""Tables whose rows name nobody themselves: the table and the column of the row that does."""


class Whose(NamedTuple):
    """The contact and the account that a record names, or that its row names; either may be unknown."""

    contact_id: UUID | None
    account_id: UUID | None


def whose(session: Session, name: str, id_: UUID, record: Mapping[str, Any]) -> Whose:
    """Whom a record concerns, by what stands here of its row, else by what the device says."""
    if name == Contact.__tablename__:
        return Whose(id_, None)
    if name == Account.__tablename__:
        return Whose(None, id_)
    if name in PARENTS:
        above, column = PARENTS[name]
        parent = _id(record.get(column))
        return Whose(None, None) if parent is None else whose(session, above, parent, {})
    stands = _standing(session, TABLES[name].table, id_)
    return Whose(*(stands.get(column) or _id(record.get(column)) for column in NAMED))


def hold(session: Session, who: Whose) -> bool:
    """Keep them from being forgotten until the end; whether they were not before."""
    try:
        if who.contact_id is not None:
            contacts.hold(session, who.contact_id)
        if who.account_id is not None:
            accounts.hold(session, who.account_id)
    except (ContactErased, AccountErased):
        return False
    return True


def _standing(session: Session, table: Table, id_: UUID) -> dict[str, Any]:
    columns = [table.c[column] for column in NAMED if column in table.c]
    row = session.execute(select(*columns).where(table.c.id == id_)).first() if columns else None
    return {} if row is None else dict(row._mapping)


def _id(value: Any) -> UUID | None:
    return value if isinstance(value, UUID) else identifier(value)
