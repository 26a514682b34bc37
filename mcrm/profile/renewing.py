"""A new phone number or mail address in the place of the one on file, once codes to both came back.

Whoever holds only one of the two gets nowhere: not a thief with an open session and a number of his own, not somebody
who types the number of another customer. What is answered never tells whether the new address is somebody's already.
The former address is told and is nobody's from then on; with the number, which is what one signs in with, every other
session ends. When the former address is lost, a person decides.
"""

from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from uuid import UUID

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from mcrm import clock
from mcrm.access import codes, counters, sessions
from mcrm.access.codes import Verdict
from mcrm.access.errors import TooManyTries
from mcrm.actors import Actor
from mcrm.cases import service as cases
from mcrm.cases.models import Case
from mcrm.config import Limits
from mcrm.consents import service as consents
from mcrm.consents.models import SuppressionReason
from mcrm.contacts import points
from mcrm.contacts import service as contacts
from mcrm.contacts.errors import ContactPointTaken
from mcrm.contacts.models import Contact, ContactPoint, PointChannel, PointState
from mcrm.contacts.people import is_person, same_person
from mcrm.deliveries import outbox
from mcrm.interactions import log
from mcrm.interactions.kinds import Kind
from mcrm.policy.gate import PARTING
from mcrm.profile import phrases
from mcrm.profile.errors import AlreadyYours, ContactChangeUnknown, NothingOnFile, NotProvedYet
from mcrm.profile.models import ContactChange

WAIT = timedelta(minutes=15)
DECIDED_WITHIN = timedelta(days=14)
CASE = "contact-change"
RIGHT = Verdict.RIGHT
KEPT_STOPS = frozenset({SuppressionReason.STOP_WORD, SuppressionReason.STAFF})
"""What a person said stays said when the number changes; what a carrier said was about the number."""


class Side(StrEnum):
    """Which of the two addresses."""

    OLD = "old"
    NEW = "new"


@dataclass(frozen=True, slots=True)
class Progress:
    """A change, whether the code that was just given was right, and whether wrong ones have locked it."""

    change: ContactChange
    is_right: bool = True
    is_locked: bool = False


def start(
    session: Session,
    actor: Actor,
    *,
    contact: Contact,
    channel: str,
    address: str,
    text: str,
    limits: Limits,
    is_proved: bool = False,
) -> ContactChange:
    """Send a code to the address on file and one to the new one (normalised); a change begun before is void.

    `text` holds `{code}`. `is_proved`: the holder of the number on file has entered a code from there within five
    minutes, so that only the new address gets one. An address that is somebody else's gets none, which nobody is told.
    Raises AlreadyYours, NothingOnFile, and TooManyTries, also for one person who names number after number.
    """
    begun = counters.count(session, "contact-changes", str(contact.id), window=codes.HOUR)
    if begun > limits.otp_per_hour:
        raise TooManyTries(retry_after_s=counters.seconds_left(codes.HOUR))
    old = _on_file(session, contact, channel)
    new = points.held(session, channel, address)
    is_own = new.contact_id is not None and same_person(session, new.contact_id, contact.id)
    if is_own and new.state == PointState.ACTIVE:
        raise AlreadyYours(field="address")
    now = clock.now()
    for former in session.scalars(_open(contact.id)):
        former.expires_at = now
    change = ContactChange(
        contact_id=contact.id,
        old_point_id=old.id,
        new_point_id=new.id,
        old_verified_at=now if is_proved else None,
        expires_at=now + WAIT,
    )
    session.add(change)
    session.flush()
    _log(session, actor, Kind.CONTACT_CHANGE_BEGUN, contact, change, {"channel": channel})
    if not is_proved:
        codes.send_code(session, actor, point=old, purpose=_purpose(change), limits=limits, text=text)
    if new.contact_id is None or is_own:
        new.state = PointState.ACTIVE.value  # taken off or given up once: the code finds out who is there now
        codes.send_code(session, actor, point=new, purpose=_purpose(change), limits=limits, text=text)
    else:
        codes.spend(session, new, limits)  # it looks the same, also when it is tried once too often
    return change


def under_way(session: Session, contact: Contact) -> ContactChange:
    """The person's change that waits for codes; raises ContactChangeUnknown."""
    change = session.scalar(_open(contact.id).order_by(ContactChange.id.desc()).limit(1))
    if change is None:
        raise ContactChangeUnknown
    return change


def reachable(session: Session, actor: Actor, change_id: UUID) -> tuple[ContactChange, Contact]:
    """A change of somebody within reach, locked, and whose it is; raises ContactChangeUnknown."""
    query = select(ContactChange).where(ContactChange.id == change_id).with_for_update()
    change = session.scalar(query.execution_options(populate_existing=True))
    people = contacts.contacts_of(actor)
    contact = session.scalar(people.where(Contact.id == change.contact_id)) if change else None
    if change is None or contact is None:
        raise ContactChangeUnknown
    return change, contact


