"""Territories, and the scopes that users are granted."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import ForeignKey, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from mcrm.db import Id, Row, Synced


class Territory(Synced):
    """Accounts that one or more reps cover."""

    __tablename__ = "territories"

    name: Mapped[str] = mapped_column(unique=True)
    timezone: Mapped[str | None]


class ScopeGrant(Row):
    """A user may see a territory; revoked grants stay, since devices must learn of them, by its change in `changes`."""

    __tablename__ = "scope_grants"
    __recorded__ = True
    __table_args__ = (
        UniqueConstraint("user_id", "territory_id"),
        Index("ix_scope_grants_territory_id", "territory_id"),
    )

    user_id: Mapped[UUID] = mapped_column(Id, ForeignKey("users.id"))
    territory_id: Mapped[UUID] = mapped_column(Id, ForeignKey("territories.id"))
    revoked_at: Mapped[datetime | None]
