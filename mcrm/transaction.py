"""Opens and commits: the one place where a change, its trace and its position become true together.

`transaction()` gives every pending interaction and every changed row of a synced table a position, by bumping
`log_head` as the last statement before COMMIT: commit order is position order, so whoever reads "everything after p"
misses nothing, on both databases. Nothing else in the house commits.
"""

import random
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cache, lru_cache
from typing import Any, TypeVar, cast, overload
from uuid import UUID

from sqlalchemy import Table, bindparam, event
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import ORMExecuteState, Session, SessionTransaction, make_transient_to_detached, sessionmaker
from sqlalchemy.orm.exc import StaleDataError
from sqlalchemy.sql.dml import Delete, ReturningDelete, ReturningInsert, ReturningUpdate, Update

from mcrm import clock, db
from mcrm.db import Base, Database, Row, Synced
from mcrm.holding import held
from mcrm.inserting import insert_many
from mcrm.interactions import places, positions
from mcrm.interactions.positions import ChangedRow
from mcrm.prepared import Prepared

Result = TypeVar("Result")
Stored = TypeVar("Stored", bound=Row)
RETRIED = frozenset({"40001", "40P01"})  # serialization failure, deadlock victim: the whole use case runs again
LONGEST_LOCK_S = 0.05
TOPIC_CHANGES = "changes"
TOPIC_ENGINES = "engines"  # somebody left work for an engine


class UnannouncedWrite(Exception):
    """A bulk statement on a synced table would change rows that no device ever hears of: use `write_rows`."""


class Pending(list[Any]):
    """What waits for its position: dicts are interactions, the others changed rows, and rows that moved.

    `origin` is the sign-in on whose behalf all of it happens, when a device pushed it. `held` are people and accounts
    that cannot be forgotten before the end, because they are locked.
    """

    def __init__(self) -> None:
        super().__init__()
        self.marks: dict[SessionTransaction, int] = {}  # open savepoint -> length at its start
        self.before_stamp: list[Callable[[Session], None]] = []
        self.topics: set[str] = set()
        self.origin: UUID | None = None
        self.held: set[UUID] = set()


class UseCaseSession(Session):
    """The session that use cases get; they flush when they need to and never commit."""

    def commit(self) -> None:
        """Refused: `transaction()` commits."""
        raise RuntimeError("transaction() commits; a use case never does")


def pending(session: Session) -> Pending:
    """What this session's transaction will write into the log when it commits."""
    if "pending" not in session.info:
        session.info["pending"] = Pending()
    found: Pending = session.info["pending"]
    return found


def on_stamp(session: Session, callback: Callable[[Session], None]) -> None:
    """Run `callback(session)` as part of this transaction, just before positions are given out.

    For what must be stored with the effect but is known only late, such as the answer kept for an idempotency key.
    """
    pending(session).before_stamp.append(callback)


def announce(session: Session, topic: str) -> None:
    """Wake whoever waits for `topic`, after the commit; a rollback wakes nobody."""
    pending(session).topics.add(topic)


@overload
def write_rows(session: Session, statement: Update | Delete) -> list[UUID]: ...
@overload
def write_rows(session: Session, statement: Update, parameters: Mapping[str, Any]) -> list[UUID]: ...
def write_rows(session: Session, statement: Any, parameters: Mapping[str, Any] | None = None) -> list[UUID]:
    """Run one UPDATE or DELETE over many rows of a synced table, and record every row it touched; their ids.

    A statement on the table (not the class) that takes `parameters` is one that its module built once: it is completed
    and compiled once as well, and runs past session and engine, at a tenth of the price.
    """
    table = cast(Table, statement.table)
    if parameters is None:
        options = {"announced": True, "synchronize_session": False}
        rows = session.execute(_recording(statement), execution_options=options).all()
        fields = _named(statement)
    else:
        session.flush()
        prepared, fields = _recording_once(statement)
        rows = prepared.all(session.connection(), {**parameters, "updated": clock.now()})
    op = "delete" if isinstance(statement, Delete) else "upsert"
    column, within = places.placed_by(table.name)
    for row in rows:
        above = None if within is None or row[2] is None else (within[1], row[2])
        territory_id = row[2] if within is None and column is not None else None
        pending(session).append(ChangedRow(table.name, row[0], op, territory_id, above, row[1], fields))
    return [row[0] for row in rows]


