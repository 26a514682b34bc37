"""Leads over HTTP."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import UUID

from flask import Response
from flask.views import MethodView
from sqlalchemy import select
from sqlalchemy.orm import Session

from mcrm import clock
from mcrm.actors import STAFF, Area, Role
from mcrm.api.blueprint import Blueprint
from mcrm.api.identity import current_actor
from mcrm.api.paging import page_of
from mcrm.api.rows import compile_rows
from mcrm.api.state import root
from mcrm.db import reading
from mcrm.leads import assigning, converting, escalating, history, service
from mcrm.leads.converting import Conversion
from mcrm.leads.models import Lead, LeadAssignment, LeadStatus
from mcrm.leads.schemas import (
    AssignmentInSchema,
    AssignmentSchema,
    AssignmentsSchema,
    ConversionInSchema,
    ConversionSchema,
    FirstTouchesSchema,
    FirstTouchQuery,
    LeadChangeSchema,
    LeadHistorySchema,
    LeadInSchema,
    LeadLossSchema,
    LeadQuery,
    LeadSchema,
    TouchSchema,
)
from mcrm.orders.schemas import NothingSchema
from mcrm.transaction import perform

blueprint = Blueprint("leads", __name__, url_prefix="/v1/leads", area=Area.LEADS, description="Unqualified interest.")
TABLE = service.TABLE
ROWS = compile_rows(LeadSchema(), TABLE)
COLUMNS = select(*ROWS.columns)
MONTH = timedelta(days=30)


def moved(id: UUID, move: Callable[[Session, Lead], Lead]) -> Lead:
    """Make one move with the lead, which is held meanwhile."""
    return perform(lambda session: move(session, service.reachable(session, current_actor, id, lock=True)))


@blueprint.route("", roles=STAFF)
class Leads(MethodView):
    """All of them."""

    @blueprint.arguments(LeadQuery(), location="query")
    @blueprint.response(200, page_of(LeadSchema()))
    def get(self, query: dict[str, Any]) -> Response:
        """List the leads you see, newest first."""
        found = service.within_reach(COLUMNS, current_actor)
        for name in ("owner_id", "territory_id"):
            if (value := query.pop(name)) is not None:
                found = found.where(TABLE.c[name] == value)
        if (status := query.pop("status")) is not None:
            found = found.where(TABLE.c.status == status.value)
        if (unowned := query.pop("unowned")) is not None:
            found = found.where(TABLE.c.owner_id.is_(None) if unowned else TABLE.c.owner_id.is_not(None))
        if query.pop("overdue"):
            waits = (TABLE.c.status == LeadStatus.NEW.value, TABLE.c.first_touched_at.is_(None))
            found = found.where(*waits, TABLE.c.touch_due_at <= clock.now())
        return ROWS.listed(found, [TABLE.c.id.desc()], **query)

    @blueprint.arguments(LeadInSchema())
    @blueprint.response(201, LeadSchema())
    def post(self, facts: dict[str, Any]) -> Lead:
        """Take in a lead; it is given to somebody at once, and the clock runs."""
        region = root().default_region
        return perform(lambda session: service.create(session, current_actor, region=region, **dict(facts)))


@blueprint.route("/first-touches", roles=STAFF)
class FirstTouches(MethodView):
    """How fast leads are contacted."""

    @blueprint.arguments(FirstTouchQuery(), location="query")
    @blueprint.response(200, FirstTouchesSchema())
    def get(self, query: dict[str, Any]) -> dict[str, Any]:
        """Show the median time to the first touch, by owner, and how many are late or overdue."""
        until = query["until"] or clock.now()
        since = query["since"] or until - MONTH
        with reading() as session:
            *owners, over_all = escalating.first_touches(session, current_actor, since=since, until=until)
        return {"since": since, "until": until, "owners": owners, "all": over_all}


@blueprint.route("/<uuid:id>", roles=STAFF)
@blueprint.etag
class OneLead(MethodView):
    """One of them."""

    @blueprint.response(200, LeadSchema())
    def get(self, id: UUID) -> Lead:
        """One lead."""
        with reading() as session:
            return service.reachable(session, current_actor, id)

    @blueprint.arguments(LeadChangeSchema())
    @blueprint.response(200, LeadSchema())
    def patch(self, changes: dict[str, Any], id: UUID) -> Lead:
        """Change an open lead; another territory gives it to somebody there."""
        region = root().default_region

        def work(session: Session) -> Lead:
            lead = service.reachable(session, current_actor, id, lock=True)
            blueprint.check_etag(lead)
            return service.change(session, current_actor, lead, dict(changes), region=region)

        return perform(work)


@blueprint.route("/<uuid:id>/history", roles=STAFF)
class HistoryOfLead(MethodView):
    """What happened."""

    @blueprint.response(200, LeadHistorySchema())
    def get(self, id: UUID) -> dict[str, Any]:
        """Show the newest facts about a lead."""
        with reading() as session:
            return {"items": history.of(session, service.reachable(session, current_actor, id).id)}


@blueprint.route("/<uuid:id>/assignment", roles=STAFF)
class AssignmentOfLead(MethodView):
    """Whose it is."""

    @blueprint.response(200, AssignmentsSchema())
    def get(self, id: UUID) -> dict[str, Any]:
        """Show whose a lead is, by which rule, and who else could have got it."""
        with reading() as session:
            lead = service.reachable(session, current_actor, id)
            return {"items": assigning.history(session, lead.id)}

    @blueprint.allow(Role.ADMIN, Role.MANAGER)
    @blueprint.arguments(AssignmentInSchema())
    @blueprint.response(201, AssignmentSchema())
    def post(self, facts: dict[str, Any], id: UUID) -> LeadAssignment:
        """Give a lead to somebody, or let the rules decide anew."""
        return perform(lambda session: service.assign(session, current_actor, lead_id=id, **facts))


@blueprint.route("/<uuid:id>/claim", roles={Role.ADMIN, Role.MANAGER, Role.REP})
class Claim(MethodView):
    """It is mine."""

    @blueprint.allow(Role.ADMIN, Role.MANAGER, Role.REP, keys=False)
    @blueprint.arguments(NothingSchema())
    @blueprint.response(201, AssignmentSchema())
    @blueprint.alt_response(409, description="It is somebody's already")
    def post(self, nothing: dict[str, Any], id: UUID) -> LeadAssignment:
        """Take a lead that is nobody's."""
        return perform(lambda session: service.claim(session, current_actor, lead_id=id))


