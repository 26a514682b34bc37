"""What customers have begun to change of themselves and not proved yet."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from mcrm.db import Id, Row


class ContactChange(Row):
    """A new phone number or mail address in the place of another: it counts once both were proved.

    `old_point_id` is the address on file that has to agree, `new_point_id` the new one; `*_verified_at` when a code
    that went there came back. `asked_at`: the old one is lost, a person shall decide. `expires_at` ends the wait,
    `done_at` says that it was made.
    """

    __tablename__ = "contact_changes"
    __table_args__ = (Index("ix_contact_changes_contact_id", "contact_id"),)

    contact_id: Mapped[UUID] = mapped_column(Id, ForeignKey("contacts.id"))
    old_point_id: Mapped[UUID] = mapped_column(Id, ForeignKey("contact_points.id"))
    new_point_id: Mapped[UUID] = mapped_column(Id, ForeignKey("contact_points.id"))
    old_verified_at: Mapped[datetime | None]
    new_verified_at: Mapped[datetime | None]
    asked_at: Mapped[datetime | None]
    expires_at: Mapped[datetime]
    done_at: Mapped[datetime | None]
