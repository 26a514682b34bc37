"""Gives out positions: bumps the head, and writes the facts and the changes that got their numbers from it.

Everything after the bump is time in which all other writers wait, so it is one statement on PostgreSQL.
"""

# ruff: noqa: S608 - the column names come from the tables themselves, never from input

import hashlib
import os
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple, cast
from uuid import UUID

from sqlalchemy import Connection, Dialect, Table, text
from sqlalchemy.dialects import sqlite
from sqlalchemy.exc import DBAPIError

from mcrm.db import Base
from mcrm.inserting import bound
from mcrm.interactions.models import INTERACTION_COLUMNS, Change, Interaction, WakeUp

Place = tuple[str, UUID]
"""A row, as (table, id)."""


class ChangedRow(NamedTuple):
    """One changed row on its way into `changes`.

    `territory_id` is where it lies; `within` is the row it belongs to, of which the territory is still to be found.
    `fields` are the names of the columns that changed, comma-separated; None for a new row, or when nobody knows.
    `left`: a tombstone for the territory that the row has left. `origin` is the sign-in whose device pushed it.
    """

    table: str
    id: UUID
    op: str
    territory_id: UUID | None = None
    within: Place | None = None
    rev: int | None = None
    fields: str | None = None
    left: bool = False
    origin: UUID | None = None

    @property
    def key(self) -> tuple[object, ...]:
        """What one transaction writes once."""
        return (self.table, self.id, self.territory_id) if self.left else (self.table, self.id)

    def stored(self) -> tuple[Any, ...]:
        """The values of CHANGE_COLUMNS."""
        return (self.table, self.id, self.op, self.territory_id, self.rev, self.fields, self.origin)


CHANGE_COLUMNS = ("table_name", "row_id", "op", "territory_id", "rev", "fields", "origin")


def last_of_each(entries: Iterable[ChangedRow]) -> list[ChangedRow]:
    """One change per row, at its last place, with its last operation and all fields that any of them changed."""
    rows: dict[tuple[object, ...], ChangedRow] = {}
    for entry in entries:
        before = rows.pop(entry.key, None)
        rows[entry.key] = entry if before is None else _joined(before, entry)
    return list(rows.values())


def _joined(before: ChangedRow, after: ChangedRow) -> ChangedRow:
    if after.rev is None and after.op != "delete":  # it only went along when something else moved
        return after._replace(rev=before.rev, fields=before.fields)
    if before.rev is None or after.fields is None:
        return after
    if before.fields is None:
        return after._replace(fields=None)  # made in this very transaction
    return after._replace(fields=",".join(sorted({*before.fields.split(","), *after.fields.split(",")})))


def write(connection: Connection, facts: list[dict[str, Any]], rows: list[ChangedRow]) -> None:
    """Store facts (interaction columns by name) and changed rows at the next positions."""
    for fact in facts:  # here and not in `append`: half the cost of an append would be spent on what is rolled back
        fact["salt"] = salt = os.urandom(16)
        fact["digest"] = hashlib.sha256(salt + fact["payload"].encode()).digest()
    stamp = _stamp_at_once if connection.dialect.name == "postgresql" else _stamp_by_driver
    if stamp(connection, facts, rows) is None:
        raise RuntimeError("log_head has no row: run the migrations")


def ring(connection: Connection, topics: Iterable[str]) -> None:
    """Tell other processes on SQLite what this commit is about; PostgreSQL is told after it."""
    if connection.dialect.name == "sqlite":
        connection.execute(_RING, [{"topic": topic} for topic in sorted(topics)])


