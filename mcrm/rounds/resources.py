"""Rounds over HTTP: plans, cadences, a rep's day, what is overdue, and what managers see of it."""

from datetime import date, datetime, time
from typing import Any
from uuid import UUID

import marshmallow as ma
from flask import Response
from flask.views import MethodView
from sqlalchemy import select
from sqlalchemy.orm import Session

from mcrm import clock
from mcrm.access import reach
from mcrm.actors import STAFF, Actor, Role
from mcrm.api.blueprint import Blueprint
from mcrm.api.fields import Str
from mcrm.api.identity import current_actor
from mcrm.api.paging import PageQuery, page_of
from mcrm.api.problems import FieldError, InvalidInput
from mcrm.api.rows import compile_rows
from mcrm.db import reading
from mcrm.orders.schemas import NothingSchema
from mcrm.rounds import day, planning, teams
from mcrm.rounds.models import VisitCadence
from mcrm.rounds.schemas import (
    CadenceInSchema,
    CadenceSchema,
    DayQuery,
    DaySchema,
    DueListSchema,
    DueQuery,
    PlannedVisitChangeSchema,
    PlannedVisitInSchema,
    PlannedVisitQuery,
    PlannedVisitSchema,
    TeamDayQuery,
    TeamDaySchema,
    VisitCoverageListSchema,
    VisitCoverageQuery,
)
from mcrm.transaction import perform
from mcrm.visits import appointments
from mcrm.visits.errors import PositionHalf, RepUnknown
from mcrm.visits.geography import place
from mcrm.visits.models import PlannedVisit
from mcrm.visits.service import within_reach

blueprint = Blueprint("rounds", __name__, url_prefix="/v1/visits", description="Whom to visit next, and in what order.")
plans = Blueprint(
    "planned-visits", __name__, url_prefix="/v1/planned-visits", description="Visits that are to be made."
)
cadences = Blueprint(
    "visit-cadences", __name__, url_prefix="/v1/visit-cadences", description="How often which accounts are visited."
)
team = Blueprint("teams", __name__, url_prefix="/v1/teams", description="How the team's day went.")
FIELD, MANAGERS = (Role.ADMIN, Role.MANAGER, Role.REP), (Role.ADMIN, Role.MANAGER)
PLANS = appointments.TABLE
ROWS, CADENCE_ROWS = compile_rows(PlannedVisitSchema(), PLANS), compile_rows(CadenceSchema(), VisitCadence)
SETS_OUT = time(9)
CLASS = Str(max_length=40)


@blueprint.route("/day", roles=FIELD)
class DayOfVisits(MethodView):
    """What is to be done today."""

    @blueprint.arguments(DayQuery(), location="query")
    @blueprint.response(200, DaySchema())
    def get(self, query: dict[str, Any]) -> dict[str, Any]:
        """The calls of a rep's day in the order to make them, and why each is among them."""
        if (query["lat"] is None) is not (query["lon"] is None):
            raise PositionHalf(field="lat" if query["lat"] is None else "lon")
        on = query["on"] or _today()
        leaves_at = query["leaves_at"] or _sets_out(on)
        with reading() as session:
            rep = _rep(session, query["rep_id"])
            start = place(query["lat"], query["lon"])
            calls = day.list_day(session, rep, on=on, start=start, leaves_at=leaves_at, most=query["most"])
        return {"on": on, "rep_id": rep.id, "distance_m": day.total_m(calls), "calls": calls}


@blueprint.route("/overdue", roles=FIELD)
class Overdue(MethodView):
    """Who was not visited in time."""

    @blueprint.arguments(DueQuery(), location="query")
    @blueprint.response(200, DueListSchema())
    def get(self, query: dict[str, Any]) -> dict[str, Any]:
        """The accounts whose visits are most overdue, with their scores."""
        with reading() as session:
            return {"items": planning.overdue(session, current_actor, **query)}


@blueprint.route("/coverage", roles={Role.ADMIN, Role.MANAGER})
class CoverageOfAccounts(MethodView):
    """How well the cadences are kept."""

    @blueprint.arguments(VisitCoverageQuery(), location="query")
    @blueprint.response(200, VisitCoverageListSchema())
    def get(self, query: dict[str, Any]) -> dict[str, Any]:
        """How many accounts were visited within their cadence, by territory and class."""
        with reading() as session:
            return {"items": planning.coverage(session, current_actor, **query)}


