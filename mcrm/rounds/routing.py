"""The order of a day's stops: appointments in time, the rest where they lie on the way. Pure.

Nearest neighbour first, where an account that is long overdue counts as nearer than it is; then 2-opt. What counts is
how late one is at appointments, then when the day is over, so that nobody waits for an appointment who could call
elsewhere meanwhile. No order is taken that is longer, in metres, than the one given.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from mcrm.visits.geography import Place, distance_m

SPEED_M_PER_S = 40_000 / 3600
DETOUR = 1.3  # roads are longer than great circles by about this
MOST_ROUNDS = 60


@dataclass(frozen=True, slots=True)
class Stop:
    """One stop: where, how long (`stays_s`), how pressing (1.0 is due), and for an appointment when it starts."""

    id: UUID
    place: Place | None
    weight: float = 1.0
    starts_at: datetime | None = None
    stays_s: int = 1800


@dataclass(frozen=True, slots=True)
class Leg:
    """A stop of a route: how far from the one before (None where a position is unknown), when one gets there."""

    stop: Stop
    distance_m: int | None
    arrives_at: datetime
    late_s: int


class Day:
    """The stops of one day with the distances between them; `start` is where the rep sets out, at `leaves_at`."""

    def __init__(self, stops: Sequence[Stop], *, start: Place | None, leaves_at: datetime) -> None:
        """Distances are computed once, in metres."""
        self.stops = list(stops)
        self.leaves_at = leaves_at
        places = [stop.place for stop in stops] + [start]
        self._start = len(stops)
        self._away = [[_between(one, other) for other in places] for one in places]

    def ordered(self) -> list[Leg]:
        """The best order found, never longer than as given."""
        given = self.as_given()
        most = self.metres(given)
        starts = [one for one in (self._nearest_first(given), given) if self.metres(one) <= most]
        return self.legs(self._improved(min(starts, key=self.cost), most))

    def as_given(self) -> list[int]:
        """Indices of the stops in the order given, but appointments in the order of their times."""
        timed = iter(sorted(self._appointments(), key=lambda index: (self.stops[index].starts_at, index)))
        return [index if stop.starts_at is None else next(timed) for index, stop in enumerate(self.stops)]

    def cost(self, order: Sequence[int]) -> tuple[int, int]:
        """(seconds late at appointments, seconds until the day is over), the less the better."""
        late_s, at_s, here = 0, 0.0, self._start
        for index in order:
            at_s, late, here = self._go(here, index, at_s)
            late_s += late
        return late_s, round(at_s)

    def metres(self, order: Sequence[int]) -> int:
        """How far that is, as the crow flies."""
        away_m, here = 0.0, self._start
        for index in order:
            away_m += self._away[here][index] or 0.0
            here = here if self.stops[index].place is None else index
        return round(away_m)

    def legs(self, order: Sequence[int]) -> list[Leg]:
        """The route in that order, with distances and times."""
        made, at_s, here = [], 0.0, self._start
        for index in order:
            stop, away = self.stops[index], self._away[here][index]
            arrives = self.leaves_at + timedelta(seconds=round(at_s + _drive_s(away or 0.0)))
            at_s, late, here = self._go(here, index, at_s)
            made.append(Leg(stop, None if away is None else round(away), arrives, late))
        return made

    def _go(self, here: int, index: int, at_s: float) -> tuple[float, int, int]:
        """From `here` to a stop and through it: when it is over, how late one came, where one is then.

        Who goes to a stop without a position is thought to be still where the last one was.
        """
        stop, away = self.stops[index], self._away[here][index] or 0.0
        at_s, late = at_s + _drive_s(away), 0
        if stop.starts_at is not None:
            appointed_s = (stop.starts_at - self.leaves_at).total_seconds()
            late, at_s = max(0, round(at_s - appointed_s)), max(at_s, appointed_s)
        return at_s + stop.stays_s, late, here if stop.place is None else index

    def _appointments(self) -> list[int]:
        return [index for index, stop in enumerate(self.stops) if stop.starts_at is not None]

    def _nearest_first(self, given: Sequence[int]) -> list[int]:
        """Go to the nearest of what is left, as long as the next appointment can still be kept after it."""
        waiting = [index for index in given if self.stops[index].starts_at is not None]
        free = [index for index in given if self.stops[index].starts_at is None]
        order: list[int] = []
        at_s, here = 0.0, self._start
        while free or waiting:
            fitting = [index for index in free if not waiting or self._is_in_time(here, index, waiting[0], at_s)]
            if fitting:
                chosen = min(fitting, key=lambda index: (self._felt(here, index), given.index(index)))
                free.remove(chosen)
            else:
                chosen = waiting.pop(0)
            order.append(chosen)
            at_s, _, here = self._go(here, chosen, at_s)
        return order

    def _is_in_time(self, here: int, index: int, appointment: int, at_s: float) -> bool:
        at_s, _, here = self._go(here, index, at_s)
        return not self._go(here, appointment, at_s)[1]

    def _felt(self, here: int, index: int) -> float:
        """How far a stop feels: what is twice overdue feels half as far; what lies nowhere comes last."""
        away, stop = self._away[here][index], self.stops[index]
        if stop.place is None:
            return float("inf")
        return (away or 0.0) / max(1.0, stop.weight)

    def _improved(self, order: list[int], most: int) -> list[int]:
        """Turn stretches round, or move a stop, while that helps; appointments stay in order, the way within `most`."""
        best, cost = order, self.cost(order)
        for _ in range(MOST_ROUNDS):
            before = cost
            for tried in _neighbours(best):
                if self._in_order(tried) and (found := self.cost(tried)) < cost and self.metres(tried) <= most:
                    best, cost = tried, found
                    break
            if cost == before:
                break
        return best

    def _in_order(self, order: Sequence[int]) -> bool:
        times = [at for index in order if (at := self.stops[index].starts_at) is not None]
        return times == sorted(times)


def _neighbours(order: list[int]) -> Iterator[list[int]]:
    """Every order with one stretch turned round, then every one with one stop moved elsewhere."""
    for first in range(len(order) - 1):
        for last in range(first + 2, len(order) + 1):
            yield order[:first] + order[first:last][::-1] + order[last:]
    for index in order:
        rest = [other for other in order if other != index]
        yield from ([*rest[:place], index, *rest[place:]] for place in range(len(order)))


def length_m(legs: Sequence[Leg]) -> int:
    """How far a route is, in metres as the crow flies."""
    return sum(leg.distance_m or 0 for leg in legs)


def _drive_s(away_m: float) -> float:
    return away_m * DETOUR / SPEED_M_PER_S


def _between(one: Place | None, other: Place | None) -> float | None:
    return None if one is None or other is None else distance_m(one, other)
