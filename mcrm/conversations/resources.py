"""The own conversation over HTTP; its live stream, `GET /v1/me/conversation/events`, is served by the edge.

What a customer says comes in through the bots' door, `bots/chat.py`.
"""

from typing import Any

from flask.views import MethodView

from mcrm.actors import Role
from mcrm.api.blueprint import Blueprint
from mcrm.api.identity import current_actor
from mcrm.api.paging import make_cursor, read_cursor
from mcrm.contacts import service as contacts
from mcrm.conversations import thread
from mcrm.conversations.schemas import ConversationQuery, ConversationSchema
from mcrm.db import reading

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
        assert current_actor.contact_id is not None
        with reading() as session:
            contact = contacts.reachable(session, current_actor, current_actor.contact_id)
            found = thread.page(session, contact, before=before, after=query["after"], limit=query["limit"])
        following = None if found.before is None else make_cursor([found.before], ORDER)
        return {
            "owner": found.owner,
            "is_stopped": found.is_stopped,
            "position": found.position,
            "items": found.items,
            "next_cursor": following,
        }
