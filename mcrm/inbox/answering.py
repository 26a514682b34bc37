"""What an agent does with a conversation: take it, answer, note, pass it on, settle it, give it back to the bot.

Every use case locks the conversation first, as each message of the customer does: so two agents, or an agent and the
bot, come one after the other, and the second one sees what the first did.

Whoever answers it is the only one who does any of that, passing it on included; what waits in a queue is everybody's.
A colleague's conversation is taken over, for a reason: see `take_over`.
"""

from datetime import timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from mcrm import clock
from mcrm.access.models import User
from mcrm.actors import Actor, Role
from mcrm.consents.models import Purpose
from mcrm.contacts import service as contacts
from mcrm.contacts.models import Contact, ContactPoint, PointChannel
from mcrm.contacts.people import is_person, survivor_of
from mcrm.conversations import keyboards, waking
from mcrm.conversations import service as conversations
from mcrm.conversations.models import Conversation, Message, Owner
from mcrm.conversations.saying import AGENT_REPLY
from mcrm.deliveries import outbox
from mcrm.deliveries.models import Delivery
from mcrm.inbox import handing, phrases, presence
from mcrm.inbox.errors import AgentPresent, AgentUnknown, HandoverEnded, HandoverTaken, HandoverUnknown, NothingToAnswer
from mcrm.inbox.models import Ending, Handover, HandoverState
from mcrm.interactions import log
from mcrm.interactions.kinds import Kind

RATED_WITHIN = timedelta(hours=24)
RATINGS = range(1, 6)
ANSWERABLE = (PointChannel.SMS.value, PointChannel.TELEGRAM.value, PointChannel.APP.value)
QUESTION = "satisfaction"
HEADS = frozenset({Role.ADMIN, Role.MANAGER})
"""Who may take over from a colleague who is there."""


def get(session: Session, handover_id: UUID) -> Handover:
    """A hand-over; raises HandoverUnknown. Who works at the desk sees all of them."""
    if (found := session.get(Handover, handover_id)) is None:
        raise HandoverUnknown()
    return found


def start(session: Session, actor: Actor, *, contact_id: UUID) -> Handover:
    """Answer a customer who did not ask for a person: the conversation is the actor's from now on.

    Raises ContactUnknown, NothingToAnswer, HandoverTaken.
    """
    contact = survivor_of(session, contacts.reachable(session, actor, contact_id, field="contact_id").id)
    query = (
        select(ContactPoint)
        .join(Message, Message.contact_point_id == ContactPoint.id)
        .where(is_person(Message.contact_id, contact.id), ContactPoint.channel.in_(ANSWERABLE))
        .where(is_person(ContactPoint.contact_id, contact.id))
        .order_by(Message.id.desc())
        .limit(1)
    )
    if (point := session.scalar(query)) is None:
        raise NothingToAnswer()
    conversation = conversations.conversation_of(session, point, contact.id)
    if (going_on := handing.of_conversation(session, conversation.id)) is not None:
        return take(session, actor, going_on.id)
    keyboards.take_away(session, actor, keyboards.of(conversation), contact=contact)
    summary = f"{contact.name}, by {point.channel}\nBegun by the desk\nNobody asked for a person"
    made = handing.begin(session, conversation, point, contact, "agent", summary)
    made.state, made.agent_id, made.awaits_reply = HandoverState.TAKEN.value, actor.id, False
    conversation.version += 1
    session.flush()
    _trace(session, actor, Kind.CONVERSATION_TAKEN, made)
    return made


def take(session: Session, actor: Actor, handover_id: UUID) -> Handover:
    """The actor answers from now on; taken twice is taken once. Raises HandoverTaken, HandoverEnded."""
    handover, _ = _held(session, handover_id)
    return _take(session, actor, handover)


def take_over(session: Session, actor: Actor, handover_id: UUID, *, reason: str) -> Handover:
    """Take a conversation from the colleague who answers it, who is told; the reason stands in the thread.

    Managers and admins may always, an agent when the colleague is away or has more than a desk holds. What waits, or is
    the actor's, needs no reason: it is taken. Raises AgentPresent, HandoverEnded.
    """
    handover, _ = _held(session, handover_id)
    former = handover.agent_id
    if handover.state == HandoverState.WAITING or former == actor.id or former is None:
        return _take(session, actor, handover)
    if actor.role not in HEADS and not presence.is_spent(session, former):
        raise AgentPresent()
    handover.agent_id = actor.id
    session.flush()
    payload = {"reason": reason, "agent_id": str(former)}
    _trace(session, actor, Kind.CONVERSATION_TAKEN_OVER, handover, payload)
    handing.tell_former(session, handover, former)
    return handover


def reply(session: Session, actor: Actor, handover_id: UUID, *, text: str, business: str | None = None) -> Delivery:
    """Answer the customer where they wrote last; what waits is taken by that. `business` signs the news of it.

    Raises HandoverTaken when a colleague answers, HandoverEnded.
    """
    handover, conversation = _held(session, handover_id)
    _take(session, actor, handover)
    conversation.owner = Owner.HUMAN.value
    conversation.version += 1
    delivery = outbox.queue(
        session,
        actor,
        channel=handover.channel,
        contact_point_id=handover.contact_point_id,
        contact_id=handover.contact_id,
        text=text,
        kind=AGENT_REPLY,
        purpose=Purpose.SERVICE,
    )
    assert delivery is not None  # it has no key that could be known
    waking.wake(session, actor, delivery, title=business)
    handing.responded(session, handover)
    session.flush()
    return delivery


def note(session: Session, actor: Actor, handover_id: UUID, *, text: str) -> UUID:
    """Write down something for colleagues; the customer never sees it. The id of the fact."""
    return _trace(session, actor, Kind.CONVERSATION_NOTED, get(session, handover_id), {"text": text})


