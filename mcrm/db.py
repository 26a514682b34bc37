"""The two databases: column types, table base, and engines that begin, wait and give up in the right way.

SQLite runs in WAL mode with full durability (MCRM_SQLITE_SYNCHRONOUS=NORMAL relaxes it: a power cut may then lose the
last commits, never the file), and its writers begin immediately behind one lock. PostgreSQL has lock, statement and
connect time-outs. Process-wide state is one `Database`, set by `use()` at start.
"""

import json
import math
import os
import re
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from functools import cached_property
from pathlib import Path
from typing import Any, ClassVar
from uuid import UUID

from sqlalchemy import (
    JSON as PlainJson,
)
from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Connection,
    DateTime,
    Dialect,
    Engine,
    LargeBinary,
    MetaData,
    Text,
    Uuid,
    create_engine,
    event,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.engine import make_url
from sqlalchemy.exc import DBAPIError, InvalidatePoolError
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, declared_attr, mapped_column
from sqlalchemy.pool import ConnectionPoolEntry
from sqlalchemy.types import TypeDecorator

from mcrm import clock
from mcrm.ids import new_id
from mcrm.turns import Turn

NAMING = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
    "pk": "pk_%(table_name)s",
}
REST_S = 1.0
POSTGRES_OPTIONS = "-c lock_timeout=5s -c statement_timeout=30s -c idle_in_transaction_session_timeout=30s"


class UtcDateTime(TypeDecorator[datetime]):
    """An aware instant in UTC. Naive values are refused: SQLite would store local time without a word."""

    impl = DateTime
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> Any:
        """`timestamptz` on PostgreSQL, ISO text without zone (always UTC) on SQLite."""
        return dialect.type_descriptor(DateTime(timezone=dialect.name == "postgresql"))

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """UTC, or ValueError for a naive time."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a time without a zone cannot be stored")
        value = value.astimezone(UTC)
        return value if dialect.name == "postgresql" else value.replace(tzinfo=None)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Aware, in UTC, on both databases."""
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)

    def bind_processor(self, dialect: Dialect) -> Callable[[Any], Any] | None:
        """On SQLite one call instead of three, with the same text."""
        return super().bind_processor(dialect) if dialect.name == "postgresql" else _utc_text

    def result_processor(self, dialect: Dialect, coltype: object) -> Callable[[Any], datetime | None] | None:
        """On SQLite one call instead of two."""
        return super().result_processor(dialect, coltype) if dialect.name == "postgresql" else _utc


def _utc_text(value: datetime | None) -> str | None:
    if value is None:
        return None
    if value.tzinfo is None:
        raise ValueError("a time without a zone cannot be stored")
    return value.astimezone(UTC).isoformat(" ", "microseconds")[:UTC_TEXT]


def _utc(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text).replace(tzinfo=UTC)


UTC_TEXT = len("2026-01-02 03:04:05.678901")


class Id(TypeDecorator[UUID]):
    """A UUID: native on PostgreSQL, 16 bytes on SQLite (half the size of its text)."""

    impl = LargeBinary
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> Any:
        """The database's own type where there is one."""
        return dialect.type_descriptor(Uuid() if dialect.name == "postgresql" else LargeBinary())

    def process_bind_param(self, value: UUID | None, dialect: Dialect) -> UUID | bytes | None:
        """Native or bytes."""
        return value if value is None or dialect.name == "postgresql" else value.bytes

    def process_result_value(self, value: Any, dialect: Dialect) -> UUID | None:
        """Always a UUID."""
        return value if value is None or isinstance(value, UUID) else UUID(bytes=value)

    def bind_processor(self, dialect: Dialect) -> Callable[[Any], Any] | None:
        """On SQLite one call instead of three: an imported contact binds forty ids."""
        return super().bind_processor(dialect) if dialect.name == "postgresql" else _bytes

    def result_processor(self, dialect: Dialect, coltype: object) -> Callable[[Any], UUID | None] | None:
        """On SQLite one call instead of two: a page of twenty orders reads sixty ids."""
        return super().result_processor(dialect, coltype) if dialect.name == "postgresql" else _uuid


def _bytes(value: UUID | None) -> bytes | None:
    return None if value is None else value.bytes


def _uuid(raw: bytes | None) -> UUID | None:
    return None if raw is None else UUID(bytes=raw)


NUL_ESCAPED = re.compile(r"(?<!\\)(?:\\\\)*\\u0000")  # NUL; not the six characters, which people may write
Json = PlainJson(none_as_null=True).with_variant(JSONB(none_as_null=True), "postgresql")


