"""Copies of one's own data: asked for at most once a day, put together by an engine, kept for a day behind a link."""

import tempfile
from collections.abc import Iterator
from datetime import datetime, timedelta
from functools import partial
from typing import IO
from uuid import UUID

from sqlalchemy import ColumnElement, delete, or_, select
from sqlalchemy.orm import Session

from mcrm import clock, keys
from mcrm.actors import SYSTEM, Actor, Channel, Role
from mcrm.contacts import points
from mcrm.contacts import service as contacts
from mcrm.contacts.models import Contact, ContactPoint, PointState
from mcrm.contacts.people import person_ids, survivor_of
from mcrm.db import reading
from mcrm.deliveries import outbox
from mcrm.interactions import log
from mcrm.interactions.kinds import Kind
from mcrm.interactions.log import About
from mcrm.privacy import links, packing, phrases
from mcrm.privacy.asking import require_fresh
from mcrm.privacy.errors import CopyTooSoon, CopyUnknown
from mcrm.privacy.models import CopyState, DataCopy, DataCopyPart
from mcrm.privacy.persons import Person
from mcrm.transaction import TOPIC_ENGINES, announce, perform

ONE_A = timedelta(days=1)
KEPT = timedelta(days=1)
CLAIMED_FOR = timedelta(minutes=10)
PART_BYTES = 512 * 1024
IN_MEMORY = 4 * 1024 * 1024  # bytes; what is larger waits on the disk
PURPOSE = "data-copy"
EVENT = "data-copy.ready"


def ask(session: Session, actor: Actor, contact_id: UUID, *, point: ContactPoint | None = None) -> DataCopy:
    """Have a copy put together; `point` is the chat or number that it is asked from, where the link goes.

    Raises SignInStale, ContactUnknown, and CopyTooSoon within a day of the last one.
    """
    require_fresh(actor)
    contact = survivor_of(session, contacts.reachable(session, actor, contact_id).id)
    person = select(Contact.id).where(Contact.id == contact.id)
    session.execute(person.with_for_update(key_share=True))  # of two at once one waits; who just names them does not
    before = _last(session, contact)
    if before is not None and (wait := before.created_at + ONE_A - clock.now()) > timedelta(0):
        raise CopyTooSoon(retry_after_s=int(wait.total_seconds()) + 1)
    asked = DataCopy(contact_id=contact.id, contact_point_id=point.id if point else None)
    session.add(asked)
    session.flush()
    _trace(session, actor, Kind.DATA_COPY_ASKED, contact, asked)
    announce(session, TOPIC_ENGINES)
    return asked


def last_of(session: Session, actor: Actor, contact_id: UUID) -> DataCopy:
    """The person's last copy. Raises ContactUnknown, CopyUnknown."""
    contact = survivor_of(session, contacts.reachable(session, actor, contact_id).id)
    last = _last(session, contact)
    if last is None:
        raise CopyUnknown
    return last


def behind(session: Session, token: str) -> DataCopy:
    """The copy that a link opens. Raises CopyUnknown for a link that is over, and for what is none."""
    found = session.get(DataCopy, links.copy_of(token))
    if found is None or found.state != CopyState.READY or found.expires_at is None or found.expires_at <= clock.now():
        raise CopyUnknown
    return found


def fetch(session: Session, token: str) -> bytes:
    """The file of a copy, with a note that it was fetched. Raises CopyUnknown."""
    found = behind(session, token)
    query = select(DataCopyPart.content).where(DataCopyPart.copy_id == found.id).order_by(DataCopyPart.part)
    pieces = [keys.unsealed(PURPOSE, content) for content in session.scalars(query)]
    if not pieces or None in pieces:
        raise CopyUnknown
    found.fetched_at = clock.now()
    contact = session.get_one(Contact, found.contact_id)
    holder = Actor(role=Role.CUSTOMER, channel=Channel.API)  # whoever has the link
    _trace(session, holder, Kind.DATA_COPY_FETCHED, contact, found)
    return b"".join(piece for piece in pieces if piece is not None)


def turn(*, public_url: str, business: str) -> bool:
    """Put one copy together, or forget one whose day is over; False when there is neither."""
    with reading() as session:  # nearly always there is nothing, and nobody has to wait for that answer
        if session.scalar(select(DataCopy.id).where(or_(_free(), _over())).limit(1)) is None:
            return False
    claimed = perform(_claim)
    if claimed is None:
        return perform(_forget)
    copy_id, contact_id, until = claimed
    with reading() as session, tempfile.SpooledTemporaryFile(max_size=IN_MEMORY) as file:
        packing.pack(file, session, Person.of(session, contact_id, surely=True), business=business)
        pieces = list(_pieces(file))
    perform(partial(_keep, copy_id, until, pieces, public_url))
    return True


