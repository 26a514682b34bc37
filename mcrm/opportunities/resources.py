"""Opportunities over HTTP: the pipeline's stages, the opportunities in them, and the managers' reports."""

from datetime import date, timedelta
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
from mcrm.api.paging import PageQuery, page_of
from mcrm.api.rows import compile_rows
from mcrm.db import reading
from mcrm.opportunities import forecasting, pipeline, reasons, service
from mcrm.opportunities.models import Opportunity, PipelineStage
from mcrm.opportunities.schemas import (
    ForecastQuery,
    ForecastSchema,
    LossReasonsSchema,
    OpportunityChangeSchema,
    OpportunityInSchema,
    OpportunityLossSchema,
    OpportunityQuery,
    OpportunityReopeningSchema,
    OpportunitySchema,
    PeriodQuery,
    PipelineReportSchema,
    PipelineStageChangeSchema,
    PipelineStageInSchema,
    PipelineStageSchema,
    StageHistorySchema,
    StageMoveSchema,
    WinSchema,
)
from mcrm.transaction import perform

blueprint = Blueprint(
    "opportunities",
    __name__,
    url_prefix="/v1/opportunities",
    area=Area.OPPORTUNITIES,
    description="Possible sales on their way.",
)
stages = Blueprint(
    "pipeline",
    __name__,
    url_prefix="/v1/pipeline-stages",
    area=Area.OPPORTUNITIES,
    description="The stages of possible sales.",
)
TABLE = service.TABLE
ROWS = compile_rows(OpportunitySchema(), TABLE)
COLUMNS = select(*ROWS.columns)
STAGE_ROWS = compile_rows(PipelineStageSchema(), PipelineStage)
MANAGERS = frozenset({Role.ADMIN, Role.MANAGER})
QUARTER = timedelta(days=90)


@stages.route("", roles=STAFF)
class PipelineStages(MethodView):
    """All of them."""

    @stages.arguments(PageQuery(), location="query")
    @stages.response(200, page_of(PipelineStageSchema()))
    def get(self, query: dict[str, Any]) -> Response:
        """List the stages in their order; won and lost come last."""
        return STAGE_ROWS.listed(pipeline.stages(), [PipelineStage.place, PipelineStage.key], **query)

    @stages.allow(*MANAGERS)
    @stages.arguments(PipelineStageInSchema())
    @stages.response(201, PipelineStageSchema())
    def post(self, facts: dict[str, Any]) -> PipelineStage:
        """Put in an open stage."""
        return perform(lambda session: pipeline.add(session, current_actor, **facts))


@stages.route("/<uuid:id>", roles=STAFF)
@stages.etag
class OneStage(MethodView):
    """One of them."""

    @stages.response(200, PipelineStageSchema())
    def get(self, id: UUID) -> PipelineStage:
        """One stage."""
        with reading() as session:
            return pipeline.stage(session, id)

    @stages.allow(*MANAGERS)
    @stages.arguments(PipelineStageChangeSchema())
    @stages.response(200, PipelineStageSchema())
    def patch(self, changes: dict[str, Any], id: UUID) -> PipelineStage:
        """Change a stage; the forecast weighs anew at once."""

        def work(session: Session) -> PipelineStage:
            found = pipeline.stage(session, id, lock=True)
            stages.check_etag(found)
            return pipeline.change(session, current_actor, found, changes)

        return perform(work)

    @stages.allow(*MANAGERS)
    @stages.response(204)
    @stages.alt_response(409, description="Opportunities stand in it, or it is the last open one, or an end")
    def delete(self, id: UUID) -> None:
        """Take out an open stage in which nothing stands."""

        def work(session: Session) -> None:
            found = pipeline.stage(session, id, lock=True)
            stages.check_etag(found)
            pipeline.remove(session, current_actor, found)

        perform(work)


@blueprint.route("", roles=STAFF)
class Opportunities(MethodView):
    """All of them."""

    @blueprint.arguments(OpportunityQuery(), location="query")
    @blueprint.response(200, page_of(OpportunitySchema()))
    def get(self, query: dict[str, Any]) -> Response:
        """List the opportunities you see, newest first."""
        found = service.within_reach(COLUMNS, current_actor)
        for name in ("account_id", "owner_id", "stage"):
            if (value := query.pop(name)) is not None:
                found = found.where(TABLE.c[name] == value)
        if (is_open := query.pop("open")) is not None:
            found = found.where(TABLE.c.closed_at.is_(None) if is_open else TABLE.c.closed_at.is_not(None))
        if query.pop("stale"):
            with reading() as session:
                found = forecasting.stale(found, before=forecasting.stale_before(session))
        return ROWS.listed(found, [TABLE.c.id.desc()], **query)

    @blueprint.arguments(OpportunityInSchema())
    @blueprint.response(201, OpportunitySchema())
    def post(self, facts: dict[str, Any]) -> Opportunity:
        """Open an opportunity."""
        return perform(lambda session: service.begin(session, current_actor, **facts))


