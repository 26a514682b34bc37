"""The conflict inbox: what was decided between two edits, and edits of rows that were gone, until settled."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

import marshmallow as ma
import orjson
from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from mcrm import clock, keys
from mcrm.actors import Actor
from mcrm.ids import new_id
from mcrm.interactions import log
from mcrm.interactions.kinds import Kind
from mcrm.sync import scopes
from mcrm.sync.changes import CHANGES
from mcrm.sync.concerning import Whose
from mcrm.sync.errors import (
    ConflictSettled,
    ConflictUnknown,
    NothingToApply,
    NotJoined,
    OrderNotTaken,
    PriceStands,
    RecordInvalid,
)
from mcrm.sync.models import Applied, Choice, Conflict, ConflictKind, ConflictState
from mcrm.sync.tables import TABLES, Written
from mcrm.transaction import insert_once

WITHOUT_MINE = {ConflictKind.PRICE.value: PriceStands, ConflictKind.REFUSED.value: OrderNotTaken}
"""Kinds of conflicts in which the device's word cannot simply stand, and what is said instead."""


def keep(
    session: Session,
    actor: Actor,
    *,
    table: str,
    row_id: UUID,
    who: Whose,
    kind: ConflictKind,
    base_rev: int,
    mine: Mapping[str, Any],
    theirs: Mapping[str, Any] | None = None,
    applied: Applied = Applied.NOTHING,
) -> dict[str, Any]:
    """Keep a conflict, once however often its push is sent; as the answer to the push shows it.

    `who` it concerns is held by the caller, so that nothing is kept of somebody who was forgotten.
    """
    facts = {
        "device_id": actor.device_id,
        "table_name": table,
        "row_id": row_id,
        "kind": kind.value,
        "base_rev": base_rev,
        "mine": _plain(mine),
    }
    what = orjson.dumps([str(actor.id), {**facts, "row_id": str(row_id)}], option=orjson.OPT_SORT_KEYS)
    row = {
        "id": new_id(),
        "created_at": clock.now(),
        "user_id": actor.id,
        "fingerprint": keys.digest("sync-conflict", what.decode()),
        "theirs": _plain(theirs or {}),
        "applied": applied.value,
        "state": ConflictState.OPEN.value,
        **who._asdict(),
        **facts,
    }
    insert_once(session, Conflict, row, unique=["fingerprint"])
    stored = session.scalars(select(Conflict).where(Conflict.fingerprint == row["fingerprint"])).one()
    return {
        "id": stored.id,
        "table": table,
        "row_id": row_id,
        "kind": kind.value,
        "mine": stored.mine,
        "theirs": stored.theirs,
        "applied": stored.applied,
    }


def within_reach(query: Select[Any], actor: Actor) -> Select[Any]:
    """A query of conflicts, held to what somebody sees: all of them, or those of the own edits."""
    return query if actor.sees_all else query.where(Conflict.user_id == actor.id)


def reachable(session: Session, actor: Actor, conflict_id: UUID, *, lock: bool = False) -> Conflict:
    """The conflict, locked if asked; raises ConflictUnknown for an unknown and for a foreign one alike."""
    query = within_reach(select(Conflict), actor).where(Conflict.id == conflict_id)
    if lock:
        query = query.with_for_update().execution_options(populate_existing=True)
    conflict: Conflict | None = session.scalar(query)
    if conflict is None:
        raise ConflictUnknown
    return conflict


def settle(session: Session, actor: Actor, conflict_id: UUID, *, choice: Choice) -> Conflict:
    """Let the device's value (`mine`) or the server's (`theirs`) stand; by the use case of the row, with its rights.

    `both` leaves texts that were joined as they are. Raises ConflictUnknown, ConflictSettled, NotJoined for `both` of
    anything else, NothingToApply when the row is gone for the actor, PriceStands and OrderNotTaken for `mine` of an
    order, and what the use case raises.
    """
    conflict = reachable(session, actor, conflict_id, lock=True)
    if conflict.state == ConflictState.SETTLED:
        raise ConflictSettled
    if choice is Choice.MINE and conflict.kind in WITHOUT_MINE:
        raise WITHOUT_MINE[conflict.kind]
    if choice is Choice.BOTH and conflict.applied != Applied.BOTH:
        raise NotJoined
    if choice is Choice.MINE:
        _apply(session, actor, conflict, conflict.mine)
    elif choice is Choice.THEIRS and conflict.kind == ConflictKind.FIELD and conflict.applied != Applied.THEIRS:
        _apply(session, actor, conflict, conflict.theirs)
    _close(session, actor, conflict, choice)
    return conflict


def close(session: Session, actor: Actor, table: str, row_id: UUID) -> None:
    """The refused row has been taken after all: there is nothing to settle any more."""
    query = select(Conflict).where(Conflict.table_name == table, Conflict.row_id == row_id)
    query = query.where(Conflict.kind == ConflictKind.REFUSED.value, Conflict.state == ConflictState.OPEN.value)
    for conflict in session.scalars(query):
        _close(session, actor, conflict, Choice.MINE)


def _close(session: Session, actor: Actor, conflict: Conflict, choice: Choice) -> None:
    conflict.state, conflict.choice = ConflictState.SETTLED.value, choice.value
    conflict.settled_at, conflict.settled_by = clock.now(), actor.label
    about = log.About(subject=("sync-conflict", conflict.id))
    payload = {"table": conflict.table_name, "row_id": str(conflict.row_id), "choice": choice.value}
    log.append(session, actor, Kind.SYNC_CONFLICT_SETTLED, about=about, payload=payload)


def _apply(session: Session, actor: Actor, conflict: Conflict, values: Mapping[str, Any]) -> None:
    connection = session.connection()
    scope = scopes.scope_of(connection, actor)
    table = TABLES[conflict.table_name]
    current = next(scopes.rows_by_id(connection, table, scope, [conflict.row_id]), None)
    edit = CHANGES[conflict.table_name].edit if conflict.table_name in CHANGES else None
    if current is None or edit is None:
        raise NothingToApply
    editable = table.written(Written.ALWAYS)
    try:
        edit(session, actor, conflict.row_id, {name: value for name, value in values.items() if name in editable})
    except ma.ValidationError:
        raise RecordInvalid from None


def _plain(values: Mapping[str, Any]) -> dict[str, Any]:
    """As JSON holds it: ids are texts."""
    return {name: str(value) if isinstance(value, UUID) else value for name, value in values.items()}
