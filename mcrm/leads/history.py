"""What happened to a lead, out of the log."""

import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from mcrm.interactions.models import ABOUT_LEADS, Interaction

MOST = 100


@dataclass(frozen=True, slots=True)
class LeadFact:
    """One fact about a lead; an erased one has an empty payload."""

    at: datetime
    kind: str
    actor: str
    payload: dict[str, Any]


def of(session: Session, lead_id: UUID) -> list[LeadFact]:
    """The newest facts about a lead, the newest first."""
    query = select(Interaction).where(ABOUT_LEADS, Interaction.subject_id == lead_id)
    facts = session.scalars(query.order_by(Interaction.position.desc()).limit(MOST))
    return [LeadFact(one.at, one.kind, one.actor, json.loads(one.payload) if one.payload else {}) for one in facts]
