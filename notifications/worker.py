"""The delivery loop: one lane a channel, so that a provider that hangs delays nobody else.

A lane leases what is due, marks a slice as sending and commits that just before its calls, and settles the slice
together with the marking of the next one: a crash leaves at most one slice unknown.
"""

import logging
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Executor, ThreadPoolExecutor
from dataclasses import dataclass

from sqlalchemy.orm import Session

from mcrm import clock
from mcrm.config import Limits
from mcrm.contacts.models import PointChannel
from mcrm.db import looking
from mcrm.deliveries import leasing, settling
from mcrm.deliveries.leasing import Lease, Leased, Taken
from mcrm.deliveries.outbox import topic_of
from mcrm.deliveries.outgoing import Failed, Operation, Outcome, Outgoing
from mcrm.deliveries.rates import Rate
from mcrm.deliveries.settling import Settlement
from mcrm.ids import new_id
from mcrm.transaction import perform
from mcrm.wakeup import Listener
from notifications.senders import Late, Sender, Senders
from notifications.senders import one as each_counts_one

log = logging.getLogger(__name__)
BATCH = 200
AT_ONCE = 16  # threads, and the most that a crash leaves unknown
PUSHES_A_SLICE = 64  # a repeated push replaces itself on the phone: more may be in doubt, for fewer commits
POLL_S = 5.0  # the safety net under the wake-up
AFTER_FAILURE_S = 1.0
CHANNELS = frozenset(channel.value for channel in PointChannel)
TOPICS = frozenset(topic_of(channel) for channel in CHANNELS)
CHANNEL_OFF = "channel.off"
UNLIMITED = Rate(1_000_000)


@dataclass(frozen=True, slots=True)
class Turnout:
    """What one round did: how many deliveries it handled, and how long nothing more can be done (0: go on).

    `held` is the priority of what the sender's limit holds back; None where no limit does.
    """

    handled: int
    wait_s: float
    held: int | None = None


def rates_of(limits: Limits) -> Mapping[str, Rate]:
    """The senders' rates by channel, from the settings."""
    return {
        "sms": Rate(limits.sms_segments_per_second),
        "telegram": Rate(limits.telegram_per_second, per_address=limits.telegram_per_chat_second),
        "push": Rate(limits.push_per_second),
        "app": UNLIMITED,
        "email": Rate(limits.mail_per_second),
    }


def deliver_due(
    channel: str, sender: Late[Sender], rate: Rate, pool: Executor, stopping: threading.Event | None = None
) -> Turnout:
    """Send what is due on one channel. Once `stopping` is set, what was not begun is given back."""
    now = clock.now()
    with looking() as connection:
        due = leasing.next_due(connection, channel, now)
    if due is None or due > now:
        return Turnout(0, POLL_S if due is None else min(POLL_S, (due - now).total_seconds()))
    token = new_id().hex
    most = PUSHES_A_SLICE if channel == PointChannel.PUSH else AT_ONCE

    def take(session: Session) -> tuple[Lease, list[list[Taken]], list[Leased]]:
        leased = leasing.lease(
            session,
            channel=channel,
            sender=sender.sender_key,
            rate=rate,
            cost=sender.cost,
            token=token,
            now=clock.now(),
            limit=BATCH,
        )
        if not leased.taken:
            return leased, [], []
        first, *later = slices(leased.taken, most)
        now = clock.now()
        if later:
            leasing.hold(session, [one for slice_ in later for one in slice_], token=token, now=now)
        return leased, later, leasing.mark_sending(session, first, token=token, now=now, held=False)

    leased, later, sending = perform(take)  # one commit before the first call
    _send_all(sending, later, token, sender, pool, stopping or threading.Event())
    return Turnout(len(leased.taken), leased.wait_s, leased.held)


def _send_all(
    sending: Sequence[Leased],
    later: Sequence[Sequence[Taken]],
    token: str,
    sender: Late[Sender],
    pool: Executor,
    stopping: threading.Event,
) -> None:
    """Send the slice that is marked, then the others, each marked in the transaction that settles the one before."""
    for slice_ in [*later, ()]:
        outcomes = pool.map(sender.send, [one.outgoing for one in sending])  # no transaction is open here
        settled = settling.settled_of(sending, outcomes)
        if slice_ and stopping.is_set():
            _mark(settled, (), token, sender.sender_key)
            perform(lambda session: leasing.release(session, token=token))
            return
        sending = _mark(settled, slice_, token, sender.sender_key) if settled or slice_ else []


