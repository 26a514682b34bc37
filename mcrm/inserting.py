"""Many rows into one table, past the engine: it completes every row anew, which costs several times the insert itself.

On SQLite the rows go straight to the driver; on PostgreSQL they are one statement over one array a column.
"""

# ruff: noqa: S608 - names come from the tables themselves, never from input

from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from typing import Any

from sqlalchemy import Connection, Dialect, Table, text
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import DBAPIError

MANY = 8
"""From so many rows on one array a column pays on PostgreSQL; on SQLite the driver is the cheaper way at any number."""
Binder = Callable[[Any], Any]


def insert_many(
    connection: Connection, table: Table, rows: Sequence[Mapping[str, Any]], *, once: str | None = None
) -> None:
    """Insert rows that all name the same columns; raises IntegrityError and its kin as any statement does.

    Columns that no row names get the database's default; where they would get one of ours, the ordinary way is taken.
    A row whose value in the unique column `once` is there already is passed over.
    """
    if not rows:
        return
    names, dialect = tuple(rows[0]), connection.dialect
    if (len(rows) < MANY and dialect.name == "postgresql") or _gets_defaults(table, names):
        connection.execute(_ordinary(table, once, dialect.name), rows)
        return
    columns = bound(table, names, dialect, [[row[name] for row in rows] for name in names])
    if dialect.name == "postgresql":
        values = {f"c{index}": column for index, column in enumerate(columns)}
        connection.execute(_unnested(table, names, once, dialect), values)
    else:
        _by_driver(connection, _placed(table, names, once), list(zip(*columns, strict=True)))


def bound(
    table: Table, names: Sequence[str], dialect: Dialect, columns: Sequence[Sequence[Any]]
) -> list[Sequence[Any]]:
    """Values as the driver takes them, a column at a time, by the types of the table's columns of these names."""
    binders = _binders(table, tuple(names), dialect)
    return [
        column if bind is None else [bind(value) for value in column]
        for bind, column in zip(binders, columns, strict=True)
    ]


def _by_driver(connection: Connection, statement: str, rows: list[tuple[Any, ...]]) -> None:
    raw: Any = connection.connection.dbapi_connection
    try:
        raw.executemany(statement, rows)
    except raw.Error as error:
        raise DBAPIError.instance(statement, None, error, raw.Error, dialect=connection.dialect) from error


@lru_cache(maxsize=256)
def _binders(table: Table, names: tuple[str, ...], dialect: Dialect) -> list[Binder | None]:
    types = [table.c[name].type.dialect_impl(dialect) for name in names]
    return [type_.bind_processor(dialect) for type_ in types]


@lru_cache(maxsize=256)
def _gets_defaults(table: Table, names: tuple[str, ...]) -> bool:
    return any(column.default is not None for column in table.c if column.name not in names)


@lru_cache(maxsize=256)
def _ordinary(table: Table, once: str | None, dialect: str) -> Any:
    make = postgresql.insert if dialect == "postgresql" else sqlite.insert
    return make(table) if once is None else make(table).on_conflict_do_nothing(index_elements=[once])


@lru_cache(maxsize=256)
def _placed(table: Table, names: tuple[str, ...], once: str | None) -> str:
    values = ", ".join("?" * len(names))
    return f"INSERT INTO {table.name} ({', '.join(names)}) VALUES ({values}){_passing_over(once)}"


@lru_cache(maxsize=256)
def _unnested(table: Table, names: tuple[str, ...], once: str | None, dialect: Dialect) -> Any:
    types = [table.c[name].type.compile(dialect).partition(" COLLATE")[0] for name in names]
    arrays = ", ".join(f"CAST(:c{index} AS {type_}[])" for index, type_ in enumerate(types))
    words = f"INSERT INTO {table.name} ({', '.join(names)}) SELECT * FROM unnest({arrays})"
    return text(words + _passing_over(once))


def _passing_over(once: str | None) -> str:
    return "" if once is None else f" ON CONFLICT ({once}) DO NOTHING"
