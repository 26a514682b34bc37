"""Tags, and what they are put on."""

from uuid import UUID

from sqlalchemy import ForeignKey, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from mcrm.db import Id, Row


class Tag(Row):
    """A free word in its one spelling: lower case, single spaces."""

    __tablename__ = "tags"

    name: Mapped[str] = mapped_column(unique=True)


class ContactTag(Row):
    """A tag on a contact."""

    __tablename__ = "contact_tags"
    __table_args__ = (UniqueConstraint("contact_id", "tag_id"), Index("ix_contact_tags_tag_id", "tag_id"))

    contact_id: Mapped[UUID] = mapped_column(Id, ForeignKey("contacts.id"))
    tag_id: Mapped[UUID] = mapped_column(Id, ForeignKey("tags.id"))


class AccountTag(Row):
    """A tag on an account."""

    __tablename__ = "account_tags"
    __table_args__ = (UniqueConstraint("account_id", "tag_id"), Index("ix_account_tags_tag_id", "tag_id"))

    account_id: Mapped[UUID] = mapped_column(Id, ForeignKey("accounts.id"))
    tag_id: Mapped[UUID] = mapped_column(Id, ForeignKey("tags.id"))
