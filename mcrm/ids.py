"""Identifiers: UUIDv7 (RFC 9562), made by whoever creates the row."""

from uuid import UUID

from uuid_utils.compat import uuid7


def new_id() -> UUID:
    """A fresh UUIDv7; ordered by time within one process, never a cursor."""
    return uuid7()
