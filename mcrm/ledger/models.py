"""Journal entries and their postings: append-only (triggers hold that), each entry adding up to zero."""

from datetime import datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from mcrm import clock
from mcrm.db import Base, Id, Row, one_of


class LedgerAccount(StrEnum):
    """The chart of accounts. A debit is positive, a credit negative."""

    RECEIVABLE = "receivable"
    CASH = "cash"
    CARD_CLEARING = "card-clearing"
    BANK = "bank"
    REVENUE = "revenue"
    TAX = "tax"
    REFUNDS = "refunds"


class Cause(StrEnum):
    """What an entry is made for; the names are also those of the things its `subject_id` points at."""

    INVOICE = "invoice"
    CREDIT_NOTE = "credit_note"
    PAYMENT = "payment"
    REFUND = "refund"


class JournalEntry(Row):
    """One event in money, at the instant it was booked. `subject_id` is the invoice, credit note, payment or refund."""

    __tablename__ = "journal_entries"
    __table_args__ = (
        one_of("cause", Cause),
        Index("ix_journal_entries_at_id", "at", "id"),
        Index("ix_journal_entries_order_id", "order_id"),
        Index("uq_journal_entries_cause_subject_id", "cause", "subject_id", unique=True),
    )

    at: Mapped[datetime] = mapped_column(default=clock.now)
    cause: Mapped[str]
    subject_id: Mapped[UUID]
    order_id: Mapped[UUID] = mapped_column(Id, ForeignKey("orders.id"))


class Posting(Base):
    """What one entry does to one account, in minor units: a debit above zero, a credit below."""

    __tablename__ = "postings"
    __table_args__ = (one_of("account", LedgerAccount), CheckConstraint("amount <> 0", name="amount"))

    entry_id: Mapped[UUID] = mapped_column(Id, ForeignKey("journal_entries.id"), primary_key=True)
    account: Mapped[str] = mapped_column(primary_key=True)
    amount: Mapped[int]
    currency: Mapped[str]
