"""Use cases of leads: made, changed, claimed, touched, qualified, lost, reopened; see `converting` for the rest."""

from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from mcrm import clock
from mcrm.accounts.models import ERASED
from mcrm.actors import Actor, Role
from mcrm.contacts import points
from mcrm.contacts.models import PointChannel
from mcrm.editing import edit
from mcrm.ids import new_id
from mcrm.interactions import log
from mcrm.interactions.kinds import Kind
from mcrm.interactions.log import About
from mcrm.leads import assigning, states
from mcrm.leads.errors import (
    LeadClosed,
    LeadErased,
    LeadTaken,
    LeadUnknown,
    LossReasonNeeded,
    ManagersAssign,
    TouchTimeUnfit,
)
from mcrm.leads.models import OPEN_STATES, Lead, LeadAssignment, LeadLoss, LeadStatus, Rule
from mcrm.leads.states import LeadMove
from mcrm.territories import places
from mcrm.territories import service as territories

TABLE = Lead.__table__
CLOCKS_DIFFER = timedelta(minutes=5)


class Touch(StrEnum):
    """How somebody got in touch with a lead."""

    CALL = "call"
    MEETING = "meeting"
    VISIT = "visit"
    MESSAGE = "message"
    NOTE = "note"
    OTHER = "other"


def within_reach(query: Select[Any], actor: Actor) -> Select[Any]:
    """A select of leads, or of columns of them, narrowed to the actor's territories; those of none are managers'."""
    return query if actor.sees_all else query.where(TABLE.c.territory_id.in_(actor.territory_ids))


def reachable(session: Session, actor: Actor, lead_id: UUID, *, lock: bool = False) -> Lead:
    """The lead; raises LeadUnknown for unknown and foreign ids alike, and LeadErased to whoever wants to change it."""
    query: Select[Lead] = within_reach(select(Lead), actor).where(Lead.id == lead_id)
    if lock:
        query = query.with_for_update().execution_options(populate_existing=True)
    if (lead := session.scalar(query)) is None:
        raise LeadUnknown()
    if lock and lead.name == ERASED and lead.status not in OPEN_STATES:
        raise LeadErased
    return lead


def create(
    session: Session,
    actor: Actor,
    *,
    name: str,
    territory_id: UUID | None = None,
    owner_id: UUID | None = None,
    region: str = "GB",
    id: UUID | None = None,
    created_at: datetime | None = None,
    **facts: Any,
) -> Lead:
    """Take in a lead and give it to somebody: to `owner_id` if named, else as `assigning.assign` decides.

    Its territory is the one named, else the postcode's, else the maker's only one; within a rep's scope in any case.
    `facts` are other columns of Lead; a national phone number is read as of `region`. An `id` from a device that is
    stored already returns what stands there. Raises TerritoryUnknown, TerritoryNeeded, AddressInvalid, LeadOwnerUnfit,
    ManagersAssign.
    """
    if id is not None and (known := session.get(Lead, id)) is not None:
        return reachable(session, actor, known.id)
    if owner_id is not None and actor.role is Role.REP and owner_id != actor.id:
        raise ManagersAssign()
    _spell(facts, region)
    territory_id, place = _territory(session, actor, territory_id, facts.get("country"), facts.get("postcode"), region)
    lead = Lead(id=id or new_id(), created_at=created_at or clock.now(), name=name, territory_id=territory_id, **facts)
    lead.status = LeadStatus.NEW.value
    session.add(lead)
    trace(session, actor, Kind.LEAD_CREATED, lead, source=lead.source)
    if owner_id is not None:
        assigning.give(session, actor, lead, owner_id)
    else:
        assigning.assign(session, actor, lead, place=place)
    return lead


def change(session: Session, actor: Actor, lead: Lead, changes: dict[str, Any], *, region: str = "GB") -> Lead:
    """Change what people may edit of an open lead; another territory gives it to somebody there.

    Raises LeadClosed, TerritoryUnknown, TerritoryNeeded, AddressInvalid.
    """
    _require_open(lead)
    _spell(changes, region)
    if "territory_id" in changes:
        changes["territory_id"] = territories.for_new(session, actor, changes["territory_id"])
    if changed := edit(lead, changes):
        trace(session, actor, Kind.LEAD_CHANGED, lead, changed=changed)
    if "territory_id" in changed:
        assigning.assign(session, actor, lead)
    return lead


def assign(session: Session, actor: Actor, *, lead_id: UUID, owner_id: UUID | None) -> LeadAssignment:
    """A manager gives an open lead to somebody, or lets the rules decide anew. Raises LeadClosed, LeadOwnerUnfit."""
    lead = reachable(session, actor, lead_id, lock=True)
    _require_open(lead)
    if owner_id is None:
        return assigning.assign(session, actor, lead)
    return assigning.give(session, actor, lead, owner_id)