def confirm(
    session: Session,
    actor: Actor,
    change_id: UUID,
    *,
    of: Side,
    code: str,
    business: str,
    limits: Limits,
) -> Progress:
    """Judge a code to one of the two addresses; with the second right one the change is made.

    Never raises for a wrong code, because the count has to be committed. Raises ContactChangeUnknown for one that is
    over, ContactPointTaken when somebody else proved the address meanwhile.
    """
    change, contact = reachable(session, actor, change_id)
    if change.done_at is not None or change.expires_at <= clock.now():
        raise ContactChangeUnknown
    tries = counters.count(session, "contact-change", str(change.id), window=codes.LOCK)
    if tries > limits.otp_tries:
        return Progress(change, is_right=False, is_locked=True)
    point = session.get_one(ContactPoint, change.old_point_id if of is Side.OLD else change.new_point_id)
    if codes.check_code(session, actor, point=point, purpose=_purpose(change), code=code, limits=limits) is not RIGHT:
        return Progress(change, is_right=False)
    if of is Side.OLD:
        change.old_verified_at = clock.now()
    else:
        change.new_verified_at = clock.now()
    session.flush()
    _log(session, actor, Kind.CONTACT_CHANGE_PROVED, contact, change, {"of": of.value})
    if change.old_verified_at and change.new_verified_at:
        _make(session, actor, contact, change, business)
    return Progress(change)


def ask_person(session: Session, actor: Actor, change_id: UUID) -> Case:
    """The former address is lost, the new one proved: a person decides. Raises NotProvedYet, ContactChangeUnknown."""
    change, contact = reachable(session, actor, change_id)
    if change.done_at is not None or change.expires_at <= clock.now():
        raise ContactChangeUnknown
    if change.new_verified_at is None:
        raise NotProvedYet
    new = session.get_one(ContactPoint, change.new_point_id)
    summary = f"Lost the {new.channel} address on file; proved {new.address} by a code. Is it really them?"
    change.asked_at = clock.now()
    change.expires_at = change.asked_at + DECIDED_WITHIN
    case, _ = cases.open_case(
        session, actor, kind=CASE, summary=summary, contact_id=contact.id, contact_point_id=new.id
    )
    return case


def grant(session: Session, actor: Actor, change_id: UUID, *, business: str) -> ContactChange:
    """Somebody of the business makes a change whose former address is lost. Raises NotProvedYet, and as `confirm`."""
    change, contact = reachable(session, actor, change_id)
    if change.done_at is not None or change.expires_at <= clock.now():
        raise ContactChangeUnknown
    if change.new_verified_at is None or change.asked_at is None:
        raise NotProvedYet
    _make(session, actor, contact, change, business)
    return change


def _on_file(session: Session, contact: Contact, channel: str) -> ContactPoint:
    """The address that has to agree: the one to be replaced; where there is none, the number that one signs in with."""
    for at in (channel, PointChannel.SMS.value):
        if found := points.reachable(session, contact.id, at):
            return found[0]
    raise NothingOnFile


def _open(contact_id: UUID) -> Select[ContactChange]:
    """The changes of a person that wait for codes, not for a person."""
    return select(ContactChange).where(
        is_person(ContactChange.contact_id, contact_id),
        ContactChange.done_at.is_(None),
        ContactChange.expires_at > clock.now(),
        ContactChange.asked_at.is_(None),
    )


def _purpose(change: ContactChange) -> str:
    """A code counts for the change that it was sent for, and for no other."""
    return f"{CASE}:{change.id}"


def _make(session: Session, actor: Actor, contact: Contact, change: ContactChange, business: str) -> None:
    """The new address takes the place of the old one, which is told and is nobody's from now on."""
    new = session.get_one(ContactPoint, change.new_point_id, with_for_update=True, populate_existing=True)
    old = session.get_one(ContactPoint, change.old_point_id)
    if old.contact_id is None or not same_person(session, old.contact_id, contact.id):
        raise ContactChangeUnknown  # taken off meanwhile: whoever proved it proved nothing any more
    if new.contact_id is not None and not same_person(session, new.contact_id, contact.id):
        raise ContactPointTaken(field="address")
    points.add(session, actor, contact=contact, channel=new.channel, address=new.address)
    points.verify(session, actor, point=new, how="code")
    if old.channel == new.channel:
        _part(session, actor, contact, old, new, business)
    change.done_at = clock.now()
    session.flush()
    _log(session, actor, Kind.CONTACT_POINT_REPLACED, contact, change, {"channel": new.channel})
    if new.channel == PointChannel.SMS:
        _sign_out(session, actor, contact)


def _part(
    session: Session, actor: Actor, contact: Contact, old: ContactPoint, new: ContactPoint, business: str
) -> None:
    said = {stop.reason for stop in consents.suppressions_of(session, old.channel, old.address)}
    for reason in KEPT_STOPS:
        if reason.value in said:
            consents.suppress(session, actor, point=new, reason=reason, detail="said of the former address")
    outbox.queue(
        session,
        actor,
        channel=old.channel,
        contact_point_id=old.id,
        contact_id=contact.id,
        account_id=contact.account_id,
        text=phrases.replaced(business, contact.locale),
        kind=PARTING,
    )
    points.remove(session, actor, point=old)


def _sign_out(session: Session, actor: Actor, contact: Contact) -> None:
    """Who signed in with the former number does so no longer; the device that made the change stays."""
    if actor.is_staff:
        sessions.end_all(session, actor, contact_id=contact.id, reason="number-changed")
    else:
        sessions.end_others(session, actor, reason="number-changed")


def _log(
    session: Session, actor: Actor, kind: Kind, contact: Contact, change: ContactChange, payload: dict[str, str]
) -> None:
    subject = ("contact-change", change.id)
    about = log.About(contact_id=contact.id, account_id=contact.account_id, subject=subject)
    log.append(session, actor, kind, about=about, payload=payload)
