"""Bulk changes over HTTP."""

from typing import Any
from uuid import UUID

import marshmallow as ma
from flask import Response
from flask.views import MethodView

from mcrm.api.blueprint import Blueprint
from mcrm.api.identity import current_actor
from mcrm.api.paging import PageQuery, page_of
from mcrm.api.problems import FieldError, InvalidInput, field_errors
from mcrm.api.rows import compile_rows
from mcrm.bulk.acting import BRINGERS, MAY_CHANGE, require
from mcrm.bulkchanges import service
from mcrm.bulkchanges.models import BulkChange, BulkChangeRow
from mcrm.bulkchanges.schemas import BulkChangeInSchema, BulkChangeRowSchema, BulkChangeSchema
from mcrm.custom_fields.schemas import PREFIX
from mcrm.db import reading
from mcrm.orders.schemas import NothingSchema
from mcrm.transaction import transaction

ROWS = compile_rows(BulkChangeSchema(), BulkChange)
VERDICTS = compile_rows(BulkChangeRowSchema(), BulkChangeRow)
blueprint = Blueprint(
    "bulk-changes", __name__, url_prefix="/v1/bulk-changes", description="One change for every row of a filter."
)


@blueprint.route("", roles=BRINGERS)
class BulkChanges(MethodView):
    """All of them."""

    @blueprint.arguments(PageQuery(), location="query")
    @blueprint.response(200, page_of(BulkChangeSchema()))
    def get(self, query: dict[str, Any]) -> Response:
        """List the bulk changes you see, newest first."""
        return ROWS.listed(service.changes_of(current_actor), [BulkChange.id.desc()], **query)

    @blueprint.arguments(BulkChangeInSchema())
    @blueprint.response(201, BulkChangeSchema())
    def post(self, facts: dict[str, Any]) -> BulkChange:
        """Count what a change over a filter would meet; nothing is changed before `/run`."""
        require(current_actor, MAY_CHANGE, facts["resource"])
        target = service.TARGETS[facts["resource"]]
        found = _loaded(target.filters, facts["filter"], "filter")
        if not _loaded(target.changes, facts["changes"], "set"):
            raise InvalidInput([FieldError("set", "required", "Must set something.")])
        custom = {f"{PREFIX}{name}": text for name, text in found.get("custom", {}).items()}
        plain = {name: value for name, value in target.filters.dump(found).items() if value is not None}
        facts["filter"] = plain | custom
        with transaction() as session:
            return service.count(session, current_actor, **facts)


def _loaded(schema: ma.Schema, given: dict[str, Any], member: str) -> dict[str, Any]:
    try:
        loaded: dict[str, Any] = schema.load(given)
    except ma.ValidationError as error:
        raise InvalidInput(field_errors(error.messages, (member,)), code="bulk-change.invalid") from None
    return loaded


@blueprint.route("/<uuid:id>", roles=BRINGERS)
@blueprint.etag
class OneBulkChange(MethodView):
    """One of them."""

    @blueprint.response(200, BulkChangeSchema())
    def get(self, id: UUID) -> BulkChange:
        """How far a bulk change is."""
        with reading() as session:
            return service.reachable(session, current_actor, id)


@blueprint.route("/<uuid:id>/run", roles=BRINGERS)
class RunOfBulkChange(MethodView):
    """Doing it."""

    @blueprint.arguments(NothingSchema())
    @blueprint.response(202, BulkChangeSchema())
    @blueprint.alt_response(409, description="It is running, or over")
    def post(self, nothing: dict[str, Any], id: UUID) -> BulkChange:
        """Let it run, each row by the ordinary rules."""
        with transaction() as session:
            return service.start(session, current_actor, service.reachable(session, current_actor, id))


@blueprint.route("/<uuid:id>/cancellation", roles=BRINGERS)
class CancellationOfBulkChange(MethodView):
    """Stopping it."""

    @blueprint.arguments(NothingSchema())
    @blueprint.response(200, BulkChangeSchema())
    @blueprint.alt_response(409, description="It is over")
    def post(self, nothing: dict[str, Any], id: UUID) -> BulkChange:
        """Stop a bulk change: what is changed stays changed."""
        with transaction() as session:
            return service.cancel(session, current_actor, service.reachable(session, current_actor, id))


@blueprint.route("/<uuid:id>/rows", roles=BRINGERS)
class RowsOfBulkChange(MethodView):
    """The verdicts."""

    @blueprint.arguments(PageQuery(), location="query")
    @blueprint.response(200, page_of(BulkChangeRowSchema()))
    def get(self, query: dict[str, Any], id: UUID) -> Response:
        """How each row ended."""
        with reading() as session:
            found = service.rows_of(service.reachable(session, current_actor, id))
        return VERDICTS.listed(found, [BulkChangeRow.subject_id], **query)
