"""Territories, and the scopes that users are granted."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import ForeignKey, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from mcrm.db import Id, Row, Synced


class Territory(Synced):
    """Accounts that one or more reps cover, below a larger territory or none; `manager_id` hears what goes wrong."""

    __tablename__ = "territories"
    __table_args__ = (Index("ix_territories_parent_id", "parent_id"),)

    name: Mapped[str] = mapped_column(unique=True)
    timezone: Mapped[str | None]
    parent_id: Mapped[UUID | None] = mapped_column(Id, ForeignKey("territories.id"))
    manager_id: Mapped[UUID | None] = mapped_column(Id, ForeignKey("users.id"))


class TerritoryPlace(Row):
    """Postcodes of a country that begin so are a territory's: `BS1` (the whole district, not BS16), `BS1 4`, `BA`."""

    __tablename__ = "territory_places"
    __table_args__ = (
        UniqueConstraint("country", "prefix"),
        Index("ix_territory_places_territory_id", "territory_id"),
    )

    territory_id: Mapped[UUID] = mapped_column(Id, ForeignKey("territories.id"))
    country: Mapped[str]
    prefix: Mapped[str]


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
