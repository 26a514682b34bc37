"""Contact points: recognise an address, add it to a contact, prove it, give it up.

An address is unique per channel. One that nobody is known to own stands here without a contact, so that what came
from it and what was answered hang on one row; it joins a contact when its owner becomes known.
"""

from datetime import datetime, timedelta
from functools import lru_cache
from uuid import UUID

from sqlalchemy import bindparam, func, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session, aliased

from mcrm import clock
from mcrm.actors import Actor
from mcrm.contacts.errors import AddressInvalid, ContactPointTaken
from mcrm.contacts.models import Contact, ContactPoint, PointChannel, PointState
from mcrm.contacts.people import is_person, same_person
from mcrm.contacts.service import hold, member_ids
from mcrm.ids import new_id
from mcrm.interactions import log
from mcrm.interactions.kinds import Kind

LONGEST_ADDRESS = 512
MAIL_SYNTAX = frozenset('<>()[],;:\\"')
"""What mail reads as more than an address: `a<ben@…>` goes to Ben, past the stop that Ben said."""
SEEN_AGAIN = timedelta(minutes=5)


def normalise(channel: str, address: str, *, region: str = "GB") -> str:
    """The one spelling of an address: E.164, chat id digits, lower-case mail with its domain in ASCII, token as it is.

    Raises AddressInvalid.
    """
    address = address.strip()
    if not address or len(address) > LONGEST_ADDRESS or not address.isprintable():
        raise AddressInvalid(field="address")
    if channel == PointChannel.SMS:
        return e164(address, region)
    if channel == PointChannel.APP:
        raise AddressInvalid("The app's chat is joined by signing in to the app.", field="channel")
    if channel == PointChannel.TELEGRAM and not address.lstrip("-").isdecimal():
        raise AddressInvalid("A Telegram address is a numeric chat id.", field="address")
    if channel == PointChannel.EMAIL:
        return _mailbox(address.lower())
    return address


def _mailbox(address: str) -> str:
    """A mail address with its domain as DNS spells it, however it was written: else a stop would not find it again."""
    name, _, domain = address.partition("@")
    try:
        domain = domain.removesuffix(".").encode("idna").decode()
    except UnicodeError:
        domain = ""
    if not name or not domain or "@" in domain or " " in address or MAIL_SYNTAX & set(name + domain):
        raise AddressInvalid("This is not an e-mail address.", field="address")
    return f"{name}@{domain}"


@lru_cache(maxsize=4096)
def e164(number: str, region: str) -> str:
    """A phone number in E.164 form; national numbers are read as of `region`. Raises AddressInvalid."""
    import phonenumbers  # 48 MB of metadata: only processes that read numbers pay for it

    try:
        parsed = phonenumbers.parse(number, None if number.startswith("+") else region)
    except phonenumbers.NumberParseException:
        raise AddressInvalid("This is not a phone number.", field="address") from None
    if not phonenumbers.is_possible_number(parsed):
        raise AddressInvalid("This is not a phone number.", field="address")
    return str(phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.E164))


def find(session: Session, channel: str, address: str) -> ContactPoint | None:
    """The point with this (normalised) address, whoever owns it."""
    return session.scalar(_BY_ADDRESS, {"at": channel, "to": address})


def find_with_owner(session: Session, channel: str, address: str) -> tuple[ContactPoint, Contact | None] | None:
    """The point with this (normalised) address, and the contact that stands for its owner, in one query."""
    row = session.execute(_WITH_OWNER, {"at": channel, "to": address}).first()
    return None if row is None else (row[0], row[1])


_BY_ADDRESS = select(ContactPoint).where(
    ContactPoint.channel == bindparam("at"), ContactPoint.address == bindparam("to")
)
_owner = aliased(Contact)
_WITH_OWNER = (
    _BY_ADDRESS.add_columns(Contact)
    .outerjoin(_owner, _owner.id == ContactPoint.contact_id)
    .outerjoin(Contact, Contact.id == func.coalesce(_owner.group_id, _owner.id))
)


def recognise(session: Session, actor: Actor, channel: str, address: str, *, locale: str | None = None) -> ContactPoint:
    """The point a message came from; a new one without a contact when the address was never seen."""
    if (point := find(session, channel, address)) is not None:
        seen(point)
        return point
    point = ContactPoint(channel=channel, address=address, locale=locale, last_seen_at=clock.now())
    try:
        with session.begin_nested():
            session.add(point)
            session.flush()
    except IntegrityError:  # the same sender in another process, a moment earlier
        return session.scalars(_BY_ADDRESS, {"at": channel, "to": address}).one()
    log.append(session, actor, Kind.CONTACT_POINT_ADDED, about=about(point), payload={"channel": channel})
    return point


def seen(point: ContactPoint) -> None:
    """Somebody wrote from this address just now: whoever writes from it holds it.

    The time is kept to five minutes: each change of it goes to every device that holds the row.
    """
    now = clock.now()
    if point.last_seen_at is None or now - point.last_seen_at >= SEEN_AGAIN:
        point.last_seen_at = now
    if point.state != PointState.ACTIVE:
        point.state = PointState.ACTIVE.value


