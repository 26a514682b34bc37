"""The engine that forgets: a person whose day has come is released, then emptied table by table, a page a transaction.

What to do next is looked up without a lock, done under one, and found done when it is tried again: a crash loses
nothing, and two workers do no more than one.
"""

from collections.abc import Callable, Sequence
from datetime import timedelta
from functools import partial
from typing import Any, cast
from uuid import UUID

from sqlalchemy import ColumnElement, Delete, Update, delete, func, select, tuple_, update
from sqlalchemy.orm import Session

from mcrm import clock
from mcrm.accounts.models import Account
from mcrm.actors import SYSTEM
from mcrm.contacts.models import Contact
from mcrm.contacts.people import survivor_of
from mcrm.db import Base, Row, reading
from mcrm.interactions import log
from mcrm.interactions.kinds import LOGGED_BY_REPS, Kind
from mcrm.interactions.log import About
from mcrm.interactions.models import Interaction
from mcrm.interactions.places import LOG
from mcrm.interactions.positions import ChangedRow
from mcrm.lookup.keeping import Searchable
from mcrm.lookup.models import SearchKey
from mcrm.privacy.finding import left, of_person
from mcrm.privacy.holding import Holding
from mcrm.privacy.holdings import HOLDINGS
from mcrm.privacy.models import UNDER_WAY, Erasure, ErasureState
from mcrm.privacy.persons import Person
from mcrm.privacy.releasing import release
from mcrm.privacy.settling import unsettled
from mcrm.transaction import pending, perform, write_rows

PAGE = 200  # rows a transaction: on SQLite everybody waits for it
LOOKED_AT_AGAIN = timedelta(days=1)
TRIED_AGAIN = timedelta(hours=1)
EMPTIED = tuple(holding for holding in HOLDINGS if (holding.blanked or holding.dropped) and not holding.by_hand)
Keys = Sequence[Sequence[Any]]


def turn() -> bool:
    """One unit of work for the wish that is due longest; False when none is."""
    with reading() as session:
        due = select(Erasure).where(UNDER_WAY, Erasure.look_at <= clock.now()).order_by(Erasure.look_at, Erasure.id)
        erasure = session.scalars(due.limit(1)).first()
    if erasure is None:
        return False
    try:
        perform(_next(erasure))
    except Exception:
        perform(partial(_postpone, erasure.id))  # whoever stands behind it is not kept waiting
        raise
    return True


def _next(erasure: Erasure) -> Callable[[Session], None]:
    """What is to be done now; found out in a snapshot, so that nobody waits for it."""
    if erasure.state == ErasureState.PENDING:
        return partial(_begin, erasure.id)
    person = Person.kept(erasure.scope)
    with reading() as session:
        page = next_page(session, person, erasure.stage)
        if page is None:  # once more from the beginning: something may have come in while the later ones were emptied
            page = next_page(session, person, 0)
        return (
            partial(_finish, erasure.id, report(session, person))
            if page is None
            else partial(_empty, erasure.id, *page)
        )


def next_page(session: Session, person: Person, start: int) -> tuple[int, Keys] | None:
    """The first stage that has still something to empty, and the keys of some rows; None when all is done."""
    for stage in range(start, len(EMPTIED)):
        holding = EMPTIED[stage]
        found = select(*holding.rows.primary_key).where(of_person(holding, person), left(holding)).limit(PAGE)
        if keys := session.execute(found).all():
            return stage, keys
    return None


def _begin(erasure_id: UUID, session: Session) -> None:
    erasure = _locked(session, erasure_id, ErasureState.PENDING)
    if erasure is None or erasure.look_at > clock.now():
        return
    contact = survivor_of(session, erasure.contact_id)
    person = Person.of(session, contact.id)
    _hold(session, person)
    open_ = [what.value for what in unsettled(session, person)]
    about = About(contact_id=contact.id, account_id=contact.account_id, subject=("erasure", erasure.id))
    if open_:
        erasure.look_at = clock.now() + LOOKED_AT_AGAIN
        if erasure.waits_for != open_:
            log.append(session, SYSTEM, Kind.ERASURE_WAITS, about=about, payload={"waits_for": open_})
        erasure.waits_for = open_
        return
    erasure.state, erasure.waits_for, erasure.scope = ErasureState.ERASING.value, [], person.ids
    release(session, person)
    log.append(session, SYSTEM, Kind.ERASURE_BEGUN, about=about)


