"""Gives out positions: bumps the head, and writes the facts and the changes that got their numbers from it.

Everything after the bump is time in which all other writers wait, so it is one statement on PostgreSQL.
"""

# ruff: noqa: S608 - the column names come from the tables themselves, never from input

import hashlib
import os
from collections.abc import Iterable
from typing import Any, NamedTuple, cast
from uuid import UUID

from sqlalchemy import Connection, Table, bindparam, insert, text, update
from sqlalchemy.dialects import sqlite

from mcrm.interactions.models import INTERACTION_COLUMNS, Change, Interaction, LogHead, WakeUp

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
    if connection.dialect.name == "postgresql":
        base = _stamp_at_once(connection, facts, rows)
    else:
        base = connection.scalar(_BUMP, {"n": len(facts) + len(rows)})
        if base is not None and facts:
            connection.execute(_FACTS, [{**fact, "position": base + n} for n, fact in enumerate(facts, 1)])
        if base is not None and rows:
            connection.execute(_ROWS, _change_rows(base + len(facts), rows))
    if base is None:
        raise RuntimeError("log_head has no row: run the migrations")


def ring(connection: Connection, topics: Iterable[str]) -> None:
    """Tell other processes on SQLite what this commit is about; PostgreSQL is told after it."""
    if connection.dialect.name == "sqlite":
        connection.execute(_RING, [{"topic": topic} for topic in sorted(topics)])


def _change_rows(base: int, rows: list[ChangedRow]) -> list[dict[str, Any]]:
    return [
        {"position": base + n, **dict(zip(CHANGE_COLUMNS, row.stored(), strict=True))} for n, row in enumerate(rows, 1)
    ]


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
_FACTS, _ROWS = insert(cast(Table, Interaction.__table__)), insert(cast(Table, Change.__table__))
_head = LogHead.__table__.c
_BUMP = (
    update(cast(Table, LogHead.__table__))
    .values(position=_head.position + bindparam("n"))
    .returning(_head.position - bindparam("n"))
)
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
