"""May this go out now? The one question that every sender asks, at sending time, and the reason kept for every no.

In this order: expiry, the address itself, its country, a stop on it, what the contact allows for the purpose and the
topic on the channel, and the contact's quiet hours, which hold back marketing until they are over and nothing else.
Caps join here, through the same door.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from mcrm.among import Among
from mcrm.consents import counting, resting, topics
from mcrm.consents.marks import mark_of
from mcrm.consents.models import ConsentState, Purpose, Suppression, SuppressionReason
from mcrm.contacts.models import Contact, PointChannel, PointState
from mcrm.policy import countries

STOP_CONFIRMATION = "stop-confirmation"
CONFIRMED = frozenset({SuppressionReason.STOP_WORD.value})  # the law allows one text that confirms the own stop
REPLY = "reply"
QUIET = "quiet-hours"
PARTING = "contact-point.replaced"  # the last word to an address that was just taken off, about just that
# What a customer asked for a moment ago: an answer in the dialogue, its buttons, the code to sign in with.
ASKED_FOR = frozenset({REPLY, "reply-answer", "reply-edit", "code", STOP_CONFIRMATION, PARTING})


_STOPS = select(Suppression.channel, Suppression.address, Suppression.reason).where(
    Among(Suppression.__table__.c.address, "addresses"), Suppression.lifted_at.is_(None)
)


class Answer(StrEnum):
    """What the policy says."""

    ALLOWED = "allowed"
    SUPPRESSED = "suppressed"
    EXPIRED = "expired"
    HELD = "held"


@dataclass(frozen=True, slots=True)
class Verdict:
    """The answer and, for a no, its stable reason (`no-consent`, `suppressed:stop-word`, …); for `held`, until when."""

    answer: Answer
    reason: str | None = None
    until: datetime | None = None

    @property
    def dead_address(self) -> bool:
        """Whether it is this address that is the matter, so that another one on the same channel may do."""
        return self.reason is not None and self.reason.startswith("address-")


@dataclass(frozen=True, slots=True)
class Request:
    """What is to be judged: the facts of one delivery and of the contact point it goes to."""

    id: UUID
    channel: str
    purpose: str
    kind: str
    contact_id: UUID | None
    owner_id: UUID | None
    address: str | None
    point_state: str | None
    expires_at: datetime | None


ALLOWED = Verdict(Answer.ALLOWED)


def may_send(session: Session, requests: Sequence[Request], now: datetime) -> dict[UUID, Verdict]:
    """The verdict on each request, with a handful of queries for all of them."""
    session.flush()  # the queries run past the session
    stops = _stops(session, requests)
    consents = counting.states(session, {one.contact_id for one in requests if one.contact_id is not None})
    people = _people(session, requests)
    verdicts = {request.id: _judge(request, stops, consents, people, now) for request in requests}
    return verdicts | _held(session, [one for one in requests if verdicts[one.id] is ALLOWED], now)


def _held(session: Session, requests: Iterable[Request], now: datetime) -> dict[UUID, Verdict]:
    """Of what may go out, what waits until its addressee's quiet hours are over; what is no use by then has expired."""
    may_wait = [(one, one.contact_id) for one in requests if one.purpose == Purpose.MARKETING and one.contact_id]
    rests = resting.rest_of(session, {contact_id for _, contact_id in may_wait})
    held = {}
    for one, contact_id in may_wait:
        if one.kind in ASKED_FOR or (until := rests[contact_id].over_at(now)) is None:
            continue
        is_too_late = one.expires_at is not None and one.expires_at <= until
        held[one.id] = Verdict(Answer.EXPIRED, QUIET) if is_too_late else Verdict(Answer.HELD, QUIET, until)
    return held


def _judge(
    request: Request,
    stops: dict[tuple[str, str], set[str]],
    consents: dict[tuple[UUID, str, str], str],
    people: dict[UUID, UUID],
    now: datetime,
) -> Verdict:
    if request.expires_at is not None and request.expires_at <= now:
        return Verdict(Answer.EXPIRED, "expired")
    if request.address is None:
        return Verdict(Answer.SUPPRESSED, "no-address")
    is_parting = request.kind == PARTING and request.owner_id is None
    if request.point_state != PointState.ACTIVE and not is_parting:
        return Verdict(Answer.SUPPRESSED, f"address-{request.point_state}")
    if request.contact_id is not None and not is_parting and not _is_owner(request, people):
        return Verdict(Answer.SUPPRESSED, "address-changed-hands")
    if request.channel == PointChannel.SMS and not countries.may_text(request.address):
        return Verdict(Answer.SUPPRESSED, "country-not-allowed")  # whatever it is: a code asked for is what costs
    stop = stops.get((request.channel, request.address), set())
    if stop and not (request.kind == STOP_CONFIRMATION and stop <= CONFIRMED):
        return Verdict(Answer.SUPPRESSED, f"suppressed:{min(stop)}")
    return _consented(request, consents)


def _consented(request: Request, consents: dict[tuple[UUID, str, str], str]) -> Verdict:
    """Service messages go out until they are withdrawn, all others only when granted; an answer is always wanted."""
    if request.kind in ASKED_FOR:
        return ALLOWED
    state = None
    if request.contact_id is not None:
        state = consents.get((request.contact_id, request.channel, request.purpose))
    if state == ConsentState.WITHDRAWN:
        return Verdict(Answer.SUPPRESSED, "consent-withdrawn")
    if state is None and request.purpose != Purpose.SERVICE:
        return Verdict(Answer.SUPPRESSED, "no-consent")
    topic = topics.key_of(request.kind, request.purpose)
    if topic is None or request.contact_id is None:
        return ALLOWED
    is_unwanted = consents.get((request.contact_id, request.channel, topic)) == ConsentState.WITHDRAWN
    return Verdict(Answer.SUPPRESSED, "topic-unwanted") if is_unwanted else ALLOWED


def _stops(session: Session, requests: Iterable[Request]) -> dict[tuple[str, str], set[str]]:
    """(channel, address) to the reasons of the stops in force."""
    asked = {(request.channel, request.address) for request in requests if request.address is not None}
    if not asked:
        return {}
    marks = {mark_of(*one): one for one in asked}
    sought = sorted({address for _, address in asked} | marks.keys())
    stops: dict[tuple[str, str], set[str]] = {}
    for channel, address, reason in session.connection().execute(_STOPS, {"addresses": sought}):
        stops.setdefault(marks.get(address, (channel, address)), set()).add(reason)
    return stops


def _people(session: Session, requests: Iterable[Request]) -> dict[UUID, UUID]:
    """Of merged contacts the one that stands for the person; asked only where owner and addressee differ."""
    apart = [one for one in requests if one.contact_id is not None and one.owner_id not in (None, one.contact_id)]
    ids = {id_ for one in apart for id_ in (one.contact_id, one.owner_id) if id_ is not None}
    if not ids:
        return {}
    query = select(Contact.id, Contact.group_id).where(Contact.id.in_(ids), Contact.group_id.is_not(None))
    return {contact_id: group_id for contact_id, group_id in session.execute(query) if group_id is not None}


def _is_owner(request: Request, people: dict[UUID, UUID]) -> bool:
    """Whether the address still belongs to the person whom this is for."""
    if request.owner_id is None or request.contact_id is None:
        return False
    owner, addressee = request.owner_id, request.contact_id
    return people.get(owner, owner) == people.get(addressee, addressee)
