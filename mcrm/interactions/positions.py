"""Gives out positions: bumps the head, and writes the facts and the changes that got their numbers from it.

Everything after the bump is time in which all other writers wait, so it is one statement on PostgreSQL.
"""

# ruff: noqa: S608 - the column names come from the tables themselves, never from input

import hashlib
import os
from collections.abc import Iterable, Sequence
from typing import Any, cast
from uuid import UUID

from sqlalchemy import Connection, Dialect, Table, text
from sqlalchemy.dialects import sqlite
from sqlalchemy.exc import DBAPIError

from mcrm.db import Base
from mcrm.inserting import bound
from mcrm.interactions.models import INTERACTION_COLUMNS, Change, Interaction, WakeUp

ChangedRow = tuple[str, UUID, str, UUID | None]
CHANGE_COLUMNS = ("table_name", "row_id", "op", "territory_id")


def write(connection: Connection, facts: list[dict[str, Any]], rows: list[ChangedRow]) -> None:
    """Store facts (interaction columns by name) and rows (table, id, operation, territory) at the next positions."""
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
    changed = _bound(connection.dialect, Change, CHANGE_COLUMNS, list(zip(*rows, strict=True)) if rows else [])
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
    for index, name in enumerate(CHANGE_COLUMNS):
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
    "INSERT INTO changes (position, table_name, row_id, op, territory_id) "
    "SELECT base + :facts + nr, c.table_name, c.row_id, c.op, c.territory_id FROM head, unnest("
    "CAST(:c_table_name AS text[]), CAST(:c_row_id AS uuid[]), CAST(:c_op AS text[]), CAST(:c_territory_id AS uuid[]))"
    " WITH ORDINALITY AS c (table_name, row_id, op, territory_id, nr)) SELECT base FROM head"
)
