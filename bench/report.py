"""One row a figure: what was measured, against which budget, and by how much it is met or missed."""

from dataclasses import asdict, dataclass, replace
from typing import Any


@dataclass(frozen=True, slots=True)
class Figure:
    """A measured figure. `budget` is what the design asks, `met` None where it asks nothing.

    `ratio` is the measured value as a share of the budget's: to stay below 1 for times, to reach it for rates.
    """

    what: str
    measured: str
    budget: str = ""
    met: bool | None = None
    ratio: float | None = None

    def at_most(self, value: float, limit: float, unit: str) -> "Figure":
        """The same figure, held against a budget that it must not exceed."""
        return replace(self, budget=f"≤ {limit:,} {unit}".rstrip(), met=value <= limit, ratio=value / limit)

    def at_least(self, value: float, limit: float, unit: str = "") -> "Figure":
        """The same figure, held against a budget that it must reach."""
        return replace(self, budget=f"≥ {limit:,} {unit}".rstrip(), met=value >= limit, ratio=value / limit)

    def judged(self, budget: str, met: bool) -> "Figure":
        """The same figure, held against a budget that is no number."""
        return replace(self, budget=budget, met=met)

    def as_json(self) -> dict[str, Any]:
        """For scripts."""
        return asdict(self)


def percentile(values: list[float], share: float) -> float:
    """The value below which that share of the values lies."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))]
