"""What is new for a device: the rows of its scope that changed after its cursor, and the ids of those that left it.

A page holds the newest state of each row once, at the place of its latest change; the cursor is the last position of
the page, so a first sync that is cut off goes on where it stood. Whatever a cursor cannot answer for (another epoch
after a restore, changes no longer kept, a role that changed, too much granted at once) is answered by the whole set.
"""

import hashlib
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, Select, and_, bindparam, exists, or_, select

from mcrm.actors import Actor
from mcrm.interactions.log import cursor, read_cursor
from mcrm.interactions.models import Change, LogHead
from mcrm.sync import devices, scopes
from mcrm.sync.models import Floor
from mcrm.sync.scopes import Scope
from mcrm.sync.tables import TABLES, SyncedTable

MOST_GRANTED = 5000  # rows that come into reach at once; beyond, the whole set is no dearer
USERS = "users"


@dataclass(slots=True)
class Page:
    """What a device gets: records and ids by table, the next cursor. `whole`: it replaces all that the device holds."""

    timestamp: int
    updated: dict[str, list[dict[str, Any]]] = field(default_factory=lambda: defaultdict(list))
    deleted: dict[str, list[UUID]] = field(default_factory=lambda: defaultdict(list))
    has_more: bool = False
    whole: bool = False

    def changes(self) -> dict[str, dict[str, Any]]:
        """By table; those without any are left out."""
        return {
            name: {"created": [], "updated": self.updated.get(name, []), "deleted": self.deleted.get(name, [])}
            for name in TABLES
            if self.updated.get(name) or self.deleted.get(name)
        }


def head(connection: Connection) -> tuple[int, int]:
    """(epoch, position) of the newest commit of this snapshot."""
    row = connection.execute(_HEAD).one()
    return row[0], row[1]


def now(connection: Connection) -> int:
    """The cursor of this snapshot; at least 1, as the protocol asks."""
    return cursor(*head(connection))


def pull(
    connection: Connection, actor: Actor, *, last_pulled_at: int, limit: int, added_tables: Sequence[str] = ()
) -> Page:
    """What changed for the actor since a cursor (0: everything), at most `limit` changes of it.

    `added_tables` come in full: the device's new schema has them for the first time. A page with `whole` has no
    records: they are read by `everything`.
    """
    epoch, top = head(connection)
    scope = scopes.scope_of(connection, actor)
    made_in, since = read_cursor(last_pulled_at) if last_pulled_at else (epoch, 0)
    if made_in != epoch or since > top or (since and since < _floor(connection)):
        return Page(cursor(epoch, top), whole=True)
    if not since and devices.has_written_first(connection, actor):  # what it made may have moved away before it asks
        return Page(cursor(epoch, top), whole=True)
    begun = max(since, devices.started(connection, actor)) if since else top
    granted = {} if scope.everything else scopes.grants_since(connection, actor, begun)
    if connection.execute(_OWN_CHANGES, {"user": actor.id, "since": begun}).first():
        return Page(cursor(epoch, top), whole=True)
    found = _candidates(connection, scope, since, top, limit + 1)
    page = Page(cursor(epoch, top))
    if len(found) > limit:
        found.pop()
        page.timestamp, page.has_more = cursor(epoch, found[-1].position), True
    end = read_cursor(page.timestamp)[1]
    sent = _fill(connection, scope, page, found, first=not since)
    if not _regrant(connection, scope, page, {at for at, position in granted.items() if position <= end}, sent):
        return Page(cursor(epoch, top), whole=True)
    for name in added_tables:
        page.updated[name] = [TABLES[name].item(row) for row in scopes.all_rows(connection, TABLES[name], scope)]
    return page


def everything(connection: Connection, actor: Actor) -> Iterator[tuple[str, Iterator[dict[str, Any]]]]:
    """Every raw record that the actor holds, by table."""
    scope = scopes.scope_of(connection, actor)
    for name, table in TABLES.items():
        yield name, map(table.item, scopes.all_rows(connection, table, scope))


def digest(connection: Connection, actor: Actor) -> dict[str, Any]:
    """Count and hash of what the actor should hold, by table."""
    scope = scopes.scope_of(connection, actor)
    tables = {name: _digest_of(connection, table, scope) for name, table in TABLES.items()}
    return {"tables": tables, "timestamp": now(connection)}