@blueprint.route("/<uuid:id>/touches", roles=STAFF)
class Touches(MethodView):
    """Getting in touch."""

    @blueprint.arguments(TouchSchema())
    @blueprint.response(201, LeadSchema())
    def post(self, facts: dict[str, Any], id: UUID) -> Lead:
        """Note a call, a meeting, a visit, a message or a note; the first one stops the clock."""
        return moved(id, lambda session, lead: service.touch(session, current_actor, lead, **facts))


@blueprint.route("/<uuid:id>/qualification", roles=STAFF)
class Qualification(MethodView):
    """It is worth an offer."""

    @blueprint.arguments(NothingSchema())
    @blueprint.response(201, LeadSchema())
    def post(self, nothing: dict[str, Any], id: UUID) -> Lead:
        """Note that a lead is worth an offer."""
        return moved(id, lambda session, lead: service.qualify(session, current_actor, lead))


@blueprint.route("/<uuid:id>/loss", roles=STAFF)
class LossOfLead(MethodView):
    """Nothing comes of it."""

    @blueprint.arguments(LeadLossSchema())
    @blueprint.response(201, LeadSchema())
    def post(self, facts: dict[str, Any], id: UUID) -> Lead:
        """Note that nothing comes of a lead, and why."""
        return moved(id, lambda session, lead: service.lose(session, current_actor, lead, **facts))


@blueprint.route("/<uuid:id>/reopening", roles=STAFF)
class LeadReopening(MethodView):
    """It lives again."""

    @blueprint.arguments(NothingSchema())
    @blueprint.response(201, LeadSchema())
    def post(self, nothing: dict[str, Any], id: UUID) -> Lead:
        """Open a lost lead again; its clock begins anew."""
        return moved(id, lambda session, lead: service.reopen(session, current_actor, lead))


@blueprint.route("/<uuid:id>/conversion", roles=STAFF)
class ConversionOfLead(MethodView):
    """It becomes business."""

    @blueprint.arguments(ConversionInSchema())
    @blueprint.response(201, ConversionSchema())
    @blueprint.alt_response(409, description="It was converted already, or the person is known beyond your reach")
    def post(self, facts: dict[str, Any], id: UUID) -> dict[str, Any]:
        """Make a contact, an account and an opportunity of a lead; who is known already is not doubled."""
        given = dict(facts)
        wanted = not given.pop("without_opportunity")
        return perform(
            lambda session: _converted(
                converting.convert(session, current_actor, lead_id=id, makes_opportunity=wanted, **given)
            )
        )


def _converted(done: Conversion) -> dict[str, Any]:
    alike = [
        {
            "contact_id": pair.other.id if pair.one.id == done.contact.id else pair.one.id,
            "score": pair.score,
            "reasons": pair.reasons,
        }
        for pair in done.duplicates
    ]
    return {
        "lead": done.lead,
        "contact_id": done.contact.id,
        "account_id": done.lead.account_id,
        "opportunity": done.opportunity,
        "was_known": done.was_known,
        "duplicates": alike,
    }
