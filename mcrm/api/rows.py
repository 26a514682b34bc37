"""The fast way out for lists: Core rows by position into JSON, driven by the same marshmallow schema.

`Schema.dump` of ORM rows plus the standard `json` costs about three times as much for a page of 20. The schema stays
the single source: names and order of members come from it, and what orjson does not write exactly as the field would
goes through the field.
"""

from collections.abc import Callable, Iterable, Sequence
from typing import Any

import marshmallow as ma
from flask import Response
from sqlalchemy import ColumnElement, Connection, Select

from mcrm.api import fields, formats
from mcrm.api.json import encode
from mcrm.api.paging import Key, page
from mcrm.db import looking

AS_STORED = frozenset(
    field._serialize
    for field in (
        fields.Str,
        fields.Int,
        fields.Number,
        fields.Bool,
        fields.AwareDateTime,
        fields.Date,
        fields.Uuid,
        fields.Enum,
        formats.JsonObject,
    )
)
"""How fields dump whose stored values orjson writes just so; a field that dumps in another way is asked itself."""

BY_OBJECT = (ma.fields.Method, ma.fields.Function, ma.fields.Constant)
"""Fields that look at the whole object, which a row by position is not."""

Amend = Callable[[Connection, list[dict[str, Any]]], None]
"""Changes items before they are written, in the snapshot that they were read from."""


class CompiledRows:
    """A serialiser for rows that hold exactly `columns`, in that order."""

    def __init__(
        self,
        members: Sequence[str],
        columns: Sequence[ColumnElement[Any]],
        slow: Sequence[tuple[int, Callable[[Any], Any]]],
    ) -> None:
        """Made by `compile_rows`; `slow` are the conversions by position."""
        self.members = tuple(members)
        self.columns = tuple(columns)
        self._slow = slow

    def item(self, row: Sequence[Any]) -> dict[str, Any]:
        """One row as the object that orjson writes."""
        if not self._slow:
            return dict(zip(self.members, row, strict=False))  # strict costs a third more; `columns` fix the length
        values = list(row)
        for position, convert in self._slow:
            if values[position] is not None:
                values[position] = convert(values[position])
        return dict(zip(self.members, values, strict=False))

    def dumps(self, rows: Iterable[Sequence[Any]]) -> bytes:
        """A JSON array of rows."""
        return encode([self.item(row) for row in rows])

    def listed(
        self,
        found: Select[Any],
        keys: Sequence[Key],
        *,
        limit: int,
        cursor: str | None,
        amend: Amend | None = None,
    ) -> Response:
        """The answer of a list: a page of what `found` selects (of the entity or its table), in the order of `keys`.

        `amend` may change the items before they are written.
        """
        found = found.with_only_columns(*self.columns)
        with looking() as connection:
            found_page = page(connection, found, keys, limit=limit, cursor=cursor, scalars=False)
            items = [self.item(row) for row in found_page["items"]]
            if amend is not None:
                amend(connection, items)
        body = {"items": items, "next_cursor": found_page["next_cursor"]}
        return Response(encode(body), mimetype="application/json")


def compile_rows(schema: ma.Schema, source: Any, **columns: ColumnElement[Any]) -> CompiledRows:
    """A serialiser for selects of `compiled.columns`, one per member that `schema` dumps.

    `source` is a mapped class or a table; `columns` name members that come from elsewhere. Done once, at import.
    Raises TypeError for a member that has no column or needs the whole object.
    """
    table = getattr(source, "c", source)
    members, found, slow = [], [], []
    for position, (name, field) in enumerate(schema.dump_fields.items()):
        column = columns.get(name, getattr(table, field.attribute or name, None))
        if column is None or isinstance(field, BY_OBJECT):
            raise TypeError(f"{type(schema).__name__}.{name} cannot be read from one column")
        members.append(field.data_key or name)
        found.append(column)
        if (convert := _conversion(name, field)) is not None:
            slow.append((position, convert))
    return CompiledRows(members, found, tuple(slow))


def _conversion(name: str, field: ma.fields.Field[Any]) -> Callable[[Any], Any] | None:
    inner = field.inner if isinstance(field, fields.List) else field
    if type(inner)._serialize in AS_STORED:
        return None
    return lambda value: field._serialize(value, name, None)
