"""Leads and opportunities as devices hand them over, each by the use case that REST calls too."""

from datetime import UTC, datetime
from uuid import UUID

from sqlalchemy.orm import Session

from mcrm.actors import Actor
from mcrm.leads import following
from mcrm.leads import service as leads
from mcrm.leads.schemas import LeadChangeSchema, LeadInSchema
from mcrm.opportunities import reasons
from mcrm.opportunities import service as opportunities
from mcrm.opportunities.errors import IllegalOpportunityMove
from mcrm.opportunities.schemas import OpportunityChangeSchema, OpportunityInSchema
from mcrm.sync.handing import Facts, New, given, instant

NEW_LEAD, CHANGED_LEAD = LeadInSchema(), LeadChangeSchema()
NEW_OPPORTUNITY, CHANGED_OPPORTUNITY = OpportunityInSchema(), OpportunityChangeSchema()
NOWHERE = "ZZ"  # an edit does not say whose national numbers are meant: it brings +44…, or is refused
LOSS = ("loss_reason", "loss_detail")


def create_lead(session: Session, actor: Actor, new: New) -> object:
    """A lead that a device took in, and what became of it there already."""
    facts = given(new.facts)
    moved = following.Moved.of(facts, _touched_at(facts))
    loaded = NEW_LEAD.load(facts)
    lead = leads.create(session, actor, id=new.id, created_at=new.created_at, region=new.region, **loaded)
    return following.follow(session, actor, lead, moved)


def edit_lead(session: Session, actor: Actor, id: UUID, facts: Facts) -> object:
    """What a device wrote about a lead, and the move that its status asks for."""
    lead = leads.reachable(session, actor, id, lock=True)
    moved = following.Moved.of(facts, _touched_at(facts))
    if facts:
        leads.change(session, actor, lead, CHANGED_LEAD.load(facts), region=NOWHERE)
    return following.follow(session, actor, lead, moved)


def create_opportunity(session: Session, actor: Actor, new: New) -> object:
    """An opportunity that a device opened."""
    facts = given(new.facts)
    loaded = NEW_OPPORTUNITY.load({name: value for name, value in facts.items() if name not in LOSS})
    return opportunities.begin(session, actor, id=new.id, created_at=new.created_at, **loaded)


def edit_opportunity(session: Session, actor: Actor, id: UUID, facts: Facts) -> object:
    """What a device wrote about an opportunity, and the move that its stage asks for."""
    found = opportunities.reachable(session, actor, id, lock=True)
    moved = {name: facts.pop(name) for name in ("stage", *LOSS) if name in facts}
    if facts:
        opportunities.change(session, actor, found, CHANGED_OPPORTUNITY.load(facts))
    if (stage := moved.get("stage")) is None:
        if moved:
            raise IllegalOpportunityMove("A reason comes with the loss alone.", field="loss_reason")
        return found
    reason, detail = (moved.get(name) for name in LOSS)
    if reason is not None:
        reasons.require(session, str(reason), field="loss_reason")
    return opportunities.move(session, actor, found, stage=str(stage), reason=reason, detail=detail)


def _touched_at(facts: Facts) -> datetime | None:
    value = facts.pop("first_touched_at", None)
    return None if not value else instant(value, datetime.max.replace(tzinfo=UTC))