def _named(statement: Update | Delete) -> str | None:
    """The columns that a bulk update sets. Raises UnannouncedWrite for the one that says where rows lie.

    What hangs on the rows would move with them, and no device would hear of it.
    """
    if isinstance(statement, Delete):
        return None
    names = {str(getattr(column, "key", column)) for column in statement._values or ()}
    if places.placed_by(cast(Table, statement.table).name)[0] in names:
        raise UnannouncedWrite(f"{statement.table} cannot be moved in bulk")
    return ",".join(sorted(names - places.OWN_COUNTERS))


def _recording(statement: Update | Delete) -> ReturningUpdate[Any] | ReturningDelete[Any]:
    """The statement that also counts each row's revision, and tells which rows they were."""
    table = cast(Table, statement.table)
    column = places.placed_by(table.name)[0]
    returning = [table.c.id, table.c.rev] if column is None else [table.c.id, table.c.rev, table.c[column]]
    if isinstance(statement, Update):
        return statement.values(rev=table.c.rev + 1).returning(*returning)
    return statement.returning(*returning)


@lru_cache(maxsize=64)
def _recording_once(statement: Update) -> tuple[Prepared, str | None]:
    """An update that its module built once, ready to run, and the columns that it sets."""
    dated = statement.values(updated_at=bindparam("updated"))
    return Prepared(cast(ReturningUpdate[Any], _recording(dated))), _named(statement)


def insert_rows(session: Session, model: type[Synced], rows: list[dict[str, Any]]) -> None:
    """Insert many rows of a synced table in one statement; every row must carry its id."""
    if rows:
        session.flush()  # what these rows name has to be there before them
        insert_many(session.connection(), cast(Table, model.__table__), rows)
        pending(session).extend(places.inserted(model, row) for row in rows)


def insert_once(
    session: Session, model: type[Stored], row: Mapping[str, Any], *, unique: Sequence[str]
) -> Stored | None:
    """Insert one row unless another has these `unique` columns: the object, or None. It takes no savepoint.

    Not for synced tables, whose changes the session has to see.
    """
    session.flush()  # what the row names has to be there before it
    connection = session.connection()
    found = connection.execute(_insert_once_into(model, tuple(unique), connection.dialect.name), row).first()
    if found is None:
        return None
    stored = model(**found._mapping)
    make_transient_to_detached(stored)
    session.add(stored)
    return stored


@cache
def _insert_once_into(model: type[Row], unique: tuple[str, ...], dialect: str) -> ReturningInsert[Any]:
    make = postgresql.insert if dialect == "postgresql" else sqlite.insert
    table = cast(Table, model.__table__)
    return make(table).on_conflict_do_nothing(index_elements=unique).returning(*table.c)


@contextmanager
def transaction(database: Database | None = None) -> Iterator[Session]:
    """A session whose changes, interactions and positions commit together at the end of the block.

    Raises RuntimeError inside another one: pass that one's session on. After the commit, and only then, waiting
    parts are woken.
    """
    opening = _committing(database or db.current())
    with opening if (kept := held()) is None else kept.lend(opening) as session:
        yield session


@contextmanager
def _committing(database: Database) -> Iterator[Session]:
    if getattr(_here, "open", False):
        raise RuntimeError("a transaction is open: pass its session on")
    with _sessions(bind=database.bind, **database.options) as session, database.turn(), session.begin():
        _here.open = True
        try:
            yield session
            topics = stamp(session)
        finally:
            _here.open = False
    if topics:
        database.wake(topics)


def perform(work: Callable[[Session], Result], *, database: Database | None = None, tries: int = 4) -> Result:
    """Run `work(session)` in a transaction; the whole of it again where the database chose it as a victim.

    `work` touches nothing but its session and values made inside it. Within `holding()` it runs once: whoever holds
    the transaction runs the whole of its block `again`.
    """

    def once() -> Result:
        with transaction(database) as session:
            return work(session)

    return once() if held() else again(once, tries=tries)


