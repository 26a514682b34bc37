"""A customer's own conversation over HTTP: the same thread that the bots and the staff write into.

What a customer says comes in through the bots' door, `bots/chat.py`; the live stream, `GET
/v1/me/conversation/events`, is served by the edge.
"""

from typing import Any

from flask.views import MethodView
from sqlalchemy.orm import Session

from mcrm.actors import Role
from mcrm.api.blueprint import Blueprint
from mcrm.api.identity import current_actor
from mcrm.api.paging import make_cursor, page_of, read_cursor
from mcrm.contacts import service as contacts
from mcrm.contacts.models import Contact
from mcrm.conversations import reading as conversation
from mcrm.conversations.reading import Standing
from mcrm.conversations.schemas import OwnMessageQuery, OwnMessageSchema, ReadSchema, StandingSchema
from mcrm.db import reading
from mcrm.transaction import perform

own = Blueprint(
    "own-conversation", __name__, url_prefix="/v1/me/conversation", description="What customers and we said."
)
ORDER = "conversation"


@own.route("", roles={Role.CUSTOMER})
class OwnConversation(MethodView):
    """One's own."""

    @own.response(200, StandingSchema())
    def get(self) -> Standing:
        """Who answers you now, and how much you have not read."""
        with reading() as session:
            return conversation.standing(session, current_actor, _oneself(session))


@own.route("/messages", roles={Role.CUSTOMER})
class OwnMessages(MethodView):
    """What was said."""

    @own.arguments(OwnMessageQuery(), location="query")
    @own.response(200, page_of(OwnMessageSchema()))
    def get(self, query: dict[str, Any]) -> dict[str, Any]:
        """What was said on every channel, newest first; a page may hold fewer than asked for and still not be the last.

        One-time codes are not shown, and links for one pair of eyes only in the app, while they can be used.
        """
        limit, cursor = query["limit"], query["cursor"]
        before = read_cursor(cursor, ORDER)[0] if cursor is not None else None
        with reading() as session:
            said, following = conversation.messages(
                session, current_actor, _oneself(session), before=before, after=query["after"], limit=limit
            )
        return {"items": said, "next_cursor": None if following is None else make_cursor([following], ORDER)}


@own.route("/reading", roles={Role.CUSTOMER})
class OwnReading(MethodView):
    """How far one has read."""

    @own.arguments(ReadSchema())
    @own.response(200, StandingSchema())
    def put(self, facts: dict[str, int]) -> Standing:
        """Note up to which message you have read; it never goes back.

        A push that would tell of a person's answer in the app is called off by that.
        """

        def work(session: Session) -> Standing:
            return conversation.read(session, current_actor, _oneself(session), **facts)

        return perform(work)


def _oneself(session: Session) -> Contact:
    assert current_actor.contact_id is not None
    return contacts.reachable(session, current_actor, current_actor.contact_id)
