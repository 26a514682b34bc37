"""Taking in one record of a push: made, merged, deleted, or kept for somebody to settle."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from mcrm import clock
from mcrm.accounts.models import ERASED, Account
from mcrm.actors import Actor
from mcrm.contacts.models import Contact, ContactPoint
from mcrm.errors import DomainError
from mcrm.interactions import places
from mcrm.interactions.positions import ChangedRow
from mcrm.leads.models import Lead, LeadStatus
from mcrm.money import in_major_units
from mcrm.orders.models import Order
from mcrm.sync import concerning, conflicts, errors, merging, scopes, telling
from mcrm.sync.ahead import Ahead
from mcrm.sync.changes import CHANGES, PART_FACTS, PARTS
from mcrm.sync.concerning import Whose
from mcrm.sync.handing import New, instant
from mcrm.sync.models import Applied, ConflictKind, Edit
from mcrm.sync.scopes import Scope
from mcrm.sync.tables import TABLES, SyncedTable, Written, by_name, identifier, storable
from mcrm.transaction import pending

Record = Mapping[str, Any]
PART_TABLES = {part: (whole, column) for whole, (part, column) in PARTS.items()}
NEVER_KEPT = {"visits": frozenset({"lat", "lon"})}
"""Columns that no conflict keeps: raw positions expire, and what waits to be settled does not."""


@dataclass(frozen=True, slots=True)
class Aggregate:
    """One record with the records that are its parts."""

    table: str
    record: Record
    parts: tuple[Record, ...] = ()


class Taking:
    """One push in hand: what its records are judged by."""

    def __init__(
        self, session: Session, actor: Actor, scope: Scope, region: str, *, silent_since: datetime | None = None
    ) -> None:
        """`region`: whose national phone numbers are understood; `silent_since`: since when the device was offline."""
        self.session = session
        self.actor = actor
        self.scope = scope
        self.region = region
        self.device = f"{actor.id}:{actor.device_id}"
        self.silent_since = silent_since
        self.ahead = Ahead(session, scope, self.device, {})
        self.remembered: set[tuple[str, UUID]] = set()

    def look_ahead(self, wanted: Mapping[str, Sequence[UUID]]) -> None:
        """Read at once what stands of the rows of these ids, by table."""
        self.ahead = Ahead(self.session, self.scope, self.device, wanted)

    def upsert(self, aggregate: Aggregate) -> list[dict[str, Any]]:
        """Make the row, or merge the edit into the one that is there; the conflicts that were decided."""
        table, record = by_name(aggregate.table), aggregate.record
        if table is None:
            raise errors.TableUnknown
        if (id_ := identifier(record.get("id"))) is None:
            raise errors.IdInvalid
        for one, of in [(record, table), *((part, TABLES[PARTS[table.name][0]]) for part in aggregate.parts)]:
            _require_storable(of, one)
        current = self._current(table, id_)
        if current is None:
            self._require_new(table, id_)
            return self._create(table, id_, aggregate)
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
        lies_in = None
        if not TABLES[name].shared:
            lies_in = places.territories(self.session.connection(), [(name, id_)]).get((name, id_))
        pending(self.session).append(ChangedRow(name, id_, "upsert", lies_in))

    def keep(self, name: str, record: Record, why: DomainError) -> list[dict[str, Any]]:
        """Keep an edit of a row that is gone, for somebody to settle; nothing of one about a forgotten person."""
        kind = ConflictKind.MOVED if isinstance(why, errors.RecordMoved) else ConflictKind.DELETED
        changed = frozenset(str(record.get("_changed") or "").split(","))
        written = TABLES[name].written(Written.ONCE, Written.ALWAYS).keys() - NEVER_KEPT.get(name, frozenset())
        mine = {
            column: record[column] for column in written if column in record and column in (changed - {""} or written)
        }
        id_ = identifier(record["id"])
        assert id_ is not None
        who = concerning.whose(self.session, name, id_, record)
        if not concerning.hold(self.session, who):
            return []
        base = merging.base_of(record)
        kept = conflicts.keep(
            self.session, self.actor, table=name, row_id=id_, who=who, kind=kind, base_rev=base, mine=mine
        )
        return [kept]

    def refused(self, aggregate: Aggregate, why: DomainError) -> list[dict[str, Any]]:
        """Keep a refused order for its rep and the manager, and tell the rep's devices; once for the same order.

        Nothing of one that a forgotten person was to have.
        """
        table, (part_table, _) = TABLES[aggregate.table], PARTS[aggregate.table]
        id_ = identifier(aggregate.record["id"])
        assert id_ is not None
        assert self.actor.id is not None
        who = concerning.whose(self.session, aggregate.table, id_, aggregate.record)
        if not concerning.hold(self.session, who):
            return []
        lines = [_said(TABLES[part_table], part) for part in aggregate.parts]
        mine = _said(table, aggregate.record) | {part_table: lines}
        kept = conflicts.keep(
            self.session,
            self.actor,
            table=table.name,
            row_id=id_,
            who=who,
            kind=ConflictKind.REFUSED,
            base_rev=0,
            mine=mine,
            theirs={"code": why.code, "detail": why.detail},
        )
        text = telling.REFUSED.format(why=why.detail)
        event, title = "order.refused", telling.REFUSED_TITLE
        telling.tell(self.session, self.actor.id, event=event, about=kept["id"], title=title, text=text)
        return [kept]

    def _current(self, table: SyncedTable, id_: UUID) -> dict[str, Any] | None:
        self.session.flush()
        if self.ahead.holds(table.name, id_) and (
            (row := self.ahead.row(table.name, id_)) is not None or self.ahead.is_new(table.name, id_)
        ):
            return row
        return next(scopes.rows_by_id(self.session.connection(), table, self.scope, [id_]), None)

    def _require_new(self, table: SyncedTable, id_: UUID) -> None:
        """Raise unless nobody ever had a row of this id: a foreign one is refused like an unknown one."""
        if self.ahead.is_new(table.name, id_) and self.ahead.holds(table.name, id_):
            return
        match scopes.fate_of(self.session.connection(), table, self.scope, id_):
            case scopes.Fate.MOVED:
                raise errors.RecordForgotten if self._is_nobodys(table, id_) else errors.RecordMoved
            case scopes.Fate.DELETED:
                raise errors.RecordDeleted
            case scopes.Fate.FOREIGN:
                raise errors.RecordUnknown

    def _create(self, table: SyncedTable, id_: UUID, aggregate: Aggregate) -> list[dict[str, Any]]:
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
        row = offline.create(self.session, self.actor, made)
        self._remember(table, id_, 0, made.facts)
        if not isinstance(row, Order):
            return []
        conflicts.close(self.session, self.actor, table.name, id_)
        return [] if row.shown_total in (None, row.total) else [self._price_changed(row)]

    def _price_changed(self, order: Order) -> dict[str, Any]:
        """The order stands at the server's price, and everybody whom it concerns can see that another one was shown."""
        shown = order.shown_total
        assert shown is not None
        assert self.actor.id is not None
        kept = conflicts.keep(
            self.session,
            self.actor,
            table=Order.__tablename__,
            row_id=order.id,
            who=Whose(order.contact_id, order.account_id),
            kind=ConflictKind.PRICE,
            base_rev=0,
            mine={"total": shown},
            theirs={"total": order.total},
            applied=Applied.THEIRS,
        )
        amounts = {"shown": in_major_units(shown, order.currency), "now": in_major_units(order.total, order.currency)}
        text = telling.PRICE_CHANGED.format(number=order.number, **amounts)
        event, title = "order.price-changed", telling.PRICE_CHANGED_TITLE
        telling.tell(self.session, self.actor.id, event=event, about=kept["id"], title=title, text=text)
        return kept

    def _new(self, table: SyncedTable, id_: UUID, record: Record, parts: Sequence[New] = ()) -> New:
        written = table.written(Written.ONCE, Written.ALWAYS)
        facts = {name: record[name] for name in written if name in record and name != "created_at"}
        made_at = instant(record.get("created_at"), clock.now())
        return New(id_, made_at, facts, tuple(parts), self.region, self.silent_since)

    def _require_same_parts(self, name: str, id_: UUID, parts: Sequence[Record]) -> None:
        """A row with parts comes whole or not at all: a part that is not as it was stored came too late."""
        for part in parts:
            table, column = PARTS[name]
            part_id = identifier(part.get("id"))
            stored = None if part_id is None else self._current(TABLES[table], part_id)
            if (
                stored is None
                or stored[column] != id_
                or not all(merging.same(part.get(name), stored[name]) for name in PART_FACTS[table])
            ):
                raise errors.OrderPlaced

    def _edit(self, table: SyncedTable, id_: UUID, record: Record, current: dict[str, Any]) -> list[dict[str, Any]]:
        base, edit = merging.base_of(record), self._last_edit(table, id_)
        history = self.ahead.history(table.name, id_)
        others = merging.others_since(history, base=base, origin=self.actor.session_id)
        merged = merging.merge(table, record, current, edit=edit, others=others)
        if self._is_forgotten(table, id_, current):
            raise errors.RecordForgotten
        offline = CHANGES.get(table.name)
        if merged.values:
            if offline is None or offline.edit is None:
                raise errors.ReadOnly
            offline.edit(self.session, self.actor, id_, dict(merged.values))
        sent = {name: record[name] for name in table.written(Written.ALWAYS) if name in record}
        if merged.values or merged.conflicts:
            self._remember(table, id_, base, sent)
        if not merged.conflicts:
            return []
        who = concerning.whose(self.session, table.name, id_, current)
        return [
            conflicts.keep(
                self.session,
                self.actor,
                table=table.name,
                row_id=id_,
                who=who,
                kind=ConflictKind.FIELD,
                base_rev=base,
                mine={one.column: one.mine},
                theirs={one.column: one.theirs},
                applied=one.applied,
            )
            for one in merged.conflicts
        ]

    def _is_forgotten(self, table: SyncedTable, id_: UUID, current: Mapping[str, Any]) -> bool:
        """Whether the row is of somebody who was forgotten since: an older edit brings nothing of them back."""
        if ERASED not in (current.get("name"), current.get("title")):
            return False
        if table.name == Lead.__tablename__:
            return bool(current["status"] == LeadStatus.LOST)
        contact_id = id_ if table.name == Contact.__tablename__ else current.get("contact_id")
        account_id = id_ if table.name == Account.__tablename__ else current.get("account_id")
        theirs = or_(Contact.id == contact_id, Contact.account_id == account_id)
        forgotten = select(Contact.id).where(theirs, Contact.erased_at.is_not(None)).limit(1)
        return self.session.scalar(forgotten) is not None

    def _is_nobodys(self, table: SyncedTable, id_: UUID) -> bool:
        """Whether it is an address that nobody has any more: what a device says of it is kept for nobody."""
        if table.name != ContactPoint.__tablename__:
            return False
        point = self.session.get(ContactPoint, id_)
        return point is not None and point.contact_id is None

    def _remember(self, table: SyncedTable, id_: UUID, base: int, sent: Mapping[str, Any]) -> None:
        if not table.written(Written.ALWAYS):
            return
        digests = {name: merging.digest(value) for name, value in sent.items()}
        edit = self._last_edit(table, id_)
        if edit is None:
            edit = Edit(device=self.device, table_name=table.name, row_id=id_, base_rev=base, digests=digests)
            self.session.add(edit)
            self.remembered.add((table.name, id_))
        edit.base_rev, edit.digests, edit.at = base, digests, clock.now()

    def _last_edit(self, table: SyncedTable, id_: UUID) -> Edit | None:
        """What the device pushed last of a row; the database is asked only if this push made it."""
        if (edit := self.ahead.edit(table.name, id_)) is not None or (table.name, id_) not in self.remembered:
            return edit
        return self.session.get(Edit, (self.device, table.name, id_))


def _said(table: SyncedTable, record: Record) -> dict[str, Any]:
    """What a device wrote of a row."""
    return {name: record[name] for name in table.written(Written.ONCE, Written.ALWAYS) if name in record}


def _require_storable(table: SyncedTable, record: Record) -> None:
    for column in table.columns:
        if column.written is not Written.NEVER and not storable(column, record.get(column.name)):
            raise errors.RecordInvalid(f"{column.name}: must be a {column.type} that can be stored.", field=column.name)
