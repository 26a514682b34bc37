"""One use case for all that people write down: a fact of the log, and the next step as a task.

The words travel to devices with the fact; who took part, how long it took and what came of it stand in its payload.
"""

import json
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from mcrm import clock
from mcrm.activities.errors import ActivityAboutNobody, ActivityIdTaken, OutcomeElsewhere
from mcrm.actors import Actor
from mcrm.contacts import notes
from mcrm.contacts import service as contacts
from mcrm.ids import new_id
from mcrm.interactions.kinds import Kind
from mcrm.interactions.models import Interaction
from mcrm.tasks import service as tasks


class ActivityKind(StrEnum):
    """What people write down."""

    NOTE = Kind.NOTE_ADDED.value
    CALL = Kind.CALL_LOGGED.value
    MEETING = Kind.MEETING_LOGGED.value


class ActivityOutcome(StrEnum):
    """What came of a call or of a meeting."""

    REACHED = "reached"
    LEFT_MESSAGE = "left_message"
    NO_ANSWER = "no_answer"
    WRONG_NUMBER = "wrong_number"
    HELD = "held"
    NO_SHOW = "no_show"


OUTCOMES: dict[ActivityKind, frozenset[ActivityOutcome]] = {
    ActivityKind.NOTE: frozenset(),
    ActivityKind.CALL: frozenset(
        {
            ActivityOutcome.REACHED,
            ActivityOutcome.LEFT_MESSAGE,
            ActivityOutcome.NO_ANSWER,
            ActivityOutcome.WRONG_NUMBER,
        }
    ),
    ActivityKind.MEETING: frozenset({ActivityOutcome.HELD, ActivityOutcome.NO_SHOW}),
}


@dataclass(frozen=True, slots=True)
class Activity:
    """A note, a call or a meeting as it is shown; `task_id` is the next step that was made with it."""

    id: UUID
    kind: str
    at: datetime
    author: str
    account_id: UUID | None
    contact_id: UUID | None
    text: str | None = None
    duration_s: int | None = None
    outcome: str | None = None
    participant_ids: tuple[UUID, ...] = ()
    task_id: UUID | None = None


def write_down(
    session: Session,
    actor: Actor,
    *,
    kind: ActivityKind,
    text: str | None = None,
    account_id: UUID | None = None,
    contact_id: UUID | None = None,
    at: datetime | None = None,
    id: UUID | None = None,
    duration_s: int | None = None,
    outcome: ActivityOutcome | None = None,
    participant_ids: Collection[UUID] = (),
    next_step: str | None = None,
    due_at: datetime | None = None,
) -> Activity:
    """Write down a note, a call or a meeting about an account or a contact within reach, with the next step.

    `at` is when it happened (device time, never later than now counts). An `id` that a device made: sent again, it is
    answered with what is stored. Raises ActivityAboutNobody, OutcomeElsewhere, ActivityIdTaken, and AccountUnknown,
    ContactUnknown or ContactErased.
    """
    if account_id is None and contact_id is None:
        raise ActivityAboutNobody(field="account_id")
    if outcome is not None and outcome not in OUTCOMES[kind]:
        raise OutcomeElsewhere(field="outcome")
    contact = None if contact_id is None else contacts.reachable(session, actor, contact_id, field="contact_id")
    if contact is not None:
        contacts.hold(session, contact.id)
    if account_id is None and contact is not None:
        account_id = contact.account_id
    if id is not None and (known := _known(session, id)) is not None:
        if (known.kind, known.account_id, known.contact_id) != (kind.value, account_id, contact_id):
            raise ActivityIdTaken(field="id")
        return known
    for one in participant_ids:
        contacts.reachable(session, actor, one, field="participant_ids")
    step = None
    if next_step is not None:
        person = _belonging(contact, account_id)
        step = tasks.add(session, actor, title=next_step, due_at=due_at, account_id=account_id, contact_id=person)
    made = Activity(
        id or new_id(),
        kind.value,
        min(at or clock.now(), clock.now()),
        actor.label,
        account_id,
        contact_id,
        text,
        duration_s,
        outcome and outcome.value,
        tuple(participant_ids),
        None if step is None else step.id,
    )
    about: dict[str, Any] = {"account_id": account_id, "contact_id": contact_id}
    notes.write_down(
        session, actor, kind=Kind(made.kind), text=text, at=made.at, id=made.id, facts=_facts(made), **about
    )
    return made


def _facts(made: Activity) -> dict[str, Any]:
    """What the log keeps of an activity beside its words; `_known` reads it back."""
    facts = {
        "duration_s": made.duration_s,
        "outcome": made.outcome,
        "participant_ids": [str(one) for one in made.participant_ids] or None,
        "task_id": made.task_id and str(made.task_id),
    }
    return {name: value for name, value in facts.items() if value is not None}


def _belonging(contact: Any, account_id: UUID | None) -> UUID | None:
    """The contact, if the account is theirs: a task's contact always belongs to its account."""
    return contact.id if contact is not None and contact.account_id == account_id else None


def _known(session: Session, id: UUID) -> Activity | None:
    """What the log holds under an id."""
    fact = session.scalar(select(Interaction).where(Interaction.id == id))
    if fact is None:
        return None
    payload = json.loads(fact.payload) if fact.payload else {}  # an erased one is empty
    return Activity(
        fact.id,
        fact.kind,
        fact.at,
        fact.actor,
        fact.account_id,
        fact.contact_id,
        payload.get("text"),
        payload.get("duration_s"),
        payload.get("outcome"),
        tuple(UUID(one) for one in payload.get("participant_ids", ())),
        UUID(payload["task_id"]) if "task_id" in payload else None,
    )
