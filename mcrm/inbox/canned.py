"""Use cases of canned replies: kept per language, filled with what is known when somebody uses one."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from mcrm.access.models import User
from mcrm.actors import Actor
from mcrm.contacts.models import Contact
from mcrm.contacts.people import is_person
from mcrm.conversations.models import Conversation
from mcrm.editing import edit
from mcrm.inbox.errors import CannedReplyNameTaken, CannedReplyUnknown, CannedReplyUnreadable
from mcrm.inbox.models import CannedReply, Handover
from mcrm.interactions import log
from mcrm.interactions.kinds import Kind
from mcrm.orders.models import Order
from mcrm.settings_store import service as settings_store
from mcrm.settings_store.catalogue import FALLBACK_LOCALE
from mcrm.templates import rendering
from mcrm.templates.catalogue import Values

VARIABLES = frozenset({"customer", "order", "order_status", "agent", "business"})


@dataclass(frozen=True, slots=True)
class Filled:
    """A canned reply as it would be sent to one customer."""

    id: UUID
    name: str
    locale: str
    text: str


def add(session: Session, actor: Actor, *, name: str, locale: str, body: str) -> CannedReply:
    """Keep words under a name; raises CannedReplyNameTaken, CannedReplyUnreadable."""
    _check(body)
    reply = CannedReply(name=name, locale=locale, body=body)
    _store(session, reply)
    _trace(session, actor, Kind.CANNED_REPLY_ADDED, reply)
    return reply


def change(session: Session, actor: Actor, reply: CannedReply, changes: dict[str, Any]) -> CannedReply:
    """Change words or their name; raises CannedReplyNameTaken, CannedReplyUnreadable."""
    if "body" in changes:
        _check(changes["body"])
    if edit(reply, changes):
        _store(session, reply)
        _trace(session, actor, Kind.CANNED_REPLY_CHANGED, reply)
    return reply


def remove(session: Session, actor: Actor, reply: CannedReply) -> None:
    """Forget words."""
    session.delete(reply)
    session.flush()
    _trace(session, actor, Kind.CANNED_REPLY_REMOVED, reply)


def get(session: Session, id: UUID) -> CannedReply:
    """One of them; raises CannedReplyUnknown."""
    if (reply := session.get(CannedReply, id)) is None:
        raise CannedReplyUnknown()
    return reply


def filled(session: Session, actor: Actor, handover: Handover, *, business: str) -> list[Filled]:
    """Every name once, in the customer's language where there are such words, else in the fallback; by name."""
    contact = session.get(Contact, handover.contact_id) if handover.contact_id else None
    conversation = session.get_one(Conversation, handover.conversation_id)
    own = (conversation.locale or (contact.locale if contact else None) or "").partition("-")[0]
    wanted = [own, str(settings_store.value(session, FALLBACK_LOCALE)).partition("-")[0]]
    values = _values(session, actor, contact, business)
    best: dict[str, CannedReply] = {}
    for reply in session.scalars(select(CannedReply).order_by(CannedReply.name, CannedReply.locale)):
        rank = _rank(reply, wanted)
        if rank is not None and (reply.name not in best or rank < (_rank(best[reply.name], wanted) or 0)):
            best[reply.name] = reply
    return [Filled(one.id, one.name, one.locale, rendering.render(one.body, values)) for one in best.values()]


def _rank(reply: CannedReply, wanted: list[str]) -> int | None:
    language = reply.locale.partition("-")[0]
    return wanted.index(language) if language in wanted else None


def _values(session: Session, actor: Actor, contact: Contact | None, business: str) -> Values:
    agent = session.get(User, actor.id) if actor.id else None
    order = None
    if contact is not None:
        query = select(Order.number, Order.status).where(is_person(Order.contact_id, contact.id))
        order = session.execute(query.order_by(Order.placed_at.desc(), Order.id.desc()).limit(1)).first()
    return {
        "customer": contact.name.partition(" ")[0] if contact else None,
        "order": order.number if order else None,
        "order_status": order.status if order else None,
        "agent": agent.name.partition(" ")[0] if agent else None,
        "business": business,
    }


def _check(body: str) -> None:
    try:
        rendering.check(body, VARIABLES)
        rendering.render(body, dict.fromkeys(VARIABLES, "x"))
    except rendering.Unreadable as error:
        raise CannedReplyUnreadable(str(error), field="body") from None


def _store(session: Session, reply: CannedReply) -> None:
    try:
        with session.begin_nested():
            session.add(reply)
            session.flush()
    except IntegrityError:
        raise CannedReplyNameTaken(field="name") from None


def _trace(session: Session, actor: Actor, kind: Kind, reply: CannedReply) -> None:
    about = log.About(subject=("canned-reply", reply.id))
    log.append(session, actor, kind, about=about, payload={"name": reply.name, "locale": reply.locale})
