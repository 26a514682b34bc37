"""The rate of each sender: a bucket in the database that all workers share, and the pause a provider asked for."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import delete, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from mcrm.contacts.models import ContactPoint
from mcrm.deliveries.models import Priority, SenderState

BULK_SHARE = 0.8  # a broadcast leaves the rest of the bucket to codes and order news
ADDRESS_BURST_S = 3.0
ADDRESS_MARK = "/"
PLATFORM_MARK = "#"
PLATFORMS = ("android", "ios", "web")
SHORTEST_WAIT_S = 0.001
TINY = 1e-9


@dataclass(frozen=True, slots=True)
class Rate:
    """How much a sender may send: `per_second` in the provider's own unit (segments for SMS), with a second's burst.

    `per_address` messages a second go to one address (Telegram chats), in bursts of three seconds' worth, since a
    dialogue answers in two or three messages; None where the provider sets no such limit.
    """

    per_second: float
    per_address: float | None = None


class Bucket:
    """What a sender may still send now; `take` decides message by message, `save` stores what is left."""

    def __init__(self, state: SenderState, rate: Rate, now: datetime) -> None:
        """Refills for the time that went by. The row is locked until the end of the transaction."""
        self._state = state
        self._size = max(1.0, rate.per_second)
        self._rate = rate
        self._tokens = _refilled(state, rate.per_second, self._size, now)
        self._now = now
        self._missing = 0.0
        self.paused_for_s = max(0.0, (state.paused_until - now).total_seconds()) if state.paused_until else 0.0

    def take(self, cost: int, priority: int) -> bool:
        """Whether a message of that cost may go now. One that is larger than the bucket goes when it is full."""
        floor = self._size * (1 - BULK_SHARE) if priority >= Priority.BULK else 0.0
        self._missing = floor + min(cost, self._size - floor) - self._tokens
        if self.paused_for_s or self._missing > TINY:
            return False
        self._tokens -= cost
        return True

    @property
    def wait_s(self) -> float:
        """Seconds until the message that was refused last can go."""
        return max(self.paused_for_s, self._missing / self._rate.per_second, SHORTEST_WAIT_S)

    def save(self) -> None:
        """Store the level."""
        self._state.tokens = self._tokens
        self._state.refilled_at = self._now


class AddressBuckets:
    """What may still go to each address now; kept beside the sender's bucket, whose lock guards them too.

    An address on a platform that is paused waits for the end of the pause.
    """

    def __init__(self, session: Session, sender: str, rate: Rate, now: datetime, points: Iterable[UUID | None]) -> None:
        """Reads the buckets of these contact points; one that was never used is full."""
        self._per_second = rate.per_address or 0.0
        self._size = max(1.0, self._per_second * ADDRESS_BURST_S)
        self._session, self._sender, self._now = session, sender, now
        known = {point for point in points if point is not None}
        self._paused_for_s = _paused_for_s(session, sender, now, known)
        names = {self._name(point) for point in known} if self._per_second else set()
        found = session.scalars(select(SenderState).where(SenderState.sender.in_(names))) if names else ()
        self._states = {state.sender: state for state in found}
        for state in self._states.values():
            state.tokens = _refilled(state, self._per_second, self._size, now)
            state.refilled_at = now

    def wait_s(self, point: UUID | None) -> float:
        """Seconds until a message may go to this address; 0 when it may go now."""
        if point is None:
            return 0.0
        paused_for_s = self._paused_for_s.get(point, 0.0)
        state = self._states.get(self._name(point)) if self._per_second else None
        return max(paused_for_s, (1.0 - state.tokens - TINY) / self._per_second if state is not None else 0.0)

    def take(self, point: UUID | None) -> None:
        """One message goes there."""
        if not self._per_second or point is None:
            return
        name = self._name(point)
        if name not in self._states:
            self._states[name] = SenderState(sender=name, tokens=self._size, refilled_at=self._now)
            self._session.add(self._states[name])
        self._states[name].tokens -= 1.0

    def _name(self, point: UUID | None) -> str:
        return f"{self._sender}{ADDRESS_MARK}{point}"


def forget_addresses(session: Session, *, before: datetime) -> int:
    """Drop the buckets of addresses that were not written to since; they are full again. How many."""
    idle = SenderState.sender.contains(ADDRESS_MARK, autoescape=True) & (SenderState.refilled_at < before)
    return int(session.execute(delete(SenderState).where(idle)).rowcount)  # type: ignore[attr-defined]


def of_platform(sender: str, platform: str) -> str:
    """The name that the pause of one platform is kept by (an APNs key that is wrong stops no Android phone)."""
    return f"{sender}{PLATFORM_MARK}{platform}"


def _paused_for_s(session: Session, sender: str, now: datetime, points: Collection[UUID]) -> dict[UUID, float]:
    """Seconds for which the platforms of these contact points are paused, by point; as a rule nobody's is."""
    if not sender.startswith("push:"):
        return {}
    names = {of_platform(sender, platform): platform for platform in PLATFORMS}
    query = select(SenderState.sender, SenderState.paused_until)
    paused = session.execute(query.where(SenderState.sender.in_(names), SenderState.paused_until > now)).all()
    if not paused:
        return {}
    left_s = {names[name]: (until - now).total_seconds() for name, until in paused if until is not None}
    on_them = ContactPoint.id.in_(points) & ContactPoint.platform.in_(left_s)
    found = session.execute(select(ContactPoint.id, ContactPoint.platform).where(on_them))
    return {point: left_s[platform] for point, platform in found if platform is not None}


def paused(session: Session, now: datetime) -> list[tuple[str, datetime, str | None]]:
    """Who waits at a provider's wish or for somebody to look: (channel, or channel and platform; until when; why)."""
    query = select(SenderState.sender, SenderState.paused_until, SenderState.reason)
    rows = session.execute(query.where(SenderState.paused_until > now).order_by(SenderState.sender))
    return [(_shown(name), until, why) for name, until, why in rows if until is not None]


def _shown(sender: str) -> str:
    """Without the number, bot or project: these words are for everybody who may ask how the installation is."""
    channel, _, platform = sender.partition(":")[0], *sender.partition(PLATFORM_MARK)[1:]
    return f"{channel} on {platform}" if platform else channel


def _refilled(state: SenderState, per_second: float, size: float, now: datetime) -> float:
    return min(size, state.tokens + max(0.0, (now - state.refilled_at).total_seconds()) * per_second)


def open_bucket(session: Session, sender: str, rate: Rate, now: datetime) -> Bucket:
    """The sender's bucket, locked; made full at its first use."""
    query = select(SenderState).where(SenderState.sender == sender).with_for_update()
    state = session.scalar(query.execution_options(populate_existing=True))
    if state is None:
        state = SenderState(sender=sender, tokens=max(1.0, rate.per_second), refilled_at=now)
        try:
            with session.begin_nested():
                session.add(state)
                session.flush()
        except IntegrityError:
            state = session.scalars(query).one()
    return Bucket(state, rate, now)


def pause(session: Session, sender: str, until: datetime, reason: str) -> None:
    """The provider asked this sender to wait; a later end wins over an earlier one."""
    state = session.get(SenderState, sender, with_for_update=True)
    if state is None:
        state = SenderState(sender=sender, tokens=0, refilled_at=until - timedelta(seconds=1))
        session.add(state)
    if state.paused_until is None or state.paused_until < until:
        state.paused_until = until
        state.reason = reason