def _stamp_by_driver(connection: Connection, facts: list[dict[str, Any]], rows: list[ChangedRow]) -> int | None:
    """On SQLite, three statements straight to the driver: by way of the engine they cost five times as much."""
    raw: Any = connection.connection.dbapi_connection
    total = len(facts) + len(rows)
    told = _bound(
        connection.dialect, Interaction, INTERACTION_COLUMNS, [[f[n] for f in facts] for n in INTERACTION_COLUMNS]
    )
    stored = list(zip(*(row.stored() for row in rows), strict=True))
    changed = _bound(connection.dialect, Change, CHANGE_COLUMNS, stored)
    try:
        found = raw.execute(_BUMP, (total, total)).fetchone()
        if found is None:
            return None
        base = int(found[0])
        raw.executemany(_FACTS, zip(range(base + 1, base + len(facts) + 1), *told, strict=True))
        raw.executemany(_ROWS, zip(range(base + len(facts) + 1, base + total + 1), *changed, strict=True))
    except raw.Error as error:
        raise DBAPIError.instance(_BUMP, None, error, raw.Error, dialect=connection.dialect) from error
    return base


def _bound(
    dialect: Dialect, table: type[Base], names: Sequence[str], columns: Sequence[Sequence[Any]]
) -> list[Sequence[Any]]:
    return bound(cast(Table, table.__table__), names, dialect, columns or [()] * len(names))


def _stamp_at_once(connection: Connection, facts: list[dict[str, Any]], rows: list[ChangedRow]) -> int | None:
    """Bump, interactions and changes in one statement: each round trip after the bump is lock time for everybody."""
    values: dict[str, Any] = {f"f_{name}": [fact[name] for fact in facts] for name in INTERACTION_COLUMNS}
    stored = [row.stored() for row in rows]
    for index, name in enumerate(CHANGE_COLUMNS):
        values[f"c_{name}"] = [row[index] for row in stored]
    base: int | None = connection.scalar(_STAMP, {**values, "n": len(facts) + len(rows), "facts": len(facts)})
    return base


_RING = sqlite.insert(cast(Table, WakeUp.__table__)).values(rings=1)
_RING = _RING.on_conflict_do_update(index_elements=["topic"], set_={"rings": WakeUp.__table__.c.rings + 1})
_POSTGRES_TYPES = {
    "id": "uuid",
    "at": "timestamptz",
    "contact_id": "uuid",
    "account_id": "uuid",
    "contact_point_id": "uuid",
    "subject_id": "uuid",
    "salt": "bytea",
    "digest": "bytea",
    "row_id": "uuid",
    "territory_id": "uuid",
    "origin": "uuid",
    "rev": "bigint",
}
_BUMP = "UPDATE log_head SET position = position + ? RETURNING position - ?"
_FACTS = (
    f"INSERT INTO interactions (position, {', '.join(INTERACTION_COLUMNS)}) "
    f"VALUES (?{', ?' * len(INTERACTION_COLUMNS)})"
)
_ROWS = f"INSERT INTO changes (position, {', '.join(CHANGE_COLUMNS)}) VALUES (?{', ?' * len(CHANGE_COLUMNS)})"
_STAMP = text(
    "WITH head AS (UPDATE log_head SET position = position + :n RETURNING position - :n AS base), facts AS ("
    f"INSERT INTO interactions (position, {', '.join(INTERACTION_COLUMNS)}) "
    f"SELECT base + nr, {', '.join('f.' + name for name in INTERACTION_COLUMNS)} FROM head, unnest("
    + ", ".join(f"CAST(:f_{name} AS {_POSTGRES_TYPES.get(name, 'text')}[])" for name in INTERACTION_COLUMNS)
    + f") WITH ORDINALITY AS f ({', '.join(INTERACTION_COLUMNS)}, nr)), rows AS ("
    f"INSERT INTO changes (position, {', '.join(CHANGE_COLUMNS)}) "
    f"SELECT base + :facts + nr, {', '.join('c.' + name for name in CHANGE_COLUMNS)} FROM head, unnest("
    + ", ".join(f"CAST(:c_{name} AS {_POSTGRES_TYPES.get(name, 'text')}[])" for name in CHANGE_COLUMNS)
    + f") WITH ORDINALITY AS c ({', '.join(CHANGE_COLUMNS)}, nr)) SELECT base FROM head"
)
