"""Problem details (RFC 9457) that the edge answers itself, because Flask never sees the request or cannot answer it."""

import logging
import re
from dataclasses import dataclass
from http import HTTPStatus

import orjson

from mcrm.edge.asgi import Scope, Send, header
from mcrm.errors import DomainError, NotAllowed, NotSignedIn, TooSoon, Unavailable
from mcrm.ids import new_id

log = logging.getLogger(__name__)
REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")


@dataclass(eq=False)  # not frozen: Python writes to an exception on its way up
class Refusal(Exception):
    """An answer in place of Flask's.

    `close` says that the connection cannot go on, since an unread body may follow; `retry_after_s` whole seconds.
    """

    status: int
    code: str
    detail: str
    retry_after_s: int | None = None
    close: bool = False


def too_large(limit: int) -> Refusal:
    """413: the body is larger than `limit` bytes."""
    return Refusal(413, "body.too-large", f"The body may have at most {limit} bytes here.", close=True)


def too_slow(seconds: float) -> Refusal:
    """408: the body did not arrive within `seconds`."""
    return Refusal(408, "body.too-slow", f"The body did not arrive within {seconds:g} seconds.", close=True)


def unreadable() -> Refusal:
    """400: the body ended before it was whole."""
    return Refusal(400, "body.malformed", "The body ended before it was whole.", close=True)


def busy(retry_after_s: int = 2) -> Refusal:
    """503: more is going on than the edge takes on."""
    return Refusal(503, "server.busy", "Too much is going on at once; try again shortly.", retry_after_s)


def not_ready(retry_after_s: int = 2) -> Refusal:
    """503: the part that must answer is not running (yet)."""
    return Refusal(503, "server.not-ready", "This part is not ready; try again shortly.", retry_after_s)


def of_error(error: BaseException, request: str) -> Refusal:
    """What an exception from behind the edge means outside; anything unforeseen is logged and a 500."""
    match error:
        case Refusal():
            return error
        case NotSignedIn():
            return Refusal(401, error.code, error.detail)
        case NotAllowed():
            return Refusal(403, error.code, error.detail)
        case TooSoon():
            return Refusal(429, error.code, error.detail, error.retry_after_s)
        case Unavailable():
            return Refusal(503, error.code, error.detail, error.retry_after_s)
        case DomainError():
            return Refusal(422, error.code, error.detail)
    log.error("request %s failed outside Flask", request, exc_info=error)
    return Refusal(500, "server.error", "Something went wrong on our side; the request id finds it in the log.")


def request_id(scope: Scope) -> str:
    """The client's X-Request-ID where it is harmless, else a fresh one."""
    given = header(scope, b"x-request-id")
    return given if given and REQUEST_ID.fullmatch(given) else str(new_id())


async def send_problem(send: Send, refusal: Refusal, request: str) -> None:
    """Answer with the refusal as `application/problem+json`."""
    body = orjson.dumps(
        {
            "type": "about:blank",
            "title": HTTPStatus(refusal.status).phrase,
            "status": refusal.status,
            "detail": refusal.detail,
            "code": refusal.code,
            "request_id": request,
        }
    )
    headers = [
        (b"content-type", b"application/problem+json"),
        (b"content-length", b"%d" % len(body)),
        (b"cache-control", b"no-store"),
        (b"x-request-id", request.encode("ascii")),
    ]
    if refusal.retry_after_s is not None:
        headers.append((b"retry-after", b"%d" % refusal.retry_after_s))
    if refusal.status == 401:
        headers.append((b"www-authenticate", b"Bearer"))
    if refusal.close:
        headers.append((b"connection", b"close"))
    await send({"type": "http.response.start", "status": refusal.status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
