"""Definitions of custom fields. The values stand in the column `custom` of the table they belong to."""

from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from mcrm.db import Synced, one_of


class FieldTable(StrEnum):
    """The tables that take custom fields."""

    ACCOUNTS = "accounts"
    CONTACTS = "contacts"


class FieldType(StrEnum):
    """What a custom field holds; a date is `YYYY-MM-DD`, a choice one of the options, a multichoice several."""

    STRING = "string"
    NUMBER = "number"
    INTEGER = "integer"
    BOOLEAN = "boolean"
    DATE = "date"
    CHOICE = "choice"
    MULTICHOICE = "multichoice"


CHOICES = frozenset({FieldType.CHOICE, FieldType.MULTICHOICE})


class CustomFieldDefinition(Synced):
    """A field that a business adds to a main table. A deleted definition hides its values and keeps them."""

    __tablename__ = "custom_field_definitions"
    __table_args__ = (
        UniqueConstraint("table_name", "name"),
        one_of("table_name", FieldTable),
        one_of("type", FieldType),
    )

    table_name: Mapped[str]
    name: Mapped[str]
    type: Mapped[str]
    label: Mapped[str]
    is_required: Mapped[bool] = mapped_column(default=False)
    options: Mapped[list[Any]] = mapped_column(default=list)
    deleted_at: Mapped[datetime | None]
