"""The one blueprint of the house: every operation says who may call it, what it takes, what it answers."""

import hashlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import wraps
from typing import Any, TypeVar

import flask_smorest
import marshmallow as ma
from flask import Response, request
from flask_smorest.etag import _get_etag_ctx
from werkzeug.exceptions import HTTPException, PreconditionFailed

from mcrm.actors import Area, Role
from mcrm.api.describing import PROBLEMS, headers
from mcrm.api.fields import Query
from mcrm.api.json import encode
from mcrm.api.parser import StrictParser, needs_something
from mcrm.api.problems import PROBLEM_TYPE, ProblemSchema
from mcrm.api.state import Access

View = TypeVar("View", bound=Callable[..., Any])
REPLAYED_METHODS = frozenset({"POST", "PATCH"})
BESIDE = "-"
FILE = {"type": "string", "format": "binary"}
FORBIDDEN_CONVERTERS = ("<int", "<float", "<path", "<any")


class Undeclared(TypeError):
    """An operation does not say what it must; the process does not start."""


class NotModified(HTTPException):
    """The caller's copy is current."""

    code = 304

    def __init__(self, tag: str) -> None:
        """`tag` without quotes."""
        super().__init__()
        self.tag = tag

    def get_headers(self, *unused: Any, **also_unused: Any) -> list[tuple[str, str]]:
        """The tag again, as RFC 9110 asks."""
        return [("ETag", f'"{self.tag}"')]


class Blueprint(flask_smorest.Blueprint):  # type: ignore[misc]  # flask-smorest is untyped to us
    """flask-smorest's, deny by default.

    `route(rule, roles={…})` or `route(rule, public=True)` declares for all methods of a view, `allow` for one.
    With an `area`, what managers may call is open to keys that permit it: `<area>:read` for GET, else `<area>:write`.
    Schemas are instances. Parameters in paths are `<uuid:id>` or short texts. Problems are documented by themselves.
    """

    ARGUMENTS_PARSER = StrictParser()

    def __init__(
        self, name: str, import_name: str, *, replays: bool = True, area: Area | None = None, **options: Any
    ) -> None:
        """`replays`: POST and PATCH honour an Idempotency-Key (not under /v1/auth)."""
        super().__init__(name, import_name, **options)
        self.area = area
        self.replays = replays
        self.access: dict[tuple[str, str], Access] = {}
        self._prepare_doc_cbks.append(self._prepare_access_doc)

    def allow(self, *roles: Role, public: bool = False, keys: bool = True) -> Callable[[View], View]:
        """Who may call this one method; stands above what the route says. Without `keys` no integration's key may."""

        def declare(view: View) -> View:
            view._allowed = (frozenset(roles), public, keys)  # type: ignore[attr-defined]
            return view

        return declare

    def add_url_rule(
        self,
        rule: str,
        endpoint: str | None = None,
        view_func: Any = None,
        provide_automatic_options: bool | None = None,
        *,
        roles: Iterable[Role] = (),
        public: bool = False,
        body_limit: int | None = None,
        **options: Any,
    ) -> None:
        """Register a view; raises Undeclared when one of its methods names neither roles nor public."""
        if any(converter in rule for converter in FORBIDDEN_CONVERTERS):
            raise Undeclared(f"{rule}: ids in paths are <uuid:…>, names are texts")
        super().add_url_rule(rule, endpoint, view_func, provide_automatic_options, **options)
        name = self._endpoints[-1]
        for method, docs in self._docs[name].items():
            if method == "parameters":
                continue
            view = getattr(view_func, method, view_func)
            access = self._access_of(view, method.upper(), frozenset(roles), public, body_limit)
            self.access[name, method.upper()] = access
            docs |= {"access": access, "operation": f"{self.name}.{name}.{method}", "has_id": "<" in rule}

    def arguments(self, schema: ma.Schema, *, location: str = "json", **options: Any) -> Callable[[View], View]:
        """Take input of this shape: `json`, or `query` with a subclass of Query."""
        _require_instance(schema)
        if location == "query" and not isinstance(schema, Query):
            raise Undeclared(f"{type(schema).__name__}: query parameters are a subclass of Query")
        decorate: Callable[[View], View] = super().arguments(schema, location=location, **options)
        return decorate

    def response(self, status_code: int, schema: ma.Schema | None = None, **options: Any) -> Callable[[View], View]:
        """Answer in this shape; a 204 has no body whatever the view returns."""
        _require_instance(schema)
        decorate = super().response(status_code, schema, **options)

        def decorated(view: View) -> View:
            answer = decorate(view)
            if status_code != 204:
                return answer  # type: ignore[no-any-return]

            @wraps(answer)
            def without_body(*args: Any, **kwargs: Any) -> Response:
                response: Response = answer(*args, **kwargs)
                response.set_data(b"")
                del response.headers["Content-Type"]
                return response

            return without_body  # type: ignore[return-value]

        return decorated

    def file(self, content_type: str, description: str) -> Callable[[View], View]:
        """Answer with a file of this type: the view returns a Response."""
        decorate: Callable[[View], View] = super().response(
            200, FILE, content_type=content_type, description=description
        )
        return decorate

    def alt_response(self, status_code: int, *args: Any, **options: Any) -> Callable[[View], View]:
        """Document another answer; from 400 on it is a problem unless the caller says otherwise."""
        if status_code >= 400 and not args:
            options = {"schema": ProblemSchema(), "content_type": PROBLEM_TYPE} | options
        _require_instance(options.get("schema"))
        decorate: Callable[[View], View] = super().alt_response(status_code, *args, **options)
        return decorate

    def check_etag(self, etag_data: Any, etag_schema: ma.Schema | None = None) -> None:
        """Compare If-Match with the row's `rev` (or a number); raises 412 when the caller's copy is stale.

        Weak tags count: a proxy that compresses makes ours weak. What is shown beside the row is no part of the edit.
        """
        _get_etag_ctx()["etag_checked"] = True
        tags = {tag.partition(BESIDE)[0] for tag in request.if_match.as_set(include_weak=True)}
        if not (request.if_match.star_tag or self._generate_etag(etag_data) in tags):
            raise PreconditionFailed("It has changed since you read it.")

    @staticmethod
    def _generate_etag(etag_data: Any, extra_data: Any = None) -> str:
        """The row's own counter where there is one, else a hash of the answer.

        Rows shown within it stand behind BESIDE: they change without it.
        """
        if isinstance(etag_data, Mapping):
            rev = etag_data.get("rev")
        else:
            rev = etag_data if isinstance(etag_data, int) else getattr(etag_data, "rev", None)
        if rev is not None:
            return str(rev) + _beside(etag_data)
        digest: str = flask_smorest.Blueprint._generate_etag(etag_data, extra_data)
        return digest

    def _check_not_modified(self, etag: str) -> None:
        if request.method in self.METHODS_CHECKING_NOT_MODIFIED and request.if_none_match.contains_weak(etag):
            raise NotModified(etag)

    def _access_of(
        self, view: Any, method: str, roles: frozenset[Role], public: bool, body_limit: int | None
    ) -> Access:
        roles, public, keys = getattr(view, "_allowed", (roles, public, True))
        if bool(roles) == public:
            raise Undeclared(f"{self.name}: {method} {view.__qualname__} needs either roles= or public=True")
        parameters = getattr(view, "_apidoc", {}).get("arguments", {}).get("parameters", ())
        queries = sum(parameter["in"] == "query" for parameter in parameters)
        if queries > 1:
            raise Undeclared(f"{self.name}: {method} {view.__qualname__} takes two query schemas; join them")
        replays = self.replays and not public and method in REPLAYED_METHODS
        scope = self._scope_of(method) if keys and Role.MANAGER in roles else None
        if scope is not None:
            roles = roles | {Role.INTEGRATION}
        return Access(roles, public, takes_query=bool(queries), body_limit=body_limit, replays=replays, scope=scope)

    def _scope_of(self, method: str) -> str | None:
        return self.area and f"{self.area.value}:{'read' if method == 'GET' else 'write'}"

    def _prepare_access_doc(
        self, doc: dict[str, Any], doc_info: dict[str, Any], *, method: str, **unused: Any
    ) -> dict[str, Any]:
        """Document who may call, and the problems that can come."""
        access: Access = doc_info["access"]
        responses = doc.setdefault("responses", {})
        for status in _problems_of(access, method, has_id=doc_info["has_id"], has_body="requestBody" in doc):
            responses.setdefault(status, PROBLEMS[status].name)
        for status, answer in responses.items():
            if isinstance(answer, dict):
                answer["headers"] = headers(*_headers_of(int(status), access)) | answer.get("headers", {})
        if method == "post" and "requestBody" in doc:
            doc["requestBody"]["required"] = any(map(needs_something, _shapes_in(doc["requestBody"])))
        doc["operationId"] = doc_info["operation"]
        doc["security"] = [] if access.public else [{"bearer": []}]
        if access.roles:
            doc["x-roles"] = sorted(access.roles)
        if access.scope:
            doc["x-scope"] = access.scope
        if access.replays:
            doc.setdefault("parameters", []).append("IDEMPOTENCY_KEY")
        return doc


