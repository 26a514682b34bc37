"""What the database says of the rows that a push names, read at once: asking for each by itself costs most of a push.

What was read ahead counts as long as the push itself has not touched the row, which its pending changes tell. Rows that
are going to be edited are locked, so that nobody else changes them between being read and being merged.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import Any
from uuid import UUID

from sqlalchemy import bindparam, select
from sqlalchemy.orm import Session

from mcrm.interactions.models import Change
from mcrm.interactions.positions import ChangedRow
from mcrm.sync import scopes
from mcrm.sync.models import Edit
from mcrm.sync.scopes import CHUNK, Scope
from mcrm.sync.tables import TABLES, SyncedTable
from mcrm.transaction import pending

History = list[tuple[int, str | None, UUID | None]]
Place = tuple[str, UUID]


class Ahead:
    """The rows, their histories, and the device's last edits of them."""

    def __init__(self, session: Session, scope: Scope, device: str, wanted: Mapping[str, Iterable[UUID]]) -> None:
        """`wanted`: the ids that a push names, by table."""
        self._session = session
        self._rows: dict[Place, dict[str, Any]] = {}
        self._asked: set[Place] = set()
        self._known: set[Place] = set()
        self._histories: dict[Place, History] = defaultdict(list)
        self._edits: dict[Place, Edit] = {}
        self._seen = 0
        self._touched: set[Place] = set()
        session.flush()
        for name, ids in wanted.items():
            named = sorted(set(ids))
            for start in range(0, len(named), CHUNK):
                self._read(TABLES[name], scope, device, named[start : start + CHUNK])

    def holds(self, name: str, id_: UUID) -> bool:
        """Whether what was read of a row still stands."""
        queue = pending(self._session)
        for entry in queue[self._seen :]:
            if isinstance(entry, ChangedRow):
                self._touched.add((entry.table, entry.id))
            elif isinstance(entry, dict):  # a fact that somebody wrote down is a row of the log
                self._touched.add(("interactions", entry["id"]))
        self._seen = len(queue)
        return (name, id_) not in self._touched

    def look_again(self) -> None:
        """A savepoint was rolled back: the pending changes have to be gone through anew."""
        self._seen = 0

    def row(self, name: str, id_: UUID) -> dict[str, Any] | None:
        """The raw record, as it was before the push; None for one that was not in reach."""
        return self._rows.get((name, id_))

    def is_new(self, name: str, id_: UUID) -> bool:
        """Whether it was read ahead that nobody ever had a row of this id before the push."""
        return (name, id_) in self._asked and (name, id_) not in self._known

    def history(self, name: str, id_: UUID) -> History:
        """(revision, fields, sign-in) of the row's changes before the push."""
        return self._histories[name, id_]

    def edit(self, name: str, id_: UUID) -> Edit | None:
        """What the device pushed last of a row, before this push."""
        return self._edits.get((name, id_))

    def _read(self, table: SyncedTable, scope: Scope, device: str, ids: list[UUID]) -> None:
        connection, name = self._session.connection(), table.name
        self._asked.update((name, id_) for id_ in ids)
        key = table.table.c.id
        locking = select(key).where(key.in_(bindparam("ids", expanding=True))).order_by(key)
        reachable = [row["id"] for row in scopes.rows_by_id(connection, table, scope, ids)]
        if reachable and connection.dialect.name != "sqlite":  # whoever writes there is alone
            connection.execute(locking.with_for_update(key_share=True), {"ids": reachable})
        rows = scopes.rows_by_id(connection, table, scope, reachable) if reachable else ()
        self._rows.update({(name, row["id"]): row for row in rows})
        self._known.update((name, row[0]) for row in connection.execute(locking, {"ids": ids}))
        for row_id, rev, fields, origin in connection.execute(_HISTORIES, {"table": name, "ids": ids}):
            self._known.add((name, row_id))
            if rev is not None:
                self._histories[name, row_id].append((rev, fields, origin))
        edits = self._session.scalars(_EDITS, {"device": device, "table": name, "ids": ids})
        self._edits.update({(name, edit.row_id): edit for edit in edits})


_changes = Change.__table__.c
_HISTORIES = select(_changes.row_id, _changes.rev, _changes.fields, _changes.origin).where(
    _changes.table_name == bindparam("table"), _changes.row_id.in_(bindparam("ids", expanding=True))
)
_EDITS = select(Edit).where(
    Edit.device == bindparam("device"),
    Edit.table_name == bindparam("table"),
    Edit.row_id.in_(bindparam("ids", expanding=True)),
)
