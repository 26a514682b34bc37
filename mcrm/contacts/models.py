"""Contacts and their contact points. A number, chat or token stands in `contact_points.address`, nowhere else."""

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import ForeignKey, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from mcrm.db import Id, Row, Synced, one_of
from mcrm.lookup.keeping import Searchable
from mcrm.lookup.words import mail_keys, name_keys, number_keys, phone_keys, same_name_keys


class PointState(StrEnum):
    """Active, or known to be dead (bad number, dropped token, removed by somebody)."""

    ACTIVE = "active"
    INVALID = "invalid"
    REMOVED = "removed"


class PointChannel(StrEnum):
    """The channels that have addresses."""

    SMS = "sms"
    TELEGRAM = "telegram"
    PUSH = "push"
    EMAIL = "email"
    APP = "app"


class Contact(Searchable, Synced):
    """A person. `number` is the customer number.

    Contacts with the same `group_id` are one person (merged); it is the id of the one that survives, so that the
    contact to show is always `group_id or id`.
    """

    __tablename__ = "contacts"
    __within__ = ("account_id", "accounts")
    __table_args__ = (
        Index("ix_contacts_account_id", "account_id"),
        Index("ix_contacts_group_id", "group_id"),
        Index("ix_contacts_name", "name"),
    )

    found_by = ("name", "number")

    account_id: Mapped[UUID] = mapped_column(Id, ForeignKey("accounts.id"))
    name: Mapped[str]
    number: Mapped[str | None] = mapped_column(unique=True)
    locale: Mapped[str | None]
    timezone: Mapped[str | None]
    group_id: Mapped[UUID | None]
    notes: Mapped[str | None]
    custom: Mapped[dict[str, Any]] = mapped_column(default=dict)
    erased_at: Mapped[datetime | None]

    @staticmethod
    def keys_of(values: Mapping[str, Any]) -> set[str]:
        """Found by the words of the name and by the customer number."""
        return name_keys(values["name"]) | number_keys(values.get("number")) | same_name_keys(values["name"])


class ContactPoint(Searchable, Synced):
    """One address on one channel: E.164 (sms), chat id (telegram), token or installation id (push), mail.

    `contact_id` is None while nobody knows whose it is. The app's chat has one for each contact, whatever the device:
    its address is the contact's id. `kind` is `fid` or `token` for push.
    `verified_at`: when its owner last proved to hold it and to be the contact.
    """

    __tablename__ = "contact_points"
    __within__ = ("contact_id", "contacts")
    __table_args__ = (
        UniqueConstraint("channel", "address"),
        one_of("channel", PointChannel),
        one_of("state", PointState),
        Index("ix_contact_points_contact_id_channel", "contact_id", "channel"),
    )
    found_by = ("channel", "address", "state")

    contact_id: Mapped[UUID | None] = mapped_column(Id, ForeignKey("contacts.id"))
    channel: Mapped[str]
    address: Mapped[str]
    state: Mapped[str] = mapped_column(default=PointState.ACTIVE.value)
    kind: Mapped[str | None]
    platform: Mapped[str | None]
    device_id: Mapped[str | None]
    locale: Mapped[str | None]
    verified_at: Mapped[datetime | None]
    last_seen_at: Mapped[datetime | None]

    @staticmethod
    def keys_of(values: Mapping[str, Any]) -> set[str]:
        """A phone number is found by its digits, mail by its beginning; a removed address by nothing."""
        if values["state"] == PointState.REMOVED:
            return set()
        keys = {PointChannel.SMS.value: phone_keys, PointChannel.EMAIL.value: mail_keys}.get(values["channel"])
        return keys(values["address"]) if keys else set()


class ContactMerge(Row):
    """Two heads of groups became one person: `other_id` stands below `survivor_id` until it is undone.

    The merges in force make a forest: who is one person with whom follows from them alone, so that taking one out
    leaves exactly what the others make.
    """

    __tablename__ = "contact_merges"
    __table_args__ = (
        Index("ix_contact_merges_survivor_id", "survivor_id"),
        Index(
            "uq_contact_merges_in_force",
            "other_id",
            unique=True,
            sqlite_where=text("undone_at IS NULL"),
            postgresql_where=text("undone_at IS NULL"),
        ),
    )

    survivor_id: Mapped[UUID] = mapped_column(Id, ForeignKey("contacts.id"))
    other_id: Mapped[UUID] = mapped_column(Id, ForeignKey("contacts.id"))
    merged_by: Mapped[str]
    undone_at: Mapped[datetime | None]


class LinkToken(Row):
    """A one-time secret that joins a chat to the contact it was made for; only its digest is kept."""

    __tablename__ = "link_tokens"
    __table_args__ = (Index("ix_link_tokens_contact_id", "contact_id"),)

    digest: Mapped[str] = mapped_column(unique=True)
    contact_id: Mapped[UUID] = mapped_column(Id, ForeignKey("contacts.id"))
    channel: Mapped[str]
    expires_at: Mapped[datetime]
    used_at: Mapped[datetime | None]
