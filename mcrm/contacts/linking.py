"""Join a chat to the contact it belongs to: by a one-time link from the app, or by the phone number on file."""

from datetime import timedelta
from uuid import UUID

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from mcrm import clock, keys
from mcrm.actors import Actor
from mcrm.contacts import points
from mcrm.contacts.errors import AddressInvalid
from mcrm.contacts.models import Contact, ContactPoint, LinkToken, PointState
from mcrm.contacts.people import survivor_of
from mcrm.errors import NotFound
from mcrm.interactions import log
from mcrm.interactions.kinds import Kind

LIFETIME = timedelta(minutes=15)
TOKEN_BITS = 128
LONGEST_TOKEN = 64


class LinkUnknown(NotFound):
    """This link has expired or was used already."""

    code = "link.unknown"


class NumberUnknown(NotFound):
    """There is no account for this number."""

    code = "link.number-unknown"


def new_link(session: Session, actor: Actor, *, contact_id: UUID, channel: str) -> str:
    """A token for `t.me/<bot>?start=<token>`: 22 URL-safe characters, fifteen minutes, once; only its digest stays."""
    token = keys.new_token(TOKEN_BITS)
    digest = keys.digest("link-token", token)
    session.add(LinkToken(digest=digest, contact_id=contact_id, channel=channel, expires_at=clock.now() + LIFETIME))
    session.flush()
    about = log.About(contact_id=contact_id)
    log.append(session, actor, Kind.CONTACT_POINT_LINK_OFFERED, about=about, payload={"channel": channel})
    return token


def use_link(session: Session, actor: Actor, *, token: str, point: ContactPoint) -> Contact:
    """Join the chat to the contact the link was made for. Raises LinkUnknown, or ContactPointTaken.

    Of two uses at the same instant only one finds the token unused. A chat that belongs to somebody else does not use
    it up.
    """
    if len(token) > LONGEST_TOKEN:
        raise LinkUnknown
    now = clock.now()
    fresh = (
        LinkToken.digest == keys.digest("link-token", token),
        LinkToken.channel == point.channel,
        LinkToken.used_at.is_(None),
        LinkToken.expires_at > now,
    )
    contact_id = session.scalar(select(LinkToken.contact_id).where(*fresh))
    if contact_id is None:
        raise LinkUnknown
    contact = survivor_of(session, contact_id)
    points.link(session, actor, point=point, contact=contact, how="deep-link")
    used = update(LinkToken).where(*fresh).values(used_at=now).returning(LinkToken.id)
    if session.scalar(used.execution_options(synchronize_session=False)) is None:
        raise LinkUnknown
    return contact


def link_shared_number(session: Session, actor: Actor, *, point: ContactPoint, number: str, region: str) -> Contact:
    """Join the chat to the contact with this number, which the provider vouches is the sender's own; verifies the chat.

    Raises NumberUnknown when it is on nobody's file, ContactPointTaken when the chat is somebody else's.
    """
    try:
        address = points.normalise("sms", number if number.startswith("+") else f"+{number}", region=region)
    except AddressInvalid:
        raise NumberUnknown from None
    known = points.find(session, "sms", address)
    if known is None or known.contact_id is None or known.state != PointState.ACTIVE:
        raise NumberUnknown
    contact = survivor_of(session, known.contact_id)
    points.link(session, actor, point=point, contact=contact, how="shared-contact")
    points.verify(session, actor, point=point, how="shared-contact")
    return contact