@plans.route("", roles=FIELD)
class PlannedVisits(MethodView):
    """All of them."""

    @plans.arguments(PlannedVisitQuery(), location="query")
    @plans.response(200, page_of(PlannedVisitSchema()))
    def get(self, query: dict[str, Any]) -> Response:
        """List the planned visits to accounts you see, newest first."""
        found = within_reach(select(*ROWS.columns), current_actor, PLANS)
        for name in ("account_id", "rep_id", "on", "state"):
            if (value := query.pop(name)) is not None:
                found = found.where(PLANS.c[name] == value)
        return ROWS.listed(found, [PLANS.c.id.desc()], **query)

    @plans.arguments(PlannedVisitInSchema())
    @plans.response(201, PlannedVisitSchema())
    def post(self, facts: dict[str, Any]) -> PlannedVisit:
        """Plan a visit, for a day or for a time of it."""
        return perform(lambda session: appointments.plan(session, current_actor, **facts))


@plans.route("/<uuid:id>", roles=FIELD)
@plans.etag
class OnePlannedVisit(MethodView):
    """One of them."""

    @plans.response(200, PlannedVisitSchema())
    def get(self, id: UUID) -> PlannedVisit:
        """One planned visit."""
        with reading() as session:
            return appointments.reachable(session, current_actor, id)

    @plans.arguments(PlannedVisitChangeSchema())
    @plans.response(200, PlannedVisitSchema())
    def patch(self, changes: dict[str, Any], id: UUID) -> PlannedVisit:
        """Move a planned visit to another day, time or rep."""

        def work(session: Session) -> PlannedVisit:
            planned = appointments.reachable(session, current_actor, id)
            plans.check_etag(planned)
            return appointments.change(session, current_actor, planned, dict(changes))

        return perform(work)


@plans.route("/<uuid:id>/cancellation", roles=FIELD)
class PlannedVisitCancellation(MethodView):
    """It will not be made."""

    @plans.arguments(NothingSchema())
    @plans.response(201, PlannedVisitSchema())
    @plans.alt_response(409, description="The visit was made")
    def post(self, nothing: dict[str, Any], id: UUID) -> PlannedVisit:
        """Drop a planned visit."""

        def work(session: Session) -> PlannedVisit:
            return appointments.drop(session, current_actor, appointments.reachable(session, current_actor, id))

        return perform(work)


@cadences.route("", roles=STAFF)
class Cadences(MethodView):
    """All of them."""

    @cadences.arguments(PageQuery(), location="query")
    @cadences.response(200, page_of(CadenceSchema()))
    def get(self, query: dict[str, Any]) -> Response:
        """List how often accounts of each class are visited."""
        return CADENCE_ROWS.listed(select(VisitCadence), [VisitCadence.account_class], **query)


@cadences.route("/<account_class>", roles=MANAGERS)
class OneCadence(MethodView):
    """One class: one number, so nothing is lost by a stale copy."""

    @cadences.arguments(CadenceInSchema())
    @cadences.response(200, CadenceSchema())
    def put(self, facts: dict[str, Any], account_class: str) -> VisitCadence:
        """Say how often accounts of a class are visited."""
        named = _class_name(account_class)
        return perform(lambda session: planning.put_cadence(session, current_actor, account_class=named, **facts))

    @cadences.response(204)
    def delete(self, account_class: str) -> None:
        """Take a class's cadence away."""
        perform(lambda session: planning.remove_cadence(session, current_actor, account_class))


@team.route("/day", roles=MANAGERS)
class TeamDay(MethodView):
    """What came of it."""

    @team.arguments(TeamDayQuery(), location="query")
    @team.response(200, TeamDaySchema())
    def get(self, query: dict[str, Any]) -> dict[str, Any]:
        """Who visited whom on a day, what came out and what was sold, rep by rep."""
        on = query.pop("on") or _today()
        with reading() as session:
            return {"on": on, "reps": teams.team_day(session, current_actor, on=on, **query)}


def _today() -> date:
    return clock.now().astimezone(clock.zone()).date()


def _class_name(given: str) -> str:
    """The name of a class as it stands in a path; raises InvalidInput for one that no account can have."""
    try:
        named: str = CLASS.deserialize(given)
    except ma.ValidationError as error:
        raise InvalidInput([FieldError("account_class", "invalid", str(error.messages[0]))]) from None
    return named


def _rep(session: Session, rep_id: UUID | None) -> Actor:
    """Whose day it is: the caller's, or for a manager anybody's. Raises RepUnknown."""
    if rep_id is None or rep_id == current_actor.id:
        return current_actor
    found = None
    if current_actor.sees_all:
        found = reach.standing_for(session, rep_id, current_actor.channel)
    if found is None:
        raise RepUnknown(field="rep_id")
    return found


def _sets_out(on: date) -> datetime:
    """At nine; today not before now."""
    at = datetime.combine(on, SETS_OUT, clock.zone())
    return max(at, clock.now()) if on == _today() else at
