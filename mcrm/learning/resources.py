"""Messages that were not understood, over HTTP: look through them, say what they meant."""

from typing import Any
from uuid import UUID

from flask import Response
from flask.views import MethodView

from mcrm.actors import Role
from mcrm.api.blueprint import Blueprint
from mcrm.api.identity import current_actor
from mcrm.api.paging import page_of
from mcrm.api.rows import compile_rows
from mcrm.conversations.models import Message
from mcrm.learning import service
from mcrm.learning.models import UnknownMessage
from mcrm.learning.schemas import LabelSchema, UnknownMessageQuery, UnknownMessageSchema
from mcrm.transaction import transaction

blueprint = Blueprint(
    "unknown-messages", __name__, url_prefix="/v1/unknown-messages", description="What the bots did not understand."
)
TEACHERS = {Role.ADMIN, Role.MANAGER, Role.AGENT}
MESSAGE = {name: getattr(Message, name) for name in ("contact_id", "channel", "text", "understood")}
ROWS = compile_rows(UnknownMessageSchema(), UnknownMessage, **MESSAGE)


@blueprint.route("", roles=TEACHERS)
class UnknownMessages(MethodView):
    """All that wait for a label, and those that have one."""

    @blueprint.arguments(UnknownMessageQuery(), location="query")
    @blueprint.response(200, page_of(UnknownMessageSchema()))
    def get(self, query: dict[str, Any]) -> Response:
        """List the messages that were not understood, newest first."""
        where = {"limit": query.pop("limit"), "cursor": query.pop("cursor")}
        return ROWS.listed(service.unknown(**query), [UnknownMessage.id.desc()], **where)


@blueprint.route("/<uuid:id>/label", roles=TEACHERS)
class Label(MethodView):
    """What a message meant."""

    @blueprint.arguments(LabelSchema())
    @blueprint.response(200, UnknownMessageSchema())
    def put(self, body: dict[str, Any], id: UUID) -> dict[str, Any]:
        """Say what a message meant; the next training learns it."""
        with transaction() as session:
            row, message = service.label(session, current_actor, id=id, intent=body["intent"])
            own = ("id", "created_at", "message_id", "language", "why", "label", "labelled_at")
            return {name: getattr(row, name) for name in own} | {name: getattr(message, name) for name in MESSAGE}
