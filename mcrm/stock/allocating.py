"""Which location serves how much of a demand. Pure; `stock/service.py` asks it with the rows locked."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from uuid import UUID


@dataclass(frozen=True, slots=True)
class Place:
    """What can be promised of one product at one location."""

    item_id: UUID
    location: str
    available: int


def allocate(places: Iterable[Place], pieces: int) -> list[tuple[UUID, int]] | None:
    """(stock item, pieces) that together serve the demand; None when all places together cannot.

    The place with the most goes first, so that an order is split only when no single place can serve it; equal ones
    go by the location's code, so that the same stock always gives the same answer.
    """
    taken: list[tuple[UUID, int]] = []
    for place in sorted(places, key=lambda place: (-place.available, place.location)):
        if pieces <= 0 or place.available <= 0:
            break
        share = min(pieces, place.available)
        taken.append((place.item_id, share))
        pieces -= share
    return taken if pieces <= 0 else None


def deal(lines: Sequence[tuple[UUID, int]], taken: Sequence[tuple[UUID, int]]) -> list[tuple[UUID, UUID, int]]:
    """Deal the pieces taken out of one product's items to its order lines: (stock item, order line, pieces)."""
    dealt: list[tuple[UUID, UUID, int]] = []
    rest = list(reversed(taken))
    for line_id, pieces in lines:
        while pieces > 0 and rest:
            item_id, left = rest.pop()
            share = min(pieces, left)
            dealt.append((item_id, line_id, share))
            pieces -= share
            if left > share:
                rest.append((item_id, left - share))
    return dealt
