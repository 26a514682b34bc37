"""Every error as an RFC 9457 problem; the one place where kinds of domain errors become HTTP statuses."""

import logging
import traceback
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from http import HTTPStatus
from typing import Any

from flask import Response, current_app, request
from werkzeug.exceptions import HTTPException

from mcrm import errors
from mcrm.api.coded import code_of
from mcrm.api.fields import Int, List, Nested, Schema, Str
from mcrm.api.requestid import request_id

PROBLEM_TYPE = "application/problem+json"
MOST_FIELD_ERRORS = 50

STATUS_OF_KIND: Mapping[type[errors.DomainError], int] = {
    errors.NotFound: 404,
    errors.NotAllowed: 403,
    errors.NotSignedIn: 401,
    errors.Conflict: 409,
    errors.TooSoon: 429,
    errors.Invalid: 422,
    errors.Unavailable: 503,
}

CODE_OF_STATUS: Mapping[int, str] = {
    400: "bad-request",
    401: "auth.required",
    403: "not-allowed",
    404: "not-found",
    405: "method-not-allowed",
    409: "conflict",
    412: "etag.stale",
    413: "body.too-large",
    415: "body.wrong-type",
    422: "invalid",
    428: "etag.required",
    429: "rate.limited",
    500: "internal",
    503: "unavailable",
}

log = logging.getLogger("mcrm.api")


class FieldErrorSchema(Schema):
    """One thing wrong with one field."""

    field = Str(required=True, min_length=0, metadata={"description": "Dotted path; empty for the whole input"})
    code = Str(required=True)
    detail = Str(required=True)


class ProblemSchema(Schema):
    """A problem, RFC 9457; `code` is the stable word to branch on."""

    type = Str(required=True, metadata={"format": "uri-reference"})
    title = Str(required=True)
    status = Int(required=True, minimum=400, maximum=599)
    detail = Str(required=True, max_length=2000)
    code = Str(required=True)
    request_id = Str(required=True)
    errors = List(Nested(FieldErrorSchema()), max_length=MOST_FIELD_ERRORS)


@dataclass(frozen=True, slots=True)
class FieldError:
    """What is wrong with one field: a dotted path (empty: the whole input), a code, a sentence."""

    field: str
    code: str
    detail: str


class Problem(HTTPException):
    """An HTTP error that knows its code; raised by the API root itself, never by a use case."""

    code = 400
    problem_code = "bad-request"

    def __init__(
        self, detail: str | None = None, *, code: str | None = None, headers: Mapping[str, str] | None = None
    ) -> None:
        """`code` is the stable word of the problem, not the HTTP status."""
        super().__init__(detail or (type(self).__doc__ or "").partition("\n")[0])
        self.problem_code = code or self.problem_code
        self.headers = dict(headers or {})
        self.field_errors: Sequence[FieldError] = ()


class BadBody(Problem):
    """The body cannot be read."""

    problem_code = "body.malformed"


class WrongMediaType(Problem):
    """The body is not of a type that this takes."""

    code = 415
    problem_code = "body.wrong-type"


class InvalidInput(Problem):
    """The input is not what this expects."""

    code = 422
    problem_code = "invalid"

    def __init__(self, found: Sequence[FieldError], *, code: str | None = None) -> None:
        """`found`: what is wrong, field by field."""
        super().__init__(code=code)
        self.field_errors = found[:MOST_FIELD_ERRORS]


def field_errors(messages: object, path: tuple[str, ...] = ()) -> list[FieldError]:
    """marshmallow's tree of messages as a flat list of at most MOST_FIELD_ERRORS."""
    flat = []
    for error in _walk(messages, path):
        flat.append(error)
        if len(flat) == MOST_FIELD_ERRORS:
            break
    return flat


def _walk(messages: object, path: tuple[str, ...]) -> Iterator[FieldError]:
    if isinstance(messages, Mapping):
        for name, below in messages.items():
            yield from _walk(below, path if name == "_schema" else (*path, str(name)))
    elif isinstance(messages, list):
        for message in messages:
            yield from _walk(message, path)
    else:
        yield FieldError(_printable(".".join(path)), code_of(messages), _printable(str(messages)))


def _printable(text: str) -> str:
    """A client chooses the names of unknown fields: cut short, without halves of surrogate pairs."""
    return text[:200].encode("utf-8", "replace").decode("utf-8")


def problem_response(
    status: int,
    code: str,
    detail: str,
    *,
    title: str | None = None,
    found: Sequence[FieldError] = (),
    headers: Mapping[str, str] | None = None,
) -> Response:
    """The answer for one problem."""
    body: dict[str, Any] = {
        "type": "about:blank" if title is None else f"urn:mcrm:problem:{code}",
        "title": title or HTTPStatus(status).phrase,
        "status": status,
        "detail": detail,
        "code": code,
        "request_id": request_id(),
    }
    if found:
        body["errors"] = [asdict(error) for error in found]
    response = Response(current_app.json.dumps(body), status=status, content_type=PROBLEM_TYPE)
    response.headers.update(headers or {})
    return response


def of_http(error: HTTPException) -> Response:
    """Of an HTTP error, with its headers (Allow of a 405, Retry-After); a 304 has no body."""
    status = error.code or 500
    headers = {name: value for name, value in error.get_headers() if name.lower() != "content-type"}
    if isinstance(error.response, Response):  # a ready answer
        return error.response
    if status < 400:
        return Response(status=status, headers=headers)
    if status >= 500 and not isinstance(error, Problem):
        return of_defect(getattr(error, "original_exception", None) or error)
    detail = error.description or HTTPStatus(status).phrase
    if isinstance(error, Problem):
        return problem_response(
            status, error.problem_code, detail, found=error.field_errors, headers=headers | error.headers
        )
    return problem_response(status, CODE_OF_STATUS.get(status, f"http.{status}"), detail, headers=headers)


def of_domain(error: errors.DomainError) -> Response:
    """Of what the domain says is wrong."""
    status = next((status for kind, status in STATUS_OF_KIND.items() if isinstance(error, kind)), None)
    if status is None:
        return of_defect(error)
    headers: dict[str, str] = {}
    if isinstance(error, errors.TooSoon | errors.Unavailable):
        headers["Retry-After"] = str(error.retry_after_s)
    if isinstance(error, errors.NotSignedIn):
        given = ', error="invalid_token"' if request.headers.get("Authorization") else ""
        headers["WWW-Authenticate"] = f'Bearer realm="mcrm"{given}'
    found = [FieldError(error.field, error.code, error.detail)] if error.field else []
    title = (type(error).__doc__ or "").strip().partition("\n")[0] or None
    return problem_response(status, error.code, error.detail, title=title, found=found, headers=headers)


def of_defect(error: BaseException) -> Response:
    """Of a defect of ours: nothing about it goes out, and its text, which may hold personal data, is not logged."""
    places = "".join(traceback.format_tb(error.__traceback__))
    log.error("request %s failed: %s\n%s", request_id(), type(error).__qualname__, places)
    return problem_response(500, "internal", "Something went wrong on our side.")
