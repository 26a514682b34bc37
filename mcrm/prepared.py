"""Statements that requests run again and again, past the engine: it takes several times as long as the driver does.

The engine looks up its cache, makes a context and a result for each execution; here that is done once for a statement,
and what is left is binding values, asking the driver, and reading rows. Types and errors are those of the engine.
"""

from collections import namedtuple
from collections.abc import Callable, Iterable, Mapping
from typing import Any, NamedTuple, cast

from sqlalchemy import Connection, Dialect, Select
from sqlalchemy.exc import DBAPIError
from sqlalchemy.sql.dml import ReturningInsert, ReturningUpdate

LONGEST = 50
"""Lists for an `IN` up to this length get a statement of their own; longer and empty ones are the engine's."""

Convert = Callable[[Any], Any] | None
Lengths = tuple[tuple[str, int], ...]


class _Ready(NamedTuple):
    """A statement as one driver takes it.

    `places`: for each value of the driver's, its name there, the parameter it comes from, its place in that parameter's
    list (None for a plain value) and how it is bound. `known` has the values that the statement itself holds.
    """

    words: str
    by_name: bool
    places: tuple[tuple[str, str, int | None, Convert], ...]
    known: Mapping[str, Any]
    readers: tuple[tuple[int, Callable[[Any], Any]], ...]

    def values(self, parameters: Mapping[str, Any]) -> Any:
        """What the driver gets: a mapping or a list, in its own types."""
        given = {**self.known, **parameters} if self.known else parameters
        bound = []
        for _, name, index, convert in self.places:
            value = given[name] if index is None else given[name][index]
            bound.append(value if convert is None else convert(value))
        return dict(zip((place[0] for place in self.places), bound, strict=True)) if self.by_name else bound


class Prepared:
    """A SELECT, or a write with RETURNING, of named parameters; its rows are named tuples of its columns.

    Parameters of an expanding `IN` are lists. Nothing is flushed before it. Columns with defaults of ours have to be
    named: the engine would compute those.
    """

    def __init__(self, statement: Select[Any] | ReturningInsert[Any] | ReturningUpdate[Any]) -> None:
        """Compiles nothing yet: that takes a connection."""
        self.statement = statement
        columns = list(statement.exported_columns)
        self._row: Any = namedtuple("Row", [column.key for column in columns], rename=True)  # type: ignore[misc]
        self._types = [column.type for column in columns]
        self._ready: dict[tuple[str, Lengths], _Ready] = {}

    def all(self, connection: Connection, parameters: Mapping[str, Any]) -> list[Any]:
        """Every row; raises DBAPIError as any statement does."""
        lengths = tuple((name, len(value)) for name, value in parameters.items() if isinstance(value, list))
        if any(not 0 < length <= LONGEST for _, length in lengths):
            return list(connection.execute(self.statement, parameters))
        ready = self._ready.get((connection.dialect.name, lengths))
        if ready is None:
            ready = self._compiled(connection.dialect, parameters, dict(lengths))
            self._ready[connection.dialect.name, lengths] = ready
        if not connection.in_transaction():
            connection.begin()
        return self._read(ready, _asked(connection, ready.words, ready.values(parameters)))

    def first(self, connection: Connection, parameters: Mapping[str, Any]) -> Any:
        """The first row, or None."""
        rows = self.all(connection, parameters)
        return rows[0] if rows else None

    def scalar(self, connection: Connection, parameters: Mapping[str, Any]) -> Any:
        """The first column of the first row, or None."""
        rows = self.all(connection, parameters)
        return rows[0][0] if rows else None

    def _read(self, ready: _Ready, rows: list[Any]) -> list[Any]:
        make, read = self._row._make, []
        for row in rows:
            values = list(row)
            for index, convert in ready.readers:
                values[index] = convert(values[index])
            read.append(make(values))
        return read

    def _compiled(self, dialect: Dialect, names: Iterable[str], lists: Mapping[str, int]) -> _Ready:
        """For these names of parameters, of which some are lists of that length."""
        given = dict.fromkeys(names) | {name: [None] * length for name, length in lists.items()}
        asked, options = self.statement, dict[str, Any]()
        if lists:  # the statement is written out for so many values
            asked, options = cast(Select[Any], asked).params(given), {"render_postcompile": True}
        compiled: Any = asked.compile(dialect=dialect, compile_kwargs=options)
        if compiled.insert_prefetch or compiled.update_prefetch:
            raise TypeError("a column with a default of ours is not named")
        places: dict[str, tuple[str, str, int | None, Convert]] = {}
        for name, bind in compiled.binds.items():
            convert = bind.type.dialect_impl(dialect).bind_processor(dialect)
            if name in lists:
                places |= {f"{name}_{n + 1}": (f"{name}_{n + 1}", name, n, convert) for n in range(lists[name])}
            else:
                places[name] = (name, name, None, convert)
        readers = [type_.dialect_impl(dialect).result_processor(dialect, None) for type_ in self._types]
        return _Ready(
            compiled.string,
            by_name=not compiled.positional,
            places=tuple(places[name] for name in compiled.positiontup) if compiled.positional else (*places.values(),),
            known={name: bind.effective_value for name, bind in compiled.binds.items() if name not in given},
            readers=tuple((index, read) for index, read in enumerate(readers) if read is not None),
        )


def _asked(connection: Connection, words: str, values: Any) -> list[Any]:
    raw: Any = connection.connection.dbapi_connection
    try:
        found: list[Any] = raw.execute(words, values).fetchall()
    except raw.Error as error:
        gone = connection.dialect.is_disconnect(error, raw, None)
        if gone:
            connection.invalidate(error)
        raise DBAPIError.instance(
            words, None, error, raw.Error, connection_invalidated=gone, dialect=connection.dialect
        ) from error
    return found