def _hold(session: Session, person: Person) -> None:
    """Wait for what is written about them at this instant; whoever comes later finds that they are forgotten."""
    for table, ids in ((Contact.__table__, person.contacts), (Account.__table__, person.accounts)):
        rows = select(table.c.id).where(table.c.id.in_(ids)).order_by(table.c.id)
        session.execute(rows.with_for_update()).all()


def _empty(erasure_id: UUID, stage: int, keys: Keys, session: Session) -> None:
    """Empty these rows, if nobody was faster."""
    erasure = _locked(session, erasure_id, ErasureState.ERASING)
    if erasure is None:
        return
    holding = EMPTIED[stage]
    table = holding.rows
    these = tuple_(*table.primary_key).in_([tuple(key) for key in keys])
    statement: Delete | Update = delete(table).where(these)
    if not holding.dropped:
        statement = update(table).where(these, left(holding)).values(holding.values())
    model = _model(holding)
    if issubclass(model, Row) and model.__recorded__:
        write_rows(session, statement)
    else:
        session.connection().execute(statement)
    if model is Interaction:
        _tell_devices(session, these)
    if holding.dropped and issubclass(model, Searchable):
        gone = delete(SearchKey).where(SearchKey.row_id.in_([id_ for (id_,) in keys]))
        session.execute(gone, execution_options={"synchronize_session": False})
    erasure.stage = stage


def _tell_devices(session: Session, these: ColumnElement[bool]) -> None:
    """Notes, calls and meetings lie on phones, too: their words go there as well."""
    fact = Interaction.__table__.c
    written = select(fact.id, fact.account_id).where(these, fact.kind.in_(LOGGED_BY_REPS), fact.account_id.is_not(None))
    for fact_id, account_id in session.execute(written):
        change = ChangedRow(LOG, fact_id, "upsert", within=("accounts", account_id), rev=1)
        pending(session).append(change)


def _model(holding: Holding) -> type[Base]:
    [found] = [one.class_ for one in Base.registry.mappers if one.local_table is holding.rows]
    return cast(type[Base], found)


def _finish(erasure_id: UUID, kept: list[dict[str, Any]], session: Session) -> None:
    erasure = _locked(session, erasure_id, ErasureState.ERASING)
    if erasure is None:
        return
    contact = survivor_of(session, erasure.contact_id)
    erasure.report = kept
    erasure.state, erasure.ended_at, erasure.ended_by = ErasureState.DONE.value, clock.now(), SYSTEM.label
    about = About(contact_id=contact.id, account_id=contact.account_id, subject=("erasure", erasure.id))
    log.append(session, SYSTEM, Kind.ERASURE_DONE, about=about)


def report(session: Session, person: Person) -> list[dict[str, Any]]:
    """What stays of a person, how many rows, and why: `{"what", "rows", "why"}`; kinds without rows are left out."""
    kept = []
    for holding in HOLDINGS:
        if holding.dropped:
            continue
        rows = session.scalar(select(func.count()).select_from(holding.rows).where(of_person(holding, person)))
        if rows:
            kept.append({"what": holding.table, "rows": rows, "why": holding.why})
    return kept


def _postpone(erasure_id: UUID, session: Session) -> None:
    """It failed, and the log says why: try again in an hour."""
    if (erasure := session.get(Erasure, erasure_id)) is not None:
        erasure.look_at = clock.now() + TRIED_AGAIN


def _locked(session: Session, erasure_id: UUID, state: ErasureState) -> Erasure | None:
    """The wish, if it still stands there; None while somebody else is at it."""
    query = select(Erasure).where(Erasure.id == erasure_id, Erasure.state == state.value)
    query = query.with_for_update(skip_locked=True).execution_options(populate_existing=True)
    return session.scalars(query).first()
