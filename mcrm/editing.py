"""Changing a row by what a caller named, and knowing what really changed."""

from collections.abc import Mapping
from typing import Any

from mcrm.db import Base


def edit(row: Base, changes: Mapping[str, Any]) -> list[str]:
    """Set the attributes of `row` that differ from `changes`; their names, sorted, for the log. Same values: nothing.

    `changes` has passed a schema: its names are columns that people may edit, never raw input.
    """
    changed = sorted(name for name, value in changes.items() if getattr(row, name) != value)
    for name in changed:
        setattr(row, name, changes[name])
    return changed