def claim(session: Session, actor: Actor, *, lead_id: UUID) -> LeadAssignment:
    """Take a lead that is nobody's; of two at once one gets it. Raises LeadTaken, LeadClosed."""
    lead = reachable(session, actor, lead_id, lock=True)
    _require_open(lead)
    assert actor.id is not None
    if lead.owner_id not in (None, actor.id):
        raise LeadTaken()
    if lead.owner_id == actor.id:
        return assigning.history(session, lead.id)[0]
    return assigning.give(session, actor, lead, actor.id, rule=Rule.CLAIMED)


def touch(
    session: Session, actor: Actor, lead: Lead, *, how: Touch, text: str | None = None, at: datetime | None = None
) -> Lead:
    """Somebody got in touch with a locked lead; the first time stops its clock.

    `at` is when (device time; now by default). Raises IllegalLeadMove, LeadConverted, TouchTimeUnfit.
    """
    status = states.after(lead.status, LeadMove.TOUCH)
    now = clock.now()
    at = at or now
    if not lead.created_at - CLOCKS_DIFFER <= at <= now + CLOCKS_DIFFER:
        raise TouchTimeUnfit(field="at")
    is_first = lead.first_touched_at is None
    if is_first:
        lead.first_touched_at = at
    lead.status = status.value
    trace(session, actor, Kind.LEAD_TOUCHED, lead, how=how.value, text=text, first=is_first or None, at=at)
    return lead


def qualify(session: Session, actor: Actor, lead: Lead) -> Lead:
    """A locked lead is worth an offer; whoever knows that has been in touch. Raises IllegalLeadMove, LeadConverted."""
    lead.status = states.after(lead.status, LeadMove.QUALIFY).value
    stop_clock(lead)
    trace(session, actor, Kind.LEAD_QUALIFIED, lead)
    return lead


def lose(session: Session, actor: Actor, lead: Lead, *, reason: LeadLoss | None, detail: str | None = None) -> Lead:
    """Nothing comes of a locked lead. Raises IllegalLeadMove, LeadConverted, LossReasonNeeded."""
    status = states.after(lead.status, LeadMove.LOSE)
    if reason is None:
        raise LossReasonNeeded(field="reason")
    lead.status, lead.lost_reason = status.value, reason.value
    trace(session, actor, Kind.LEAD_LOST, lead, reason=reason.value, detail=detail)
    return lead


def reopen(session: Session, actor: Actor, lead: Lead) -> Lead:
    """A locked lead that was lost begins anew, its clock too. Raises IllegalLeadMove, LeadConverted."""
    lead.status, lead.lost_reason = states.after(lead.status, LeadMove.REOPEN).value, None
    lead.first_touched_at = lead.escalated_at = None
    lead.touch_due_at = assigning.due(session, clock.now())
    trace(session, actor, Kind.LEAD_REOPENED, lead)
    return lead


def stop_clock(lead: Lead) -> None:
    """What happens to a lead later than its first touch stops the clock, too, if nobody wrote a touch down."""
    if lead.first_touched_at is None:
        lead.first_touched_at = clock.now()


def trace(session: Session, actor: Actor, kind: Kind, lead: Lead, *, at: datetime | None = None, **facts: Any) -> None:
    """Flush, and append a fact about the lead; once it is converted, about its contact and account, too."""
    session.flush()
    about = About(contact_id=lead.contact_id, account_id=lead.account_id, subject=("lead", lead.id))
    payload = {name: value for name, value in facts.items() if value is not None}
    log.append(session, actor, kind, about=about, payload=payload, at=at)


def _territory(
    session: Session,
    actor: Actor,
    named: UUID | None,
    country: str | None,
    postcode: str | None,
    region: str,
) -> tuple[UUID | None, str | None]:
    """The territory of a new lead, and the place of its postcode that led there."""
    if named is None and postcode is not None:
        place = places.find(session, country or region, postcode)
        if place is not None and (actor.sees_all or place.territory_id in actor.territory_ids):
            return place.territory_id, f"{place.country} {place.prefix}"
    return territories.for_new(session, actor, named), None


def _spell(facts: dict[str, Any], region: str) -> None:
    if facts.get("phone") is not None:
        facts["phone"] = points.normalise(PointChannel.SMS, facts["phone"], region=region)
    if facts.get("email") is not None:
        facts["email"] = points.normalise(PointChannel.EMAIL, facts["email"])


def _require_open(lead: Lead) -> None:
    if lead.status not in OPEN_STATES:
        raise LeadClosed()
