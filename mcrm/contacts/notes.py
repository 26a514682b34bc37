"""What people write down about a customer: a note, a call, a meeting. A fact of the log, and no row besides."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from mcrm.accounts import service as accounts
from mcrm.actors import Actor
from mcrm.contacts import service as contacts
from mcrm.interactions import log
from mcrm.interactions.kinds import Kind


def write_down(
    session: Session,
    actor: Actor,
    *,
    kind: Kind,
    text: str | None,
    account_id: UUID | None = None,
    contact_id: UUID | None = None,
    at: datetime | None = None,
    id: UUID | None = None,
    facts: Mapping[str, Any] | None = None,
) -> UUID:
    """Note, call or meeting (a kind of LOGGED_BY_REPS) about an account or a contact within reach; the fact's id.

    `at` is when it happened, `facts` what else is known of it. An `id` that a device made must not have been written
    before. Raises AccountUnknown, ContactUnknown.
    """
    if contact_id is not None:
        contact = contacts.reachable(session, actor, contact_id, field="contact_id")
        account_id = account_id or contact.account_id
    if account_id is not None:
        accounts.reachable(session, actor, account_id, field="account_id")
    payload: dict[str, Any] = dict(facts or {}) if text is None else {**(facts or {}), "text": text}
    about = log.About(contact_id=contact_id, account_id=account_id)
    return log.append(session, actor, kind, about=about, payload=payload, at=at, id=id)
