"""The report of an import: every row of the file with what became of it, a page of rows at a time."""

from collections.abc import Iterator

from mcrm.bulk.exporting import PAGE, Record
from mcrm.bulk.models import Import, ImportRow
from mcrm.bulk.service import report
from mcrm.db import reading

HEADER = ("row", "outcome", "code", "field", "detail", "id", "undone")


def rows(job: Import) -> Iterator[Record]:
    """The heading, then the verdicts of the last run in the file's order."""
    yield HEADER
    after = 0
    while True:
        with reading() as session:
            query = report(job).where(ImportRow.row > after).order_by(ImportRow.row).limit(PAGE)
            page = session.scalars(query).all()
        for one in page:
            subject = str(one.subject_id) if one.subject_id else ""
            yield (one.row, one.outcome, one.code, one.field, one.detail, subject, one.undone or "")
        if len(page) < PAGE:
            return
        after = page[-1].row
