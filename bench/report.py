"""One row a figure: what was measured, against which budget, and by how much it is met or missed."""

from dataclasses import asdict, dataclass, replace
from typing import Any


@dataclass(frozen=True, slots=True)
class Figure:
    """A measured figure. `budget` is what design asks, `met` None where it asks nothing."""

    what: str
    measured: str
    budget: str = ""
    met: bool | None = None

    def judged(self, budget: str, met: bool) -> "Figure":
        """The same figure, held against a budget."""
        return replace(self, budget=budget, met=met)

    def as_json(self) -> dict[str, Any]:
        """For scripts."""
        return asdict(self)


def percentile(values: list[float], share: float) -> float:
    """The value below which that share of the values lies."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))]
