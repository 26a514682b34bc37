"""Writing into the books. Whoever makes a document or moves money posts in the same transaction."""

from collections.abc import Mapping
from uuid import UUID

from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session

from mcrm import clock
from mcrm.ledger.models import Cause, JournalEntry, LedgerAccount, Posting


class Unbalanced(Exception):
    """An entry does not add up to zero: a mistake in this house, never in what a caller sent."""


def post(
    session: Session,
    cause: Cause,
    *,
    subject_id: UUID,
    order_id: UUID,
    currency: str,
    amounts: Mapping[LedgerAccount, int],
) -> None:
    """Book one event: minor units by account, debits positive. Zero amounts are left out, an entry of zeros is none.

    Raises Unbalanced.
    """
    if sum(amounts.values()) != 0:
        raise Unbalanced(f"{cause} {subject_id} adds up to {sum(amounts.values())}")
    moved = {account: amount for account, amount in amounts.items() if amount}
    if not moved:
        return
    entry = JournalEntry(at=clock.now(), cause=cause.value, subject_id=subject_id, order_id=order_id)
    session.add(entry)
    session.flush()
    session.add_all(
        Posting(entry_id=entry.id, account=account.value, amount=amount, currency=currency)
        for account, amount in moved.items()
    )
    session.flush()


def billed(session: Session, order_id: UUID) -> tuple[int | None, int]:
    """(invoiced, credited) for an order in minor units; None while no invoice of any worth has been issued."""
    found = {cause: int(amount) for cause, amount in session.execute(_BILLED.where(JournalEntry.order_id == order_id))}
    return found.get(Cause.INVOICE.value), -found.get(Cause.CREDIT_NOTE.value, 0)


_BILLED: Select[str, int] = (
    select(JournalEntry.cause, func.sum(Posting.amount))
    .join(Posting, Posting.entry_id == JournalEntry.id)
    .where(Posting.account == LedgerAccount.RECEIVABLE.value)
    .where(JournalEntry.cause.in_([Cause.INVOICE.value, Cause.CREDIT_NOTE.value]))
    .group_by(JournalEntry.cause)
)
