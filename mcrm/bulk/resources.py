"""Imports and exports over HTTP."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from uuid import UUID

from flask import Response, request
from flask.views import MethodView

from mcrm.actors import Actor, Area
from mcrm.api.blueprint import Blueprint
from mcrm.api.bodies import raw_body
from mcrm.api.identity import current_actor
from mcrm.api.paging import page_of
from mcrm.api.problems import BadBody, WrongMediaType
from mcrm.api.rows import compile_rows
from mcrm.api.state import root
from mcrm.bulk import exporting, reporting, service
from mcrm.bulk.acting import BRINGERS, MAY_BRING, require
from mcrm.bulk.models import Import, ImportMapping, ImportRow
from mcrm.bulk.schemas import (
    ImportMappingSchema,
    ImportQuery,
    ImportRowQuery,
    ImportRowSchema,
    ImportSchema,
    RunSchema,
    UploadQuery,
)
from mcrm.bulk.sheets import CSV, MOST_BYTES, XLSX, look
from mcrm.db import reading
from mcrm.orders.schemas import NothingSchema
from mcrm.scratch import scratch_folder
from mcrm.transaction import transaction

WORKBOOK = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
FORMATS = {"text/csv": CSV, "application/csv": CSV, WORKBOOK: XLSX}
FILE = {
    "requestBody": {
        "required": True,
        "content": {kind: {"schema": {"type": "string", "format": "binary"}} for kind in ("text/csv", WORKBOOK)},
    }
}
IMPORTS = compile_rows(ImportSchema(), Import)
VERDICTS = compile_rows(ImportRowSchema(), ImportRow)
MAPPINGS = compile_rows(ImportMappingSchema(), ImportMapping)
imports = Blueprint("imports", __name__, url_prefix="/v1/imports", area=Area.BULK, description="Files in.")
mappings = Blueprint(
    "import-mappings", __name__, url_prefix="/v1/import-mappings", area=Area.BULK, description="How files are read."
)
exports = Blueprint("exports", __name__, url_prefix="/v1/exports", area=Area.BULK, description="Files out.")


@imports.route("", roles=BRINGERS, body_limit=MOST_BYTES)
class Imports(MethodView):
    """All of them."""

    @imports.arguments(ImportQuery(), location="query")
    @imports.response(200, page_of(ImportSchema()))
    def get(self, query: dict[str, Any]) -> Response:
        """List the imports you see, newest first."""
        found = service.imports_of(current_actor)
        if (resource := query.pop("resource")) is not None:
            found = found.where(Import.resource == resource)
        return IMPORTS.listed(found, [Import.id.desc()], **query)

    @imports.arguments(UploadQuery(), location="query")
    @imports.doc(**FILE)
    @imports.response(201, ImportSchema())
    @imports.alt_response(400, description="The body is empty")
    @imports.alt_response(413, description="The file is too large")
    @imports.alt_response(415, description="The body is neither CSV nor a workbook")
    def post(self, query: dict[str, Any]) -> Import:
        """Upload a file, CSV or XLSX: the answer suggests a mapping, and nothing runs before `/run`."""
        require(current_actor, MAY_BRING, query["resource"])
        if (format_ := FORMATS.get(request.mimetype)) is None:
            raise WrongMediaType(f"Send the file as text/csv or {WORKBOOK}.")
        with _body_as_file(format_) as path:
            sheet = look(path, format_, delimiter=query.pop("delimiter"))
            with transaction() as session:
                return service.upload(session, current_actor, sheet, region=root().default_region, **query)


@contextmanager
def _body_as_file(format_: str) -> Iterator[Path]:
    if not raw_body():
        raise BadBody("The body is empty.", code="body.empty")
    with scratch_folder() as folder:
        path = folder / f"rows.{format_}"
        path.write_bytes(raw_body())
        yield path


@imports.route("/<uuid:id>", roles=BRINGERS)
@imports.etag
class OneImport(MethodView):
    """One of them."""

    @imports.response(200, ImportSchema())
    def get(self, id: UUID) -> Import:
        """How far an import is."""
        with reading() as session:
            return service.reachable(session, current_actor, id)


@imports.route("/<uuid:id>/run", roles=BRINGERS)
class RunOfImport(MethodView):
    """Dry, or for real."""

    @imports.arguments(RunSchema())
    @imports.response(202, ImportSchema())
    @imports.alt_response(409, description="It is running, or has run")
    def post(self, facts: dict[str, Any], id: UUID) -> Import:
        """Let it run. A dry run changes nothing and reports the same; a real one may follow it."""
        with transaction() as session:
            return service.start(session, current_actor, service.reachable(session, current_actor, id), **facts)


@imports.route("/<uuid:id>/cancellation", roles=BRINGERS)
class CancellationOfImport(MethodView):
    """Stopping it."""

    @imports.arguments(NothingSchema())
    @imports.response(200, ImportSchema())
    @imports.alt_response(409, description="It is over")
    def post(self, nothing: dict[str, Any], id: UUID) -> Import:
        """Stop an import: the rows that are in stay in, until they are taken back."""
        with transaction() as session:
            return service.cancel(session, current_actor, service.reachable(session, current_actor, id))


@imports.route("/<uuid:id>/undo", roles=BRINGERS)
class UndoOfImport(MethodView):
    """Taking it back."""

    @imports.arguments(NothingSchema())
    @imports.response(202, ImportSchema())
    @imports.alt_response(409, description="There is nothing to take back")
    def post(self, nothing: dict[str, Any], id: UUID) -> Import:
        """Take an import back, as far as nobody changed or named since what it brought; each row says how it went."""
        with transaction() as session:
            return service.undo(session, current_actor, service.reachable(session, current_actor, id))


@imports.route("/<uuid:id>/rows", roles=BRINGERS)
class RowsOfImport(MethodView):
    """The verdicts."""

    @imports.arguments(ImportRowQuery(), location="query")
    @imports.response(200, page_of(ImportRowSchema()))
    def get(self, query: dict[str, Any], id: UUID) -> Response:
        """The verdict on each row, in the file's order."""
        outcome = query.pop("outcome")
        with reading() as session:
            found = service.report(service.reachable(session, current_actor, id), only=outcome and outcome.value)
        return VERDICTS.listed(found, [ImportRow.row], **query)


