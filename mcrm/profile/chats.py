"""The chats that are joined with a customer: which there are, and letting one go."""

from dataclasses import dataclass
from uuid import UUID

from sqlalchemy.orm import Session

from mcrm.actors import Actor
from mcrm.consents import service as consents
from mcrm.contacts import points, service
from mcrm.contacts.errors import ContactPointUnknown
from mcrm.contacts.models import Contact, ContactPoint, PointChannel

CHATS = frozenset({PointChannel.TELEGRAM.value})
"""The channels on which a chat is joined by its holder; phone and mail are changed another way (see `renewing`)."""


@dataclass(frozen=True, slots=True)
class Chat:
    """One chat; `is_stopped` while a STOP holds for it."""

    point: ContactPoint
    is_stopped: bool


def chats_of(session: Session, actor: Actor, contact: Contact) -> list[Chat]:
    """The person's chats, the oldest first."""
    joined = service.points_of(session, service.member_ids(session, actor, contact))
    return [
        Chat(point, bool(consents.suppressions_of(session, point.channel, point.address)))
        for point in joined
        if point.channel in CHATS
    ]


def unlink(session: Session, actor: Actor, point_id: UUID) -> None:
    """Let a chat go: who writes there is a stranger again. A STOP on it stays, whoever joins it next.

    Raises ContactPointUnknown for an unknown one, for somebody else's, and for an address that is no chat.
    """
    point = service.reachable_point(session, actor, point_id)
    if point.channel not in CHATS:
        raise ContactPointUnknown
    points.remove(session, actor, point=point)
