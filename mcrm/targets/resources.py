"""Targets over HTTP."""

from typing import Any
from uuid import UUID

from flask import Response
from flask.views import MethodView
from sqlalchemy import select
from sqlalchemy.orm import Session

from mcrm.actors import STAFF, Area, Role
from mcrm.api.blueprint import Blueprint
from mcrm.api.identity import current_actor
from mcrm.api.paging import page_of
from mcrm.api.rows import compile_rows
from mcrm.db import reading
from mcrm.targets import service
from mcrm.targets.models import Target
from mcrm.targets.schemas import TargetChangeSchema, TargetInSchema, TargetQuery, TargetSchema
from mcrm.transaction import perform

blueprint = Blueprint(
    "targets", __name__, url_prefix="/v1/targets", area=Area.TARGETS, description="What is to be reached."
)
TABLE = service.TABLE
ROWS = compile_rows(TargetSchema(), TABLE)
COLUMNS = select(*ROWS.columns)
MANAGERS = (Role.ADMIN, Role.MANAGER)


@blueprint.route("", roles=STAFF)
class Targets(MethodView):
    """All of them."""

    @blueprint.arguments(TargetQuery(), location="query")
    @blueprint.response(200, page_of(TargetSchema()))
    def get(self, query: dict[str, Any]) -> Response:
        """List the targets you see, newest first, with their progress."""
        found = service.within_reach(COLUMNS, current_actor)
        for name in ("user_id", "territory_id", "team"):
            if (value := query.pop(name)) is not None:
                found = found.where(TABLE.c[name] == value)
        if (day := query.pop("on")) is not None:
            found = found.where(TABLE.c.starts_on <= day, TABLE.c.ends_on >= day)
        return ROWS.listed(found, [TABLE.c.id.desc()], **query)

    @blueprint.allow(*MANAGERS)
    @blueprint.arguments(TargetInSchema())
    @blueprint.response(201, TargetSchema())
    def post(self, facts: dict[str, Any]) -> Target:
        """Set a target."""
        return perform(lambda session: service.set_(session, current_actor, **facts))


@blueprint.route("/<uuid:id>", roles=STAFF)
@blueprint.etag
class OneTarget(MethodView):
    """One of them."""

    @blueprint.response(200, TargetSchema())
    def get(self, id: UUID) -> Target:
        """One target."""
        with reading() as session:
            return service.reachable(session, current_actor, id)

    @blueprint.allow(*MANAGERS)
    @blueprint.arguments(TargetChangeSchema())
    @blueprint.response(200, TargetSchema())
    def patch(self, changes: dict[str, Any], id: UUID) -> Target:
        """Change the goal or the days of a target."""

        def work(session: Session) -> Target:
            target = service.reachable(session, current_actor, id, lock=True)
            blueprint.check_etag(target)
            return service.change(session, current_actor, target, changes)

        return perform(work)

    @blueprint.allow(*MANAGERS)
    @blueprint.response(204)
    def delete(self, id: UUID) -> None:
        """Take a target back."""

        def work(session: Session) -> None:
            target = service.reachable(session, current_actor, id, lock=True)
            blueprint.check_etag(target)
            service.remove(session, current_actor, target)

        perform(work)
