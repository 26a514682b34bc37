"""Taking in what a device did: one transaction, a savepoint for each row (an order with its lines).

A row that is refused is named with a code and a sentence and holds nothing else back. Devices make the ids, so a push
that is sent again changes nothing. What met another edit, or came for a row that is gone, is kept as a conflict.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import marshmallow as ma
from sqlalchemy import select
from sqlalchemy.exc import DataError, IntegrityError
from sqlalchemy.orm import Session

from mcrm import clock
from mcrm.access.models import SignIn
from mcrm.actors import Actor
from mcrm.api.fields import clean_text
from mcrm.errors import Conflict as Refusal
from mcrm.errors import DomainError
from mcrm.interactions import places
from mcrm.interactions.log import read_cursor
from mcrm.interactions.positions import ChangedRow
from mcrm.sync import conflicts, errors, merging, pulling, scopes
from mcrm.sync.changes import CHANGES, PARTS, New, instant
from mcrm.sync.models import ConflictKind, Edit
from mcrm.sync.scopes import Scope
from mcrm.sync.tables import TABLES, SyncedTable, Written, by_name, identifier
from mcrm.transaction import pending

Record = Mapping[str, Any]
Changes = Mapping[str, Mapping[str, Sequence[Any]]]
LONGEST_ID = 64
PART_TABLES = {part: (whole, column) for whole, (part, column) in PARTS.items()}


@dataclass(slots=True)
class Pushed:
    """What became of a push: the cursor it met, who was refused and why, what was decided against whom."""

    timestamp: int
    rejected: dict[str, list[str]] = field(default_factory=dict)
    errors: list[dict[str, str]] = field(default_factory=list)
    conflicts: list[dict[str, Any]] = field(default_factory=list)

    def refuse(self, table: str, id_: str, code: str, detail: str, *, dirty: bool = True) -> None:
        """Name a record; `dirty`: the device keeps it as unsent."""
        if dirty:
            self.rejected.setdefault(table, []).append(id_)
        self.errors.append({"table": table, "id": id_, "code": code, "detail": detail})


@dataclass(frozen=True, slots=True)
class Aggregate:
    """One record with the records that are its parts."""

    table: str
    record: Record
    parts: tuple[Record, ...] = ()


def push(session: Session, actor: Actor, *, changes: Changes, last_pulled_at: int, region: str) -> Pushed:
    """Take in the changes of a device; raises PullFirst after a restore, when its revisions mean nothing any more.

    Pushes of one sign-in wait for each other, so that the same push sent twice at once is taken once.
    """
    session.execute(select(SignIn.id).where(SignIn.id == actor.session_id).with_for_update())
    epoch, position = pulling.head(session.connection())
    if last_pulled_at and (read_cursor(last_pulled_at)[0] != epoch or read_cursor(last_pulled_at)[1] > position):
        raise errors.PullFirst
    pending(session).origin = actor.session_id
    taking = _Taking(session, actor, scopes.scope_of(session.connection(), actor), region)
    pushed = Pushed(pulling.now(session.connection()))
    for aggregate in _aggregates(changes):
        _take(taking, aggregate, pushed)
    for table, id_ in _deletions(changes):
        _take_deletion(taking, table, id_, pushed)
    return pushed


def count(changes: Changes) -> int:
    """How many records a push holds."""
    return sum(len(records) for lists in changes.values() for records in lists.values())


def _aggregates(changes: Changes) -> Iterator[Aggregate]:
    """Records that were made or changed, parents before children, parts with what they are parts of."""
    for name in [*TABLES, *sorted(changes.keys() - TABLES.keys())]:
        if name in PART_TABLES:
            yield from _loose_parts(name, changes)
            continue
        for record in _records(changes, name):
            yield Aggregate(name, record, tuple(_parts_of(name, record, changes)))


def _records(changes: Changes, name: str) -> list[Record]:
    lists = changes.get(name, {})
    made = [{**record, "_status": "created"} for record in lists.get("created", ())]
    return [*made, *lists.get("updated", ())]


def _parts_of(name: str, record: Record, changes: Changes) -> Iterator[Record]:
    if name in PARTS:
        table, column = PARTS[name]
        yield from (part for part in _records(changes, table) if part.get(column) == record.get("id"))


def _loose_parts(name: str, changes: Changes) -> Iterator[Aggregate]:
    """Parts whose whole is not in the push."""
    whole, column = PART_TABLES[name]
    wholes = {record.get("id") for record in _records(changes, whole)}
    yield from (Aggregate(name, part) for part in _records(changes, name) if part.get(column) not in wholes)


def _deletions(changes: Changes) -> Iterator[tuple[str, str]]:
    """Children before parents."""
    for name in reversed(list(TABLES)):
        yield from ((name, id_) for id_ in changes.get(name, {}).get("deleted", ()) if isinstance(id_, str))


def _take(taking: "_Taking", aggregate: Aggregate, pushed: Pushed) -> None:
    table, record = aggregate.table, aggregate.record
    decided: list[dict[str, Any]] = []
    try:
        with taking.session.begin_nested():
            decided = taking.upsert(aggregate)
    except (DomainError, ma.ValidationError, IntegrityError, DataError, ValueError) as error:
        code, detail = _words(error)
        pushed.refuse(table, _shown(record.get("id")), code, detail)
        for part in aggregate.parts:
            lost = errors.WithItsOrder()
            pushed.refuse(PARTS[table][0], _shown(part.get("id")), lost.code, lost.detail)
        if isinstance(error, errors.RecordMoved | errors.RecordDeleted):
            decided = [taking.keep(table, record, error)]
    pushed.conflicts += decided


def _take_deletion(taking: "_Taking", table: str, sent: str, pushed: Pushed) -> None:
    """A row that is not there, or not in reach, is deleted for the device already."""
    try:
        with taking.session.begin_nested():
            taking.delete(table, sent)
    except DomainError as error:
        pushed.refuse(table, _shown(sent), error.code, error.detail, dirty=False)
        if isinstance(error, errors.NotDeletable) and (id_ := identifier(sent)) is not None:
            taking.send_again(table, id_)


def _words(error: Exception) -> tuple[str, str]:
    """A stable code and a sentence for people."""
    if isinstance(error, DomainError):
        return error.code, error.detail
    if isinstance(error, ma.ValidationError) and isinstance(error.messages, dict):
        name, first = next(iter(error.messages.items()))
        while isinstance(first, dict):
            first = next(iter(first.values()))
        message = first[0] if isinstance(first, list) else first
        return errors.RecordInvalid.code, f"{str(name)[:60]}: {message}"
    if isinstance(error, IntegrityError):
        return Refusal.code, "The present state does not allow this."
    return errors.RecordInvalid.code, errors.RecordInvalid().detail


def _shown(id_: Any) -> str:
    return id_[:LONGEST_ID] if isinstance(id_, str) and clean_text(id_) else ""


class _Taking:
    """One push in hand."""

    def __init__(self, session: Session, actor: Actor, scope: Scope, region: str) -> None:
        self.session = session
        self.actor = actor
        self.scope = scope
        self.region = region
        self.device = f"{actor.id}:{actor.device_id}"

    def upsert(self, aggregate: Aggregate) -> list[dict[str, Any]]:
        """Make the row, or merge the edit into the one that is there; the conflicts that were decided."""
        table, record = by_name(aggregate.table), aggregate.record
        if table is None:
            raise errors.TableUnknown
        if (id_ := identifier(record.get("id"))) is None:
            raise errors.IdInvalid
        current = self._current(table, id_)
        if current is None:
            self._require_new(table, id_)
            self._create(table, id_, aggregate)
            return []
        self._require_same_parts(table.name, id_, aggregate.parts)
        return self._edit(table, id_, record, current)

    def delete(self, name: str, sent: str) -> None:
        """Delete the row by its use case; raises NotDeletable."""
        if (id_ := identifier(sent)) is None or self._current(TABLES[name], id_) is None:
            return
        offline = CHANGES.get(name)
        if offline is None or offline.delete is None:
            raise errors.NotDeletable
        offline.delete(self.session, self.actor, id_)

    def send_again(self, name: str, id_: UUID) -> None:
        """Let the row come with the next pull: the device has dropped it, and may not."""
        lies_in = places.territories(self.session.connection(), [(name, id_)]).get((name, id_))
        pending(self.session).append(ChangedRow(name, id_, "upsert", lies_in))

    def keep(self, name: str, record: Record, why: DomainError) -> dict[str, Any]:
        """Keep an edit of a row that is gone, for somebody to settle."""
        kind = ConflictKind.MOVED if isinstance(why, errors.RecordMoved) else ConflictKind.DELETED
        changed = frozenset(str(record.get("_changed") or "").split(","))
        written = TABLES[name].written(Written.ONCE, Written.ALWAYS)
        mine = {
            column: record[column] for column in written if column in record and column in (changed - {""} or written)
        }
        id_ = identifier(record["id"])
        assert id_ is not None
        base = merging.base_of(record)
        return conflicts.keep(self.session, self.actor, table=name, row_id=id_, kind=kind, base_rev=base, mine=mine)

    def _current(self, table: SyncedTable, id_: UUID) -> dict[str, Any] | None:
        self.session.flush()
        return next(scopes.rows_by_id(self.session.connection(), table, self.scope, [id_]), None)

    def _require_new(self, table: SyncedTable, id_: UUID) -> None:
        """Raise unless nobody ever had a row of this id: a foreign one is refused like an unknown one."""
        match scopes.fate_of(self.session.connection(), table, self.scope, id_):
            case scopes.Fate.MOVED:
                raise errors.RecordMoved
            case scopes.Fate.DELETED:
                raise errors.RecordDeleted
            case scopes.Fate.FOREIGN:
                raise errors.RecordUnknown

    def _create(self, table: SyncedTable, id_: UUID, aggregate: Aggregate) -> None:
        offline = CHANGES.get(table.name)
        if offline is None or offline.create is None:
            raise errors.OrderPlaced if table.name in PART_TABLES else errors.ReadOnly
        parts = []
        for part in aggregate.parts:
            if (part_id := identifier(part.get("id"))) is None:
                raise errors.IdInvalid
            self._require_new(TABLES[PARTS[table.name][0]], part_id)
            parts.append(self._new(TABLES[PARTS[table.name][0]], part_id, part))
        made = self._new(table, id_, aggregate.record, parts)
        offline.create(self.session, self.actor, made)
        self._remember(table, id_, 0, made.facts)

    def _new(self, table: SyncedTable, id_: UUID, record: Record, parts: Sequence[New] = ()) -> New:
        written = table.written(Written.ONCE, Written.ALWAYS)
        facts = {name: record[name] for name in written if name in record and name != "created_at"}
        made_at = instant(record.get("created_at"), clock.now())
        return New(id_, made_at, facts, tuple(parts), self.region)

    def _require_same_parts(self, name: str, id_: UUID, parts: Sequence[Record]) -> None:
        """A row with parts comes whole or not at all: a part that is not as it was stored came too late."""
        for part in parts:
            table, column = PARTS[name]
            part_id = identifier(part.get("id"))
            stored = None if part_id is None else self._current(TABLES[table], part_id)
            written = TABLES[table].written(Written.ONCE).keys() - {"created_at", column}
            if (
                stored is None
                or stored[column] != id_
                or not all(merging.same(part.get(field_name), stored[field_name]) for field_name in written)
            ):
                raise errors.OrderPlaced

    def _edit(self, table: SyncedTable, id_: UUID, record: Record, current: dict[str, Any]) -> list[dict[str, Any]]:
        edit = self.session.get(Edit, (self.device, table.name, id_))
        base = merging.base_of(record)
        others = merging.others_since(
            self.session.connection(), table.name, id_, base=base, origin=self.actor.session_id
        )
        merged = merging.merge(table, record, current, edit=edit, others=others)
        offline = CHANGES.get(table.name)
        if merged.values:
            if offline is None or offline.edit is None:
                raise errors.ReadOnly
            offline.edit(self.session, self.actor, id_, dict(merged.values))
        sent = {name: record[name] for name in table.written(Written.ALWAYS) if name in record}
        if merged.values or merged.conflicts:
            self._remember(table, id_, base, sent)
        return [
            conflicts.keep(
                self.session,
                self.actor,
                table=table.name,
                row_id=id_,
                kind=ConflictKind.FIELD,
                base_rev=base,
                mine={one.column: one.mine},
                theirs={one.column: one.theirs},
                applied=one.applied,
            )
            for one in merged.conflicts
        ]

    def _remember(self, table: SyncedTable, id_: UUID, base: int, sent: Mapping[str, Any]) -> None:
        if not table.written(Written.ALWAYS):
            return
        digests = {name: merging.digest(value) for name, value in sent.items()}
        edit = self.session.get(Edit, (self.device, table.name, id_))
        if edit is None:
            edit = Edit(device=self.device, table_name=table.name, row_id=id_, base_rev=base, digests=digests)
            self.session.add(edit)
        edit.base_rev, edit.digests, edit.at = base, digests, clock.now()
