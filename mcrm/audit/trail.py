"""An act of the administration: one fact in the log, and one entry in the audit that says which fields it touched."""

from collections.abc import Iterable
from typing import Any
from uuid import UUID

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from mcrm.actors import Actor
from mcrm.audit.models import AuditEntry
from mcrm.interactions import log
from mcrm.interactions.kinds import Kind
from mcrm.interactions.log import About


def record(
    session: Session,
    actor: Actor,
    kind: Kind,
    *,
    subject: tuple[str, UUID],
    fields: Iterable[str] = (),
    about: About | None = None,
    payload: dict[str, Any] | None = None,
) -> None:
    """Log the fact, and note who did it to what within which request.

    `fields` are names, never values: what was written may be personal. `about` says more than the subject if given;
    `payload` goes into the log alone and defaults to the names.
    """
    named = sorted(fields)
    facts = payload if payload is not None else {"fields": named}
    log.append(session, actor, kind, about=about or About(subject=subject), payload=facts)
    session.add(
        AuditEntry(
            actor=actor.label,
            action=kind.value,
            subject_type=subject[0],
            subject_id=subject[1],
            fields=named,
            request_id=actor.request_id,
        )
    )


def entries(**wanted: Any) -> Select[AuditEntry]:
    """The entries whose columns have these values; `since` (with it) and `until` (without it) bound their time."""
    query = select(AuditEntry)
    for name, value in wanted.items():
        if value is None:
            continue
        if name == "since":
            query = query.where(AuditEntry.created_at >= value)
        elif name == "until":
            query = query.where(AuditEntry.created_at < value)
        else:
            query = query.where(getattr(AuditEntry, name) == value)
    return query
