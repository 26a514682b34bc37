"""Keeping `changes` short: what a later change of the same row supersedes goes, and old tombstones go.

Each live row keeps its latest change, which is where a first sync finds it. A device whose cursor is older than what
is kept gets the whole set, so the floor moves in the transaction that forgets.
"""

from datetime import timedelta

from sqlalchemy import bindparam, delete, select
from sqlalchemy.orm import Session

from mcrm import clock
from mcrm.interactions import log
from mcrm.interactions.models import Change
from mcrm.sync.models import Edit, Floor

POSITIONS_KEPT = 2_000_000  # months of a small business; a device that was away for longer starts afresh
WINDOW = 500  # positions in one transaction: a few hundredths of a second of lock
EDITS_KEPT = timedelta(days=30)


def step(session: Session) -> bool:
    """Forget one window of old changes; whether there are more."""
    floor = session.get(Floor, 1)
    start = floor.floor if floor is not None else 0
    end = min(start + WINDOW, log.head(session)[1] - POSITIONS_KEPT)
    if end <= start:
        return False
    connection = session.connection()
    old = connection.execute(_WINDOW, {"start": start, "end": end}).all()
    latest = {(change.table_name, change.row_id): change.position for change in old if change.op != "delete"}
    if latest:
        superseded = [{"b_table": table, "b_row": row, "b_before": at} for (table, row), at in latest.items()]
        connection.execute(_SUPERSEDED, superseded)
    connection.execute(_TOMBSTONES, {"start": start, "end": end})
    if floor is None:
        floor = Floor(id=1, tickled=0)
        session.add(floor)
    floor.floor = end
    return True


def forget_edits(session: Session) -> bool:
    """Drop what devices pushed so long ago that no network still repeats it."""
    session.execute(delete(Edit).where(Edit.at < clock.now() - EDITS_KEPT).execution_options(synchronize_session=False))
    return False


_changes = Change.__table__.c
_within = (_changes.position > bindparam("start"), _changes.position <= bindparam("end"))
_WINDOW = (
    select(_changes.position, _changes.table_name, _changes.row_id, _changes.op)
    .where(*_within)
    .order_by(_changes.position)
)
_TOMBSTONES = delete(Change.__table__).where(*_within, _changes.op == "delete")  # type: ignore[arg-type]
_SUPERSEDED = delete(Change.__table__).where(  # type: ignore[arg-type]
    _changes.table_name == bindparam("b_table"),
    _changes.row_id == bindparam("b_row"),
    _changes.position < bindparam("b_before"),
)
