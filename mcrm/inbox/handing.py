"""From the bot to a person and back: who owns a conversation is decided here, under the lock on its row."""

from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from mcrm import clock
from mcrm.access.models import User
from mcrm.actors import Actor, Role
from mcrm.cases.models import Case
from mcrm.cases.service import open_case
from mcrm.contacts.models import Contact, ContactPoint
from mcrm.contacts.people import is_person
from mcrm.conversations.models import Conversation, Message, Owner
from mcrm.deliveries import staff
from mcrm.inbox import presence
from mcrm.inbox.models import GOING_ON, Ending, Handover, HandoverState
from mcrm.interactions import log
from mcrm.interactions.kinds import Kind
from mcrm.orders.models import Order
from mcrm.settings_store import opening
from mcrm.settings_store import service as settings_store
from mcrm.settings_store.catalogue import FIRST_RESPONSE_MINUTES, RESOLUTION_MINUTES

REMEMBERED_COMMANDS = 5
PROOF = frozenset({"proved", "tries"})
"""What stays of the dialogue's memory: who proved to be whom, and how often somebody tried."""
OF_THE_TALK = frozenset(
    {"abort", "agent", "amend", "answer", "back", "bot", "code", "desk", "expired", "help", "menu", "miss"}
    | {"more", "pick", "start", "stray_code", "thanks", "unsure"}
)
"""What the bot understood that is no wish: steps of the talk itself."""
WISHES = {
    "buy": "order something",
    "change": "change an order",
    "delete_me": "delete everything",
    "drop": "cancel an order",
    "export_me": "a copy of the data",
    "keep_me": "keep the data after all",
    "link": "link Telegram",
    "prefs": "preferences",
    "refund_status": "state of a refund",
}
"""Commands of the dialogue that do not explain themselves, as agents read them."""


@dataclass(frozen=True, slots=True)
class Placed:
    """Where a call for a person went: a hand-over that waits for somebody now, or a case for later."""

    handover: Handover | None
    case: Case | None
    is_new: bool


def hand_over(
    session: Session,
    actor: Actor,
    *,
    conversation: Conversation,
    point: ContactPoint,
    contact: Contact | None,
    reason: str,
    asked: str,
) -> Placed:
    """Have a person answer: at once while the business is open, else by a case that is due in the next hours.

    `conversation` is locked by the caller's turn. `asked` is one line about what is wanted. With hours set the
    customer waits even when nobody is present yet; without, the business is open whenever an agent is.
    """
    if (going_on := of_conversation(session, conversation.id)) is not None:
        return Placed(going_on, None, False)
    agent, now = presence.least_busy(session), clock.now()
    is_open = opening.opening(session).is_open(now)
    if is_open is False or (is_open is None and not presence.present(session)):
        return _later(session, actor, point, contact, reason, asked)
    made = begin(session, conversation, point, contact, reason, _summary(session, conversation, contact, point, asked))
    if agent is not None:
        made.state, made.agent_id = HandoverState.TAKEN.value, agent.id
    session.flush()
    payload = {"reason": reason, "queue": made.queue}
    log.append(session, actor, Kind.CONVERSATION_HANDED_OVER, about=about(made, contact), payload=payload)
    tell_staff(session, made)
    return Placed(made, None, True)


def begin(
    session: Session,
    conversation: Conversation,
    point: ContactPoint,
    contact: Contact | None,
    reason: str,
    summary: str,
) -> Handover:
    """The row of a hand-over that begins now; from here on the bot is silent. The caller flushes.

    What the bot had asked is void: a yes to the person is none to it, and figures said to a person are no code.
    """
    hours, now = opening.opening(session), clock.now()
    conversation.owner = Owner.HUMAN.value
    conversation.flow = conversation.asked = None
    conversation.slots = {name: kept for name, kept in conversation.slots.items() if name in PROOF}
    conversation.stack = []
    made = Handover(
        created_at=now,
        conversation_id=conversation.id,
        contact_id=contact.id if contact else None,
        contact_point_id=point.id,
        channel=point.channel,
        reason=reason,
        summary=summary,
        last_message_at=now,
        first_response_due_at=hours.due(now, settings_store.value(session, FIRST_RESPONSE_MINUTES)),
        resolution_due_at=hours.due(now, settings_store.value(session, RESOLUTION_MINUTES)),
    )
    session.add(made)
    return made


def of_conversation(session: Session, conversation_id: UUID) -> Handover | None:
    """The hand-over that goes on in a conversation, if one does."""
    query = select(Handover).where(Handover.conversation_id == conversation_id, GOING_ON)
    return session.scalar(query.execution_options(populate_existing=True))


def customer_wrote(session: Session, conversation: Conversation, point: ContactPoint) -> None:
    """The customer wrote while a person answers: the answer goes to where this came from."""
    now = conversation.last_message_at = clock.now()
    handover = of_conversation(session, conversation.id)
    if handover is None:  # a person took it before anything was handed over
        return
    handover.contact_point_id, handover.channel = point.id, point.channel
    handover.awaits_reply, handover.last_message_at = True, now
    session.flush()


