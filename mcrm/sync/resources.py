"""Offline sync over HTTP."""

import gzip
import tempfile
from collections.abc import Iterator
from typing import IO, Any
from uuid import UUID

import orjson
from flask import Response, request
from flask.views import MethodView
from sqlalchemy import Connection, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session
from werkzeug.exceptions import RequestEntityTooLarge

from mcrm.actors import STAFF
from mcrm.api.blueprint import Blueprint
from mcrm.api.identity import current_actor
from mcrm.api.json import encode
from mcrm.api.paging import page_of
from mcrm.api.rows import compile_rows
from mcrm.api.state import root
from mcrm.db import looking, reading
from mcrm.holding import held
from mcrm.sync import conflicts, devices, pulling, pushing
from mcrm.sync.limits import LARGEST_PUSH, MOST_RECORDS
from mcrm.sync.models import Conflict
from mcrm.sync.pulling import Page
from mcrm.sync.pushing import Pushed
from mcrm.sync.schemas import (
    ConflictQuery,
    PullQuery,
    PushQuery,
    SyncConflictSchema,
    SyncDigestSchema,
    SyncPulledSchema,
    SyncPushedSchema,
    SyncPushSchema,
    SyncSettlementSchema,
    SyncWaitSchema,
    WaitQuery,
    WireSchemaSchema,
)
from mcrm.sync.tables import SCHEMA_VERSION, TABLES, Written
from mcrm.transaction import perform

blueprint = Blueprint("sync", __name__, url_prefix="/v1/sync", description="Offline sync, the WatermelonDB protocol.")
ROWS = compile_rows(SyncConflictSchema(), Conflict)
COLUMNS = select(*ROWS.columns)
IN_MEMORY = 4_000_000
PIECE = 64 * 1024


@blueprint.route("", roles=STAFF, body_limit=LARGEST_PUSH)
class Sync(MethodView):
    """What is new, and what the device did."""

    @blueprint.arguments(PullQuery(), location="query")
    @blueprint.response(200, SyncPulledSchema())
    def get(self, query: dict[str, Any]) -> Response:
        """Pull: what changed since `last_pulled_at`; ask again while `has_more`."""
        if not query["last_pulled_at"]:
            perform(_begin)
        with looking() as connection:
            found = pulling.pull(
                connection,
                current_actor,
                last_pulled_at=query["last_pulled_at"],
                limit=query["limit"],
                added_tables=query["migration"],
            )
            if found.whole:
                return _streamed(_whole(connection, found))
            is_back = devices.is_back(connection, current_actor)
        if is_back:
            perform(lambda session: devices.hear(session, current_actor))
        body = {"changes": found.changes(), "timestamp": found.timestamp, "has_more": found.has_more}
        return Response(encode(body), mimetype="application/json")

    @blueprint.arguments(PushQuery(), location="query")
    @blueprint.arguments(SyncPushSchema())
    @blueprint.response(200, SyncPushedSchema())
    @blueprint.alt_response(409, description="Pull first, then push again.")
    @blueprint.alt_response(413, description="More than 5 MB, or more than 5,000 records.")
    def post(self, query: dict[str, Any], body: dict[str, Any]) -> Pushed:
        """Push: records are taken one by one; those refused are named, the others are in."""
        changes = body["changes"]
        if pushing.count(changes) > MOST_RECORDS:
            raise RequestEntityTooLarge(f"A push holds at most {MOST_RECORDS} records.")

        def work(session: Session) -> Pushed:
            return pushing.push(session, current_actor, changes=changes, region=root().default_region, **query)

        try:
            return perform(work)
        except IntegrityError:  # somebody stored the same at the same moment: now it can be seen
            if held():
                raise
            return perform(work)


@blueprint.route("/digest", roles=STAFF)
class Digest(MethodView):
    """Proof that a device holds what it should."""

    @blueprint.response(200, SyncDigestSchema())
    def get(self) -> dict[str, Any]:
        """Count and hash of what you should hold: the sum modulo 2^64 of the first 8 bytes of SHA-256("id:rev")."""
        with looking() as connection:
            return pulling.digest(connection, current_actor)