SURELY_WHOLE = 19
"""Fewer digits than this always fit 64 bits."""


def canonical(value: Any) -> str:
    """Canonical JSON text (sorted keys, no spaces, UTF-8): what digests are taken over, so the bytes never change.

    Raises ValueError for NaN, infinities, lone surrogates and NUL, which one database or the other cannot hold.
    """
    text = _CANONICAL.encode(value)
    if NUL_ESCAPED.search(text):
        raise ValueError("NUL cannot be stored")
    text.encode()  # a lone surrogate raises UnicodeEncodeError, which is a ValueError
    return text


_CANONICAL = json.JSONEncoder(sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)


def why_not(error: DBAPIError) -> str:
    """One sentence for people about a database that cannot be reached or written: the driver's own first line."""
    words = str(error.orig or error).strip().splitlines() or [type(error).__name__]
    return f"the database cannot be used ({words[0]}); check MCRM_DATABASE_URL"


class Base(DeclarativeBase):
    """The base of all tables; constraint names follow one convention, so that migrations can name them."""

    metadata = MetaData(naming_convention=NAMING)
    type_annotation_map = {
        UUID: Id,
        datetime: UtcDateTime,
        str: Text,
        int: BigInteger,
        dict[str, Any]: Json,
        list[Any]: Json,
    }


class Row(Base):
    """A table whose rows have a UUIDv7 and a time of creation."""

    __abstract__ = True
    __recorded__: ClassVar[bool] = False
    """Whether every committed change of a row gets a position in `changes`."""

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    created_at: Mapped[datetime] = mapped_column(default=clock.now)

    def __init__(self, **values: Any) -> None:
        """The id exists from the start, so that interactions and other rows can name it before the flush."""
        super().__init__(**{"id": new_id(), **values})


class Versioned(Row):
    """A table that people edit: `rev` counts a row's changes, is its ETag, and refuses updates of a stale copy."""

    __abstract__ = True
    __recorded__: ClassVar[bool] = True
    __within__: ClassVar[tuple[str, str] | None] = None
    """(column, table) of the row that this one belongs to, and with which it moves between territories."""
    __open__: ClassVar[bool] = False
    """Whether rows that belong to nothing are everybody's."""

    rev: Mapped[int] = mapped_column(default=1)
    updated_at: Mapped[datetime] = mapped_column(default=clock.now, onupdate=clock.now)

    @declared_attr.directive
    def __mapper_args__(cls) -> dict[str, Any]:
        """The row's own counter guards against lost updates (StaleDataError)."""
        return {"version_id_col": cls.__table__.c.rev} if "__table__" in cls.__dict__ else {"version_id_col": cls.rev}


class Synced(Versioned):
    """A table that devices hold copies of: every committed change of a row gets a position in `changes`.

    `rev` is the base of merges too. Never write such a table by a bulk statement except through
    `transaction.write_rows`.
    """

    __abstract__ = True


def one_of(column: str, states: type[StrEnum]) -> CheckConstraint:
    """A CHECK that holds a text column to the values of an enumeration."""
    return CheckConstraint(f"{column} IN ({', '.join(repr(state.value) for state in states)})", name=column)


@dataclass
class Database:
    """What a process writes to. `turn` lets one SQLite writer in at a time; `wake` is told after each commit.

    `wake(topics)` gets the set of topics named during the transaction; it must not block.
    `options` go to the session (the tests join an outer transaction with them).
    """

    bind: Engine | Connection
    turn: Callable[[], AbstractContextManager[None]] = nullcontext
    wake: Callable[[frozenset[str]], None] = lambda topics: None
    options: Mapping[str, Any] = field(default_factory=dict)

    @cached_property
    def readers(self) -> Engine | Connection:
        """What to read from: the same pool, each transaction one snapshot in which the database refuses writes."""
        if not isinstance(self.bind, Engine):
            return self.bind
        if self.is_sqlite:
            return self.bind.execution_options(read_only=True)
        return self.bind.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)

    @property
    def is_sqlite(self) -> bool:
        """Whether the embedded database is in use."""
        return self.bind.dialect.name == "sqlite"

    def close(self) -> None:
        """Close all connections and the lock file."""
        if isinstance(self.bind, Engine):
            self.bind.dispose()
        if isinstance(self.turn, Turn):
            self.turn.close()


_current: Database | None = None


def use(database: Database | None) -> None:
    """Make `database` the one that `transaction()` and `reading()` speak to in this process."""
    global _current
    _current = database


def current() -> Database:
    """The process's database; RuntimeError before `use()`."""
    if _current is None:
        raise RuntimeError("no database is in use yet")
    return _current


