"""Taking in what a device did: one transaction, a savepoint for each row (an order with its lines).

A row that is refused is named with a code and a sentence and holds nothing else back. Devices make the ids, so a push
that is sent again changes nothing. What met another edit, or came for a row that is gone, is kept as a conflict.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import marshmallow as ma
from sqlalchemy import select
from sqlalchemy.exc import DataError, IntegrityError
from sqlalchemy.orm import Session
from sqlalchemy.orm.exc import StaleDataError

from mcrm.access.models import SignIn
from mcrm.actors import Actor
from mcrm.api.fields import clean_text
from mcrm.errors import Conflict as Refusal
from mcrm.errors import DomainError
from mcrm.interactions import places, positions
from mcrm.interactions.log import read_cursor
from mcrm.interactions.positions import ChangedRow
from mcrm.sync import devices, errors, pulling, scopes
from mcrm.sync.changes import ENDED_LAST, PARTS
from mcrm.sync.tables import TABLES, identifier
from mcrm.sync.taking import PART_TABLES, Aggregate, Record, Taking
from mcrm.transaction import pending

Changes = Mapping[str, Mapping[str, Sequence[Any]]]
LONGEST_ID = 64
REFUSING = (DomainError, ma.ValidationError, IntegrityError, DataError, ValueError)
"""What a use case raises over one record, which holds back no other."""


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


def push(session: Session, actor: Actor, *, changes: Changes, last_pulled_at: int, region: str) -> Pushed:
    """Take in the changes of a device; raises PullFirst after a restore, when its revisions mean nothing any more.

    Pushes of one sign-in wait for each other, so that the same push sent twice at once is taken once.
    """
    session.execute(select(SignIn.id).where(SignIn.id == actor.session_id).with_for_update())
    epoch, position = pulling.head(session.connection())
    if last_pulled_at and (read_cursor(last_pulled_at)[0] != epoch or read_cursor(last_pulled_at)[1] > position):
        raise errors.PullFirst
    if not last_pulled_at:
        devices.write_first(session, actor)
    pending(session).origin = actor.session_id
    scope = scopes.scope_of(session.connection(), actor)
    taking = Taking(session, actor, scope, region, silent_since=devices.hear(session, actor))
    taking.look_ahead(_named(changes))
    pushed = Pushed(pulling.now(session.connection()))
    seen: set[tuple[str, str]] = set()
    for aggregate in _aggregates(changes):
        place = (aggregate.table, _shown(aggregate.record.get("id")))
        if place[1] and place in seen:
            pushed.refuse(*place, errors.Twice.code, errors.Twice().detail, dirty=False)
        else:
            seen.add(place)
            _take(taking, aggregate, pushed)
    for table, id_ in _deletions(changes):
        _take_deletion(taking, table, id_, pushed)
    _require_within(session, taking.scope)
    return pushed


def _require_within(session: Session, scope: scopes.Scope) -> None:
    """Raise StaleDataError, so that the push is taken anew, when an account moved away while it was written below.

    The rows would lie in another territory, and the device that made them would keep them for ever.
    """
    if scope.everything:
        return
    session.flush()
    connection, queue = session.connection(), pending(session)
    queue.extend(places.stand_still(connection, queue))
    written = [entry for entry in queue if isinstance(entry, ChangedRow) and entry.table in TABLES and not entry.left]
    for row in places.placed(connection, positions.last_of_each(written)):
        if row.territory_id is not None and row.territory_id not in scope.territories:
            raise StaleDataError("an account has moved away meanwhile")


def count(changes: Changes) -> int:
    """How many records a push holds."""
    return sum(len(records) for lists in changes.values() for records in lists.values())


def _aggregates(changes: Changes) -> Iterator[Aggregate]:
    """Records that were made or changed, parents before children, parts with what they are parts of."""
    parts = {whole: _by_whole(changes, *PARTS[whole]) for whole in PARTS}
    for name in [*TABLES, *sorted(changes.keys() - TABLES.keys())]:
        if name in PART_TABLES:
            yield from _loose_parts(name, changes)
            continue
        found = parts.get(name, {})
        for record in _records(changes, name):
            if name in ENDED_LAST and record.get("_status") != "created":
                continue
            id_ = record.get("id")
            yield Aggregate(name, record, tuple(found.get(id_, ())) if isinstance(id_, str) else ())
    for name in sorted(ENDED_LAST):
        yield from (Aggregate(name, record) for record in _records(changes, name) if record.get("_status") != "created")


def _named(changes: Changes) -> dict[str, list[UUID]]:
    """The ids of the records of a push, by table; what is none is refused later."""
    ids = {name: [identifier(record.get("id")) for record in _records(changes, name)] for name in TABLES}
    return {name: [id_ for id_ in found if id_ is not None] for name, found in ids.items() if found}


def _records(changes: Changes, name: str) -> list[Record]:
    lists = changes.get(name, {})
    made = [{**record, "_status": "created"} for record in lists.get("created", ())]
    return [*made, *lists.get("updated", ())]


def _by_whole(changes: Changes, table: str, column: str) -> dict[str, list[Record]]:
    """The records that are parts, by the id of what they are parts of."""
    found: dict[str, list[Record]] = defaultdict(list)
    for part in _records(changes, table):
        if isinstance(part.get(column), str):
            found[part[column]].append(part)
    return found


def _loose_parts(name: str, changes: Changes) -> Iterator[Aggregate]:
    """Parts whose whole is not in the push."""
    whole, column = PART_TABLES[name]
    wholes = {id_ for record in _records(changes, whole) if isinstance(id_ := record.get("id"), str)}
    for part in _records(changes, name):
        id_ = part.get(column)
        if not isinstance(id_, str) or id_ not in wholes:
            yield Aggregate(name, part)


def _deletions(changes: Changes) -> Iterator[tuple[str, str]]:
    """Children before parents."""
    for name in reversed(list(TABLES)):
        yield from ((name, id_) for id_ in changes.get(name, {}).get("deleted", ()) if isinstance(id_, str))


def _take(taking: Taking, aggregate: Aggregate, pushed: Pushed) -> None:
    table, record = aggregate.table, aggregate.record
    decided: list[dict[str, Any]] = []
    try:
        with taking.session.begin_nested():
            decided = taking.upsert(aggregate)
    except REFUSING as error:
        taking.ahead.look_again()
        if isinstance(error, errors.RecordMoved | errors.RecordDeleted):
            decided = taking.keep(table, record, error)
            is_forgotten = not decided
        else:
            is_forgotten = isinstance(error, errors.RecordForgotten)
        if is_forgotten:
            _undo(taking, table, record, pushed, is_there=not isinstance(error, errors.RecordDeleted))
            return
        code, detail = _words(error)
        pushed.refuse(table, _shown(record.get("id")), code, detail)
        for part in aggregate.parts:
            lost = errors.WithItsOrder()
            pushed.refuse(PARTS[table][0], _shown(part.get("id")), lost.code, lost.detail)
        if table in PARTS and isinstance(error, DomainError) and not code.startswith("sync."):
            decided = taking.refused(aggregate, error)
    pushed.conflicts += decided


def _undo(taking: Taking, table: str, record: Record, pushed: Pushed, *, is_there: bool = True) -> None:
    """It is about somebody who was forgotten: the device does not keep its change as unsent.

    A row that is there comes again with the next pull, as it stands.
    """
    error = errors.RecordForgotten()
    pushed.refuse(table, _shown(record.get("id")), error.code, error.detail, dirty=False)
    if is_there and table != "contact_points" and (id_ := identifier(record.get("id"))) is not None:
        taking.send_again(table, id_)


def _take_deletion(taking: Taking, table: str, sent: str, pushed: Pushed) -> None:
    """A row that is not there, or not in reach, is deleted for the device already."""
    try:
        with taking.session.begin_nested():
            taking.delete(table, sent)
    except REFUSING as error:
        taking.ahead.look_again()
        code, detail = _words(error)
        pushed.refuse(table, _shown(sent), code, detail, dirty=False)
        if (id_ := identifier(sent)) is not None:  # the device has dropped it, whatever it is told
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
