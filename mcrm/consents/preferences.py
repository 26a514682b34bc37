"""What a customer wants to hear, where and when, at a glance: what the policy will say, in the customer's terms."""

from dataclasses import dataclass
from uuid import UUID

from sqlalchemy.orm import Session

from mcrm.actors import Actor
from mcrm.consents import resting, service
from mcrm.consents.models import ConsentState, Purpose
from mcrm.consents.resting import Rest
from mcrm.consents.topics import TOPICS
from mcrm.contacts import service as contacts
from mcrm.contacts.models import Contact, PointChannel, PointState

PURPOSES = (Purpose.SERVICE, Purpose.MARKETING)


OUTWARD = tuple(channel for channel in PointChannel if channel is not PointChannel.APP)
"""In the app's chat nothing is said that was not asked for: news of offers come there as a push."""


@dataclass(frozen=True, slots=True)
class OfTopic:
    """One topic: whether it is heard of, as far as its purpose is."""

    topic: str
    is_wanted: bool


@dataclass(frozen=True, slots=True)
class OfPurpose:
    """One purpose on one channel; without a decision service messages are wanted and all others are not."""

    purpose: str
    is_wanted: bool
    topics: tuple[OfTopic, ...]


@dataclass(frozen=True, slots=True)
class OfChannel:
    """One channel: whether there is an address to reach, and whether a STOP holds for all there are."""

    channel: str
    has_address: bool
    is_stopped: bool
    purposes: tuple[OfPurpose, ...]


@dataclass(frozen=True, slots=True)
class Preferences:
    """All of it."""

    channels: tuple[OfChannel, ...]
    rest: Rest


def preferences_of(session: Session, actor: Actor, contact: Contact) -> Preferences:
    """What the person wants."""
    members = contacts.member_ids(session, actor, contact)
    decided = {(one.channel, one.purpose): one.state for one in service.consents_of(session, members)}
    addresses: dict[str, list[str]] = {channel.value: [] for channel in OUTWARD}
    for point in contacts.points_of(session, members):
        if point.state == PointState.ACTIVE and point.channel in addresses:
            addresses[point.channel].append(point.address)
    stopped = service.stopped(session, [(channel, to) for channel, known in addresses.items() for to in known])
    channels = (
        OfChannel(
            channel,
            has_address=bool(known),
            is_stopped=bool(known) and all((channel, to) in stopped for to in known),
            purposes=tuple(_of_purpose(decided, channel, purpose) for purpose in PURPOSES),
        )
        for channel, known in addresses.items()
    )
    return Preferences(tuple(channels), rest_for(session, contact.id))


def rest_for(session: Session, contact_id: UUID) -> Rest:
    """The quiet hours of one person."""
    return resting.rest_of(session, [contact_id])[contact_id]


def _of_purpose(decided: dict[tuple[str, str], str], channel: str, purpose: str) -> OfPurpose:
    state = decided.get((channel, purpose))
    is_wanted = state != ConsentState.WITHDRAWN if purpose == Purpose.SERVICE else state == ConsentState.GRANTED
    topics = tuple(
        OfTopic(topic.name, decided.get((channel, topic.key)) != ConsentState.WITHDRAWN)
        for topic in TOPICS
        if topic.purpose == purpose
    )
    return OfPurpose(purpose, is_wanted, topics)
