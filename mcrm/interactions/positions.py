"""Gives out positions: bumps the head, and writes the facts and the changes that got their numbers from it.

Everything after the bump is time in which all other writers wait, so it is one statement on PostgreSQL.
"""

# ruff: noqa: S608 - the column names come from the tables themselves, never from input

import hashlib
import os
from collections.abc import Iterable
from typing import Any, cast
from uuid import UUID

from sqlalchemy import Connection, Table, bindparam, insert, text, update
from sqlalchemy.dialects import sqlite

from mcrm.interactions.models import INTERACTION_COLUMNS, Change, Interaction, LogHead, WakeUp

ChangedRow = tuple[str, UUID, str, UUID | None]


def write(connection: Connection, facts: list[dict[str, Any]], rows: list[ChangedRow]) -> None:
    """Store facts (interaction columns by name) and rows (table, id, operation, territory) at the next positions."""
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
    names = ("table_name", "row_id", "op", "territory_id")
    return [{"position": base + n, **dict(zip(names, row, strict=True))} for n, row in enumerate(rows, 1)]


def _stamp_at_once(connection: Connection, facts: list[dict[str, Any]], rows: list[ChangedRow]) -> int | None:
    """Bump, interactions and changes in one statement: each round trip after the bump is lock time for everybody."""
    values: dict[str, Any] = {f"f_{name}": [fact[name] for fact in facts] for name in INTERACTION_COLUMNS}
    for index, name in enumerate(("table_name", "row_id", "op", "territory_id")):
        values[f"c_{name}"] = [row[index] for row in rows]
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
    "INSERT INTO changes (position, table_name, row_id, op, territory_id) "
    "SELECT base + :facts + nr, c.table_name, c.row_id, c.op, c.territory_id FROM head, unnest("
    "CAST(:c_table_name AS text[]), CAST(:c_row_id AS uuid[]), CAST(:c_op AS text[]), CAST(:c_territory_id AS uuid[]))"
    " WITH ORDINALITY AS c (table_name, row_id, op, territory_id, nr)) SELECT base FROM head"
)
