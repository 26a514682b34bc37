"""Raw positions expire: where somebody stood to the metre is nobody's business for ever."""

from datetime import timedelta
from typing import cast

from sqlalchemy import Table, select, update
from sqlalchemy.orm import Session

from mcrm import clock
from mcrm.settings_store import service as settings_store
from mcrm.settings_store.catalogue import VISIT_POSITION_DAYS
from mcrm.transaction import write_rows
from mcrm.visits.models import Visit

PAGE = 500
TABLE = cast(Table, Visit.__table__)


def step(session: Session) -> bool:
    """Blank the positions of check-ins of long ago, a page at a time; whether there may be more."""
    before = clock.now() - timedelta(days=settings_store.value(session, VISIT_POSITION_DAYS))
    old = select(TABLE.c.id).where(TABLE.c.received_at < before, TABLE.c.lat.is_not(None)).limit(PAGE)
    statement = update(TABLE).where(TABLE.c.id.in_(old)).values(lat=None, lon=None)
    return len(write_rows(session, statement)) == PAGE
