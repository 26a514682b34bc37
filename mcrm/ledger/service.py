"""Reading the books: entries with their postings, and what stands on each account at an instant."""

from collections.abc import Sequence
from datetime import date, datetime, time, timedelta
from typing import Any, TypeVar
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, Select, func, select
from sqlalchemy.orm import Session

from mcrm.ledger.models import JournalEntry, Posting

Entries = TypeVar("Entries", bound=Select[*tuple[Any, ...]])


def between(query: Entries, since: date | None, until: date | None, zone: ZoneInfo) -> Entries:
    """Entries booked on these calendar days of the business's time zone, both included."""
    if since is not None:
        query = query.where(JournalEntry.at >= datetime.combine(since, time(), zone))
    if until is not None:
        query = query.where(JournalEntry.at < datetime.combine(until + timedelta(days=1), time(), zone))
    return query


def with_postings(session: Session, entries: Sequence[JournalEntry]) -> list[dict[str, Any]]:
    """The entries as the wire shows them, each with its postings by account."""
    found: dict[UUID, list[Posting]] = {entry.id: [] for entry in entries}
    query = select(Posting).where(Posting.entry_id.in_(found)).order_by(Posting.entry_id, Posting.account)
    for posting in session.scalars(query):
        found[posting.entry_id].append(posting)
    names = ("id", "at", "cause", "subject_id", "order_id")
    return [{name: getattr(entry, name) for name in names} | {"postings": found[entry.id]} for entry in entries]


def balances(connection: Connection, at: datetime) -> list[dict[str, Any]]:
    """Account, currency and balance in minor units (debit positive) of all that was booked until `at`."""
    query = (
        select(Posting.account, Posting.currency, func.sum(Posting.amount).label("balance"))
        .join(JournalEntry, JournalEntry.id == Posting.entry_id)
        .where(JournalEntry.at <= at)
        .group_by(Posting.account, Posting.currency)
        .order_by(Posting.account, Posting.currency)
    )
    return [{**row._mapping, "balance": int(row.balance)} for row in connection.execute(query)]