def give_back(session: Session, actor: Actor, conversation: Conversation, by: Ending) -> None:
    """The bot answers again, although nobody settled the matter. The conversation is locked by the caller."""
    conversation.owner = Owner.BOT.value
    conversation.version += 1
    handover = of_conversation(session, conversation.id)
    if handover is not None:
        end(session, handover, HandoverState.RETURNED, by)
        contact = session.get(Contact, handover.contact_id) if handover.contact_id else None
        payload = {"by": by.value}
        log.append(session, actor, Kind.CONVERSATION_RETURNED, about=about(handover, contact), payload=payload)
    session.flush()


def end(session: Session, handover: Handover, state: HandoverState, by: Ending) -> None:
    """Stop the clocks."""
    now = clock.now()
    handover.state, handover.ended_by, handover.ended_at = state.value, by.value, now
    handover.resolution_s = _seconds(opening.opening(session).worked(handover.created_at, now))
    handover.awaits_reply = False


def responded(session: Session, handover: Handover) -> None:
    """A person answered; the first time stops the first clock."""
    now = clock.now()
    handover.awaits_reply, handover.last_message_at = False, now
    if handover.first_responded_at is None:
        handover.first_responded_at = now
        handover.first_response_s = _seconds(opening.opening(session).worked(handover.created_at, now))


def about(handover: Handover, contact: Contact | None) -> log.About:
    """What a fact about a hand-over concerns."""
    return log.About(
        contact_id=contact.id if contact else None,
        account_id=contact.account_id if contact else None,
        contact_point_id=handover.contact_point_id,
        subject=("handover", handover.id),
    )


def tell_staff(session: Session, handover: Handover) -> None:
    """Push to the agent who was given it; to all who are present, else to all agents, when nobody was.

    It names nobody: phones show pushes to whoever looks at them.
    """
    if handover.agent_id is not None:
        to = [handover.agent_id]
    else:
        agents = select(User.id).where(User.is_active, User.role == Role.AGENT.value).order_by(User.id)
        to = [agent.id for agent in presence.present(session)] or list(session.scalars(agents))
    for user_id in to:
        _push(session, handover, user_id, "A customer waits for a person", f"They wrote by {handover.channel}.")


def tell_former(session: Session, handover: Handover, user_id: UUID) -> None:
    """Push to the agent whose conversation a colleague took over; it names nobody, as `tell_staff`."""
    text = f"A conversation of yours by {handover.channel} is theirs now; the reason stands in it."
    _push(session, handover, user_id, "A colleague took over", text)


def _push(session: Session, handover: Handover, user_id: UUID, title: str, text: str) -> None:
    """Once for each state of the hand-over."""
    staff.tell(
        session,
        user_id,
        title=title,
        text=text,
        kind="handover",
        dedupe_key=f"handover:{handover.id}:{handover.rev}:{user_id}",
        data={"handover_id": str(handover.id)},
    )


def _later(
    session: Session, actor: Actor, point: ContactPoint, contact: Contact | None, reason: str, asked: str
) -> Placed:
    whose = contact.id if contact else None
    case, is_new = open_case(session, actor, kind=reason, summary=asked, contact_id=whose, contact_point_id=point.id)
    return Placed(None, case, is_new)


def _summary(
    session: Session, conversation: Conversation, contact: Contact | None, point: ContactPoint, asked: str
) -> str:
    """Who, which order, what was asked and tried: one line each."""
    who = f"{contact.name}, by {point.channel}" if contact else f"Somebody we do not know, by {point.channel}"
    order = None
    if contact is not None:
        query = select(Order.number, Order.status).where(is_person(Order.contact_id, contact.id))
        order = session.execute(query.order_by(Order.placed_at.desc(), Order.id.desc()).limit(1)).first()
    tried = _tried(session, contact, point)
    said = f"{asked} Tried before: {', '.join(tried)}." if tried else asked
    return "\n".join((who, f"Latest order {order.number}, {order.status}" if order else "No order", said))


def _tried(session: Session, contact: Contact | None, point: ContactPoint) -> list[str]:
    """What the bot was asked for lately, oldest first, each thing once, in words."""
    whose = Message.contact_id == contact.id if contact else Message.contact_point_id == point.id
    recent = Message.created_at > clock.now() - timedelta(hours=1)
    query = select(Message.understood).where(whose, recent).order_by(Message.id.desc()).limit(REMEMBERED_COMMANDS)
    commands = [understood.get("command") for understood in session.scalars(query)]
    wished = (name for name in reversed(commands) if name is not None and name not in OF_THE_TALK)
    return list(dict.fromkeys(WISHES.get(name, name.replace("_", " ")) for name in wished))


def _seconds(span: timedelta) -> int:
    return round(span.total_seconds())
