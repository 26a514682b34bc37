"""Bulk changes: the same change for every row that a filter finds, counted first, then a few rows a transaction.

Each row goes through the ordinary use case, with the rights that its author has at that moment; one that is refused
says why and costs the others nothing.
"""

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import marshmallow as ma
from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session

from mcrm import clock, filters
from mcrm.accounts import service as accounts
from mcrm.accounts.models import Account
from mcrm.accounts.schemas import AccountChangeSchema, AccountQuery
from mcrm.actors import Actor
from mcrm.api.fields import Uuid
from mcrm.api.paging import PAGING
from mcrm.bulk.acting import MAY_CHANGE, actor_of, require
from mcrm.bulk.errors import NotYours
from mcrm.bulk.models import Outcome
from mcrm.bulkchanges.errors import BulkChangeOver, BulkChangeUnknown
from mcrm.bulkchanges.models import BulkChange, BulkChangeRow, ChangeState
from mcrm.contacts import service as contacts
from mcrm.contacts.models import Contact
from mcrm.contacts.schemas import ContactChangeSchema, ContactQuery
from mcrm.custom_fields.schemas import PREFIX
from mcrm.errors import DomainError
from mcrm.interactions import log
from mcrm.interactions.kinds import Kind
from mcrm.interactions.log import About
from mcrm.products import service as products
from mcrm.products.models import Product
from mcrm.products.schemas import ProductChangeSchema, ProductQuery
from mcrm.transaction import TOPIC_ENGINES, announce

PAGE = 20  # on SQLite the whole page is lock time
Filter = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Target:
    """What can be changed in bulk: the list's own filters, what may be set, how rows are found and changed."""

    model: Any
    filters: ma.Schema
    changes: ma.Schema
    found: Callable[..., Select[Any]]
    change: Callable[..., Any]


UNIQUE = ("number", "code")  # nobody gives many rows the same of these
TARGETS = {
    "contacts": Target(
        Contact,
        ContactQuery(exclude=PAGING),
        ContactChangeSchema(exclude=UNIQUE[:1]),
        filters.contacts,
        contacts.change,
    ),
    "accounts": Target(
        Account,
        AccountQuery(exclude=PAGING),
        AccountChangeSchema(exclude=UNIQUE[:1]),
        filters.accounts,
        accounts.change,
    ),
    "products": Target(
        Product,
        ProductQuery(exclude=PAGING),
        ProductChangeSchema(exclude=UNIQUE[1:]),
        lambda session, actor, **wanted: filters.products(actor, **wanted),
        products.change,
    ),
}


def count(session: Session, actor: Actor, *, resource: str, filter: Filter, changes: dict[str, Any]) -> BulkChange:
    """Say how many rows the filter finds, and keep the change; nothing is changed yet.

    Raises NotYours, and NoSuchField or ValueInvalid for a custom field that the filter names.

    `filter` and `changes` are in the form of the wire, and have been through the target's schemas.
    """
    require(actor, MAY_CHANGE, resource)
    found = _found(session, actor, TARGETS[resource], filter).subquery()
    made = BulkChange(
        resource=resource,
        filter=dict(filter),
        changes=changes,
        actor=actor.label,
        user_id=actor.id,
        matching=session.scalar(select(func.count()).select_from(found)) or 0,
    )
    session.add(made)
    _tell(session, actor, Kind.BULK_CHANGE_COUNTED, made, {"resource": resource, "matching": made.matching})
    return made


def changes_of(actor: Actor) -> Select[BulkChange]:
    """The bulk changes somebody sees: all of them, or the own ones."""
    query = select(BulkChange)
    return query if actor.sees_all else query.where(BulkChange.user_id == actor.id)


def reachable(session: Session, actor: Actor, change_id: UUID) -> BulkChange:
    """The bulk change; raises BulkChangeUnknown for an unknown and for a foreign one alike."""
    found = session.scalar(changes_of(actor).where(BulkChange.id == change_id))
    if found is None:
        raise BulkChangeUnknown
    return found


def rows_of(change: BulkChange) -> Select[BulkChangeRow]:
    """How each row ended."""
    return select(BulkChangeRow).where(BulkChangeRow.bulk_change_id == change.id)


