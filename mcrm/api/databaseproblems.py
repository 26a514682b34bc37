"""What a database can answer besides rows, as problems: busy or away is 503, never a 500 and never a hang."""

import logging

from flask import Response, request
from sqlalchemy import exc
from sqlalchemy.orm.exc import StaleDataError

from mcrm.api.problems import of_defect, problem_response
from mcrm.api.requestid import request_id

log = logging.getLogger("mcrm.api")

BUSY_STATES = frozenset({"40001", "40P01", "55P03", "57014", "25P03"})
"""Serialisation failure, deadlock, lock time-out, statement time-out, idle in transaction."""

AWAY_STATES = ("08", "53", "57P")
"""Prefixes: connection lost, out of resources (connections, memory, disk), shutting down or starting up."""


def of_database(error: Exception) -> Response:
    """Of an error that the database, its pool or the turn to write raised."""
    if isinstance(error, StaleDataError):
        if request.if_match:
            return problem_response(412, "etag.stale", "It has changed since you read it.")
        return problem_response(409, "conflict", "Somebody else changed it at the same moment; try again.")
    if isinstance(error, exc.TimeoutError | TimeoutError) or (isinstance(error, exc.DBAPIError) and _passes(error)):
        log.warning("request %s: the database is busy or away (%s)", request_id(), type(error).__name__)
        return problem_response(503, "unavailable", "The database is busy; try again.", headers={"Retry-After": "2"})
    if isinstance(error, exc.IntegrityError):
        log.error("request %s: an integrity error that no use case foresaw", request_id())
        return problem_response(409, "conflict", "The present state does not allow this.")
    if isinstance(error, exc.DataError):
        log.error("request %s: a value that no field refused", request_id())
        return problem_response(422, "invalid", "A value cannot be stored.")
    return of_defect(error)


def _passes(error: exc.DBAPIError) -> bool:
    """Whether the same request can succeed later."""
    if error.connection_invalidated:
        return True
    state = getattr(error.orig, "sqlstate", None)
    if state is not None:
        return state in BUSY_STATES or state.startswith(AWAY_STATES)
    text = str(error.orig)
    return isinstance(error, exc.OperationalError) and (
        "locked" in text or "busy" in text or "disk is full" in text or "connect" in text
    )
