"""What one table holds of a person: how it is found, what a copy shows of it, what is left after an erasure."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import ColumnElement, Table, literal

from mcrm.db import Base

COUNTED = "What happened is counted; the words and whose it was are gone."


@dataclass(frozen=True, slots=True)
class Holding:
    """What one table holds of a person.

    `of` says by which columns its rows are found: each names ids of the person (`contacts`, `points`, `accounts`,
    `leads`, `labels`), a column of another table of this list, or `rows` (any row of theirs). An address counts
    only where no contact is named; `only` narrows further. `told` are the columns that a copy shows, under `title`;
    `names` replace an id by what it names, (table, column). `blanked` are the values that columns have afterwards, a
    function of the table where they follow from others; `dropped`: the row goes. `stays` are texts that say nothing of
    the person. `why` is why the row stays, `untold` why a copy does not show it. `by_hand`: `forgetting` deals with it.
    """

    table: str
    title: str
    of: Mapping[str, str]
    told: tuple[str, ...] = ()
    names: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    blanked: Mapping[str, Any] = field(default_factory=dict)
    stays: tuple[str, ...] = ()
    dropped: bool = False
    by_hand: bool = False
    why: str = COUNTED
    untold: str = ""
    only: Callable[[Table], ColumnElement[bool]] | None = None

    @property
    def rows(self) -> Table:
        """The table itself."""
        return Base.metadata.tables[self.table]

    def values(self) -> dict[str, ColumnElement[Any]]:
        """What the blanked columns hold afterwards."""
        table = self.rows
        return {
            name: value(table) if callable(value) else literal(value, type_=table.c[name].type)
            for name, value in self.blanked.items()
        }
