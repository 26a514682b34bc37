"""A customer's conversation as the app shows it: the one thread of all channels, newest first, and how far it was read.

It is read off the log, where a message stands once, whoever wrote it and whichever way it went.
"""

import json
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from mcrm.actors import Actor
from mcrm.consents import service as consents
from mcrm.contacts import service as contacts
from mcrm.contacts.models import Contact
from mcrm.contacts.people import is_person
from mcrm.conversations.models import Conversation, Owner
from mcrm.conversations.saying import AGENT_REPLY, APP, KINDS, Said, is_message, said
from mcrm.deliveries import reporting
from mcrm.deliveries.models import Delivery
from mcrm.deliveries.reporting import Reported
from mcrm.interactions import log
from mcrm.interactions.kinds import Kind
from mcrm.interactions.models import Interaction

MOST_UNREAD = 100


@dataclass(frozen=True, slots=True)
class Standing:
    """Who answers now, how many messages the customer has not seen (100 stand for more), and up to where they read.

    `is_stopped`: a STOP was said in the app. `position` is that of the newest commit: what comes after it is news.
    """

    owner: Owner
    unread: int
    read_position: int
    last_message_at: datetime | None
    is_stopped: bool
    position: int


def messages(
    session: Session,
    actor: Actor,
    contact: Contact,
    *,
    before: int | None = None,
    after: int | None = None,
    limit: int = 50,
) -> tuple[list[Said], int | None]:
    """The newest messages below the position `before` and above `after`, and the position to go on below.

    That is None where they end. Codes and links that were for one pair of eyes are left out, so a page may hold fewer
    than `limit`.
    """
    members = contacts.member_ids(session, actor, contact)
    facts = log.timeline(session, members, before=before, after=after, kinds=KINDS, limit=limit + 1)
    following = facts[limit - 1].position if len(facts) > limit else None
    return said(session, facts[:limit]), following


def standing(session: Session, actor: Actor, contact: Contact) -> Standing:
    """Where the person's conversation stands."""
    row, position = _of(session, contact), log.head(session)[1]
    is_stopped = bool(consents.suppressions_of(session, APP, str(contact.id)))
    if row is None:
        return Standing(Owner.BOT, _unread(session, actor, contact, 0), 0, None, is_stopped, position)
    read, unread = row.read_position or 0, _unread(session, actor, contact, row.read_position or 0)
    return Standing(Owner(row.owner), unread, read, row.last_message_at, is_stopped, position)


def read(session: Session, actor: Actor, contact: Contact, *, position: int) -> Standing:
    """The customer has seen everything up to a position; what was seen before stays so.

    Answers of people in the app's chat are read by that, and pushes that would tell of them are called off. It does not
    disturb the dialogue: `version` guards that, and nobody's turn depends on what was read.
    """
    position = min(position, log.head(session)[1])
    row = _of(session, contact) or _begun(session, contact)
    if position > (seen := row.read_position or 0):
        table = Conversation.__table__
        session.execute(update(table).where(table.c.id == row.id).values(read_position=position))  # type: ignore[arg-type]
        session.refresh(row)
        for answer_id in _answers_between(session, actor, contact, seen, position):
            reporting.report(session, actor, answer_id, state=Reported.READ)
        about = log.About(contact_id=contact.id, account_id=contact.account_id, subject=("conversation", row.id))
        log.append(session, actor, Kind.CONVERSATION_READ, about=about, payload={"position": position})
    return standing(session, actor, contact)


def _answers_between(session: Session, actor: Actor, contact: Contact, after: int, until: int) -> list[UUID]:
    """The answers of people in the app's chat within these positions that nobody has read yet; few, and the newest."""
    members = contacts.member_ids(session, actor, contact)
    query = (
        select(Delivery.id)
        .where(
            Delivery.contact_id.in_(members),
            Delivery.kind == AGENT_REPLY,
            Delivery.channel == APP,
            Delivery.provider_rank < reporting.RANKS[Reported.READ],
            Delivery.id.in_(
                select(Interaction.subject_id).where(
                    Interaction.contact_id.in_(members),
                    Interaction.kind == Kind.DELIVERY_QUEUED.value,
                    Interaction.position > after,
                    Interaction.position <= until,
                )
            ),
        )
        .order_by(Delivery.id.desc())
        .limit(MOST_UNREAD)
    )
    return list(session.scalars(query))


def _begun(session: Session, contact: Contact) -> Conversation:
    """The contact's conversation, which nobody had begun; or the one that was made at the same moment."""
    made = Conversation(contact_id=contact.id)
    try:
        with session.begin_nested():
            session.add(made)
    except IntegrityError:
        return session.scalars(select(Conversation).where(Conversation.contact_id == contact.id)).one()
    return made


def _of(session: Session, contact: Contact) -> Conversation | None:
    """The person's conversation; of merged contacts the one that was last used."""
    query = select(Conversation).where(is_person(Conversation.contact_id, contact.id))
    return session.scalars(query.order_by(Conversation.last_message_at.desc().nulls_last()).limit(1)).first()


def _unread(session: Session, actor: Actor, contact: Contact, read: int) -> int:
    members = contacts.member_ids(session, actor, contact)
    facts = session.scalars(
        select(Interaction)
        .where(Interaction.contact_id.in_(members), Interaction.position > read)
        .where(Interaction.kind == Kind.DELIVERY_QUEUED.value)
        .order_by(Interaction.position.desc())
        .limit(MOST_UNREAD)
    )
    return sum(is_message(fact.kind, json.loads(fact.payload) if fact.payload else {}) for fact in facts)
