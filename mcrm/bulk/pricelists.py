"""What a row of prices says of its list: whom it is for, and for how long. Every row of a list may repeat it."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from mcrm.accounts import service as accounts
from mcrm.accounts.errors import AccountUnknown
from mcrm.accounts.models import Account
from mcrm.actors import Actor
from mcrm.bulk.cells import unfit
from mcrm.bulk.rows import Values
from mcrm.products import service as products
from mcrm.products.errors import PriceListUnknown
from mcrm.products.models import PriceList

FIXED = ("currency", "includes_tax", "account_class")
"""What a list keeps from its beginning: a row that says otherwise means another list."""
TURNED = ("valid_from", "valid_until", "rank")
"""What a row changes."""
Turned = dict[str, tuple[Any, Any]]


def of_row(session: Session, actor: Actor, known: PriceList | None, row: Values, mode: str) -> tuple[PriceList, Turned]:
    """The list that a row means, made if nobody knows it, and what of it the row says otherwise: (before, after).

    Raises PriceListUnknown for an unknown list without a currency, AccountUnknown, and RowUnfit for a row that would
    make another list of it.
    """
    if known is None:
        if "currency" not in row.values or mode == "update":
            raise PriceListUnknown(field="price_list")
        facts = {name: row.values[name] for name in (*FIXED, *TURNED) if name in row.values}
        name, payer = row.values["price_list"], _payer(session, actor, row)
        return products.create_price_list(session, actor, name=name, account_id=payer, **facts), {}
    for name in FIXED:
        if row.values.get(name, getattr(known, name)) != getattr(known, name):
            raise _other(name, getattr(known, name))
    if {"account", "account_number"} & row.values.keys() and _payer(session, actor, row) != known.account_id:
        raise _other("account", "another one")
    given = {name: row.values[name] for name in TURNED if name in row.values}
    return known, {name: (getattr(known, name), new) for name, new in given.items() if getattr(known, name) != new}


def turn(session: Session, actor: Actor, list_: PriceList, turned: Turned) -> None:
    """Change the list as a row says."""
    products.change_price_list(session, actor, list_, {name: after for name, (_, after) in turned.items()})


def undo_of(turned: Turned) -> dict[str, list[Any]]:
    """What taking the change back needs, as JSON."""
    return {name: [_plain(before), _plain(after)] for name, (before, after) in turned.items()}


def turn_back(session: Session, actor: Actor, list_id: UUID, turned: dict[str, list[Any]]) -> int:
    """Give a list its former dates and rank where they are still those of the import; how many are not."""
    list_ = session.get_one(PriceList, list_id)
    still = {name: before for name, (before, after) in turned.items() if _plain(getattr(list_, name)) == after}
    back = {name: value if name == "rank" else value and datetime.fromisoformat(value) for name, value in still.items()}
    products.change_price_list(session, actor, list_, back)
    return len(turned) - len(still)


def _payer(session: Session, actor: Actor, row: Values) -> UUID | None:
    """The account that a row names by number, or else by a name that only one has."""
    number, name = row.values.get("account_number"), row.values.get("account")
    if number is None and name is None:
        return None
    by = Account.number == number if number is not None else Account.name == name
    found = session.scalars(accounts.accounts_of(actor).where(by).limit(2)).all()
    if not found:
        raise AccountUnknown(field="account_number" if number is not None else "account")
    if len(found) > 1:
        error = unfit("Several accounts bear this name: give a number.", "ambiguous")
        error.field = "account"
        raise error
    return found[0].id


def _other(name: str, value: Any) -> Exception:
    error = unfit(f"The list has {value} here.", "other-currency" if name == "currency" else "other-list")
    error.field = name
    return error


def _plain(value: Any) -> Any:
    return value.isoformat() if isinstance(value, datetime) else value
