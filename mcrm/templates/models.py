"""Templates, and every version there was of them."""

from uuid import UUID

from sqlalchemy import UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from mcrm.db import Id, Row, Versioned


class Template(Versioned):
    """The words of one message on one channel in one language (`en`, `en-GB`); `subject` is a push's title."""

    __tablename__ = "templates"
    __table_args__ = (UniqueConstraint("key", "channel", "locale"),)

    key: Mapped[str]
    channel: Mapped[str]
    locale: Mapped[str]
    subject: Mapped[str | None]
    body: Mapped[str]


class TemplateVersion(Row):
    """The words as they were from one change to the next; they outlive their template, hence no foreign key."""

    __tablename__ = "template_versions"
    __table_args__ = (UniqueConstraint("template_id", "number"),)

    template_id: Mapped[UUID] = mapped_column(Id)
    number: Mapped[int]
    key: Mapped[str]
    channel: Mapped[str]
    locale: Mapped[str]
    subject: Mapped[str | None]
    body: Mapped[str]
    changed_by: Mapped[str]
