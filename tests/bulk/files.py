"""Files as people have them, and the whole way of one from the command line's side."""

from pathlib import Path
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from mcrm.actors import Actor
from mcrm.bulk import exporting, service
from mcrm.bulk.acting import COMMAND_LINE
from mcrm.bulk.models import Import, ImportRow
from mcrm.bulk.running import run_to_end
from mcrm.bulk.sheets import look
from mcrm.transaction import transaction

CONTACTS = """\
Customer number,Name,Mobile,E-mail,Company,Country
K1,Rosa Bianchi,07700 900205,Rosa@Example.com,The Ferry Café,GB
K2,Tom Reilly,+447700900203,,,GB
K3,Mei Lin,07700 900204; 07700 900208,mei@example.com,The Ferry Café,GB
"""


def uploaded(
    folder: Path, words: str | bytes, resource: str, *, actor: Actor = COMMAND_LINE, suffix: str = "csv"
) -> UUID:
    """A file taken in; the import's id."""
    path = folder / f"{resource}.{suffix}"
    path.write_bytes(words.encode() if isinstance(words, str) else words)
    with transaction() as session:
        made = service.upload(session, actor, look(path, suffix), resource=resource, file_name=path.name, region="GB")
        return made.id


def run(import_id: UUID, *, actor: Actor = COMMAND_LINE, dry_run: bool = False, **facts: Any) -> Import:
    """Run an import to its end."""
    with transaction() as session:
        service.start(session, actor, service.reachable(session, actor, import_id), dry_run=dry_run, **facts)
    return run_to_end(import_id)


def brought(folder: Path, words: str | bytes, resource: str, *, suffix: str = "csv", **facts: Any) -> Import:
    """A file taken in and run to its end."""
    return run(uploaded(folder, words, resource, suffix=suffix), **facts)


def taken_back(import_id: UUID) -> Import:
    """An import undone to its end."""
    with transaction() as session:
        service.undo(session, COMMAND_LINE, service.reachable(session, COMMAND_LINE, import_id))
    return run_to_end(import_id)


def verdicts(session: Session, job: Import) -> list[tuple[int, str, str, str]]:
    """(row, outcome, code, field) of the last run."""
    query = select(ImportRow.row, ImportRow.outcome, ImportRow.code, ImportRow.field)
    query = query.where(ImportRow.import_id == job.id, ImportRow.run == job.run).order_by(ImportRow.row)
    return [tuple(row) for row in session.execute(query)]  # type: ignore[misc]


def exported(resource: str, actor: Actor = COMMAND_LINE) -> str:
    """The export as text."""
    return b"".join(exporting.csv_pieces(exporting.rows(actor, resource))).decode()
