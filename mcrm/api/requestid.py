"""One id per request, in and out: the caller's if it is well formed, else ours."""

import re

from flask import g, request

from mcrm.ids import new_id

HEADER = "X-Request-ID"
WELL_FORMED = re.compile(r"[A-Za-z0-9-]{8,64}")


def request_id() -> str:
    """The id of the current request."""
    if "request_id" not in g:
        given = request.headers.get(HEADER, "")
        g.request_id = given if WELL_FORMED.fullmatch(given) else str(new_id())
    identifier: str = g.request_id
    return identifier