@imports.route("/<uuid:id>/report.csv", roles=BRINGERS)
class ReportOfImport(MethodView):
    """The verdicts as a file."""

    @imports.file("text/csv", "One verdict a row")
    def get(self, id: UUID) -> Response:
        """The verdict on each row as CSV."""
        with reading() as session:
            job = service.reachable(session, current_actor, id)
        return _attached(exporting.csv_pieces(reporting.rows(job)), f"import-{job.id}-report.csv")


@mappings.route("", roles=BRINGERS)
class Mappings(MethodView):
    """All of them."""

    @mappings.arguments(ImportQuery(), location="query")
    @mappings.response(200, page_of(ImportMappingSchema()))
    def get(self, query: dict[str, Any]) -> Response:
        """List the saved mappings; a run saves one with `save_as`."""
        found = service.mappings_of(query.pop("resource"))
        return MAPPINGS.listed(found, [ImportMapping.name, ImportMapping.id], **query)


class Export(MethodView):
    """Everything you see of a resource, as CSV."""

    resource = ""

    @exports.file("text/csv", "One row each, in the columns that an import takes")
    def get(self) -> Response:
        """Everything you see, as CSV in UTF-8; the columns are those that an import takes."""
        found = exporting.rows(_a_copy(current_actor), self.resource)
        return _attached(exporting.csv_pieces(found), f"{self.resource}.csv")


def _a_copy(actor: Any) -> Actor:
    """The actor itself: the body is written when the request's own context is over."""
    found: Actor = actor._get_current_object()
    return found


for _name in exporting.SOURCES:
    _view = type(f"{_name.title()}Export", (Export,), {"resource": _name, "__doc__": f"All {_name}."})
    exports.route(f"/{_name}.csv", roles=BRINGERS)(_view)


def _attached(pieces: Iterator[bytes], name: str) -> Response:
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    return Response(pieces, mimetype="text/csv", headers=headers)
