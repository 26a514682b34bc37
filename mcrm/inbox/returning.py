"""Conversations that a person left alone: given back to the bot after a day, or to the queue when their agent went."""

from datetime import timedelta
from uuid import UUID

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from mcrm import clock
from mcrm.actors import SYSTEM
from mcrm.cases.service import open_case
from mcrm.conversations.models import Conversation
from mcrm.inbox import handing
from mcrm.inbox.models import GOING_ON, AgentPresence, Ending, Handover, HandoverState
from mcrm.interactions import log
from mcrm.interactions.kinds import Kind

IDLE_FOR = timedelta(hours=24)
GONE_FOR = timedelta(minutes=5)
UNANSWERED = "unanswered"


def step(session: Session) -> bool:
    """Deal with one of them; whether there was one."""
    return _return_idle(session) or _return_to_queue(session)


def _return_idle(session: Session) -> bool:
    """Nobody wrote for a day: the bot answers again; a customer who was left waiting gets a case."""
    old = select(Handover.id).where(GOING_ON, Handover.last_message_at < clock.now() - IDLE_FOR)
    if (found := _held(session, old.order_by(Handover.last_message_at).limit(1))) is None:
        return False
    handover, conversation = found
    if not handover.goes_on or handover.last_message_at >= clock.now() - IDLE_FOR:
        return True  # somebody wrote while we waited for the lock
    if handover.awaits_reply:
        open_case(
            session,
            SYSTEM,
            kind=UNANSWERED,
            summary=handover.summary,
            contact_id=handover.contact_id,
            contact_point_id=handover.contact_point_id,
        )
    handing.give_back(session, SYSTEM, conversation, Ending.IDLE)
    return True


def _return_to_queue(session: Session) -> bool:
    """Given to an agent who went away before saying a word: somebody else may have it."""
    gone = (
        select(Handover.id)
        .join(AgentPresence, AgentPresence.user_id == Handover.agent_id)
        .where(
            Handover.state == HandoverState.TAKEN.value,
            Handover.first_responded_at.is_(None),
            AgentPresence.until < clock.now() - GONE_FOR,
        )
    )
    if (found := _held(session, gone.order_by(Handover.id).limit(1))) is None:
        return False
    handover, _ = found
    if handover.state != HandoverState.TAKEN or handover.first_responded_at is not None:
        return True
    handover.state, handover.agent_id = HandoverState.WAITING.value, None
    session.flush()
    payload = {"agent_id": None, "queue": handover.queue}
    about = handing.about(handover, None)
    log.append(session, SYSTEM, Kind.CONVERSATION_TRANSFERRED, about=about, payload=payload)
    handing.tell_staff(session, handover)
    return True


def _held(session: Session, query: Select[UUID]) -> tuple[Handover, Conversation] | None:
    """The hand-over that the query names, locked by its conversation and read anew."""
    handover_id = session.scalar(query)
    if handover_id is None:
        return None
    conversation_id = session.get_one(Handover, handover_id).conversation_id
    locked = select(Conversation).where(Conversation.id == conversation_id).with_for_update()
    conversation = session.scalars(locked.execution_options(populate_existing=True)).one()
    return session.get_one(Handover, handover_id, populate_existing=True), conversation