def _claim(session: Session) -> tuple[UUID, UUID, datetime] | None:
    """The oldest copy that nobody is at; whoever was and died is given up after ten minutes."""
    query = select(DataCopy).where(_free()).order_by(DataCopy.id).limit(1)
    found = session.scalars(query.with_for_update(skip_locked=True)).first()
    if found is None:
        return None
    until = found.claimed_until = clock.now() + CLAIMED_FOR
    return found.id, found.contact_id, until


def _keep(copy_id: UUID, until: datetime, pieces: list[bytes], public_url: str, session: Session) -> None:
    """Store the file and tell; nothing of it where somebody else took over, or the person was forgotten meanwhile."""
    query = select(DataCopy).where(DataCopy.id == copy_id, DataCopy.claimed_until == until)
    found = session.scalars(query.with_for_update()).first()
    if found is None or found.state != CopyState.ASKED:
        return
    sealed = [keys.sealed(PURPOSE, piece) for piece in pieces]
    session.add_all(DataCopyPart(copy_id=copy_id, part=at, content=content) for at, content in enumerate(sealed))
    found.state, found.ready_at = CopyState.READY.value, clock.now()
    found.expires_at, found.size = clock.now() + KEPT, sum(map(len, pieces))
    contact = survivor_of(session, found.contact_id)
    _trace(session, SYSTEM, Kind.DATA_COPY_READY, contact, found)
    _tell(session, contact, found, public_url)


def _tell(session: Session, contact: Contact, ready: DataCopy, public_url: str) -> None:
    """The link goes where it was asked for, and nowhere else; the app hears that it may ask for one."""
    assert ready.expires_at is not None
    title, words = phrases.ready_in_app(contact.locale)
    point = session.get(ContactPoint, ready.contact_point_id) if ready.contact_point_id else None
    channels = ["push", "telegram", "sms", "email"]
    if point is not None and point.state == PointState.ACTIVE and point.contact_id is not None:
        link = f"{public_url}/c/{links.token_for(ready.id, ready.expires_at)}"
        outbox.queue(
            session,
            SYSTEM,
            channel=point.channel,
            contact_point_id=point.id,
            contact_id=contact.id,
            text=phrases.ready(contact.locale, link),
            kind=EVENT,
            dedupe_key=f"{EVENT}:{ready.id}:link",
            expires_at=ready.expires_at,
            secret=True,
        )
        channels = ["push"] if points.reachable(session, contact.id, "push") else []
    if channels:
        outbox.tell(
            session,
            SYSTEM,
            contact_id=contact.id,
            text=words,
            title=title,
            kind=EVENT,
            dedupe_key=f"{EVENT}:{ready.id}",
            channels=channels,
            data={"event": EVENT, "id": str(ready.id)},
            expires_at=ready.expires_at,
        )


def _forget(session: Session) -> bool:
    """Drop the file of one copy whose day is over; that there was one stays known."""
    query = select(DataCopy).where(_over()).order_by(DataCopy.id).limit(1)
    found = session.scalars(query.with_for_update(skip_locked=True)).first()
    if found is None:
        return False
    found.state = CopyState.OVER.value
    gone = delete(DataCopyPart).where(DataCopyPart.copy_id == found.id)
    session.execute(gone, execution_options={"synchronize_session": False})
    return True


def _free() -> ColumnElement[bool]:
    """Asked for, and nobody is at it."""
    nobody = or_(DataCopy.claimed_until.is_(None), DataCopy.claimed_until < clock.now())
    return (DataCopy.state == CopyState.ASKED.value) & nobody


def _over() -> ColumnElement[bool]:
    """Its day is over and its file still here."""
    return (DataCopy.state == CopyState.READY.value) & (DataCopy.expires_at <= clock.now())


def _pieces(file: IO[bytes]) -> Iterator[bytes]:
    while piece := file.read(PART_BYTES):
        yield piece


def _last(session: Session, contact: Contact) -> DataCopy | None:
    query = select(DataCopy).where(DataCopy.contact_id.in_(person_ids(session, contact)))
    return session.scalars(query.order_by(DataCopy.id.desc()).limit(1)).first()


def _trace(session: Session, actor: Actor, kind: Kind, contact: Contact, which: DataCopy) -> None:
    about = About(contact_id=contact.id, account_id=contact.account_id, subject=("data-copy", which.id))
    log.append(session, actor, kind, about=about, payload={"size": which.size} if which.size else {})