def _mark(settled: Sequence[Settlement], slice_: Sequence[Taken], token: str, sender_key: str) -> list[Leased]:
    def work(session: Session) -> list[Leased]:
        now = clock.now()
        settling.settle(session, settled, sender=sender_key, token=token, now=now)
        return leasing.mark_sending(session, slice_, token=token, now=now) if slice_ else []

    return perform(work)


def slices(taken: Sequence[Taken], most: int) -> Iterator[list[Taken]]:
    """Slices of at most `most`; a second message to the same address waits for the next one, so they stay in order."""
    left = list(taken)
    while left:
        chosen: list[Taken] = []
        later: list[Taken] = []
        addressed = set()
        for one in left:
            if len(chosen) < most and one.contact_point_id not in addressed:
                chosen.append(one)
            else:
                later.append(one)
            if one.operation == Operation.SEND:
                addressed.add(one.contact_point_id)
        yield chosen
        left = later


class Nobody:
    """The sender of a channel whose provider is off: it refuses at once, so that the next channel gets its turn."""

    def send(self, outgoing: Outgoing) -> Outcome:
        """Refused."""
        return Failed(CHANNEL_OFF)

    def close(self) -> None:
        """Nothing to let go."""


def nobody(channel: str) -> Late[Sender]:
    """A sender for a channel that is off."""
    return Late(f"{channel}:off", Nobody, each_counts_one)


class Lane:
    """One channel's thread: rounds until nothing is due, then waits for the wake-up."""

    def __init__(self, channel: str, sender: Late[Sender], rate: Rate, listener: Listener) -> None:
        """Nothing runs before `start`."""
        self._channel = channel
        self._sender = sender
        self._rate = rate
        self._bell = listener.bell(topic_of(channel))
        self._stopping = threading.Event()
        self._pool = ThreadPoolExecutor(AT_ONCE, thread_name_prefix=f"send-{channel}")
        self._thread = threading.Thread(target=self._run, name=f"lane-{channel}", daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self) -> None:
        """Take nothing new; what is in flight is finished."""
        self._stopping.set()
        self._bell.ring()

    def join(self, timeout_s: float) -> bool:
        """Wait for the end; whether it came in time."""
        self._thread.join(timeout_s)
        self._pool.shutdown(wait=False, cancel_futures=True)
        return not self._thread.is_alive()

    def _run(self) -> None:
        try:
            self._sender.warm_up()
        except Exception as error:
            log.error("the %s provider's client cannot be made: %s", self._channel, type(error).__name__)
        while not self._stopping.is_set():
            heard = self._bell.rings
            try:
                self._wait(heard, deliver_due(self._channel, self._sender, self._rate, self._pool, self._stopping))
            except Exception as error:  # a lane must outlive whatever the database does
                log.exception("the %s lane failed: %s", self._channel, type(error).__name__)
                self._stopping.wait(AFTER_FAILURE_S)

    def _wait(self, heard: int, turnout: Turnout) -> None:
        """Until the time is up or there is news; while the rate holds, only of something more urgent than it holds."""
        until_s = time.monotonic() + min(turnout.wait_s, POLL_S)
        while (left_s := until_s - time.monotonic()) > 0 and not self._stopping.is_set():
            before, heard = heard, self._bell.wait(heard, left_s)
            if heard > before and (turnout.held is None or self._is_due(more_urgent_than=turnout.held)):
                return

    def _is_due(self, *, more_urgent_than: int) -> bool:
        with looking() as connection:
            return leasing.is_due(connection, self._channel, clock.now(), more_urgent_than=more_urgent_than)


class DeliveryWorker:
    """All lanes of one process."""

    def __init__(self, senders: Senders, limits: Limits, listener: Listener) -> None:
        """Make it after any fork."""
        rates = rates_of(limits)
        self._senders = senders
        self._lanes = [Lane(channel, senders[channel], rates[channel], listener) for channel in senders]
        self._lanes += [Lane(channel, nobody(channel), UNLIMITED, listener) for channel in CHANNELS - set(senders)]

    def start(self) -> None:
        """Begin on every channel."""
        for lane in self._lanes:
            lane.start()

    def stop(self, timeout_s: float = 20.0) -> bool:
        """Finish what is in flight and end; whether all lanes did within the time."""
        for lane in self._lanes:
            lane.stop()
        until_s = time.monotonic() + timeout_s
        ended = [lane.join(max(0.0, until_s - time.monotonic())) for lane in self._lanes]
        self._senders.close()
        return all(ended)