def add(
    session: Session,
    actor: Actor,
    *,
    contact: Contact,
    channel: str,
    address: str,
    verified_at: datetime | None = None,
    kind: str | None = None,
    platform: str | None = None,
    device_id: str | None = None,
    locale: str | None = None,
    id: UUID | None = None,
) -> ContactPoint:
    """Give a contact an address (normalised by the caller); the person's own is returned, an unowned one taken over.

    A new one gets the `id`, if one is given. Raises ContactPointTaken when it belongs to another person, or to a
    contact of this one that is out of the actor's reach, which must not show; ContactErased.
    """
    hold(session, contact.id)
    point = find(session, channel, address) or _stored(session, channel, address, id or new_id())
    if point.contact_id is not None:
        if point.contact_id != contact.id and point.contact_id not in member_ids(session, actor, contact):
            raise ContactPointTaken(field="address")
        if point.state == PointState.ACTIVE:
            return point
    point.contact_id = contact.id
    point.state = PointState.ACTIVE.value
    point.kind, point.platform, point.device_id, point.locale = kind, platform, device_id, locale or point.locale
    point.verified_at = verified_at
    session.flush()
    log.append(session, actor, Kind.CONTACT_POINT_ADDED, about=about(point, contact), payload={"channel": channel})
    return point


def _stored(session: Session, channel: str, address: str, id: UUID) -> ContactPoint:
    """A new point that nobody owns yet, or the one that was stored at the same moment."""
    point = ContactPoint(id=id, channel=channel, address=address)
    try:
        with session.begin_nested():
            session.add(point)
    except IntegrityError:
        return session.scalars(_BY_ADDRESS, {"at": channel, "to": address}).one()
    return point


def held(session: Session, channel: str, address: str) -> ContactPoint:
    """The point with this (normalised) address, made without an owner if nobody had it; held until the end.

    Whoever decides about its owner holds it: of two who do at once, the second one sees what the first did.
    """
    made = find(session, channel, address) or _stored(session, channel, address, new_id())
    query = select(ContactPoint).where(ContactPoint.id == made.id).with_for_update()
    return session.scalars(query.execution_options(populate_existing=True)).one()


def link(session: Session, actor: Actor, *, point: ContactPoint, contact: Contact, how: str) -> ContactPoint:
    """Join a chat or number that its holder has shown to be the contact's (`how`: deep-link, shared-contact, code).

    Raises ContactPointTaken when it is joined to somebody else, ContactErased.
    """
    hold(session, contact.id)
    if point.contact_id is not None and not same_person(session, point.contact_id, contact.id):
        raise ContactPointTaken()
    if point.contact_id is None:
        point.contact_id = contact.id
        point.state = PointState.ACTIVE.value
        session.flush()
        log.append(session, actor, Kind.CONTACT_POINT_LINKED, about=about(point, contact), payload={"how": how})
    return point


def verify(session: Session, actor: Actor, *, point: ContactPoint, how: str) -> None:
    """Note that the holder of this address has proved to be the contact (`how`: code, shared-contact)."""
    point.verified_at = clock.now()
    log.append(session, actor, Kind.CONTACT_POINT_VERIFIED, about=about(point), payload={"how": how})


def in_the_app(session: Session, actor: Actor, contact: Contact) -> ContactPoint:
    """The contact's end of the app's chat, made at its first message: whoever is signed in as them holds it."""
    found = find(session, PointChannel.APP, str(contact.id))
    if found is not None and found.contact_id == contact.id:
        return found
    return add(
        session, actor, contact=contact, channel=PointChannel.APP, address=str(contact.id), verified_at=clock.now()
    )


def invalidate(session: Session, actor: Actor, *, point: ContactPoint, why: str) -> bool:
    """The provider says that this address is dead: nothing is sent there any more. False if that was known."""
    if point.state != PointState.ACTIVE:
        return False
    point.state = PointState.INVALID.value
    log.append(session, actor, Kind.CONTACT_POINT_INVALID, about=about(point), payload={"why": why})
    return True


def remove(session: Session, actor: Actor, *, point: ContactPoint) -> None:
    """Take the address off its contact; the row stays, because the log names it.

    It belongs to nobody then: numbers are given out again, and the next holder must not be taken for the former one.
    """
    if point.state != PointState.REMOVED:
        log.append(session, actor, Kind.CONTACT_POINT_REMOVED, about=about(point), payload={"channel": point.channel})
        point.state = PointState.REMOVED.value
        point.contact_id = point.verified_at = None
        session.flush()


def reachable(session: Session, contact_id: UUID, channel: str) -> list[ContactPoint]:
    """The person's active addresses on a channel, the most recently seen first."""
    query = select(ContactPoint).where(
        is_person(ContactPoint.contact_id, contact_id),
        ContactPoint.channel == channel,
        ContactPoint.state == PointState.ACTIVE.value,
    )
    points = list(session.scalars(query))
    return sorted(points, key=lambda point: (point.last_seen_at or point.created_at, point.id), reverse=True)


def about(point: ContactPoint, contact: Contact | None = None) -> log.About:
    """What a fact about this point concerns."""
    return log.About(
        contact_id=point.contact_id,
        account_id=contact.account_id if contact else None,
        contact_point_id=point.id,
        subject=("contact-point", point.id),
    )
