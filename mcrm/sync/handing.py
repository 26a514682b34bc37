"""What devices hand over, and what may be done with it; the shapes that the rows of `changes.py` are made of."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from mcrm.actors import Actor
from mcrm.api.fields import Uuid
from mcrm.sync.tables import is_empty

Facts = dict[str, Any]


@dataclass(frozen=True, slots=True)
class New:
    """A row that a device made: its id, when (device time), what it wrote, and the rows that came as its parts.

    `silent_since` is when the device was in touch before it made the row without a network; None where nobody knows.
    """

    id: UUID
    created_at: datetime
    facts: Facts
    parts: Sequence["New"] = ()
    region: str = "GB"
    silent_since: datetime | None = None


@dataclass(frozen=True, slots=True)
class Offline:
    """What a device may do with the rows of one table; what is None, it may not."""

    create: Callable[[Session, Actor, New], object] | None = None
    edit: Callable[[Session, Actor, UUID, Facts], object] | None = None
    delete: Callable[[Session, Actor, UUID], object] | None = None


def instant(value: Any, otherwise: datetime) -> datetime:
    """The aware time of epoch milliseconds; `otherwise` for anything that is none within 1900 to 2199.

    Zero is none: it is what the protocol's client puts into a number column that the app left empty.
    """
    if isinstance(value, bool) or not isinstance(value, int | float) or not value or not -(2.2e12) < value < 7.2e12:
        return otherwise
    return datetime.fromtimestamp(value / 1000, UTC)


def given(facts: Facts) -> Facts:
    """Without what the device left empty."""
    return {name: value for name, value in facts.items() if not is_empty(value)}


def known_id(value: Any) -> UUID:
    """The id that a device names; raises ValidationError."""
    id_ = Uuid().deserialize(value)
    assert isinstance(id_, UUID)
    return id_
