"""What those who run the installation ask of the outbox: how much is due, how old the oldest is."""

from collections.abc import Callable, Mapping
from datetime import timedelta

from sqlalchemy import func, select

from mcrm import clock
from mcrm.db import reading
from mcrm.deliveries import rates
from mcrm.deliveries.models import Delivery, DeliveryState, Priority

TOO_OLD = timedelta(minutes=5)


def _in_state(state: DeliveryState) -> float:
    with reading() as session:
        return float(session.scalar(select(func.count()).where(Delivery.state == state.value)) or 0)


def oldest_due_s() -> float:
    """Seconds for which the oldest due transactional delivery has been waiting; 0 when none is due."""
    now = clock.now()
    with reading() as session:
        oldest = session.scalar(
            select(func.min(Delivery.not_before)).where(
                Delivery.state == DeliveryState.QUEUED.value, Delivery.priority == Priority.TRANSACTIONAL
            )
        )
    return max(0.0, (now - oldest).total_seconds()) if oldest else 0.0


def trouble() -> str | None:
    """None while the outbox drains; a sentence when something urgent has waited too long."""
    waited = oldest_due_s()
    return f"the oldest due message has waited {waited:.0f} s" if waited > TOO_OLD.total_seconds() else None


def _paused() -> float:
    with reading() as session:
        return float(len(rates.paused(session, clock.now())))


def pauses() -> str | None:
    """None while every sender may send; else who may not, until when (UTC) and why. The rest of the house works."""
    with reading() as session:
        waiting = rates.paused(session, clock.now())
    said = [f"{who} until {until:%H:%M:%S} UTC ({why})" for who, until, why in waiting]
    return f"off: paused are {', '.join(said)}" if said else None


GAUGES: Mapping[str, Callable[[], float]] = {
    "deliveries_queued": lambda: _in_state(DeliveryState.QUEUED),
    "deliveries_sending": lambda: _in_state(DeliveryState.SENDING),
    "deliveries_unknown": lambda: _in_state(DeliveryState.UNKNOWN),
    "deliveries_oldest_due_seconds": oldest_due_s,
    "deliveries_senders_paused": _paused,
}
