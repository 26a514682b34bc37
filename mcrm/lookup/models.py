"""One row per key and found row: a table that both databases search by the beginning of the key."""

from uuid import UUID

from sqlalchemy import Index, Text
from sqlalchemy.orm import Mapped, mapped_column

from mcrm.db import Base

# Compared byte by byte on both databases, so that "begins with" is a range of the index in every locale.
KeyText = Text().with_variant(Text(collation="C"), "postgresql")


class SearchKey(Base):
    """A row of `table_name` is found by `key`: a word of a name, a number, a phone, a mark of likeness.

    Derived from the rows themselves and rewritten whenever they change; blanking a row blanks its keys.
    """

    __tablename__ = "search_keys"
    __table_args__ = (Index("ix_search_keys_row_id", "row_id"),)

    table_name: Mapped[str] = mapped_column(primary_key=True)
    key: Mapped[str] = mapped_column(KeyText, primary_key=True)
    row_id: Mapped[UUID] = mapped_column(primary_key=True)
