"""Where a changed row lies: the territory that it hangs on, found through what it belongs to.

Devices hold the rows of their territories. So a change names its row's territory, and a row that moves (or whose
account moves) leaves a tombstone in the old territory: its devices drop it, those of the new territory get it.
"""

from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import ColumnElement, Connection, Table, bindparam, func, inspect, select
from sqlalchemy.orm import Session

from mcrm.db import Base, Row, Synced
from mcrm.interactions.kinds import LOGGED_BY_REPS
from mcrm.interactions.positions import ChangedRow, Place
from mcrm.prepared import Prepared

_STAND_STILL = 0x6D43524D  # the key of an advisory lock of PostgreSQL; "mCRM"

LOG = "interactions"
TERRITORIES = "territories"
OWN_COUNTERS = frozenset({"rev", "updated_at"})


def changed(row: Row, op: str, fields: Iterable[str] = ()) -> ChangedRow:
    """The change of a row of a mapped class; `fields` are the columns that changed, none for a new row."""
    names = ",".join(sorted(set(fields) - OWN_COUNTERS)) or None
    return _change(type(row), op, lambda name: getattr(row, name, None), names)


def inserted(model: type[Row], values: Mapping[str, Any]) -> ChangedRow:
    """The change of a row that a bulk insert wrote."""
    return _change(model, "upsert", values.get, None)


def _change(model: type[Row], op: str, value: Any, names: str | None) -> ChangedRow:
    table = model.__tablename__
    within: tuple[str, str] | None = getattr(model, "__within__", None)
    territory_id = value("id") if table == TERRITORIES else value("territory_id")
    above = None
    if within is not None and (parent := value(within[0])) is not None:
        above = (within[1], parent)
    return ChangedRow(table, value("id"), op, territory_id, above, value("rev"), names)


def changed_columns(row: Row) -> dict[str, Any]:
    """Name to former value of the columns that the flush in hand changed."""
    before: Mapping[str, Any] = inspect(row).committed_state
    return {name: old for name, old in before.items() if old != getattr(row, name)}


class Moved(NamedTuple):
    """A row that moved with all that hangs on it: out of the territory `was` (None: out of everybody's reach).

    `dropped`: some device has to drop it.
    """

    table: str
    id: UUID
    was: UUID | None
    dropped: bool


def moved(session: Session, row: Row, before: Mapping[str, Any]) -> Iterator[ChangedRow | Moved]:
    """Tombstones in the territory that a row has just left, and new changes for all that moved with it."""
    if not isinstance(row, Synced):
        return
    column, parent = row.__within__ or ("territory_id", None)
    if column not in before:
        return
    connection = session.connection()
    was, now = before[column], getattr(row, column)
    everybodys = row.__open__ and was is None
    if parent is not None:
        found = territories(connection, {(parent, id_) for id_ in (was, now) if isinstance(id_, UUID)})
        was, now = found.get((parent, was)), found.get((parent, now))
    if not everybodys and (not isinstance(was, UUID) or was == now):
        was = None  # no device has to drop it; but those of the new territory have to get what hangs on it
    if was == now and not everybodys:
        return
    move = Moved(row.__tablename__, row.id, was, was is not None or everybodys)
    if move.dropped:
        yield ChangedRow(move.table, move.id, "delete", was, left=True)
    yield from with_it(connection, move)
    yield move


def with_it(connection: Connection, move: Moved) -> Iterator[ChangedRow]:
    """The changes of all that hangs on a row that moved, as far as this statement sees it."""
    for table, id_ in _below(connection, move.table, [move.id]):
        if move.dropped:
            yield ChangedRow(table, id_, "delete", move.was, left=True)
        yield ChangedRow(table, id_, "upsert", within=(move.table, move.id))


def stand_still(connection: Connection, entries: Iterable[object]) -> list[ChangedRow]:
    """Let nothing move until this transaction ends; what others meanwhile hung on rows that it moves itself.

    Whoever writes below an account waits here for a move in progress, and then sees where the account lies; a move
    waits for those who write, and then sees their rows. Called after the last row was locked and before the head is,
    so that nobody waits in a circle. SQLite has one writer at a time, and needs none of it.
    """
    if connection.dialect.name != "postgresql":
        return []
    moves = [entry for entry in entries if isinstance(entry, Moved)]
    (_ALONE if moves else _TOGETHER).all(connection, {})
    return [row for move in moves for row in with_it(connection, move)]


