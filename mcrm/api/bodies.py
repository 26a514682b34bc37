"""A request's body: unpacked and parsed once, strictly, within limits of size and depth."""

import json
import math
import zlib
from typing import Any, NoReturn

from flask import current_app, g, request
from werkzeug.exceptions import RequestEntityTooLarge

from mcrm.api.problems import BadBody, WrongMediaType

DEEPEST = 64
"""Levels of nesting; our own shapes need fewer than ten, and orjson writes at most 254."""


def raw_body() -> bytes:
    """The body, gunzipped if it came so; raises 413 beyond the request's limit, 415 for another encoding."""
    if "body" not in g:
        g.body = _unpacked(request.get_data(cache=True))
    body: bytes = g.body
    return body


def json_body() -> Any:
    """The body as JSON; raises WrongMediaType (415) or BadBody (400)."""
    if request.mimetype != "application/json" and not request.mimetype.endswith("+json"):
        raise WrongMediaType("Send the body as application/json.")
    body = raw_body()
    if not body.strip():
        raise BadBody("The body is empty.", code="body.empty")
    try:
        value = json.loads(
            body.decode("utf-8"),
            object_pairs_hook=_members,
            parse_constant=_refuse_constant,
            parse_int=_whole_number,
            parse_float=_number,
        )
    except UnicodeDecodeError:
        raise BadBody("The body is not valid UTF-8.") from None
    except RecursionError:
        raise BadBody("The body is nested too deeply.", code="body.too-deep") from None
    except json.JSONDecodeError as error:
        raise BadBody(f"The body is not JSON: {error.msg} at character {error.pos}.") from None
    if body.count(b"[") + body.count(b"{") > DEEPEST and _deeper_than(value, DEEPEST):
        raise BadBody("The body is nested too deeply.", code="body.too-deep")
    return value


def _unpacked(data: bytes) -> bytes:
    encoding = request.headers.get("Content-Encoding", "").strip().lower()
    if encoding in {"", "identity"}:
        return data
    if encoding != "gzip":
        raise WrongMediaType("Bodies come plain or gzip-encoded.", headers={"Accept-Encoding": "gzip"})
    limit = request.max_content_length or int(current_app.config["MAX_CONTENT_LENGTH"])
    unpacker = zlib.decompressobj(wbits=31)
    try:
        unpacked = unpacker.decompress(data, limit + 1)
    except zlib.error:
        raise BadBody("The body is not valid gzip.") from None
    if len(unpacked) > limit:
        raise RequestEntityTooLarge
    if not unpacker.eof or unpacker.unused_data:
        raise BadBody("The body is not valid gzip.")
    return unpacked


def _members(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise BadBody("An object has two members of the same name.", code="body.duplicate-member")
    return members


def _refuse_constant(name: str) -> NoReturn:
    raise BadBody(f"{name} is not JSON.")


def _whole_number(digits: str) -> int | float:
    """Beyond 64 bits a whole number becomes a float, which every field refuses; 5,000 digits are never converted."""
    if len(digits) > 400:
        raise BadBody("A number is too large.", code="body.number-too-large")
    value = int(digits)
    return value if -(2**63) <= value < 2**63 else _number(digits)


def _number(digits: str) -> float:
    value = float(digits)
    if not math.isfinite(value):
        raise BadBody("A number is too large.", code="body.number-too-large")
    return value


def _deeper_than(value: Any, levels: int) -> bool:
    layer = [value]
    for _ in range(levels + 1):
        layer = [
            child
            for container in layer
            if isinstance(container, dict | list)
            for child in (container.values() if isinstance(container, dict) else container)
        ]
        if not layer:
            return False
    return True
