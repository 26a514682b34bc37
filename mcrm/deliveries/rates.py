"""The rate of each sender: a bucket in the database that all workers share, and the pause a provider asked for."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from mcrm.deliveries.models import Priority, SenderState

BULK_SHARE = 0.8  # a broadcast leaves the rest of the bucket to codes and order news


@dataclass(frozen=True, slots=True)
class Rate:
    """How much a sender may send: `per_second` in the provider's own unit (segments for SMS), with a second's burst.

    `per_address` messages a second go to one address (Telegram chats); None where the provider sets no such limit.
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
        elapsed = max(0.0, (now - state.refilled_at).total_seconds())
        self._tokens = min(self._size, state.tokens + elapsed * rate.per_second)
        self._now = now
        self.paused_for_s = max(0.0, (state.paused_until - now).total_seconds()) if state.paused_until else 0.0

    def take(self, cost: int, priority: int) -> bool:
        """Whether a message of that cost may go now. One that is larger than the bucket goes when it is full."""
        floor = self._size * (1 - BULK_SHARE) if priority >= Priority.BULK else 0.0
        if self.paused_for_s or self._tokens - min(cost, self._size - floor) < floor - 1e-9:
            return False
        self._tokens -= cost
        return True

    @property
    def wait_s(self) -> float:
        """Seconds until another message can go."""
        if self.paused_for_s:
            return self.paused_for_s
        return max(0.001, (1.0 - self._tokens) / self._rate.per_second) if self._tokens < 1 else 0.001

    def save(self) -> None:
        """Store the level."""
        self._state.tokens = self._tokens
        self._state.refilled_at = self._now


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
