"""The own conversation over HTTP; its live stream, `GET /v1/me/conversation/events`, is served by the edge.

What a customer says comes in through the bots' door, `bots/chat.py`.
"""

from dataclasses import asdict
from typing import Any

from flask.views import MethodView
from sqlalchemy.orm import Session

from mcrm.actors import Role
from mcrm.api.blueprint import Blueprint
from mcrm.api.identity import current_actor
from mcrm.api.paging import make_cursor, read_cursor
from mcrm.contacts import service as contacts
from mcrm.contacts.models import Contact
from mcrm.conversations import reading, thread
from mcrm.conversations.reading import Standing
from mcrm.conversations.schemas import ConversationQuery, ConversationSchema, ReadSchema, StandingSchema
from mcrm.db import reading as looking_up
from mcrm.transaction import perform

blueprint = Blueprint(
    "conversation", __name__, url_prefix="/v1/me/conversation", description="What was said, on every channel."
)
ORDER = "conversation"


@blueprint.route("", roles={Role.CUSTOMER})
class Conversation(MethodView):
    """The one thread of all channels."""

    @blueprint.arguments(ConversationQuery(), location="query")
    @blueprint.response(200, ConversationSchema())
    def get(self, query: dict[str, Any]) -> dict[str, Any]:
        """Your conversation with us, newest message first, whichever channel it was on."""
        before = read_cursor(query["cursor"], ORDER)[0] if query["cursor"] is not None else None
        with looking_up() as session:
            contact = _oneself(session)
            found = thread.page(session, contact, before=before, after=query["after"], limit=query["limit"])
            standing = reading.standing(session, current_actor, contact)
        following = None if found.before is None else make_cursor([found.before], ORDER)
        return {
            **asdict(standing),
            "is_stopped": found.is_stopped,
            "position": found.position,
            "items": found.items,
            "next_cursor": following,
        }


@blueprint.route("/reading", roles={Role.CUSTOMER})
class Reading(MethodView):
    """How far one has read."""

    @blueprint.arguments(ReadSchema())
    @blueprint.response(200, StandingSchema())
    def put(self, facts: dict[str, int]) -> Standing:
        """Note up to which message you have read; it never goes back."""

        def work(session: Session) -> Standing:
            return reading.read(session, current_actor, _oneself(session), **facts)

        return perform(work)


def _oneself(session: Session) -> Contact:
    assert current_actor.contact_id is not None
    return contacts.reachable(session, current_actor, current_actor.contact_id)
