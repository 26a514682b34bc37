"""Letting go of what imports leave behind: their files and verdicts are full of people's data."""

from datetime import datetime

from sqlalchemy import delete, select, tuple_
from sqlalchemy.orm import Session

from mcrm.bulk.models import UNDER_WAY, Import, ImportPart, ImportRow

FORGOTTEN_AT_ONCE = 1000
_UNSYNCHRONISED = {"synchronize_session": False}


def forget_file(session: Session, job: Import) -> None:
    """The rows are in by now: the file, full of people's data, is not kept any longer."""
    session.execute(delete(ImportPart).where(ImportPart.import_id == job.id))
    job.sample = []


def forget(session: Session, *, before: datetime) -> bool:
    """Drop files and verdicts of imports that ended or were left lying before then, a page at a time; whether more are.

    After that the report is empty and nothing can be taken back; the import itself stays, as a fact with its counts.
    """
    old = select(Import.id).where(Import.created_at < before, Import.state.not_in(UNDER_WAY))
    stale = select(Import).where(Import.id.in_(old), Import.id.in_(select(ImportPart.import_id)))
    if (left := session.scalar(stale.limit(1))) is not None:
        forget_file(session, left)
        return True
    key = (ImportRow.import_id, ImportRow.run, ImportRow.row)
    some = select(*key).where(ImportRow.import_id.in_(old)).limit(FORGOTTEN_AT_ONCE)
    result = session.execute(delete(ImportRow).where(tuple_(*key).in_(some)), execution_options=_UNSYNCHRONISED)
    return int(getattr(result, "rowcount", 0)) == FORGOTTEN_AT_ONCE
