"""What is not sent, and why, when a message goes to many: kept, so that the question has an answer later."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import insert, select
from sqlalchemy.orm import Session

from mcrm import clock
from mcrm.deliveries.models import Delivery, DeliveryState
from mcrm.deliveries.outgoing import Operation
from mcrm.ids import new_id


@dataclass(frozen=True, slots=True)
class Withheld:
    """One contact who does not get the message; `reason` is the policy's."""

    dedupe_key: str
    contact_id: UUID
    contact_point_id: UUID | None
    reason: str


def withhold_many(
    session: Session,
    withheld: Sequence[Withheld],
    *,
    channel: str,
    kind: str,
    purpose: str,
    priority: int,
    broadcast_id: UUID | None = None,
) -> int:
    """Store a suppressed delivery with its reason for each; how many were new.

    The log keeps what happened; that nothing did stands on the delivery alone.
    """
    keys = [one.dedupe_key for one in withheld]
    known = set(session.scalars(select(Delivery.dedupe_key).where(Delivery.dedupe_key.in_(keys)))) if keys else set()
    now = clock.now()
    rows: list[dict[str, Any]] = [
        {
            "id": new_id(),
            "created_at": now,
            "channel": channel,
            "operation": Operation.SEND.value,
            "purpose": purpose,
            "kind": kind,
            "priority": priority,
            "contact_id": one.contact_id,
            "contact_point_id": one.contact_point_id,
            "text": "",
            "state": DeliveryState.SUPPRESSED.value,
            "reason": one.reason,
            "not_before": now,
            "settled_at": now,
            "dedupe_key": one.dedupe_key,
            "broadcast_id": broadcast_id,
        }
        for one in withheld
        if one.dedupe_key not in known
    ]
    if rows:
        session.execute(insert(Delivery), rows)
    return len(rows)
