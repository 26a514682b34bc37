"""Which rows of a holding are a person's, and which of them have still something to lose."""

from typing import Any

from sqlalchemy import ColumnElement, Table, and_, or_, select, true, union_all

from mcrm.db import Base
from mcrm.interactions.models import ABOUT_LEADS, OF_STRANGERS
from mcrm.privacy.holding import Holding
from mcrm.privacy.holdings import BY_TABLE
from mcrm.privacy.persons import Person
from mcrm.transaction import synced_tables

NAMED_BY_FILES = ("contacts", "accounts", "contact_points", "addresses", "orders", "leads")
"""The tables whose rows imports and bulk changes name, without saying which table it is."""
SOLD = ("tasks", "opportunities", "orders", "quotes")


def of_person(holding: Holding, person: Person, *, surely: bool = False) -> ColumnElement[bool]:
    """Which rows are this person's; with those of their addresses from before anybody knew whose they were.

    `surely` without those: numbers are given out again, and what their former holder wrote is nobody else's to read.
    """
    if holding.table == "interactions":
        return _facts(holding.rows, person, surely=surely)
    by = [(column, whose) for column, whose in holding.of.items() if not (surely and _is_guess(holding, whose))]
    found = or_(*(_matches(holding, column, whose, person, surely) for column, whose in by))
    return found if holding.only is None else found & holding.only(holding.rows)


def _is_guess(holding: Holding, whose: str) -> bool:
    return whose == "points" and "contact_id" in holding.of


def left(holding: Holding) -> ColumnElement[bool]:
    """Which rows have still something to lose."""
    if holding.dropped:
        return true()
    table = holding.rows
    return or_(*(table.c[name].is_distinct_from(value) for name, value in holding.values().items()))


def _matches(holding: Holding, column: str, whose: str, person: Person, surely: bool) -> ColumnElement[bool]:
    owner = holding.rows.c[column]
    if whose == "rows":
        return _of_any_row(holding, owner, person)
    above, _, key = whose.partition(".")
    if key:
        theirs = of_person(BY_TABLE[above], person, surely=surely)
        return owner.in_(select(BY_TABLE[above].rows.c[key]).where(theirs))
    matches: ColumnElement[bool] = owner.in_(getattr(person, whose))
    if _is_guess(holding, whose):
        return matches & holding.rows.c.contact_id.is_(None)
    return matches


def _of_any_row(holding: Holding, owner: ColumnElement[Any], person: Person) -> ColumnElement[bool]:
    """Rows that name any row of the person's, by table and id where they say the table."""
    table = holding.rows
    if "table_name" not in table.c:
        ids = [select(BY_TABLE[name].rows.c.id).where(of_person(BY_TABLE[name], person)) for name in NAMED_BY_FILES]
        return owner.in_(union_all(*ids))
    named: list[ColumnElement[bool]] = []
    for one in (BY_TABLE[name] for name in synced_tables() if name in BY_TABLE):
        theirs = select(one.rows.c.id).where(of_person(one, person))
        named.append((table.c.table_name == one.table) & owner.in_(theirs))
    return or_(*named)


def _facts(table: Table, person: Person, *, surely: bool) -> ColumnElement[bool]:
    """Facts of the log about the person, an address while nobody knew whose it was, a private account, a lead; and
    those about another account that concern a row of theirs. Each is a range of an index.
    """
    tables = Base.metadata.tables
    rows = union_all(
        *(select(tables[name].c.id).where(tables[name].c.contact_id.in_(person.contacts)) for name in SOLD)
    )
    contacts = tables["contacts"]
    accounts = select(contacts.c.account_id).where(contacts.c.id.in_(person.contacts))
    ranges: list[ColumnElement[bool]] = [
        table.c.contact_id.in_(person.contacts),
        table.c.account_id.in_(person.accounts),
        table.c.account_id.in_(accounts) & table.c.contact_id.is_(None) & table.c.subject_id.in_(rows),
    ]
    if not surely:
        ranges.append(and_(OF_STRANGERS, table.c.contact_point_id.in_(person.points)))
    if person.leads:
        ranges.append(and_(ABOUT_LEADS, table.c.subject_id.in_(person.leads)))
    return table.c.position.in_(union_all(*(select(table.c.position).where(one) for one in ranges)))
