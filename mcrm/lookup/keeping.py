"""Keeps the keys true: whatever flush writes a searchable row writes its keys, so that no use case can forget them."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, ClassVar, cast
from uuid import UUID

from sqlalchemy import Table, bindparam, delete, event, inspect
from sqlalchemy.orm import Session

from mcrm.db import Row
from mcrm.inserting import insert_many
from mcrm.lookup.models import SearchKey
from mcrm.transaction import UseCaseSession

TABLE = cast(Table, SearchKey.__table__)


class Searchable:
    """Mixed into a mapped row that is found by keys; they follow from the columns named in `found_by`."""

    found_by: ClassVar[tuple[str, ...]]
    __tablename__: str

    @staticmethod
    def keys_of(values: Mapping[str, Any]) -> set[str]:
        """The keys of a row with these values (those of `found_by`, by name)."""
        raise NotImplementedError


def index_rows(session: Session, model: type[Searchable], rows: Sequence[Mapping[str, Any]]) -> None:
    """Write the keys of rows that were inserted past the session's objects (`insert_rows`)."""
    _insert(session, ((model.__tablename__, row["id"], model.keys_of(row)) for row in rows))


def _insert(session: Session, found: Iterable[tuple[str, UUID, set[str]]]) -> None:
    rows = [{"table_name": table, "row_id": id_, "key": key} for table, id_, keys in found for key in sorted(keys)]
    insert_many(session.connection(), TABLE, rows)


_FORGET = delete(TABLE).where(TABLE.c.row_id.in_(bindparam("rows", expanding=True)))


@event.listens_for(UseCaseSession, "after_flush")
def _follow(session: Session, context: Any) -> None:
    gone = [_id(row) for row in session.deleted if isinstance(row, Searchable)]
    changed = [row for row in session.dirty if isinstance(row, Searchable) and _is_found_otherwise(row)]
    if gone or changed:
        session.connection().execute(_FORGET, {"rows": [*gone, *map(_id, changed)]})
    _insert(session, _keys(row for row in [*session.new, *changed] if isinstance(row, Searchable)))


def _id(row: Searchable) -> UUID:
    return cast(Row, row).id


def _is_found_otherwise(row: Searchable) -> bool:
    attributes = inspect(row).attrs
    return any(attributes[name].history.has_changes() for name in row.found_by)


def _keys(rows: Iterable[Searchable]) -> Iterator[tuple[str, UUID, set[str]]]:
    for row in rows:
        yield row.__tablename__, _id(row), row.keys_of({name: getattr(row, name) for name in row.found_by})
