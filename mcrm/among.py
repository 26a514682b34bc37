"""`column IN (a list given later)`, for statements that are built once and run again and again, whatever the length.

On PostgreSQL the list is one array: so the statement's text stays the same, and driver and server keep what they have
prepared. An `IN` of its own for each length is split anew by the driver and planned anew by the server each time.
"""

from typing import Any

from sqlalchemy import ARRAY, Boolean, ColumnElement, any_, bindparam
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.visitors import InternalTraversal


class Among(ColumnElement[bool]):
    """Whether the column is one of the values of the list parameter `name`."""

    type = Boolean()
    inherit_cache = True
    _traverse_internals = [
        ("listed", InternalTraversal.dp_clauseelement),
        ("in_array", InternalTraversal.dp_clauseelement),
    ]

    def __init__(self, column: ColumnElement[Any], name: str) -> None:
        """Both spellings; the database's compiler takes its own."""
        self.listed: ColumnElement[bool] = column.in_(bindparam(name, expanding=True))
        self.in_array: ColumnElement[bool] = column == any_(bindparam(name, type_=ARRAY(column.type)))


@compiles(Among)
def _spelt(element: Among, compiler: Any, **options: Any) -> str:
    words: str = compiler.process(element.listed, **options)
    return words


@compiles(Among, "postgresql")
def _spelt_as_array(element: Among, compiler: Any, **options: Any) -> str:
    words: str = compiler.process(element.in_array, **options)
    return words
