"""What every answer carries: the request's id, the security headers, gzip where it pays."""

import gzip

from flask import Response, request

from mcrm.api.requestid import HEADER, request_id
from mcrm.api.state import root

WORTH_PACKING = 1000
PACKED_TYPES = frozenset({"application/json", "application/problem+json", "text/html", "text/css", "text/javascript"})

SECURITY = (
    ("X-Content-Type-Options", "nosniff"),
    ("X-Frame-Options", "DENY"),
    ("Referrer-Policy", "no-referrer"),
    ("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'"),
    ("Cross-Origin-Resource-Policy", "same-origin"),
    ("Cache-Control", "no-store"),
)
SECURITY_OVER_TLS = (*SECURITY, ("Strict-Transport-Security", "max-age=31536000"))


def finish(response: Response) -> Response:
    """Runs after every request; a page that set its own policy or caching keeps it."""
    response.headers[HEADER] = request_id()
    own = {name.lower() for name, _ in response.headers}
    ours = SECURITY_OVER_TLS if root().https else SECURITY
    response.headers.extend([(name, value) for name, value in ours if name.lower() not in own])
    return _packed(response)


def _packed(response: Response) -> Response:
    if response.direct_passthrough or response.is_streamed or response.mimetype not in PACKED_TYPES:
        return response
    if "Vary" in response.headers:
        response.vary.add("Accept-Encoding")
    else:  # as nearly always, and a tenth of the price of reading and writing a set
        response.headers.add("Vary", "Accept-Encoding")
    if "Content-Encoding" in response.headers or response.calculate_content_length() in range(WORTH_PACKING + 1):
        return response
    if request.accept_encodings.quality("gzip") > 0 and "gzip" in request.headers.get("Accept-Encoding", ""):
        response.set_data(gzip.compress(response.get_data(), compresslevel=4, mtime=0))
        response.headers["Content-Encoding"] = "gzip"
    return response
