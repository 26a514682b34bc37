"""What an admin set; what nobody set has no row."""

from typing import Any

from sqlalchemy.orm import Mapped, mapped_column

from mcrm.db import Json, Versioned


class RuntimeSetting(Versioned):
    """The value of one setting of the catalogue, and who set it last."""

    __tablename__ = "runtime_settings"

    name: Mapped[str] = mapped_column(unique=True)
    value: Mapped[Any] = mapped_column(Json, nullable=False)
    changed_by: Mapped[str]
