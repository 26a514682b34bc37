"""Copies and being forgotten over HTTP: for the person, for whoever holds a link, and for admins."""

from typing import Any
from uuid import UUID

from flask import Blueprint as PlainBlueprint
from flask import Response, current_app, request
from flask.views import MethodView
from sqlalchemy import select

from mcrm.actors import Role
from mcrm.api.blueprint import Blueprint
from mcrm.api.identity import current_actor
from mcrm.api.paging import page_of
from mcrm.api.rows import compile_rows
from mcrm.api.state import root
from mcrm.config import Settings
from mcrm.db import reading
from mcrm.orders.schemas import NothingSchema
from mcrm.privacy import asking, copying, links, page
from mcrm.privacy.asking import Question
from mcrm.privacy.errors import CopyUnknown
from mcrm.privacy.models import CopyState, DataCopy, Erasure
from mcrm.privacy.schemas import (
    DataCopySchema,
    DeletionInSchema,
    DeletionSchema,
    ErasureQuery,
    ErasureSchema,
    FullErasureSchema,
)
from mcrm.transaction import perform

own = Blueprint("own-data", __name__, url_prefix="/v1/me", description="A copy of one's data, and being forgotten.")
blueprint = Blueprint("erasures", __name__, url_prefix="/v1", description="Who is to be forgotten, and who was.")
TABLE = Erasure.__table__
ENDPOINTS = frozenset({"copy-doors.offer", "copy-doors.fetch"})
ROWS = compile_rows(ErasureSchema(), TABLE)
COLUMNS = select(*ROWS.columns)
NEWEST_FIRST = [TABLE.c.id.desc()]


def _settings() -> Settings:
    settings: Settings = current_app.config["SETTINGS"]
    return settings


def _own_id() -> UUID:
    assert current_actor.contact_id is not None
    return current_actor.contact_id


def _copy(found: DataCopy) -> dict[str, Any]:
    shown = {name: getattr(found, name) for name in ("id", "state", "created_at", "ready_at", "expires_at", "size")}
    link = None
    if found.state == CopyState.READY and found.expires_at is not None:
        link = f"{_settings().public_url}/c/{links.token_for(found.id, found.expires_at)}"
    return shown | {"link": link}


def _deletion(found: Erasure | Question) -> dict[str, Any]:
    if isinstance(found, Question):
        asked_back = {"state": None, "confirmation": found.confirmation, "ended_at": None}
        return asked_back | {"due_at": found.due_at, "waits_for": found.waits_for}
    shown = {name: getattr(found, name) for name in ("state", "due_at", "waits_for", "ended_at")}
    return shown | {"confirmation": None}


@own.route("/export", roles={Role.CUSTOMER})
class OwnCopy(MethodView):
    """A copy of everything held of oneself."""

    @own.response(200, DataCopySchema())
    @own.alt_response(404, description="You have asked for none")
    def get(self) -> dict[str, Any]:
        """The copy you asked for last; its link, once it is ready."""
        with reading() as session:
            return _copy(copying.last_of(session, current_actor, _own_id()))

    @own.arguments(NothingSchema())
    @own.response(202, DataCopySchema())
    def post(self, nothing: dict[str, Any]) -> dict[str, Any]:
        """Have a copy put together, at most once a day; it takes a sign-in of the last five minutes."""
        return perform(lambda session: _copy(copying.ask(session, current_actor, _own_id())))


@own.route("/deletion", roles={Role.CUSTOMER})
class OwnDeletion(MethodView):
    """Being forgotten."""

    @own.response(200, DeletionSchema())
    @own.alt_response(404, description="You have not asked for it")
    def get(self) -> dict[str, Any]:
        """Where your deletion stands."""
        with reading() as session:
            return _deletion(asking.last_of(session, current_actor, _own_id()))

    @own.arguments(DeletionInSchema())
    @own.response(201, DeletionSchema())
    def post(self, asked: dict[str, Any]) -> dict[str, Any]:
        """Ask to be forgotten: first without, then with the confirmation; it takes a sign-in of the last five minutes.

        Thirty days later everything is erased that the law does not ask to be kept.
        """
        confirmation = asked["confirmation"]
        if confirmation is None:
            with reading() as session:
                return _deletion(asking.question(session, current_actor, _own_id()))
        return perform(lambda session: _deletion(asking.confirm(session, current_actor, _own_id(), confirmation)))

    @own.response(204)
    @own.alt_response(404, description="None is waiting")
    def delete(self) -> None:
        """Take it back."""
        perform(lambda session: asking.take_back(session, current_actor, _own_id()))


def make_doors(settings: Settings) -> PlainBlueprint:
    """The blueprint of `/c/{token}`: a copy, for whoever holds its link, for a day."""
    doors = PlainBlueprint("copy-doors", __name__)

    @doors.get("/c/<token>")
    def offer(token: str) -> Response:
        """Show that there is a copy behind the link; programs that draw links fetch nothing by that."""
        root().by_address.spend(request.remote_addr or "unknown")
        try:
            with reading() as session:
                found = copying.behind(session, token)
        except CopyUnknown:
            return _page(page.nothing(settings.business_name), 404)
        assert found.expires_at is not None
        return _page(page.offer(settings.business_name, found.expires_at), 200)

    @doors.post("/c/<token>")
    def fetch(token: str) -> Response:
        """Hand the copy out."""
        root().by_address.spend(request.remote_addr or "unknown")
        try:
            content = perform(lambda session: copying.fetch(session, token))
        except CopyUnknown:
            return _page(page.nothing(settings.business_name), 404)
        headers = {"Content-Disposition": 'attachment; filename="my-data.zip"'}
        return Response(content, mimetype="application/zip", headers=headers)

    return doors


def _page(words: str, status: int) -> Response:
    return Response(words, status=status, mimetype="text/html", headers={"Content-Security-Policy": page.POLICY})


@blueprint.route("/contacts/<uuid:id>/erasure", roles={Role.ADMIN})
class ErasureOfContact(MethodView):
    """A person's wish to be forgotten."""

    @blueprint.response(200, FullErasureSchema())
    def get(self, id: UUID) -> Erasure:
        """The person's last wish to be forgotten: until when it can be taken back, or what was kept and why."""
        with reading() as session:
            return asking.last_of(session, current_actor, id)

    @blueprint.arguments(NothingSchema())
    @blueprint.response(201, FullErasureSchema())
    def post(self, nothing: dict[str, Any], id: UUID) -> Erasure:
        """Let a person be forgotten who asked for it by letter or on the phone; it begins in thirty days."""
        return perform(lambda session: asking.ask(session, current_actor, id))

    @blueprint.response(204)
    def delete(self, id: UUID) -> None:
        """Take the wish back at the person's word, before it begins."""
        perform(lambda session: asking.take_back(session, current_actor, id))


@blueprint.route("/erasures", roles={Role.ADMIN})
class Erasures(MethodView):
    """All of them."""

    @blueprint.arguments(ErasureQuery(), location="query")
    @blueprint.response(200, page_of(ErasureSchema()))
    def get(self, query: dict[str, Any]) -> Response:
        """List the wishes to be forgotten, newest first."""
        found = COLUMNS
        if (state := query.pop("state")) is not None:
            found = found.where(TABLE.c.state == state)
        return ROWS.listed(found, NEWEST_FIRST, **query)
