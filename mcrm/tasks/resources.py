"""Tasks over HTTP."""

from typing import Any
from uuid import UUID

from flask import Response
from flask.views import MethodView
from sqlalchemy import select
from sqlalchemy.orm import Session

from mcrm.actors import STAFF
from mcrm.api.blueprint import Blueprint
from mcrm.api.identity import current_actor
from mcrm.api.paging import page_of
from mcrm.api.rows import compile_rows
from mcrm.db import reading
from mcrm.tasks import service
from mcrm.tasks.models import Task
from mcrm.tasks.schemas import (
    CompletionSchema,
    SnoozeSchema,
    TaskChangeSchema,
    TaskInSchema,
    TaskQuery,
    TaskSchema,
)
from mcrm.transaction import perform

blueprint = Blueprint("tasks", __name__, url_prefix="/v1/tasks", description="What is to be done, and by when.")
TABLE = service.TABLE
ROWS = compile_rows(TaskSchema(), TABLE)
COLUMNS = select(*ROWS.columns)
FILTERS = ("account_id", "contact_id", "opportunity_id", "owner_id")


@blueprint.route("", roles=STAFF)
class Tasks(MethodView):
    """All of them."""

    @blueprint.arguments(TaskQuery(), location="query")
    @blueprint.response(200, page_of(TaskSchema()))
    def get(self, query: dict[str, Any]) -> Response:
        """List the tasks you see, newest first."""
        found = service.within_reach(COLUMNS, current_actor)
        for name in FILTERS:
            if (value := query.pop(name)) is not None:
                found = found.where(TABLE.c[name] == value)
        if (done := query.pop("done")) is not None:
            found = found.where(TABLE.c.done_at.is_not(None) if done else TABLE.c.done_at.is_(None))
        if (due_before := query.pop("due_before")) is not None:
            found = found.where(TABLE.c.due_at < due_before)
        return ROWS.listed(found, [TABLE.c.id.desc()], **query)

    @blueprint.arguments(TaskInSchema())
    @blueprint.response(201, TaskSchema())
    def post(self, task: dict[str, Any]) -> Task:
        """Make a task."""
        return perform(lambda session: service.add(session, current_actor, **task))


@blueprint.route("/<uuid:id>", roles=STAFF)
@blueprint.etag
class OneTask(MethodView):
    """One of them."""

    @blueprint.response(200, TaskSchema())
    def get(self, id: UUID) -> Task:
        """One task."""
        with reading() as session:
            return service.reachable(session, current_actor, id)

    @blueprint.arguments(TaskChangeSchema())
    @blueprint.response(200, TaskSchema())
    def patch(self, changes: dict[str, Any], id: UUID) -> Task:
        """Change a task."""

        def work(session: Session) -> Task:
            task = service.reachable(session, current_actor, id)
            blueprint.check_etag(task)
            return service.change(session, current_actor, task, dict(changes))

        return perform(work)

    @blueprint.response(204)
    def delete(self, id: UUID) -> None:
        """Delete a task."""

        def work(session: Session) -> None:
            task = service.reachable(session, current_actor, id)
            blueprint.check_etag(task)
            service.remove(session, current_actor, task)

        perform(work)


@blueprint.route("/<uuid:id>/completion", roles=STAFF)
class Completion(MethodView):
    """It is done."""

    @blueprint.arguments(CompletionSchema())
    @blueprint.response(201, TaskSchema())
    def post(self, facts: dict[str, Any], id: UUID) -> Task:
        """Note that a task is done; done twice is done once."""

        def work(session: Session) -> Task:
            return service.finish(session, current_actor, service.reachable(session, current_actor, id), **facts)

        return perform(work)


@blueprint.route("/<uuid:id>/snooze", roles=STAFF)
class Snooze(MethodView):
    """Not now."""

    @blueprint.arguments(SnoozeSchema())
    @blueprint.response(201, TaskSchema())
    @blueprint.alt_response(409, description="The task is done")
    def post(self, facts: dict[str, Any], id: UUID) -> Task:
        """Be reminded of a task again later; when it is due stays as it is."""

        def work(session: Session) -> Task:
            return service.snooze(session, current_actor, service.reachable(session, current_actor, id), **facts)

        return perform(work)
