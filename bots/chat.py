"""The app's chat: the same dialogue behind the customer's sign-in, answered in the same breath.

Who is signed in is known, at level 2; at level 3 while the sign-in, or a code asked for here, is fresh. Nobody has to
vouch for the message itself: the app names it, and the same name again is the same message.
"""

from datetime import timedelta
from typing import Any
from uuid import UUID

from flask import current_app
from flask.views import MethodView
from sqlalchemy import select
from sqlalchemy.orm import Session

from bots import dialogue
from bots.house import House
from bots.inbound import Inbound, InboundKind, clean
from mcrm.access import counters
from mcrm.actors import Actor, Role
from mcrm.api.blueprint import Blueprint
from mcrm.api.identity import current_actor
from mcrm.contacts import points, service
from mcrm.contacts.models import PointChannel
from mcrm.conversations import saying
from mcrm.conversations.errors import TooManyMessages
from mcrm.conversations.models import Message
from mcrm.conversations.schemas import ChatMessageInSchema, ExchangeSchema
from mcrm.transaction import perform

APP = PointChannel.APP.value
MINUTE = timedelta(minutes=1)
blueprint = Blueprint("chat", __name__, url_prefix="/v1/me/conversation", description="Talking with us in the app.")


@blueprint.route("/messages", roles={Role.CUSTOMER})
class Messages(MethodView):
    """What the customer says."""

    @blueprint.arguments(ChatMessageInSchema())
    @blueprint.response(201, ExchangeSchema())
    def post(self, said: dict[str, Any]) -> dict[str, Any]:
        """Say something, or choose what was offered; what the bot answers is in the answer.

        Words and choices only: pictures and other files are not taken.
        """
        house, actor = House.of(current_app.config["SETTINGS"]), current_actor
        message, answers = perform(lambda session: _exchanged(session, actor, house, said))
        return {"message": message, "answers": answers}


def _exchanged(
    session: Session, actor: Actor, house: House, said: dict[str, Any]
) -> tuple[saying.Said, list[saying.Said]]:
    """Take the message in, unless it came before; it and its answers. Raises TooManyMessages."""
    assert actor.contact_id is not None
    contact = service.reachable(session, actor, actor.contact_id)
    provider_id = f"{contact.id}:{said['client_id']}"
    if (known := _known(session, provider_id)) is None:
        written = counters.count(session, "chat", str(contact.id), window=MINUTE)
        if written > house.limits.inbound_per_minute:
            raise TooManyMessages(retry_after_s=counters.seconds_left(MINUTE))
        point = points.in_the_app(session, actor, contact)
        inbound = _inbound(session, actor, point.id, contact.id, provider_id, said)
        known = dialogue.take_in(session, inbound, house) or _known(session, provider_id)
    assert known is not None  # taken in now, or by a twin that was faster
    return saying.exchange(session, known)


def _known(session: Session, provider_id: str) -> Message | None:
    query = select(Message).where(Message.channel == APP, Message.direction == "in", Message.provider_id == provider_id)
    return session.scalar(query)


def _inbound(
    session: Session, actor: Actor, point_id: UUID, contact_id: UUID, provider_id: str, said: dict[str, Any]
) -> Inbound:
    text, choice = clean(said.get("text", "")), said.get("choice")
    kind = InboundKind.BUTTON if choice is not None else InboundKind.TEXT if text else InboundKind.OTHER
    return Inbound(
        APP,
        provider_id,
        str(contact_id),
        kind,
        text,
        button=clean(choice) if choice is not None else None,
        label=saying.label_of(session, point_id, contact_id, choice) if choice is not None else "",
        level=actor.level,
        signed_in=str(actor.session_id),
    )
