"""Whose is a lead? The territory first, then who has the fewest open leads, then whose turn it is; all of it kept.

Whoever gives out a lead of a territory holds its queue until the end of the transaction: leads that come at the same
moment wait for each other, so that nobody's turn is counted twice.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from mcrm import clock, hours
from mcrm.actors import Actor, Role
from mcrm.deliveries import staff
from mcrm.interactions import log
from mcrm.interactions.kinds import Kind
from mcrm.interactions.log import About
from mcrm.leads.errors import LeadOwnerUnfit
from mcrm.leads.models import OPEN_STATES, Lead, LeadAssignment, LeadTurn, LeadTurnOf, Rule
from mcrm.settings_store import service as settings_store
from mcrm.settings_store.catalogue import LEAD_HOURS, LEAD_TOUCH_MINUTES
from mcrm.territories import members


@dataclass(frozen=True, slots=True)
class Candidate:
    """A rep who could get a lead: how many open ones there are already, and which turn was the last; 0 for none."""

    user_id: UUID
    open_leads: int
    last_turn: int

    def wire(self) -> dict[str, Any]:
        """As it is kept."""
        return {"user_id": str(self.user_id), "open_leads": self.open_leads, "last_turn": self.last_turn}


def in_order(candidates: Sequence[Candidate]) -> list[Candidate]:
    """The one who gets it first: fewest open leads, then longest without a turn, then the id. Pure."""
    return sorted(candidates, key=lambda one: (one.open_leads, one.last_turn, one.user_id))


def assign(session: Session, actor: Actor, lead: Lead, *, place: str | None = None) -> LeadAssignment:
    """Give a lead to whom the rules say: its maker, if that is a rep of the territory, else by load and turn."""
    if lead.territory_id is None:
        return _decide(session, actor, lead, Rule.NO_TERRITORY, None)
    if actor.role is Role.REP and actor.id is not None and members.may_see(session, actor.id, lead.territory_id):
        return _decide(session, actor, lead, Rule.MAKER, actor.id, place=place)
    turn = _hold_queue(session, lead.territory_id)
    candidates = in_order(_candidates(session, lead))
    if not candidates:
        return _decide(session, actor, lead, Rule.NOBODY_COVERS, None, place=place)
    chosen = candidates[0].user_id
    _take_turn(session, lead.territory_id, chosen, turn)
    return _decide(session, actor, lead, Rule.SHARED, chosen, place=place, candidates=candidates)


def give(session: Session, actor: Actor, lead: Lead, owner_id: UUID, *, rule: Rule = Rule.NAMED) -> LeadAssignment:
    """Give a lead to somebody who sees its territory; raises LeadOwnerUnfit."""
    if not members.may_see(session, owner_id, lead.territory_id):
        raise LeadOwnerUnfit(field="owner_id")
    return _decide(session, actor, lead, rule, owner_id)


def history(session: Session, lead_id: UUID) -> list[LeadAssignment]:
    """The decisions about whose a lead is, the newest first."""
    query = select(LeadAssignment).where(LeadAssignment.lead_id == lead_id).order_by(LeadAssignment.id.desc())
    return list(session.scalars(query))


def due(session: Session, start: datetime) -> datetime:
    """When a lead that was given out at `start` has to be contacted, by the settings of now."""
    said: str | None = settings_store.value(session, LEAD_HOURS)
    minutes: int = settings_store.value(session, LEAD_TOUCH_MINUTES)
    return hours.after(start, minutes, None if said is None else hours.read(said))


def _decide(
    session: Session,
    actor: Actor,
    lead: Lead,
    rule: Rule,
    owner_id: UUID | None,
    *,
    place: str | None = None,
    candidates: Sequence[Candidate] = (),
) -> LeadAssignment:
    """Keep the decision, start the clock anew unless it has stopped, tell the owner."""
    now = clock.now()
    lead.owner_id, lead.assigned_at = owner_id, now
    if lead.first_touched_at is None:
        lead.touch_due_at, lead.escalated_at = due(session, now), None
    session.flush()
    made = LeadAssignment(
        lead_id=lead.id,
        rule=rule.value,
        territory_id=lead.territory_id,
        place=place,
        owner_id=owner_id,
        candidates=[one.wire() for one in candidates],
        assigned_by=actor.label,
    )
    session.add(made)
    session.flush()
    payload = {"rule": rule.value, "owner_id": None if owner_id is None else str(owner_id)}
    log.append(session, actor, Kind.LEAD_ASSIGNED, about=About(subject=("lead", lead.id)), payload=payload)
    if owner_id is not None and owner_id != actor.id:
        _tell_owner(session, lead, made, owner_id)
    return made


def _tell_owner(session: Session, lead: Lead, made: LeadAssignment, owner_id: UUID) -> None:
    """The push says no name: phones show it to whoever looks at them."""
    source = f" from {lead.source}" if lead.source else ""
    staff.tell(
        session,
        owner_id,
        title="A new lead is yours",
        text=f"A lead{source} waits for you to get in touch.",
        kind="lead-assigned",
        dedupe_key=f"lead-assigned:{made.id}",
        data={"lead_id": str(lead.id)},
    )


def _hold_queue(session: Session, territory_id: UUID) -> int:
    """Hold the territory's queue; the number of the turn that now is."""
    session.flush()
    make = postgresql.insert if session.connection().dialect.name == "postgresql" else sqlite.insert
    begun = make(LeadTurn).values(territory_id=territory_id, turn=0).on_conflict_do_nothing()
    session.execute(begun)
    query = select(LeadTurn).where(LeadTurn.territory_id == territory_id).with_for_update()
    queue = session.scalars(query.execution_options(populate_existing=True)).one()
    queue.turn += 1
    return queue.turn


def _take_turn(session: Session, territory_id: UUID, user_id: UUID, turn: int) -> None:
    last = session.get(LeadTurnOf, (territory_id, user_id))
    if last is None:
        session.add(LeadTurnOf(territory_id=territory_id, user_id=user_id, turn=turn))
    else:
        last.turn = turn


def _candidates(session: Session, lead: Lead) -> list[Candidate]:
    """The reps of the lead's territory, with their load over all territories; this lead itself does not count."""
    reps = members.reps(session, lead.territory_id) if lead.territory_id else []
    states = [state.value for state in OPEN_STATES]
    loads = select(Lead.owner_id, func.count()).where(
        Lead.owner_id.in_(reps), Lead.status.in_(states), Lead.id != lead.id
    )
    load = {row[0]: row[1] for row in session.execute(loads.group_by(Lead.owner_id))}
    turns = select(LeadTurnOf.user_id, LeadTurnOf.turn).where(LeadTurnOf.territory_id == lead.territory_id)
    last = {row[0]: row[1] for row in session.execute(turns)}
    return [Candidate(user_id, load.get(user_id, 0), last.get(user_id, 0)) for user_id in reps]
