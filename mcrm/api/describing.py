"""What the description of the API says about every operation alike: problems with their headers, tags, keys, shapes."""

from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

from mcrm.api.problems import PROBLEM_TYPE

ETAGS = r'^(\*|(W/)?"[!#-~]+")$'
"""One tag, or `*` for whichever is there; a list of them is understood too, though nobody needs it."""
SHOWN_ID = "01890a5d-ac96-774b-bcce-b302099a8057"


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of problem as the description knows it: when it comes, an example's code, the headers with it."""

    name: str
    when: str
    code: str
    headers: tuple[str, ...] = ()


PROBLEMS: Mapping[int, Kind] = {
    400: Kind("BAD_REQUEST", "The request or its body cannot be read", "body.malformed"),
    401: Kind("UNAUTHORIZED", "There is no access token, or it is not valid any more", "auth.required", ("CHALLENGE",)),
    403: Kind("FORBIDDEN", "Your role may not call this, or not in this state", "auth.role-missing"),
    404: Kind("NOT_FOUND", "Something that the path or the body names is not there, or not yours to see", "not-found"),
    409: Kind("CONFLICT", "The present state does not allow this", "conflict"),
    412: Kind("PRECONDITION_FAILED", "It has changed since the tag in If-Match was read", "etag.stale"),
    413: Kind("REQUEST_ENTITY_TOO_LARGE", "The body is larger than this takes", "body.too-large"),
    415: Kind("UNSUPPORTED_MEDIA_TYPE", "The body is not JSON, or packed in another way than gzip", "body.wrong-type"),
    422: Kind("UNPROCESSABLE_ENTITY", "The input is not what this expects; `errors` names the fields", "invalid"),
    428: Kind("PRECONDITION_REQUIRED", "If-Match is missing: read first, then send its ETag", "etag.required"),
    429: Kind("TOO_MANY_REQUESTS", "Too many requests: wait as long as Retry-After says", "rate.limited", ("WAIT",)),
    500: Kind("INTERNAL_SERVER_ERROR", "A defect of ours; `request_id` finds it in the log", "internal"),
    503: Kind("SERVICE_UNAVAILABLE", "A part that this needs is busy or away; try again", "unavailable", ("WAIT",)),
}

HEADERS: Mapping[str, dict[str, Any]] = {
    "REQUEST_ID": {
        "description": "The id of this request: the one sent along as X-Request-ID if it was well formed, else ours.",
        "schema": {"type": "string", "pattern": "^[A-Za-z0-9-]{8,64}$"},
    },
    "ETAG": {
        "description": "The version of what was answered; goes into If-Match or If-None-Match.",
        "schema": {"type": "string"},
    },
    "REPLAYED": {
        "description": "`true` when this is the answer kept for an Idempotency-Key that came before.",
        "schema": {"type": "string", "const": "true"},
    },
    "WAIT": {"description": "Whole seconds to wait.", "schema": {"type": "integer", "minimum": 1}},
    "CHALLENGE": {"description": "How to authenticate, RFC 6750.", "schema": {"type": "string"}},
}
SENT_AS = {
    "REQUEST_ID": "X-Request-ID",
    "ETAG": "ETag",
    "REPLAYED": "Idempotency-Replayed",
    "WAIT": "Retry-After",
    "CHALLENGE": "WWW-Authenticate",
}

PARAMETERS: Mapping[str, tuple[str, dict[str, Any]]] = {
    "IDEMPOTENCY_KEY": (
        "Idempotency-Key",
        {
            "description": (
                "Chosen by the caller for one intent. Sent again with the same body it gets the first answer again, "
                "marked `Idempotency-Replayed`, and nothing happens twice; with another body it is refused (422)."
            ),
            "schema": {"type": "string", "pattern": "^[!-~]{1,255}$"},
        },
    ),
    "IF_MATCH": (
        "If-Match",
        {
            "description": "The ETag of the copy that is being changed. Without it 428, when somebody was faster 412.",
            "required": True,
            "schema": {"type": "string", "pattern": ETAGS},
        },
    ),
    "IF_NONE_MATCH": (
        "If-None-Match",
        {
            "description": "The ETag of a copy already held; 304 without a body while it is current.",
            "schema": {"type": "string"},
        },
    ),
}


def headers(*names: str) -> dict[str, Any]:
    """References to the headers of an answer, by the names they are sent as."""
    return {SENT_AS[name]: {"$ref": f"#/components/headers/{name}"} for name in names}


def register(spec: Any, problem_schema: Any) -> None:
    """Put headers, parameters and problems of `PROBLEMS` into the components of an apispec `spec`."""
    for name, header in HEADERS.items():
        spec.components.header(name, header)
    for name, (sent_as, parameter) in PARAMETERS.items():
        spec.components.parameter(name, "header", {"name": sent_as, **parameter}, lazy=True)
    for status, kind in PROBLEMS.items():
        content = {PROBLEM_TYPE: {"schema": problem_schema, "example": _example(status, kind)}}
        answer = {"description": kind.when, "content": content, "headers": headers("REQUEST_ID", *kind.headers)}
        spec.components.response(kind.name, answer, lazy=True)
    unchanged = {"description": "Your copy is current", "headers": headers("REQUEST_ID", "ETAG")}
    spec.components.response("NOT_MODIFIED", unchanged, lazy=True)


def _example(status: int, kind: Kind) -> dict[str, Any]:
    return {
        "type": "about:blank",
        "title": HTTPStatus(status).phrase,
        "status": status,
        "detail": f"{kind.when}.",
        "code": kind.code,
        "request_id": SHOWN_ID,
    }


def complete(document: dict[str, Any], shapes: Mapping[str, type], examples: Mapping[str, Any]) -> dict[str, Any]:
    """Give every shape the sentence of its class and, where there is one, its example; tell alternatives apart.

    `shapes`: component name to the schema class it was made from. Raises KeyError for an example of a shape that is
    not described.
    """
    described: dict[str, dict[str, Any]] = document["components"]["schemas"]
    for name, shape in shapes.items():
        if name in described and getattr(shape, "either", None):
            described[name] = _one_of(described[name], shape.either)  # type: ignore[attr-defined]
        if name in described and shape.__doc__:
            described[name].setdefault("description", " ".join(shape.__doc__.split()))
    for name, example in examples.items():
        described[name]["examples"] = [example]
    return document


def _one_of(shape: dict[str, Any], either: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    """The shape once for each of these members, each time without the others: no value fits two of them."""
    choices = []
    for member, narrower in either.items():
        members = {name: facts for name, facts in shape["properties"].items() if name == member or name not in either}
        members |= {name: members[name] | facts for name, facts in narrower.items()}
        choices.append(shape | {"properties": members, "required": [member, *shape.get("required", ())]})
    return {"oneOf": choices}
