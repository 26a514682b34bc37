"""Keyset pages: a cursor names the last row seen, so that deep pages cost what the first one costs."""

import base64
import binascii
import hashlib
import hmac
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from functools import cache
from typing import Any
from uuid import UUID

import orjson
from sqlalchemy import ColumnElement, Connection, Select, and_, or_
from sqlalchemy.orm import InstrumentedAttribute, Session
from sqlalchemy.sql.elements import UnaryExpression
from sqlalchemy.sql.operators import desc_op

from mcrm.api.fields import Int, List, Nested, Query, Schema, Str
from mcrm.api.json import encode
from mcrm.api.problems import FieldError, InvalidInput
from mcrm.api.state import root

DEFAULT_LIMIT = 50
PAGING = ("limit", "cursor")
"""The parameters that say which page of a list, not what is on it."""
Key = ColumnElement[Any] | InstrumentedAttribute[Any]
HIGHEST_LIMIT = 100
MAC_BYTES = 12


class PageQuery(Query):
    """The parameters of every list; a list with filters or sort subclasses this."""

    limit = Int(
        minimum=1,
        maximum=HIGHEST_LIMIT,
        load_default=DEFAULT_LIMIT,
        metadata={"description": "The most items that a page may hold"},
    )
    cursor = Str(
        max_length=1000,
        load_default=None,
        metadata={"description": "`next_cursor` of the page before; goes with the same sort and filters"},
    )


def page_of(schema: Schema) -> Schema:
    """The shape of a page of these: `{"items": […], "next_cursor": …|null}`."""
    return _page_shape(type(schema))


@cache
def _page_shape(kind: type[Schema]) -> Schema:
    """One class per item shape: two of the same name would be told apart by a number in the description."""
    schema, name = kind(), kind.__name__.removesuffix("Schema")
    shape = Schema.from_dict(
        {
            "items": List(Nested(schema), required=True, max_length=HIGHEST_LIMIT),
            "next_cursor": Str(required=True, allow_none=True, max_length=1000),
        },
        name=f"{name}PageSchema",
    )
    shape.__doc__ = "A page of a list; with `next_cursor` as `cursor` the next one is asked for, null ends it."
    return shape()  # type: ignore[return-value]  # from_dict is typed as marshmallow's own Schema


class Whole(Schema):
    """A list that is always answered whole: its subclass names the items, and no page follows."""

    next_cursor = Str(
        required=True,
        allow_none=True,
        max_length=1000,
        dump_default=None,
        metadata={"description": "Always null: this is all of it"},
    )


def whole_of(schema: Schema, *, most: int = 1000) -> Schema:
    """The shape of a list that is always answered whole, in the dress of a page; `whole` makes one."""
    return _whole_shape(type(schema), most)


@cache
def _whole_shape(kind: type[Schema], most: int) -> Schema:
    name = kind.__name__.removesuffix("Schema")
    shape = Whole.from_dict({"items": List(Nested(kind()), required=True, max_length=most)}, name=f"All{name}Schema")
    shape.__doc__ = "All there are; there is no next page."
    return shape()  # type: ignore[return-value]  # from_dict is typed as marshmallow's own Schema


def whole(items: Sequence[Any]) -> dict[str, Any]:
    """The answer of a list that is always answered whole."""
    return {"items": items, "next_cursor": None}


def page(
    session: Session | Connection,
    select: Select[Any],
    keys: Sequence[Key],
    *,
    limit: int,
    cursor: str | None,
    parameters: Mapping[str, Any] | None = None,
    scalars: bool = True,
) -> dict[str, Any]:
    """One page of `select`, ordered by `keys`: not-null columns (`.desc()` allowed) of which the last is unique.

    `scalars` for one entity a row; without it `items` are rows (a plain connection will do), and the key columns must
    be among their columns. Raises InvalidInput for a cursor that is not ours or belongs to another order.
    """
    columns = [_column(key) for key in keys]
    order = "|".join(f"{column.key}{'-' if _descends(key) else '+'}" for key, column in zip(keys, columns, strict=True))
    if cursor is not None:
        select = select.where(_after(keys, columns, read_cursor(cursor, order)))
    result = session.execute(select.order_by(*keys).limit(limit + 1), parameters)
    rows = result.scalars().all() if scalars else result.all()
    items = rows[:limit]
    last = items[-1] if len(rows) > limit else None
    following = None if last is None else make_cursor([getattr(last, str(column.key)) for column in columns], order)
    return {"items": items, "next_cursor": following}


def make_cursor(values: Sequence[Any], order: str) -> str:
    """An opaque cursor at a row with these key values; signed, because it goes into a query."""
    content = encode([order, [_tagged(value) for value in values]])
    return base64.urlsafe_b64encode(_mac(content) + content).rstrip(b"=").decode()


def read_cursor(cursor: str, order: str) -> list[Any]:
    """The key values; raises InvalidInput unless we made the cursor, for this order."""
    try:
        raw = base64.urlsafe_b64decode(cursor.encode("ascii") + b"=" * (-len(cursor) % 4))
    except (UnicodeEncodeError, binascii.Error, ValueError):
        raw = b""
    mac, content = raw[:MAC_BYTES], raw[MAC_BYTES:]
    if not content or not hmac.compare_digest(mac, _mac(content)):
        raise _bad_cursor("is not one that this list gave out")
    made_for, values = orjson.loads(content)
    if made_for != order:
        raise _bad_cursor("belongs to a list in another order")
    return [READERS[tag](value) for tag, value in values]


def _bad_cursor(why: str) -> InvalidInput:
    return InvalidInput([FieldError("cursor", "cursor", f"The cursor {why}.")])


READERS: Mapping[str, Callable[[Any], Any]] = {"v": lambda value: value, "t": datetime.fromisoformat, "u": UUID}


def _tagged(value: Any) -> tuple[str, Any]:
    if isinstance(value, datetime):
        return "t", value
    return ("u", value) if isinstance(value, UUID) else ("v", value)


def _mac(content: bytes) -> bytes:
    return hmac.new(root().cursor_key, content, hashlib.sha256).digest()[:MAC_BYTES]


def _descends(key: Key) -> bool:
    return isinstance(key, UnaryExpression) and key.modifier is desc_op


def _column(key: Key) -> Any:
    return key.element if isinstance(key, UnaryExpression) else key


def _after(keys: Sequence[Key], columns: Sequence[Any], values: Sequence[Any]) -> ColumnElement[bool]:
    """Rows behind the given one: (a, b) > (x, y) spelt out, since directions may differ."""
    alternatives = []
    for at, (key, column, value) in enumerate(zip(keys, columns, values, strict=True)):
        equal = [before == known for before, known in zip(columns[:at], values[:at], strict=True)]
        alternatives.append(and_(*equal, column < value if _descends(key) else column > value))
    return or_(*alternatives)