def start(session: Session, actor: Actor, change: BulkChange) -> BulkChange:
    """Let it run. Raises BulkChangeOver unless it was only counted, and NotYours."""
    require(actor, MAY_CHANGE, change.resource)
    if change.state != ChangeState.COUNTED:
        raise BulkChangeOver
    change.state, change.started_at = ChangeState.RUNNING.value, clock.now()
    change.user_id, change.actor = actor.id, actor.label
    _tell(session, actor, Kind.BULK_CHANGE_STARTED, change, {})
    return change


def cancel(session: Session, actor: Actor, change: BulkChange) -> BulkChange:
    """Stop it: what is changed stays changed. Raises BulkChangeOver."""
    if change.state not in (ChangeState.COUNTED, ChangeState.RUNNING):
        raise BulkChangeOver
    change.state, change.finished_at = ChangeState.CANCELLED.value, clock.now()
    _tell(session, actor, Kind.BULK_CHANGE_CANCELLED, change, {"done": change.done})
    return change


def step(session: Session) -> bool:
    """Change the next rows of the oldest bulk change under way; False when there is none."""
    running = session.scalar(
        select(BulkChange)
        .where(BulkChange.state == ChangeState.RUNNING.value)
        .order_by(BulkChange.id)
        .limit(1)
        .with_for_update(skip_locked=True)
    )
    if running is None:
        return False
    actor = actor_of(session, running.user_id)
    try:
        if actor is None:
            raise NotYours
        require(actor, MAY_CHANGE, running.resource)
        rows = _next_page(session, actor, running)
    except DomainError:  # he may not any more, or a custom field that the filter names is gone
        running.state, running.finished_at = ChangeState.CANCELLED.value, clock.now()
        return True
    outcomes = Counter(running.counts)
    for row in rows:
        outcomes[_changed(session, actor, running, row)] += 1
        running.done, running.after_id = running.done + 1, row.id
    running.counts = dict(outcomes)
    if len(rows) < PAGE:
        running.state, running.finished_at = ChangeState.FINISHED.value, clock.now()
        _tell(session, actor, Kind.BULK_CHANGE_FINISHED, running, dict(outcomes))
    return True


def _next_page(session: Session, actor: Actor, running: BulkChange) -> list[Any]:
    """By id, so that a row which the change takes out of the filter moves no other; what came later is not meant."""
    target = TARGETS[running.resource]
    query = _found(session, actor, target, running.filter).where(target.model.created_at <= running.started_at)
    if running.after_id is not None:
        query = query.where(target.model.id > running.after_id)
    return list(session.scalars(query.order_by(target.model.id).limit(PAGE)))


def _found(session: Session, actor: Actor, target: Target, stored: Filter) -> Select[Any]:
    """What a stored filter finds now: every filter of the list counts, or more would be changed than was asked."""
    custom = {name.removeprefix(PREFIX): text for name, text in stored.items() if name.startswith(PREFIX)}
    wanted: dict[str, Any] = {name: value for name, value in stored.items() if not name.startswith(PREFIX)}
    for name in wanted:
        if isinstance(target.filters.fields[name], Uuid):
            wanted[name] = UUID(wanted[name])
    return target.found(session, actor, **wanted, **({"custom": custom} if custom else {}))


def _changed(session: Session, actor: Actor, running: BulkChange, row: Any) -> str:
    target, code, detail = TARGETS[running.resource], "", ""
    before = row.rev
    try:
        with session.begin_nested():
            target.change(session, actor, row, dict(target.changes.load(running.changes)))
        outcome = Outcome.UPDATED if row.rev != before else Outcome.UNCHANGED
    except DomainError as error:
        outcome, code, detail = Outcome.REJECTED, error.code, error.detail[:200]
    facts = {"outcome": outcome.value, "code": code, "detail": detail}
    session.add(BulkChangeRow(bulk_change_id=running.id, subject_id=row.id, **facts))
    return outcome.value


def _tell(session: Session, actor: Actor, kind: Kind, change: BulkChange, payload: dict[str, Any]) -> None:
    session.flush()
    log.append(session, actor, kind, about=About(subject=("bulk-change", change.id)), payload=payload)
    announce(session, TOPIC_ENGINES)
