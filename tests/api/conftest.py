"""A small application on the API root: one toy resource that uses every convention."""

from collections.abc import Callable, Iterator
from enum import StrEnum
from typing import Any
from uuid import UUID

import pytest
from flask import Flask
from flask.testing import FlaskClient
from flask.views import MethodView

from mcrm import keys
from mcrm.actors import STAFF, Actor, Channel, Role
from mcrm.api import fields, formats
from mcrm.api.blueprint import Blueprint
from mcrm.api.identity import BadToken, current_actor
from mcrm.api.paging import PageQuery, page_of
from mcrm.api.ratelimit import Rate
from mcrm.api.root import Api, make_api
from mcrm.config import Settings
from mcrm.errors import Conflict, NotFound, TooSoon, Unavailable
from mcrm.ids import new_id

SETTINGS = Settings.from_environment(
    {
        "MCRM_DATABASE_URL": "sqlite:///unused.db",
        "MCRM_SECRET_KEY": "0f9c1d2e3b4a5968778695a4b3c2d1e0",
        "MCRM_PUBLIC_URL": "https://crm.harbourandpine.example",
    }
)
ROLES = {"ada": Role.ADMIN, "sam": Role.REP, "ben": Role.CUSTOMER}
PLENTY = Rate(per_second=1_000_000, burst=1_000_000)


class Roast(StrEnum):
    """How dark."""

    LIGHT = "light"
    DARK = "dark"


class BeanSchema(fields.Schema):
    """A kind of bean."""

    id = fields.Uuid(dump_only=True)
    rev = fields.Int(dump_only=True)
    name = fields.Str(required=True, max_length=40)
    roast = fields.Enum(Roast, load_default=Roast.LIGHT)
    price = fields.Money(load_default=0)
    currency = formats.Currency(load_default="GBP")
    grower = formats.Phone(load_default=None, allow_none=True)
    locale = formats.Locale(load_default="en")
    picked_at = fields.AwareDateTime(load_default=None, allow_none=True)
    tags = fields.List(fields.Str(max_length=20), max_length=3, load_default=list)
    extra = formats.JsonObject(load_default=dict)
    organic = fields.Bool(load_default=False)


class BeanChangeSchema(fields.Schema):
    """What may change of a bean."""

    name = fields.Str(max_length=40)


class BeanQuery(PageQuery):
    """Filters of the list."""

    roast = fields.Enum(Roast)
    organic = fields.Bool()
    tag = fields.List(fields.Str(max_length=20), max_length=2)


class OutOfBeans(Conflict):
    """There are no beans left."""

    code = "bean.out"


class BeanUnknown(NotFound):
    """There is no such bean."""

    code = "bean.unknown"


def bean_blueprint(shelf: dict[UUID, dict[str, Any]], failures: dict[str, Exception]) -> Blueprint:
    """The resource over a shelf of plain dicts; `failures` are raised by name."""
    blueprint = Blueprint("beans", __name__, url_prefix="/v1/beans")

    @blueprint.route("", roles=STAFF)
    class Beans(MethodView):
        @blueprint.arguments(BeanQuery(), location="query")
        @blueprint.response(200, page_of(BeanSchema()))
        def get(self, query: dict[str, Any]) -> dict[str, Any]:
            """List beans."""
            return {"items": list(shelf.values())[: query["limit"]], "next_cursor": None}

        @blueprint.allow(Role.ADMIN)
        @blueprint.arguments(BeanSchema())
        @blueprint.response(201, BeanSchema())
        def post(self, bean: dict[str, Any]) -> dict[str, Any]:
            """Add a bean."""
            row = {"id": new_id(), "rev": 1, **bean, "by": current_actor.role}
            shelf[row["id"]] = row
            return row

    @blueprint.route("/<uuid:id>", roles=STAFF)
    @blueprint.etag
    class Bean(MethodView):
        @blueprint.response(200, BeanSchema())
        def get(self, id: UUID) -> dict[str, Any]:
            """One bean."""
            return _one(shelf, id)

        @blueprint.arguments(BeanChangeSchema())
        @blueprint.response(200, BeanSchema())
        def patch(self, change: dict[str, Any], id: UUID) -> dict[str, Any]:
            """Change a bean."""
            row = _one(shelf, id)
            blueprint.check_etag(row)
            row |= change | {"rev": row["rev"] + 1}
            return row

        @blueprint.response(204)
        def delete(self, id: UUID) -> None:
            """Forget a bean."""
            blueprint.check_etag(_one(shelf, id))
            del shelf[id]

    @blueprint.route("/failures/<name>", public=True)
    class Failure(MethodView):
        @blueprint.response(200)
        def get(self, name: str) -> None:
            """Fail."""
            raise failures[name]

    return blueprint


def _one(shelf: dict[UUID, dict[str, Any]], id: UUID) -> dict[str, Any]:
    if id not in shelf:
        raise BeanUnknown
    return shelf[id]


def authenticate(token: str) -> Actor:
    """Tokens are the names of the cast."""
    if token not in ROLES:
        raise BadToken
    return Actor(role=ROLES[token], channel=Channel.API, id=UUID(int=list(ROLES).index(token) + 1))


@pytest.fixture
def shelf() -> dict[UUID, dict[str, Any]]:
    """The beans that are there."""
    return {}


@pytest.fixture
def failures() -> dict[str, Exception]:
    """What `/v1/beans/failures/<name>` raises."""
    return {
        "conflict": OutOfBeans(),
        "soon": TooSoon(retry_after_s=7),
        "away": Unavailable(retry_after_s=3),
        "defect": KeyError("+447700900201"),
    }


@pytest.fixture
def make(shelf: dict[UUID, dict[str, Any]], failures: dict[str, Exception]) -> Callable[..., tuple[Flask, Api]]:
    """Make the application, with parts of the root replaced."""

    def build(**options: Any) -> tuple[Flask, Api]:
        keys.use(SETTINGS.secret_key)
        app = Flask(__name__, static_folder=None)
        api = make_api(
            app,
            options.pop("settings", SETTINGS),
            authenticate=authenticate,
            **{"actor_rate": PLENTY, "address_rate": PLENTY} | options,
        )
        api.register_blueprint(bean_blueprint(shelf, failures))
        return app, api

    return build


@pytest.fixture
def client(make: Callable[..., tuple[Flask, Api]]) -> Iterator[FlaskClient]:
    """Ada, an admin, at the application."""
    app, api = make()
    api.seal()
    client = app.test_client()
    client.environ_base["HTTP_AUTHORIZATION"] = "Bearer ada"
    yield client