def connect(url: str, *, synchronous: str = "FULL", pool_size: int = 5) -> Database:
    """A Database for `url`; nothing is opened yet, so it is safe before a fork."""
    engine = make_engine(url, synchronous=synchronous, pool_size=pool_size)
    turn = Turn(Path(f"{engine.url.database}.turn")) if engine.dialect.name == "sqlite" else nullcontext
    return Database(engine, turn)


def make_engine(url: str, *, synchronous: str = "FULL", pool_size: int = 5, **options: Any) -> Engine:
    """An engine that begins as this house expects; `pool_size` connections are kept.

    Its errors never quote the values that a statement carried: they end up in logs, and are people's words and numbers.
    """
    options = {"hide_parameters": True, "max_overflow": 5, "pool_timeout": 5, **options}
    if make_url(url).get_backend_name() == "sqlite":
        return _sqlite(create_engine(url, pool_size=pool_size, **options), synchronous)
    arguments = {"options": POSTGRES_OPTIONS, "connect_timeout": 3, "application_name": "mcrm"}
    engine = create_engine(url, connect_args=arguments, json_deserializer=_read_json, pool_size=pool_size, **options)
    return _asked_after_a_rest(engine)


def _asked_after_a_rest(engine: Engine) -> Engine:
    """Whoever gets a pooled connection that has rested asks first whether its server is still there.

    Asking each time (`pool_pre_ping`) is one more round trip a transaction: a seventh of all that a busy server hears.
    """

    @event.listens_for(engine, "checkin")
    def note(raw: Any, record: ConnectionPoolEntry) -> None:
        record.info["rests_since"] = time.monotonic()

    @event.listens_for(engine, "checkout")
    def ask(raw: Any, record: ConnectionPoolEntry, proxy: Any) -> None:
        if time.monotonic() - record.info.get("rests_since", math.inf) < REST_S:
            return
        try:
            engine.dialect.do_ping(raw)
        except raw.Error as error:  # as after a restart of the server: the others have nobody to talk to either
            raise InvalidatePoolError from error

    return engine


def _read_json(text: str | bytes) -> Any:
    """JSON as PostgreSQL gives it: it spells 1e300 out, which is no integer that anybody could send on."""
    return json.loads(text, parse_int=_read_whole)


def _read_whole(digits: str) -> int | float:
    return int(digits) if len(digits) < SURELY_WHOLE or -(2**63) <= int(digits) < 2**64 else float(digits)


def _sqlite(engine: Engine, synchronous: str) -> Engine:
    @event.listens_for(engine, "do_connect")
    def keep_private(dialect: Dialect, record: Any, arguments: Any, options: Any) -> None:
        # A new file is the owner's alone, whatever the umask; SQLite gives its WAL and index the same mode.
        with suppress(OSError):  # it is there; or it cannot be made, and SQLite says why
            os.close(os.open(str(engine.url.database), os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600))

    @event.listens_for(engine, "connect")
    def prepare(raw: Any, record: Any) -> None:
        raw.isolation_level = None  # the driver begins nothing by itself any more
        for pragma in (
            "journal_mode=WAL",
            f"synchronous={synchronous}",
            "foreign_keys=ON",
            "busy_timeout=5000",
            "trusted_schema=OFF",
            "temp_store=MEMORY",
            "cache_size=-8000",
        ):
            raw.execute(f"PRAGMA {pragma}")

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        read_only = connection.get_execution_options().get("read_only", False)
        raw: Any = connection.connection.dbapi_connection  # two statements of the driver cost a tenth of the engine's
        try:
            raw.execute(f"PRAGMA query_only={read_only:d}")  # before BEGIN, and off again for writers
            raw.execute("BEGIN" if read_only else "BEGIN IMMEDIATE")
        except raw.Error as error:
            raise DBAPIError.instance("BEGIN", None, error, raw.Error, dialect=connection.dialect) from error

    return engine


@contextmanager
def reading(database: Database | None = None) -> Iterator[Session]:
    """A session on one snapshot, without a write lock; writes are refused by the database itself."""
    database = database or current()
    options = {"expire_on_commit": False, "autoflush": False, **database.options}
    with Session(database.readers, **options) as session, session.begin():
        yield session


@contextmanager
def looking(database: Database | None = None) -> Iterator[Connection]:
    """A plain connection on such a snapshot, for Core selects of columns: it saves most of what a session costs."""
    readers = (database or current()).readers
    if isinstance(readers, Connection):
        yield readers
        return
    with readers.begin() as connection:  # and commit: after a rollback psycopg forgets what it had prepared
        yield connection
