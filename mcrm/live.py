"""What live streams may hear: topics of a caller, and the committed changes by topic.

A stream carries hints, never rows: whoever hears one asks the API as usual, so scope and roles stay in one place.
"""

from collections.abc import Collection, Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import select

from mcrm.access import login, tokens
from mcrm.access.errors import TokenInvalid
from mcrm.actors import Actor, Role
from mcrm.config import Settings
from mcrm.contacts.models import Contact
from mcrm.contacts.people import person_ids
from mcrm.db import looking, reading
from mcrm.errors import NotAllowed
from mcrm.inbox.presence import DESK
from mcrm.interactions import log
from mcrm.interactions.kinds import Kind
from mcrm.interactions.models import Change, Interaction
from mcrm.sync import pulling

PAGE = 500
STAFF_TOPIC = "staff"
DESK_TOPIC = "inbox"
DESK_KINDS = frozenset({Kind.MESSAGE_RECEIVED.value, Kind.DELIVERY_QUEUED.value, Kind.CASE_OPENED.value})
DESK_KINDS |= {kind.value for kind in Kind if kind.value.startswith(("conversation.", "agent."))}
"""What an agent's screen shows; hints of it travel under a topic of their own."""
CHAT_KINDS = DESK_KINDS - {Kind.CASE_OPENED.value}
"""What the app's chat shows: the same of one contact."""


def topics_of(actor: Actor) -> frozenset[str]:
    """What this caller's stream follows: all of the business, the granted territories, or the own contact."""
    if actor.sees_all:
        return frozenset({STAFF_TOPIC})
    if actor.contact_id is not None:
        return frozenset({f"contact:{actor.contact_id}"})
    return frozenset(f"territory:{territory_id}" for territory_id in actor.territory_ids)


def authorise(settings: Settings, token: str) -> tuple[str, frozenset[str], datetime]:
    """Who a bearer token stands for, the topics it may follow, and when its stream ends; raises TokenInvalid.

    Also for an integration's key: a stream ends with its token, and a key need not end.
    """
    actor = login.authenticate(settings, token)
    if actor.role is Role.INTEGRATION:
        raise TokenInvalid()
    return actor.label, topics_of(actor), tokens.expires_at(token)


def authorise_desk(settings: Settings, token: str) -> tuple[str, frozenset[str], datetime]:
    """The same for the agents' stream; raises TokenInvalid, and NotAllowed for whoever does not answer customers."""
    actor = login.authenticate(settings, token)
    if actor.role not in DESK:
        raise NotAllowed
    return actor.label, frozenset({DESK_TOPIC}), tokens.expires_at(token)


def authorise_chat(settings: Settings, token: str) -> tuple[str, frozenset[str], datetime]:
    """The same for a customer's stream of the own conversation; raises TokenInvalid, and NotAllowed for the staff."""
    actor = login.authenticate(settings, token)
    if actor.role is not Role.CUSTOMER or actor.contact_id is None:
        raise NotAllowed
    with reading() as session:
        person = person_ids(session, session.get_one(Contact, actor.contact_id))
    return actor.label, frozenset(f"chat:{contact_id}" for contact_id in person), tokens.expires_at(token)


def has_news(settings: Settings, token: str, since: int) -> bool:
    """Whether a device of this token's caller would get anything from the cursor; raises TokenInvalid, NotAllowed."""
    actor = login.authenticate(settings, token)
    if not actor.is_staff:
        raise NotAllowed
    with looking() as connection:
        return pulling.has_news(connection, actor, since)


class CommittedChanges:
    """The log and the changes of the process's database, as positions with topics."""

    page = PAGE

    def head(self) -> int:
        """The newest position."""
        with reading() as session:
            return log.head(session)[1]

    def read_since(self, position: int) -> Sequence[tuple[int, Collection[str]]]:
        """A page after `position`, oldest first."""
        with reading() as session:
            facts = session.execute(
                select(Interaction.position, Interaction.contact_id, Interaction.kind)
                .where(Interaction.position > position)
                .order_by(Interaction.position)
                .limit(PAGE)
            ).all()
            changes = session.execute(
                select(Change.position, Change.territory_id)
                .where(Change.position > position)
                .order_by(Change.position)
                .limit(PAGE)
            ).all()
        end = min((rows[-1][0] for rows in (facts, changes) if len(rows) == PAGE), default=None)
        found = [(at, _topics_of(contact, kind)) for at, contact, kind in facts]
        found += [(at, _topics("territory", territory)) for at, territory in changes]
        return sorted((row for row in found if end is None or row[0] <= end), key=lambda row: row[0])


def _topics_of(contact_id: UUID | None, kind: str) -> tuple[str, ...]:
    topics = _topics("contact", contact_id)
    if kind in DESK_KINDS:
        topics = (*topics, DESK_TOPIC)
    return (*topics, f"chat:{contact_id}") if kind in CHAT_KINDS and contact_id is not None else topics


def _topics(kind: str, id_: UUID | None) -> tuple[str, ...]:
    return (STAFF_TOPIC,) if id_ is None else (STAFF_TOPIC, f"{kind}:{id_}")
