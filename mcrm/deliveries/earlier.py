"""Edits of our own earlier messages: what the provider calls such a message is known only once it took it."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any
from uuid import UUID

from sqlalchemy import bindparam, select
from sqlalchemy.orm import Session

from mcrm.deliveries import ending
from mcrm.deliveries.models import Delivery, DeliveryState

if TYPE_CHECKING:
    from mcrm.deliveries.leasing import Leased

NOTHING_TO_EDIT = "nothing-to-edit"
WAITS_FOR_MESSAGE = "waits-for-message"
LOOK_AGAIN = timedelta(seconds=1)
STILL_TO_COME = frozenset({DeliveryState.QUEUED, DeliveryState.SENDING, DeliveryState.UNKNOWN})


def referring(session: Session, leased: Sequence["Leased"], now: datetime) -> list["Leased"]:
    """The same, but edits of earlier deliveries know the provider's id now; one query, and none without such edits.

    While nobody knows what became of that delivery the edit waits; where it reached nobody there is nothing to edit.
    """
    wanted = {one.edits for one in leased if one.edits is not None}
    if not wanted:
        return list(leased)
    rows = session.connection().execute(_EARLIER, {"b_ids": wanted})
    earlier: dict[UUID, Any] = {row.id: row for row in rows}
    ready = []
    for one in leased:
        found = earlier.get(one.edits) if one.edits is not None else None
        if one.edits is None:
            ready.append(one)
        elif found is not None and found.state in STILL_TO_COME:
            edit = session.get_one(Delivery, one.outgoing.id)
            ending.requeue(session, edit, at=max(now, found.not_before) + LOOK_AGAIN, reason=WAITS_FOR_MESSAGE)
        elif found is not None and found.provider_id is not None:
            ready.append(replace(one, outgoing=replace(one.outgoing, reference=found.provider_id)))
        else:
            ending.end(session.get_one(Delivery, one.outgoing.id), DeliveryState.EXPIRED, NOTHING_TO_EDIT, now)
    return ready


_deliveries: Any = Delivery.__table__
_EARLIER = select(_deliveries.c.id, _deliveries.c.state, _deliveries.c.provider_id, _deliveries.c.not_before).where(
    _deliveries.c.id.in_(bindparam("b_ids", expanding=True))
)