def again(run: Callable[[], Result], *, tries: int = 4) -> Result:
    """Call `run`, and call it again while the database chooses it as a victim."""
    for left in reversed(range(tries)):
        try:
            return run()
        except (DBAPIError, StaleDataError) as error:
            state = "40001" if isinstance(error, StaleDataError) else getattr(error.orig, "sqlstate", None)
            if not left or state not in RETRIED:
                raise
            time.sleep(random.uniform(0, 0.02) * 2 ** (tries - left))
    raise AssertionError("the last try either returns or raises")


def stamp(session: Session) -> frozenset[str]:
    """Flush, then give positions to all that is pending; the topics to wake after the commit."""
    queue = pending(session)
    while queue.before_stamp:
        queue.before_stamp.pop(0)(session)
    session.flush()
    if session.in_nested_transaction():
        raise RuntimeError("a savepoint is still open")
    facts = [entry for entry in queue if isinstance(entry, dict)]
    if any(isinstance(entry, ChangedRow) for entry in queue):
        queue.extend(places.stand_still(session.connection(), queue))
    rows = positions.last_of_each(entry for entry in queue if isinstance(entry, ChangedRow))
    if queue.topics:
        positions.ring(session.connection(), queue.topics)
    if facts or rows:
        rows = [row._replace(origin=queue.origin) for row in places.placed(session.connection(), rows)]
        positions.write(session.connection(), facts, rows)
        queue.topics.add(TOPIC_CHANGES)  # on SQLite the file itself tells that there are some
    topics = frozenset(queue.topics)
    queue.clear()
    queue.topics.clear()
    queue.held.clear()
    return topics


_here = threading.local()
_sessions = sessionmaker(class_=UseCaseSession, expire_on_commit=False)


@event.listens_for(UseCaseSession, "after_transaction_create")
def _mark(session: Session, opened: SessionTransaction) -> None:
    if opened.nested:  # begin_nested() has flushed the outer rows before this
        pending(session).marks[opened] = len(pending(session))


@event.listens_for(UseCaseSession, "after_commit")
def _keep(session: Session) -> None:
    if (released := session.get_nested_transaction()) is not None:  # fires at a release too
        pending(session).marks.pop(released, None)


@event.listens_for(UseCaseSession, "after_transaction_end")
def _drop(session: Session, ended: SessionTransaction) -> None:
    if (at := pending(session).marks.pop(ended, None)) is not None:  # its mark is still there: it was not released
        del pending(session)[at:]
        pending(session).held.clear()  # a savepoint's rollback gives its locks back


@event.listens_for(UseCaseSession, "after_flush")
def _collect(session: Session, context: Any) -> None:
    queue = pending(session)
    queue.extend(places.changed(row, "upsert") for row in session.new if _is_recorded(row))
    for row in session.dirty:
        if _is_recorded(row) and session.is_modified(row, include_collections=False):
            before = places.changed_columns(row)
            queue.extend(places.moved(session, row, before))
            queue.append(places.changed(row, "upsert", before))
    queue.extend(places.changed(row, "delete") for row in session.deleted if _is_recorded(row))


def _is_recorded(row: object) -> bool:
    return isinstance(row, Row) and row.__recorded__


@event.listens_for(UseCaseSession, "do_orm_execute")
def _refuse(state: ORMExecuteState) -> None:
    if not (state.is_insert or state.is_update or state.is_delete) or state.execution_options.get("announced"):
        return
    table = getattr(state.statement, "table", None)
    if table is not None and table.name in synced_tables():
        raise UnannouncedWrite(table.name)


def synced_tables() -> frozenset[str]:
    """The names of all tables that devices hold copies of."""
    global _synced
    if not _synced or len(Base.registry.mappers) != _mapped:
        _refresh_synced()
    return _synced


_synced: frozenset[str] = frozenset()
_mapped = 0


def _refresh_synced() -> None:
    global _synced, _mapped
    mappers = list(Base.registry.mappers)
    _synced = frozenset(mapper.class_.__tablename__ for mapper in mappers if issubclass(mapper.class_, Synced))
    _mapped = len(mappers)
