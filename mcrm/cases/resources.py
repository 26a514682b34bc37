"""Cases over HTTP."""

from typing import Any
from uuid import UUID

from flask import Response
from flask.views import MethodView
from sqlalchemy import select
from sqlalchemy.orm import Session

from mcrm import clock
from mcrm.actors import STAFF
from mcrm.api.blueprint import Blueprint
from mcrm.api.identity import current_actor
from mcrm.api.paging import page_of
from mcrm.api.rows import compile_rows
from mcrm.cases import service
from mcrm.cases.models import Case, CaseState
from mcrm.cases.schemas import CaseChangeSchema, CaseInSchema, CaseQuery, CaseSchema
from mcrm.db import reading
from mcrm.notes.schemas import NoteInSchema, NoteSchema
from mcrm.notes.service import Note
from mcrm.transaction import perform

blueprint = Blueprint("cases", __name__, url_prefix="/v1/cases", description="What takes longer than a reply.")
TABLE = service.TABLE
ROWS = compile_rows(CaseSchema(), TABLE)
COLUMNS = select(*ROWS.columns)
FILTERS = ("state", "kind", "owner_id", "contact_id", "order_id")


@blueprint.route("", roles=STAFF)
class Cases(MethodView):
    """All of them."""

    @blueprint.arguments(CaseQuery(), location="query")
    @blueprint.response(200, page_of(CaseSchema()))
    def get(self, query: dict[str, Any]) -> Response:
        """List the cases of contacts within reach, newest first."""
        found = service.within_reach(COLUMNS, current_actor)
        for name in FILTERS:
            if (value := query.pop(name)) is not None:
                found = found.where(TABLE.c[name] == value)
        if (is_overdue := query.pop("is_overdue")) is not None:
            late = (TABLE.c.due_at < clock.now()) & (TABLE.c.state != CaseState.CLOSED.value)
            found = found.where(late if is_overdue else ~late | TABLE.c.due_at.is_(None))
        return ROWS.listed(found, [TABLE.c.id.desc()], **query)

    @blueprint.arguments(CaseInSchema())
    @blueprint.response(201, CaseSchema())
    def post(self, case: dict[str, Any]) -> Case:
        """Open a case."""
        return perform(lambda session: service.add(session, current_actor, **case))


@blueprint.route("/<uuid:id>", roles=STAFF)
@blueprint.etag
class OneCase(MethodView):
    """One of them."""

    @blueprint.response(200, CaseSchema())
    def get(self, id: UUID) -> Case:
        """One case."""
        with reading() as session:
            return service.reachable(session, current_actor, id)

    @blueprint.arguments(CaseChangeSchema())
    @blueprint.response(200, CaseSchema())
    def patch(self, changes: dict[str, Any], id: UUID) -> Case:
        """Change a case, give it to somebody, move it on."""

        def work(session: Session) -> Case:
            case = service.reachable(session, current_actor, id)
            blueprint.check_etag(case)
            return service.change(session, current_actor, case, dict(changes))

        return perform(work)


@blueprint.route("/<uuid:id>/closure", roles=STAFF)
class Closure(MethodView):
    """It is settled."""

    @blueprint.response(201, CaseSchema())
    def post(self, id: UUID) -> Case:
        """Close a case; closed twice is closed once."""

        def work(session: Session) -> Case:
            case = service.reachable(session, current_actor, id)
            return service.move(session, current_actor, case, CaseState.CLOSED)

        return perform(work)


@blueprint.route("/<uuid:id>/notes", roles=STAFF)
class NotesOfCase(MethodView):
    """What colleagues should know; they stand in the contact's timeline."""

    @blueprint.arguments(NoteInSchema())
    @blueprint.response(201, NoteSchema())
    def post(self, note: dict[str, Any], id: UUID) -> Note:
        """Write down a note about a case."""

        def work(session: Session) -> Note:
            return service.note(session, current_actor, service.reachable(session, current_actor, id), note["text"])

        return perform(work)