def _problems_of(access: Access, method: str, *, has_id: bool, has_body: bool) -> Iterator[int]:
    """The statuses of problems that can come: some to every operation, others by what it takes."""
    yield from (400, 422, 429, 500, 503)
    if not access.public:
        yield from (401, 403)
    if has_id or (has_body and not access.public):  # what the path names, or what the body does
        yield 404
    if method != "get":
        yield 409
    if has_body or access.replays:  # the body counts for the key, whether or not anything is expected in it
        yield from (413, 415)


def _headers_of(status: int, access: Access) -> Iterator[str]:
    yield "REQUEST_ID"
    if status in PROBLEMS:
        yield from PROBLEMS[status].headers
    elif access.replays:
        yield "REPLAYED"


def _shapes_in(body: dict[str, Any]) -> Iterator[ma.Schema]:
    yield from (content["schema"] for content in body["content"].values())


def _beside(etag_data: Any) -> str:
    """A mark of the rows that stand in lists within an answer; nothing where there are none."""
    members = etag_data.values() if isinstance(etag_data, Mapping) else ()
    lists = [member for member in members if isinstance(member, list) and member and isinstance(member[0], Mapping)]
    return f"{BESIDE}{hashlib.sha256(encode(lists)).hexdigest()[:16]}" if lists else ""


def _require_instance(schema: Any) -> None:
    if schema is not None and not isinstance(schema, ma.Schema):
        raise Undeclared(f"{schema!r}: pass an instance; a class would be built anew at every request")