@blueprint.route("/schema", roles=STAFF)
class WireSchema(MethodView):
    """The tables on the wire."""

    @blueprint.response(200, WireSchemaSchema())
    def get(self) -> dict[str, Any]:
        """Tables and columns for the app's own schema; `read_only` ones are the server's to write."""
        return {
            "schema_version": SCHEMA_VERSION,
            "tables": {
                name: {
                    "columns": {
                        column.name: {
                            "type": column.type,
                            "optional": column.optional,
                            "read_only": column.written is Written.NEVER,
                        }
                        for column in table.columns
                    }
                }
                for name, table in TABLES.items()
            },
        }


@blueprint.route("/wait", roles=STAFF)
class Wait(MethodView):
    """Whether a pull is worth it."""

    @blueprint.arguments(WaitQuery(), location="query")
    @blueprint.response(200, SyncWaitSchema())
    def get(self, query: dict[str, Any]) -> dict[str, Any]:
        """Whether something is new since the cursor; `mcrm serve` holds the request until it is, 25 s at most."""
        with looking() as connection:
            changed = pulling.has_news(connection, current_actor, query["since"])
            return {"changed": changed, "timestamp": pulling.now(connection)}


@blueprint.route("/conflicts", roles=STAFF)
class Conflicts(MethodView):
    """The conflict inbox."""

    @blueprint.arguments(ConflictQuery(), location="query")
    @blueprint.response(200, page_of(SyncConflictSchema()))
    def get(self, query: dict[str, Any]) -> Response:
        """List the conflicts of your edits, newest first; managers see those of everybody."""
        found = conflicts.within_reach(COLUMNS, current_actor)
        if (state := query.pop("state")) is not None:
            found = found.where(Conflict.state == state.value)
        return ROWS.listed(found, [Conflict.id.desc()], **query)


@blueprint.route("/conflicts/<uuid:id>", roles=STAFF)
class OneConflict(MethodView):
    """One of them."""

    @blueprint.response(200, SyncConflictSchema())
    def get(self, id: UUID) -> Conflict:
        """One conflict."""
        with reading() as session:
            return conflicts.reachable(session, current_actor, id)


@blueprint.route("/conflicts/<uuid:id>/settlement", roles=STAFF)
class Settlement(MethodView):
    """The end of a conflict."""

    @blueprint.arguments(SyncSettlementSchema())
    @blueprint.response(201, SyncConflictSchema())
    def post(self, facts: dict[str, Any], id: UUID) -> Conflict:
        """Let `mine` (the device's) or `theirs` stand."""
        return perform(lambda session: conflicts.settle(session, current_actor, id, **facts))


def _begin(session: Session) -> None:
    devices.begin(session, current_actor, pulling.head(session.connection())[1])


def _whole(connection: Connection, found: Page) -> Iterator[bytes]:
    """The body of an answer that replaces everything, piece by piece."""
    yield b'{"experimentalStrategy":"replacement","timestamp":%d,"has_more":false,"changes":{' % found.timestamp
    for place, (name, records) in enumerate(pulling.everything(connection, current_actor)):
        yield b'%s"%s":{"created":[],"deleted":[],"updated":[' % (b"," if place else b"", name.encode())
        for number, record in enumerate(records):
            yield (b"," if number else b"") + orjson.dumps(record)
        yield b"]}"
    yield b"}}"


def _streamed(pieces: Iterator[bytes]) -> Response:
    """Written to a file before it is sent: the snapshot is not held open by a slow line, nor the memory by its size."""
    packed = request.accept_encodings.quality("gzip") > 0 and "gzip" in request.headers.get("Accept-Encoding", "")
    body: IO[bytes] = tempfile.SpooledTemporaryFile(max_size=IN_MEMORY)  # noqa: SIM115 - closed with the response
    if packed:
        with gzip.GzipFile(fileobj=body, mode="wb", compresslevel=4, mtime=0) as packing:
            for piece in pieces:
                packing.write(piece)
    else:
        body.writelines(pieces)
    length = body.tell()
    body.seek(0)
    response = Response(_pieces(body), mimetype="application/json")
    response.call_on_close(body.close)
    response.content_length = length
    response.vary.add("Accept-Encoding")
    if packed:
        response.headers["Content-Encoding"] = "gzip"
    return response


def _pieces(body: IO[bytes]) -> Iterator[bytes]:
    with body:
        while piece := body.read(PIECE):
            yield piece