@blueprint.route("/forecast", roles=STAFF)
class Forecast(MethodView):
    """What may come in."""

    @blueprint.arguments(ForecastQuery(), location="query")
    @blueprint.response(200, ForecastSchema())
    def get(self, query: dict[str, Any]) -> dict[str, Any]:
        """Forecast by month, rep and currency: weighted, with its spread, and what was won already."""
        today = clock.now().date()
        since, until = query.pop("since") or today.replace(day=1), query.pop("until") or today + QUARTER
        with reading() as session:
            items = forecasting.forecast(session, current_actor, since=since, until=until, **query)
        return {"since": since, "until": until, "items": items}


@blueprint.route("/pipeline-report", roles=STAFF)
class PipelineReport(MethodView):
    """How the pipeline stands."""

    @blueprint.arguments(PeriodQuery(), location="query")
    @blueprint.response(200, PipelineReportSchema())
    def get(self, query: dict[str, Any]) -> dict[str, Any]:
        """Show what stands in each stage, for how long, and why opportunities of these days were lost."""
        today: date = clock.now().date()
        since, until = query["since"] or today - QUARTER, query["until"] or today
        with reading() as session:
            return {
                "since": since,
                "until": until,
                "stages": forecasting.stages_now(session, current_actor, since=since, until=until),
                "losses": forecasting.losses(session, current_actor, since=since, until=until),
            }


@blueprint.route("/loss-reasons", roles=STAFF)
class LossReasons(MethodView):
    """Why they are lost."""

    @blueprint.response(200, LossReasonsSchema())
    def get(self) -> dict[str, Any]:
        """The reasons to choose from; admins keep them as the setting `loss-reasons`."""
        with reading() as session:
            return {"items": reasons.reasons(session)}


@blueprint.route("/<uuid:id>", roles=STAFF)
@blueprint.etag
class OneOpportunity(MethodView):
    """One of them."""

    @blueprint.response(200, OpportunitySchema())
    def get(self, id: UUID) -> Opportunity:
        """One opportunity."""
        with reading() as session:
            return service.reachable(session, current_actor, id)

    @blueprint.arguments(OpportunityChangeSchema())
    @blueprint.response(200, OpportunitySchema())
    def patch(self, changes: dict[str, Any], id: UUID) -> Opportunity:
        """Change an opportunity; its stage moves at its stages."""

        def work(session: Session) -> Opportunity:
            found = service.reachable(session, current_actor, id, lock=True)
            blueprint.check_etag(found)
            return service.change(session, current_actor, found, changes)

        return perform(work)


@blueprint.route("/<uuid:id>/stages", roles=STAFF)
class StagesOfOpportunity(MethodView):
    """Its way through the pipeline."""

    @blueprint.response(200, StageHistorySchema())
    def get(self, id: UUID) -> dict[str, Any]:
        """Show the stages that it has been in, and how long in each."""
        with reading() as session:
            found = service.reachable(session, current_actor, id)
            entries = service.history(session, found.id)
        now = clock.now()
        stays = [
            {
                "stage": one.stage,
                "entered_at": one.entered_at,
                "left_at": one.left_at,
                "duration_s": max(0, round(((one.left_at or now) - one.entered_at).total_seconds())),
                "moved_by": one.moved_by,
            }
            for one in entries
        ]
        return {"items": stays}

    @blueprint.arguments(StageMoveSchema())
    @blueprint.response(201, OpportunitySchema())
    def post(self, facts: dict[str, Any], id: UUID) -> Opportunity:
        """Move it into another stage."""

        def work(session: Session) -> Opportunity:
            found = service.reachable(session, current_actor, id, lock=True)
            return service.move(session, current_actor, found, **facts)

        return perform(work)


@blueprint.route("/<uuid:id>/win", roles=STAFF)
class Win(MethodView):
    """It is sold."""

    @blueprint.arguments(WinSchema())
    @blueprint.response(201, OpportunitySchema())
    def post(self, facts: dict[str, Any], id: UUID) -> Opportunity:
        """Note that it is won, by an order or a quote if there is one."""
        return perform(lambda session: service.win(session, current_actor, opportunity_id=id, **facts))


@blueprint.route("/<uuid:id>/loss", roles=STAFF)
class OpportunityLoss(MethodView):
    """Nothing comes of it."""

    @blueprint.arguments(OpportunityLossSchema())
    @blueprint.response(201, OpportunitySchema())
    def post(self, facts: dict[str, Any], id: UUID) -> Opportunity:
        """Note that it is lost, and why."""
        return perform(lambda session: service.lose(session, current_actor, opportunity_id=id, **facts))


@blueprint.route("/<uuid:id>/reopening", roles=STAFF)
class OpportunityReopening(MethodView):
    """It lives again."""

    @blueprint.arguments(OpportunityReopeningSchema())
    @blueprint.response(201, OpportunitySchema())
    def post(self, facts: dict[str, Any], id: UUID) -> Opportunity:
        """Open it again after it was won or lost."""
        return perform(lambda session: service.reopen(session, current_actor, opportunity_id=id, **facts))
