"""Who acts for which account."""

from typing import Any
from uuid import UUID

from sqlalchemy import ForeignKey, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from mcrm.db import Id, Synced


class AccountContact(Synced):
    """A contact acts for an account, as buyer, payer, decision-maker …; beside the account that the contact is of."""

    __tablename__ = "account_contacts"
    __table_args__ = (
        UniqueConstraint("account_id", "contact_id"),
        Index("ix_account_contacts_contact_id", "contact_id"),
    )

    account_id: Mapped[UUID] = mapped_column(Id, ForeignKey("accounts.id"))
    contact_id: Mapped[UUID] = mapped_column(Id, ForeignKey("contacts.id"))
    roles: Mapped[list[Any]]
