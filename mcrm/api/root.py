"""`make_api` wires the conventions onto a Flask application; `mcrm/app.py` then registers the blueprints."""

import hashlib
import hmac
from collections.abc import Callable, Iterable, Mapping
from typing import Any
from urllib.parse import urlsplit

import flask_smorest
from flask import Blueprint as PlainBlueprint
from flask import Flask
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm.exc import StaleDataError
from werkzeug.exceptions import HTTPException
from werkzeug.middleware.proxy_fix import ProxyFix
from werkzeug.routing import UnicodeConverter, ValidationError

from mcrm.actors import Actor
from mcrm.api import describing, docs, guard, headers, health, problems
from mcrm.api.blueprint import Blueprint, Undeclared
from mcrm.api.databaseproblems import of_database
from mcrm.api.idempotency import replaying
from mcrm.api.json import OrjsonProvider
from mcrm.api.ratelimit import Buckets, Rate
from mcrm.api.state import EXTENSION, Root
from mcrm.config import Settings
from mcrm.errors import DomainError

DESCRIPTION = """\
Sign in with `POST /v1/auth/login` (staff) or `POST /v1/auth/otp` (customers), then send the access token as
`Authorization: Bearer …`; on this page, press *Authorize* and give it there.

**Errors** are problem details (RFC 9457) with a stable `code`; a path that does not exist is a 404, a method that it
does not know a 405 with `Allow`. **Lists** are read page by page: `next_cursor` of one page is `cursor` of the next,
and null on the last; a parameter that nobody documented is a 422. **Writes** honour an `Idempotency-Key`; what people
edit carries an `ETag`, which `If-Match` brings back. **Amounts** are whole pence, cents and the like; times are UTC.
Bodies may be gzip-encoded both ways; an `X-Request-ID` that you send comes back and stands in the log.
"""
ACTOR_RATE = Rate(per_second=50, burst=200)
ADDRESS_RATE = Rate(per_second=20, burst=100)


class TextConverter(UnicodeConverter):
    """A short printable text in a path; anything else is a path that does not exist."""

    def to_python(self, value: str) -> str:
        """The text; what was not UTF-8 has become a replacement character by now."""
        if len(value) > 200 or not value.isprintable() or "\ufffd" in value:
            raise ValidationError
        return value


class Api(flask_smorest.Api):  # type: ignore[misc]  # flask-smorest is untyped to us
    """flask-smorest's, with our problems and nothing that is not declared."""

    ERROR_SCHEMA = problems.ProblemSchema
    DEFAULT_ERROR_RESPONSE_NAME = None  # it would hide codes that nobody documented

    def register_blueprint(self, blueprint: Blueprint, **options: Any) -> None:
        """Register a blueprint and take over what it declares."""
        super().register_blueprint(blueprint, **options)
        name = options.get("name", blueprint.name)
        for (endpoint, method), access in blueprint.access.items():
            full = f"{name}.{endpoint}"
            self.state.access[full, method] = access
            if access.replays:
                self._app.view_functions[full] = replaying(self._app.view_functions[full])

    def register_open(self, blueprint: PlainBlueprint, endpoints: Iterable[str]) -> None:
        """Register a plain blueprint (webhooks, pages) whose named endpoints guard themselves."""
        self._app.register_blueprint(blueprint)
        self.state.open_endpoints.update(endpoints)

    def seal(self) -> None:
        """Called last: raises Undeclared if a route exists that nobody declared."""
        declared = {endpoint for endpoint, _ in self.state.access} | self.state.open_endpoints
        if strangers := sorted({rule.endpoint for rule in self._app.url_map.iter_rules()} - declared):
            raise Undeclared(f"routes without declared access: {', '.join(strangers)}")

    def description(self) -> str:
        """The OpenAPI document as JSON; complete once every blueprint is registered."""
        if self._description is None:
            shapes = {name: key[0] for key, name in self.ma_plugin.converter.refs.items()}
            document = describing.complete(self.spec.to_dict(), shapes, self.state.examples)
            self._description = self._app.json.dumps(document)
        return self._description

    _description: str | None = None

    @property
    def state(self) -> Root:
        """The root's parts."""
        state: Root = self._app.extensions[EXTENSION]
        return state

    def _register_error_handlers(self) -> None:
        self._app.register_error_handler(HTTPException, problems.of_http)
        self._app.register_error_handler(DomainError, problems.of_domain)
        for kind in (SQLAlchemyError, StaleDataError, TimeoutError):
            self._app.register_error_handler(kind, of_database)
        self._app.register_error_handler(Exception, problems.of_defect)

    def _register_responses(self) -> None:
        describing.register(self.spec, problems.ProblemSchema())

    def _register_etag_headers(self) -> None:
        """Registered with all other headers."""

    def _register_pagination_header(self) -> None:
        """Pages are told apart by `next_cursor`, never by a header."""


def make_api(
    app: Flask,
    settings: Settings,
    *,
    authenticate: Callable[[str], Actor],
    checks: Mapping[str, Callable[[], str | None]] | None = None,
    gauges: Mapping[str, Callable[[], float]] | None = None,
    examples: Mapping[str, Any] | None = None,
    actor_rate: Rate = ACTOR_RATE,
    address_rate: Rate = ADDRESS_RATE,
) -> Api:
    """Put the API root onto `app`; register blueprints on what it returns, then `seal()` it.

    `authenticate` turns an access token into its actor or raises NotSignedIn. `checks` are the parts of /readyz: None
    for well, a reason otherwise (`off: …` is no fault). `gauges` are figures of /metrics. `examples` are shown in the
    description, by the name of the shape.
    """
    configure(app, settings)
    app.extensions[EXTENSION] = Root(
        authenticate=authenticate,
        default_region=settings.default_region,
        cursor_key=derived_key(settings.secret_key, "cursor"),
        https=settings.public_url.startswith("https:"),
        by_actor=Buckets(actor_rate),
        by_address=Buckets(address_rate),
        checks=dict(checks or {}),
        examples=dict(examples or {}),
    )
    health.Measures(gauges or {}).attach(app)
    app.before_request(guard.admit)
    app.after_request(headers.finish)
    api = Api(app, spec_kwargs={"info": {"description": DESCRIPTION}})
    api.spec.components.security_scheme("bearer", {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"})
    api.register_open(health.blueprint, health.ENDPOINTS)
    api.register_open(docs.blueprint, docs.ENDPOINTS)
    return api


def configure(app: Flask, settings: Settings) -> None:
    """Flask's own settings: limits, hosts that we answer to, JSON, no default converters that let odd input in."""
    host = urlsplit(settings.public_url).hostname
    app.config.update(
        API_TITLE="mCRM",
        API_VERSION="v1",
        OPENAPI_VERSION="3.1.0",
        MAX_CONTENT_LENGTH=settings.limits.body_bytes,
        MAX_FORM_MEMORY_SIZE=settings.limits.body_bytes,
        MAX_FORM_PARTS=50,
        TRUSTED_HOSTS=[host, "localhost", "127.0.0.1"],
        PROPAGATE_EXCEPTIONS=False,
    )
    app.json = OrjsonProvider(app)
    app.url_map.converters |= {"default": TextConverter, "string": TextConverter}
    if settings.proxies:
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=settings.proxies, x_proto=settings.proxies)  # type: ignore[method-assign]


def derived_key(secret: str, purpose: str) -> bytes:
    """A key of 32 bytes for one purpose, so that what is signed for one never passes for another."""
    return hmac.new(secret.encode(), f"mcrm:{purpose}".encode(), hashlib.sha256).digest()