def transfer(
    session: Session, actor: Actor, handover_id: UUID, *, agent_id: UUID | None = None, queue: str | None = None
) -> Handover:
    """Pass on one's own, or what waits, to a colleague or into a queue.

    Raises AgentUnknown, HandoverTaken, HandoverEnded.
    """
    handover, _ = _held(session, handover_id)
    _require_free(actor, handover)
    if agent_id is not None:
        _require_agent(session, agent_id)
    handover.agent_id = agent_id
    handover.state = (HandoverState.TAKEN if agent_id else HandoverState.WAITING).value
    handover.queue = queue or handover.queue
    session.flush()
    payload = {"agent_id": str(agent_id) if agent_id else None, "queue": handover.queue}
    _trace(session, actor, Kind.CONVERSATION_TRANSFERRED, handover, payload)
    if agent_id != actor.id:
        handing.tell_staff(session, handover)
    return handover


def resolve(session: Session, actor: Actor, handover_id: UUID, *, business: str, ask: bool = True) -> Handover:
    """The matter is settled and the bot answers again; the customer is asked once how it was, unless `ask` is false.

    Raises HandoverTaken, HandoverEnded.
    """
    handover, conversation = _held(session, handover_id)
    _take(session, actor, handover)
    handing.end(session, handover, HandoverState.RESOLVED, Ending.AGENT)
    now = clock.now()
    fields: dict[str, Any] = {"owner": Owner.BOT.value, "flow": None, "asked": None, "misses": 0}
    if ask:
        handover.rating_asked_at = now
        choices = [f"rate:{stars}" for stars in RATINGS]
        asked = _ask(session, actor, handover, conversation, business)
        buttons = keyboards.kept([*keyboards.of(conversation), *keyboards.under(asked)])
        fields |= {"asked": "choice", "slots": {**conversation.slots, "choices": choices, **buttons}}
        fields["expires_at"] = now + RATED_WITHIN
    conversations.save(session, conversation, **fields)
    session.flush()
    _trace(session, actor, Kind.CONVERSATION_RESOLVED, handover, {"asked": ask})
    return handover


def give_back(session: Session, actor: Actor, handover_id: UUID) -> Handover:
    """Let the bot answer again, without settling anything. Raises HandoverTaken, HandoverEnded."""
    handover, conversation = _held(session, handover_id)
    _take(session, actor, handover)
    handing.give_back(session, actor, conversation, Ending.AGENT)
    return handover


def rate(session: Session, actor: Actor, conversation: Conversation, stars: int) -> bool:
    """Keep how the customer found our help, 1 to 5; False when nobody asked within a day, or they said it already."""
    query = (
        select(Handover)
        .where(Handover.conversation_id == conversation.id, Handover.rating_asked_at > clock.now() - RATED_WITHIN)
        .order_by(Handover.id.desc())
        .limit(1)
    )
    handover = session.scalar(query)
    if handover is None or handover.rating is not None or stars not in RATINGS:
        return False
    handover.rating = stars
    session.flush()
    _trace(session, actor, Kind.CONVERSATION_RATED, handover, {"rating": stars})
    return True


def _held(session: Session, handover_id: UUID) -> tuple[Handover, Conversation]:
    """The hand-over and its conversation, locked in the order in which a message of the customer does it."""
    conversation_id = get(session, handover_id).conversation_id
    locked = select(Conversation).where(Conversation.id == conversation_id).with_for_update()
    conversation = session.scalars(locked.execution_options(populate_existing=True)).one()
    again = select(Handover).where(Handover.id == handover_id).execution_options(populate_existing=True)
    handover = session.scalars(again).one()
    if not handover.goes_on:
        raise HandoverEnded()
    return handover, conversation


def _take(session: Session, actor: Actor, handover: Handover) -> Handover:
    _require_free(actor, handover)
    if handover.state == HandoverState.TAKEN:
        return handover
    handover.state, handover.agent_id = HandoverState.TAKEN.value, actor.id
    session.flush()
    _trace(session, actor, Kind.CONVERSATION_TAKEN, handover)
    return handover


def _require_free(actor: Actor, handover: Handover) -> None:
    if handover.state == HandoverState.TAKEN and handover.agent_id != actor.id:
        raise HandoverTaken()


def _require_agent(session: Session, agent_id: UUID) -> None:
    desk = [role.value for role in presence.DESK]
    if session.scalar(select(User.id).where(User.id == agent_id, User.is_active, User.role.in_(desk))) is None:
        raise AgentUnknown(field="agent_id")


def _ask(
    session: Session, actor: Actor, handover: Handover, conversation: Conversation, business: str
) -> Delivery | None:
    contact = session.get(Contact, handover.contact_id) if handover.contact_id else None
    locale = conversation.locale or (contact.locale if contact else None)
    mark = "t:" if handover.channel == PointChannel.TELEGRAM else ""
    buttons = [[(str(stars), f"{mark}rate:{stars}") for stars in RATINGS]]
    return outbox.queue(
        session,
        actor,
        channel=handover.channel,
        contact_point_id=handover.contact_point_id,
        contact_id=handover.contact_id,
        text=phrases.question(locale, business),
        kind=QUESTION,
        purpose=Purpose.SERVICE,
        dedupe_key=f"{QUESTION}:{handover.id}",
        buttons=buttons if handover.channel != PointChannel.SMS else (),
    )


def _trace(
    session: Session, actor: Actor, kind: Kind, handover: Handover, payload: dict[str, Any] | None = None
) -> UUID:
    contact = session.get(Contact, handover.contact_id) if handover.contact_id else None
    return log.append(session, actor, kind, about=handing.about(handover, contact), payload=payload)
