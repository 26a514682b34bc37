"""Addresses of accounts and of contacts."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from mcrm.db import Id, Synced, one_of
from mcrm.lookup.keeping import Searchable
from mcrm.lookup.words import postcode_keys


class AddressKind(StrEnum):
    """What an address is for."""

    BILLING = "billing"
    DELIVERY = "delivery"


def _one_default(owner: str) -> Index:
    condition = text(f"is_default AND {owner} IS NOT NULL")
    name = f"uq_addresses_default_of_{owner.removesuffix('_id')}"
    return Index(name, owner, "kind", unique=True, sqlite_where=condition, postgresql_where=condition)


class Address(Searchable, Synced):
    """Where bills or goods go: of one account or of one contact. Each has at most one default a kind.

    `lines` are what stands above postcode and city, `country` is ISO 3166-1 alpha-2.
    """

    __tablename__ = "addresses"
    __table_args__ = (
        one_of("kind", AddressKind),
        CheckConstraint("(account_id IS NULL) <> (contact_id IS NULL)", name="owner"),
        Index("ix_addresses_account_id", "account_id"),
        Index("ix_addresses_contact_id", "contact_id"),
        _one_default("account_id"),
        _one_default("contact_id"),
    )
    found_by = ("country", "postcode")

    account_id: Mapped[UUID | None] = mapped_column(Id, ForeignKey("accounts.id"))
    contact_id: Mapped[UUID | None] = mapped_column(Id, ForeignKey("contacts.id"))
    kind: Mapped[str]
    name: Mapped[str | None]
    lines: Mapped[list[Any]]
    postcode: Mapped[str | None]
    city: Mapped[str]
    region: Mapped[str | None]
    country: Mapped[str]
    is_default: Mapped[bool] = mapped_column(default=False)

    @staticmethod
    def keys_of(values: Mapping[str, Any]) -> set[str]:
        """Two addresses of one postcode are alike."""
        return postcode_keys(values["country"], values["postcode"])
