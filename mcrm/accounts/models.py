"""Accounts: whom we sell to."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from mcrm.db import Id, Synced, one_of
from mcrm.lookup.keeping import Searchable
from mcrm.lookup.words import name_keys, number_keys


class AccountKind(StrEnum):
    """A company, or one private person made together with the contact."""

    COMPANY = "company"
    PERSON = "person"


ERASED = "Erased"
"""What stands where the name of somebody stood who was forgotten."""


class Account(Searchable, Synced):
    """A company or a household. Every contact has one, so that the territory's scope is total.

    `lat` and `lon` (WGS 84 degrees) are where it is visited; both or neither.
    """

    __tablename__ = "accounts"
    __table_args__ = (
        one_of("kind", AccountKind),
        Index("ix_accounts_territory_id_id", "territory_id", "id"),
        Index("ix_accounts_parent_id", "parent_id"),
        Index("ix_accounts_account_class_id", "account_class", "id"),
    )

    found_by = ("name", "number")

    name: Mapped[str]
    kind: Mapped[str] = mapped_column(default=AccountKind.COMPANY.value)
    number: Mapped[str | None] = mapped_column(unique=True)
    territory_id: Mapped[UUID | None] = mapped_column(Id, ForeignKey("territories.id"))
    parent_id: Mapped[UUID | None] = mapped_column(Id, ForeignKey("accounts.id"))
    account_class: Mapped[str | None]
    country: Mapped[str | None]
    timezone: Mapped[str | None]
    locale: Mapped[str | None]
    lat: Mapped[float | None]
    lon: Mapped[float | None]
    custom: Mapped[dict[str, Any]] = mapped_column(default=dict)

    @staticmethod
    def keys_of(values: Mapping[str, Any]) -> set[str]:
        """Found by the words of its name and by its number."""
        return name_keys(values["name"]) | number_keys(values.get("number"))
