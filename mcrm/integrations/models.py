"""The keys that other programs sign in with."""

from datetime import datetime
from typing import Any

from sqlalchemy.orm import Mapped, mapped_column

from mcrm.db import Versioned


class IntegrationKey(Versioned):
    """What another program signs in with. `prefix` is the part that stays visible, `digest` the whole key's.

    `scopes` are texts such as `orders:read`; `territory_ids` are those in its reach, None means all rows.
    """

    __tablename__ = "integration_keys"

    name: Mapped[str] = mapped_column(unique=True)
    prefix: Mapped[str] = mapped_column(unique=True)
    digest: Mapped[str]
    scopes: Mapped[list[Any]]
    territory_ids: Mapped[list[Any] | None]
    expires_at: Mapped[datetime | None]
    last_used_at: Mapped[datetime | None]
    revoked_at: Mapped[datetime | None]