def _digest_of(connection: Connection, table: SyncedTable, scope: Scope) -> dict[str, Any]:
    count = total = 0
    identity = [column.source for column in table.columns if column.name in ("id", "rev")]
    for id_, rev in scopes.all_rows(connection, table, scope, columns=identity):
        count += 1
        total += int.from_bytes(hashlib.sha256(f"{id_}:{rev}".encode()).digest()[:8], "big")
    return {"count": count, "hash": f"{total % 2**64:016x}"}


def has_news(connection: Connection, actor: Actor, since: int) -> bool:
    """Whether a pull from this cursor would bring anything, or may."""
    epoch, top = head(connection)
    made_in, position = read_cursor(since)
    if made_in != epoch or position > top:
        return True
    scope = scopes.scope_of(connection, actor)
    return bool(
        _candidates(connection, scope, position, top, 1)
        or (not scope.everything and scopes.grants_since(connection, actor, position))
    )


def _floor(connection: Connection) -> int:
    return connection.scalar(_FLOOR) or 0


def _candidates(connection: Connection, scope: Scope, since: int, top: int, limit: int) -> list[Any]:
    """The latest change of each row that may concern the scope, in order, with the tombstones of its territories."""
    parameters = {"since": since, "top": top, "size": limit, "territories": list(scope.territories | scope.lost)}
    return list(connection.execute(_EVERY_CHANGE if scope.everything else _OWN_SCOPE, parameters))


def _fill(
    connection: Connection, scope: Scope, page: Page, found: Sequence[Any], *, first: bool
) -> dict[str, set[UUID]]:
    """Put the rows that are in reach into `updated`, and those that no longer are into `deleted`; the ids sent."""
    by_table: dict[str, dict[UUID, bool]] = defaultdict(dict)
    for change in found:
        gone = change.op == "delete" or scope.everything
        by_table[change.table_name][change.row_id] = by_table[change.table_name].get(change.row_id, False) or gone
    sent: dict[str, set[UUID]] = {}
    for name, ids in by_table.items():
        records = list(scopes.rows_by_id(connection, TABLES[name], scope, ids))
        page.updated[name].extend(records)
        sent[name] = {record["id"] for record in records}
        if not first:  # who holds nothing has nothing to drop
            page.deleted[name].extend(id_ for id_, gone in ids.items() if gone and id_ not in sent[name])
    return sent


def _regrant(connection: Connection, scope: Scope, page: Page, changed: set[UUID], sent: dict[str, set[UUID]]) -> bool:
    """Add all rows of territories that were granted, and the ids of those of revoked ones; False if it is too much."""
    gained, lost = changed & scope.territories, changed & scope.lost
    for name, table in TABLES.items():
        key = [column.source for column in table.columns if column.name == "id"]
        if gained:
            known = sent.get(name, set())
            fresh = [row[0] for row in scopes.rows_within(connection, table, gained, columns=key)]
            if len(fresh) > MOST_GRANTED:
                return False
            page.updated[name].extend(
                scopes.rows_by_id(connection, table, scope, [id_ for id_ in fresh if id_ not in known])
            )
        if lost:
            known = set(page.deleted[name])
            gone = [row[0] for row in scopes.rows_within(connection, table, lost, columns=key)]
            page.deleted[name].extend(id_ for id_ in gone if id_ not in known)
    return True


_log_head, _floors, _changes = LogHead.__table__.c, Floor.__table__.c, Change.__table__.c
_HEAD = select(_log_head.epoch, _log_head.position)
_FLOOR = select(_floors.floor)
_OWN_CHANGES = select(_changes.position).where(
    _changes.table_name == USERS, _changes.row_id == bindparam("user"), _changes.position > bindparam("since")
)
_later = Change.__table__.alias("later")
_SUPERSEDED = exists().where(
    _later.c.table_name == _changes.table_name,
    _later.c.row_id == _changes.row_id,
    _later.c.position > _changes.position,
)
_EVERY_CHANGE: Select[Any] = (
    select(_changes.position, _changes.table_name, _changes.row_id, _changes.op)
    .where(
        _changes.position > bindparam("since"),
        _changes.position <= bindparam("top"),
        _changes.table_name.in_(list(TABLES)),
        or_(_changes.op == "delete", ~_SUPERSEDED),
    )
    .order_by(_changes.position)
    .limit(bindparam("size"))
)
_EVERYBODYS = [name for name, table in TABLES.items() if table.shared or table.open]
_OWN_SCOPE = _EVERY_CHANGE.where(
    or_(
        _changes.territory_id.in_(bindparam("territories", expanding=True)),
        and_(_changes.territory_id.is_(None), _changes.table_name.in_(_EVERYBODYS)),
    )
)
