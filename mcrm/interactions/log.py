"""Append to the log and read it: a contact's timeline, and the tail of everything by position."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from mcrm import clock
from mcrm.actors import Actor, Role
from mcrm.db import canonical
from mcrm.ids import new_id
from mcrm.interactions.errors import TooMuchToLog
from mcrm.interactions.kinds import AFTERWARDS, LOGGED_BY_REPS, Kind
from mcrm.interactions.models import OF_STRANGERS, POSITIONS_PER_EPOCH, Interaction, LogHead
from mcrm.interactions.places import LOG
from mcrm.interactions.positions import ChangedRow
from mcrm.interactions.remembering import hold_account, hold_contact
from mcrm.transaction import pending

LARGEST_PAYLOAD = 64_000  # characters: the longest text holds 10,000, and JSON may write each as six


@dataclass(frozen=True, slots=True)
class About:
    """Whom and what a fact concerns; ids only, never names or numbers."""

    contact_id: UUID | None = None
    account_id: UUID | None = None
    contact_point_id: UUID | None = None
    subject: tuple[str, UUID] | None = None


def append(
    session: Session,
    actor: Actor,
    kind: Kind,
    *,
    about: About | None = None,
    payload: dict[str, Any] | None = None,
    at: datetime | None = None,
    direction: str | None = None,
    channel: str | None = None,
    id: UUID | None = None,
) -> UUID:
    """Append one fact to the session's transaction; its id. It gets its position when the transaction commits.

    `at` defaults to now and must be aware; `direction` is `in` or `out` for messages. Whoever passes an `id` that a
    device made has answered replays. Raises TooMuchToLog for a payload over 64,000 characters, ValueError for one that
    cannot be stored exactly (NaN, NUL, lone surrogates), ContactErased and AccountErased where it is about somebody who
    was forgotten: at once and not at commit.
    """
    about = about or About()
    if kind not in AFTERWARDS and actor.role is not Role.SYSTEM:
        _hold(session, about)
    words = canonical(payload or {})
    if len(words) > LARGEST_PAYLOAD:
        raise TooMuchToLog()
    if at is not None and at.tzinfo is None:
        raise ValueError("a time without a zone cannot be stored")
    fact_id = id or new_id()
    fact = {
        "id": fact_id,
        "at": at or clock.now(),
        "kind": Kind(kind).value,
        "actor": actor.label,
        "channel": channel or actor.channel.value,
        "direction": direction,
        "contact_id": about.contact_id,
        "account_id": about.account_id,
        "contact_point_id": about.contact_point_id,
        "subject_type": about.subject and about.subject[0],
        "subject_id": about.subject and about.subject[1],
        "payload": words,
    }
    pending(session).append(fact)
    if kind in LOGGED_BY_REPS and about.account_id is not None:
        pending(session).append(ChangedRow(LOG, fact_id, "upsert", within=("accounts", about.account_id), rev=1))
    return fact_id


def _hold(session: Session, about: About) -> None:
    if about.contact_id is not None:
        hold_contact(session, about.contact_id)
    elif about.account_id is not None:
        hold_account(session, about.account_id)


def timeline(
    session: Session,
    contact_ids: Sequence[UUID],
    *,
    before: int | None = None,
    after: int | None = None,
    kinds: Sequence[str] = (),
    channels: Sequence[str] = (),
    limit: int = 50,
) -> list[Interaction]:
    """The newest committed facts about these contacts (one person may be several), newest first.

    Only those below the position `before` and above `after`.
    """
    query = select(Interaction).order_by(Interaction.position.desc()).limit(limit)
    query = (
        query.where(Interaction.contact_id.in_(contact_ids))
        if len(contact_ids) != 1
        else query.where(Interaction.contact_id == contact_ids[0])
    )
    if before is not None:
        query = query.where(Interaction.position < before)
    if after is not None:
        query = query.where(Interaction.position > after)
    if kinds:
        query = query.where(Interaction.kind.in_(kinds))
    if channels:
        query = query.where(Interaction.channel.in_(channels))
    return list(session.scalars(query))


def of_stranger(
    session: Session, contact_point_id: UUID, *, before: int | None = None, kinds: Sequence[str] = (), limit: int = 50
) -> list[Interaction]:
    """The newest facts about an address while nobody knew whose it is, newest first, below `before`."""
    query = select(Interaction).where(
        OF_STRANGERS, Interaction.contact_point_id == contact_point_id, Interaction.kind.in_(kinds)
    )
    if before is not None:
        query = query.where(Interaction.position < before)
    return list(session.scalars(query.order_by(Interaction.position.desc()).limit(limit)))


def tail(session: Session, *, after: int, limit: int = 1000) -> list[Interaction]:
    """Every committed fact after a position, oldest first; asking again after the last one misses nothing."""
    query = select(Interaction).where(Interaction.position > after).order_by(Interaction.position).limit(limit)
    return list(session.scalars(query))


def head(session: Session) -> tuple[int, int]:
    """(epoch, position) of the newest commit that this session sees."""
    row = session.execute(select(LogHead.epoch, LogHead.position)).one()
    return row[0], row[1]


def cursor(epoch: int, position: int) -> int:
    """What is handed out: one integer below 2^53, epoch * 2^40 + position."""
    return epoch * POSITIONS_PER_EPOCH + position


def read_cursor(value: int) -> tuple[int, int]:
    """(epoch, position) of a cursor that was handed out."""
    return divmod(value, POSITIONS_PER_EPOCH)
