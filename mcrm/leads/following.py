"""What a device says became of a lead while it had no network, as the moves that lead there."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Self

from sqlalchemy.orm import Session

from mcrm.actors import Actor
from mcrm.leads import converting, service
from mcrm.leads.errors import IllegalLeadMove, LossReasonNeeded
from mcrm.leads.models import Lead, LeadLoss, LeadStatus
from mcrm.leads.service import Touch


@dataclass(frozen=True, slots=True)
class Moved:
    """The status that a device shows, why the lead was lost, and when somebody first got in touch (device time)."""

    status: str | None
    reason: str | None
    touched_at: datetime | None

    @classmethod
    def of(cls, facts: dict[str, Any], touched_at: datetime | None) -> Self:
        """Taken out of what a device wrote."""
        return cls(facts.pop("status", None), facts.pop("lost_reason", None), touched_at)


def follow(session: Session, actor: Actor, lead: Lead, moved: Moved) -> Lead:
    """Bring a locked lead where the device shows it, by the moves that REST has; where it stands, nothing happens.

    Raises what these moves raise; LossReasonNeeded and IllegalLeadMove also for words that are none of theirs.
    """
    wanted = moved.status or lead.status
    if wanted not in list(LeadStatus):
        raise IllegalLeadMove("There is no such status.", field="status")
    if moved.touched_at is not None and lead.first_touched_at is not None:
        raise IllegalLeadMove("The first touch stands as it was told.", field="first_touched_at")
    if moved.reason is not None and (wanted != LeadStatus.LOST or lead.status == LeadStatus.LOST):
        raise IllegalLeadMove("A reason comes with the loss alone.", field="lost_reason")
    if lead.first_touched_at is None and (moved.touched_at is not None or wanted == LeadStatus.CONTACTED):
        service.touch(session, actor, lead, how=Touch.OTHER, at=moved.touched_at)
    if wanted == lead.status:
        return lead
    match LeadStatus(wanted):
        case LeadStatus.QUALIFIED:
            return service.qualify(session, actor, lead)
        case LeadStatus.LOST:
            if moved.reason not in list(LeadLoss):
                raise LossReasonNeeded(field="lost_reason")
            return service.lose(session, actor, lead, reason=LeadLoss(moved.reason))
        case LeadStatus.CONVERTED:
            return converting.convert(session, actor, lead_id=lead.id).lead
        case LeadStatus.NEW if lead.status == LeadStatus.LOST and moved.status is not None:
            return service.reopen(session, actor, lead)
    if wanted == LeadStatus.NEW and moved.touched_at is not None:
        return lead  # the touch that came with it has moved it on
    raise IllegalLeadMove(f"A lead that is {lead.status} does not become {wanted}.", field="status")
