"""Who holds which rows: the territories of a caller, read in the very snapshot that is answered from."""

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Connection, Select, bindparam, or_, select

from mcrm.actors import Actor
from mcrm.interactions import places
from mcrm.interactions.models import Change
from mcrm.sync.tables import TABLES, SyncedTable, is_open_root
from mcrm.territories.models import ScopeGrant

CHUNK = 500


@dataclass(frozen=True, slots=True)
class Scope:
    """Everything, or the rows of these territories and the caller's own. `lost` were granted once, and are not now."""

    everything: bool
    territories: frozenset[UUID]
    lost: frozenset[UUID] = frozenset()
    user_id: UUID | None = None


def scope_of(connection: Connection, actor: Actor) -> Scope:
    """The actor's scope as this snapshot has it: what the sign-in said may have been taken back since."""
    if actor.sees_all:
        return Scope(True, frozenset())
    rows = connection.execute(_GRANTS, {"user": actor.id}).all()
    granted = frozenset(territory for territory, revoked_at in rows if revoked_at is None)
    return Scope(False, granted, frozenset(territory for territory, _ in rows) - granted, actor.id)


def grants_since(connection: Connection, actor: Actor, since: int) -> dict[UUID, int]:
    """The territories whose grant to the actor changed after a position, and at which position."""
    rows = connection.execute(_GRANT_CHANGES, {"user": actor.id, "since": since})
    return {row[0]: row[1] for row in rows}


def rows_by_id(
    connection: Connection, table: SyncedTable, scope: Scope, ids: Iterable[UUID]
) -> Iterator[dict[str, Any]]:
    """The raw records of those of these rows that the scope holds."""
    query = _select(table.name, scope.everything, opened=True).where(
        table.table.c.id.in_(bindparam("ids", expanding=True))
    )
    wanted = list(ids)
    for start in range(0, len(wanted), CHUNK):
        parameters = _parameters(scope, ids=wanted[start : start + CHUNK])
        yield from map(table.item, connection.execute(query, parameters))


def all_rows(
    connection: Connection, table: SyncedTable, scope: Scope, *, columns: Sequence[ColumnElement[Any]] | None = None
) -> Iterator[Sequence[Any]]:
    """Every row that the scope holds, in the order of ids, read in pages: the memory stays flat."""
    query = _select(table.name, scope.everything, opened=True)
    yield from _paged(connection, table, query, _parameters(scope), columns)


def rows_within(
    connection: Connection, table: SyncedTable, territories: Collection[UUID], *, columns: Sequence[ColumnElement[Any]]
) -> Iterator[Sequence[Any]]:
    """Every row that lies in these territories; what is everybody's is not among them."""
    if not table.shared:
        parameters = {"territories": list(territories)}
        yield from _paged(connection, table, _select(table.name, False, opened=False), parameters, columns)


def _parameters(scope: Scope, **more: Any) -> dict[str, Any]:
    return {"territories": list(scope.territories), "user": scope.user_id, **more}


def _paged(
    connection: Connection,
    table: SyncedTable,
    query: Select[Any],
    asked: dict[str, Any],
    columns: Sequence[ColumnElement[Any]] | None,
) -> Iterator[Sequence[Any]]:
    key = table.table.c.id
    query = query.add_columns(key.label("page_key")).order_by(key).limit(bindparam("size"))
    if columns is not None:
        query = query.with_only_columns(*columns, key.label("page_key"))
    following = query.where(key > bindparam("after"))
    parameters = {**asked, "size": CHUNK * 4}
    rows = connection.execute(query, parameters).all()
    while rows:
        for row in rows:
            yield row[:-1]
        rows = connection.execute(following, parameters | {"after": rows[-1][-1]}).all()


@cache
def _select(name: str, everything: bool, *, opened: bool) -> Select[Any]:
    """The raw columns of a table's rows within `:territories`, or of `:user`; `opened`: and what is everybody's."""
    table = TABLES[name]
    query = select(*(column.source for column in table.columns)).where(*table.only)
    if table.owner is not None and not everything:
        query = query.where(table.owner == bindparam("user"))
    if everything or table.shared:
        return query.select_from(table.table)
    column, joins = places.territory_path(name)
    source: Any = table.table
    for parent, condition in joins:
        source = source.outerjoin(parent, condition)
    mine = column.in_(bindparam("territories", expanding=True))
    unbound = is_open_root(name) if table.open and opened else None
    return query.select_from(source).where(mine if unbound is None else or_(unbound, mine))


_grants, _changes = ScopeGrant.__table__.c, Change.__table__.c
_GRANTS = select(_grants.territory_id, _grants.revoked_at).where(_grants.user_id == bindparam("user"))
_GRANT_CHANGES = (
    select(_grants.territory_id, _changes.position)
    .join_from(Change.__table__, ScopeGrant.__table__, _grants.id == _changes.row_id)
    .where(
        _changes.table_name == ScopeGrant.__tablename__,
        _grants.user_id == bindparam("user"),
        _changes.position > bindparam("since"),
    )
    .order_by(_changes.position)
)


class Fate(StrEnum):
    """What is known of a row that is not in reach."""

    NEVER = "never"
    FOREIGN = "foreign"
    MOVED = "moved"
    DELETED = "deleted"


def fate_of(connection: Connection, table: SyncedTable, scope: Scope, id_: UUID) -> Fate:
    """What became of a row: whoever never had it in reach learns nothing but that it is foreign."""
    exists = connection.execute(select(table.table.c.id).where(table.table.c.id == id_)).first() is not None
    history = connection.execute(_FATES, {"table": table.name, "row": id_}).all()
    if not exists and not history:
        return Fate.NEVER
    if table.shared:
        return Fate.FOREIGN
    mine = scope.territories | scope.lost
    lies_in = places.territories(connection, [(table.name, id_)]).get((table.name, id_)) if exists else None
    held = scope.everything or lies_in in scope.lost or any(op == "delete" and t in mine for op, t in history)
    if not held:
        return Fate.FOREIGN
    return Fate.MOVED if exists else Fate.DELETED


_FATES = select(_changes.op, _changes.territory_id).where(
    _changes.table_name == bindparam("table"), _changes.row_id == bindparam("row")
)