_ALONE = Prepared(select(func.pg_advisory_xact_lock(_STAND_STILL)))
_TOGETHER = Prepared(select(func.pg_advisory_xact_lock_shared(_STAND_STILL)))


def placed(connection: Connection, rows: list[ChangedRow]) -> list[ChangedRow]:
    """The same rows, each with its territory; one query for each kind of parent that this transaction did not write."""
    own = {(row.table, row.id): row for row in rows if not row.left}

    def top(place: Place) -> ChangedRow | Place:
        while (row := own.get(place)) is not None:
            if row.within is None:
                return row
            place = row.within
        return place

    tops = {row.within: top(row.within) for row in rows if row.within is not None}
    found = territories(connection, {place for place in tops.values() if not isinstance(place, ChangedRow)})

    def territory_of(row: ChangedRow) -> UUID | None:
        if row.within is None:
            return row.territory_id
        place = tops[row.within]
        return place.territory_id if isinstance(place, ChangedRow) else found.get(place)

    return [row if row.within is None else row._replace(territory_id=territory_of(row)) for row in rows]


def territories(connection: Connection, places: Iterable[Place]) -> dict[Place, UUID | None]:
    """(table, id) to the territory that the row lies in now."""
    by_table: dict[str, list[UUID]] = {}
    for table, id_ in places:
        by_table.setdefault(table, []).append(id_)
    return {
        (table, row[0]): row[1]
        for table, ids in by_table.items()
        for row in _territory_query(table).all(connection, {"ids": ids})
    }


def territory_path(name: str) -> tuple[ColumnElement[Any], list[tuple[Table, ColumnElement[bool]]]]:
    """The column with the territory of a table's rows, and the joins (table, condition) that lead there."""
    table, joins = Base.metadata.tables[name], list[tuple[Table, ColumnElement[bool]]]()
    while (above := _within().get(name)) is not None:
        column, name = above
        parent = Base.metadata.tables[name]
        joins.append((parent, parent.c.id == table.c[column]))
        table = parent
    return (table.c.id if name == TERRITORIES else table.c.territory_id), joins


@cache
def placed_by(name: str) -> tuple[str | None, tuple[str, str] | None]:
    """The column that says where a table's rows lie, and what they belong to."""
    model = next(mapper.class_ for mapper in Base.registry.mappers if mapper.class_.__tablename__ == name)
    within: tuple[str, str] | None = getattr(model, "__within__", None)
    if within is not None:
        return within[0], within
    return ("territory_id" if "territory_id" in model.__table__.c else None), None


@cache
def _territory_query(name: str) -> Prepared:
    """Ids and territories of the rows of a table that `ids` names."""
    table = Base.metadata.tables[name]
    column, joins = territory_path(name)
    query = select(table.c.id, column)
    source: Any = table
    for parent, condition in joins:
        source = source.outerjoin(parent, condition)
    query = query.select_from(source)
    return Prepared(query.where(table.c.id.in_(bindparam("ids", expanding=True))))


def _below(connection: Connection, name: str, ids: list[UUID]) -> Iterator[tuple[str, UUID]]:
    """Everything that belongs to these rows, and what belongs to that."""
    for child, (column, parent) in _within().items():
        if parent != name or not ids:
            continue
        table = Base.metadata.tables[child]
        query = select(table.c.id).where(table.c[column].in_(ids))
        if child == LOG:
            query = query.where(table.c.kind.in_([kind.value for kind in LOGGED_BY_REPS]))
        found = list(connection.scalars(query))
        yield from ((child, id_) for id_ in found)
        yield from _below(connection, child, found)


def _within() -> dict[str, tuple[str, str]]:
    """Table to (column, table of what its rows belong to)."""
    classes = [mapper.class_ for mapper in Base.registry.mappers]
    found = {cls.__tablename__: cls.__within__ for cls in classes if getattr(cls, "__within__", None) is not None}
    return {**found, LOG: ("account_id", "accounts")}
