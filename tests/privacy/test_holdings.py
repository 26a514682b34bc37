"""The list of what we hold is complete: a new table or a new text cannot be forgotten in it."""

import pytest
from sqlalchemy import LargeBinary, Text

from mcrm.db import PlainJson
from mcrm.privacy.holding import Holding
from mcrm.privacy.holdings import HOLDINGS, IMPERSONAL
from mcrm.tables import metadata

ROWS_GO = {holding.table for holding in HOLDINGS if holding.dropped}
HAND_WRITTEN = {
    "suppressions": {"address", "detail"},
    "contact_points": {"address", "kind", "platform", "device_id", "locale"},
    "accounts": {"name", "number", "timezone", "locale", "custom"},
    "contacts": {"name", "number", "locale", "timezone", "notes", "custom"},
}
"""What `releasing` empties."""


def texts_of(holding: Holding) -> set[str]:
    """The columns that can say something."""
    return {column.name for column in holding.rows.c if isinstance(column.type, (Text, PlainJson, LargeBinary))}


def test_every_table_says_what_it_holds_of_people() -> None:
    named = [holding.table for holding in HOLDINGS]
    assert sorted([*named, *IMPERSONAL]) == sorted(metadata.tables)


@pytest.mark.parametrize("holding", HOLDINGS, ids=lambda holding: holding.table)
def test_every_text_of_a_table_is_emptied_or_said_to_be_nobodys(holding: Holding) -> None:
    if holding.table in ROWS_GO:
        assert not holding.blanked and not holding.stays
        return
    emptied = set(holding.blanked) | HAND_WRITTEN.get(holding.table, set())
    assert texts_of(holding) - emptied == set(holding.stays)


@pytest.mark.parametrize("holding", HOLDINGS, ids=lambda holding: holding.table)
def test_a_copy_shows_a_table_or_says_why_not(holding: Holding) -> None:
    assert bool(holding.told) != bool(holding.untold)
    assert {*holding.told, *holding.names, *holding.of} <= set(holding.rows.c.keys())
