"""Use cases of imports: a file comes, is mapped and run (dry or for real), stopped, or taken back."""

import zlib
from collections.abc import Mapping
from typing import Any
from uuid import UUID

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from mcrm import clock
from mcrm.actors import Actor, Role
from mcrm.bulk.acting import KEEPERS, MAY_BRING, require
from mcrm.bulk.errors import ImportNotReady, ImportUnknown, MappingInvalid, MappingNotYours
from mcrm.bulk.forgetting import forget_file
from mcrm.bulk.models import Import, ImportMapping, ImportPart, ImportRow, ImportState
from mcrm.bulk.rows import RESOURCES, checked_mapping, suggested
from mcrm.bulk.sheets import Sheet
from mcrm.interactions import log
from mcrm.interactions.kinds import Kind
from mcrm.interactions.log import About
from mcrm.transaction import TOPIC_ENGINES, announce

PART_BYTES = 1 << 20
MODES = ("create", "update", "upsert")


def upload(
    session: Session,
    actor: Actor,
    sheet: Sheet,
    *,
    resource: str,
    file_name: str,
    region: str,
    mapping_name: str | None = None,
) -> Import:
    """Keep a file that was looked at, with a suggested mapping (or a saved one); nothing runs yet.

    Raises NotYours, and MappingInvalid for a name under which no mapping is saved.
    """
    require(actor, MAY_BRING, resource)
    mapping = suggested(RESOURCES[resource], sheet.header)
    if mapping_name is not None:
        saved = _saved(session, resource, mapping_name)
        if saved is None:
            raise MappingInvalid("No mapping is saved under this name.", field="mapping_name")
        mapping = {column: name for column, name in saved.mapping.items() if column in sheet.header}
    made = Import(
        resource=resource,
        file_name=file_name,
        format=sheet.format,
        encoding=sheet.encoding,
        delimiter=sheet.delimiter,
        decimal="," if sheet.delimiter == ";" else ".",
        region=region,
        size=sheet.size,
        fingerprint=sheet.fingerprint,
        header=list(sheet.header),
        sample=[list(row) for row in sheet.sample],
        mapping=mapping,
        mode="upsert",
        match="any" if resource == "contacts" else RESOURCES[resource].match_keys[0],
        rows=sheet.rows,
        actor=actor.label,
        user_id=actor.id,
    )
    session.add(made)
    session.flush()
    _keep(session, made, sheet)
    about = About(subject=("import", made.id))
    log.append(session, actor, Kind.IMPORT_UPLOADED, about=about, payload={"resource": resource, "rows": sheet.rows})
    return made


def _keep(session: Session, made: Import, sheet: Sheet) -> None:
    with sheet.path.open("rb") as file:
        part = 0
        while piece := file.read(PART_BYTES):
            session.add(ImportPart(import_id=made.id, part=part, content=zlib.compress(piece, 1)))
            part += 1
    session.flush()


def _saved(session: Session, resource: str, name: str) -> ImportMapping | None:
    return session.scalar(select(ImportMapping).filter_by(resource=resource, name=name))


def unfinished(session: Session, actor: Actor, sheet: Sheet, *, resource: str, dry_run: bool) -> Import | None:
    """A run of this very file that began and was killed; None if there is none."""
    query = imports_of(actor).where(Import.resource == resource, Import.fingerprint == sheet.fingerprint)
    query = query.where(Import.state == ImportState.RUNNING.value, Import.is_dry_run.is_(dry_run))
    return session.scalar(query.where(Import.actor == actor.label).order_by(Import.id.desc()).limit(1))


def imports_of(actor: Actor) -> Select[Import]:
    """The imports somebody sees: all of them, or the own ones; other programs never see another's files."""
    query = select(Import)
    sees_all = actor.sees_all and actor.role is not Role.INTEGRATION
    return query if sees_all else query.where(Import.user_id == actor.id)


def reachable(session: Session, actor: Actor, import_id: UUID) -> Import:
    """The import; raises ImportUnknown for an unknown and for a foreign one alike."""
    found = session.scalar(imports_of(actor).where(Import.id == import_id))
    if found is None:
        raise ImportUnknown
    return found


def mappings_of(resource: str | None) -> Select[ImportMapping]:
    """The saved mappings, of one resource if given."""
    query = select(ImportMapping)
    return query if resource is None else query.where(ImportMapping.resource == resource)


def start(
    session: Session,
    actor: Actor,
    job: Import,
    *,
    dry_run: bool,
    mapping: Mapping[str, str] | None = None,
    mode: str | None = None,
    match: str | None = None,
    decimal: str | None = None,
    save_as: str | None = None,
) -> Import:
    """Let the import run, from its first row on; after a dry run it may run for real.

    What is not given stays as it is. Raises ImportNotReady, MappingInvalid, MappingNotYours, NotYours.
    """
    require(actor, MAY_BRING, job.resource)
    is_ready = job.state == ImportState.READY or (job.is_dry_run and job.state in _RUN_AGAIN)
    if not is_ready:
        raise ImportNotReady
    resource = RESOURCES[job.resource]
    job.mapping = dict(mapping) if mapping is not None else job.mapping
    checked_mapping(resource, job.header, job.mapping)
    job.mode, job.decimal = mode or job.mode, decimal or job.decimal
    job.match = _checked_match(job, match or job.match)
    job.is_dry_run, job.user_id, job.actor = dry_run, actor.id, actor.label
    job.run, job.done, job.counts = job.run + 1, 0, {}
    job.state, job.started_at, job.finished_at = ImportState.RUNNING.value, clock.now(), None
    if save_as is not None:
        _save_mapping(session, actor, job, save_as)
    _tell(session, actor, Kind.IMPORT_STARTED, job, {"dry_run": dry_run, "mode": job.mode})
    return job


_RUN_AGAIN = (ImportState.FINISHED, ImportState.CANCELLED)


def _checked_match(job: Import, match: str) -> str:
    keys = RESOURCES[job.resource].match_keys
    if match != "any" and match not in keys:
        raise MappingInvalid(f"{job.resource} are matched by {', '.join(keys)}.", field="match")
    if match != "any" and match not in job.mapping.values():
        raise MappingInvalid(f"No column is mapped to {match}.", field="match")
    return match


def _save_mapping(session: Session, actor: Actor, job: Import, name: str) -> None:
    """Keep the mapping; one of this name is replaced by its owner or a manager. Raises MappingNotYours."""
    saved = _saved(session, job.resource, name)
    if saved is None:
        session.add(ImportMapping(resource=job.resource, name=name, mapping=job.mapping, owner=actor.label))
    elif saved.mapping != job.mapping:
        if actor.label != saved.owner and actor.role not in KEEPERS | {Role.SYSTEM}:
            raise MappingNotYours(field="save_as")
        saved.mapping = job.mapping
    session.flush()


def cancel(session: Session, actor: Actor, job: Import) -> Import:
    """Stop a running import: what it did stays and may be taken back. Raises ImportNotReady."""
    if job.state not in (ImportState.RUNNING, ImportState.READY):
        raise ImportNotReady
    job.state, job.finished_at = ImportState.CANCELLED.value, clock.now()
    if not job.is_dry_run:
        forget_file(session, job)
    _tell(session, actor, Kind.IMPORT_CANCELLED, job, {"done": job.done})
    return job


def undo(session: Session, actor: Actor, job: Import) -> Import:
    """Begin to take a real run back. Raises ImportNotReady, NotYours."""
    require(actor, MAY_BRING, job.resource)
    over = (ImportState.FINISHED, ImportState.CANCELLED, ImportState.FAILED)
    if job.is_dry_run or not job.run or job.state not in over:
        raise ImportNotReady
    job.state, job.finished_at = ImportState.UNDOING.value, None
    job.user_id, job.actor = actor.id, actor.label
    _tell(session, actor, Kind.IMPORT_UNDO_STARTED, job, {})
    return job


def report(job: Import, *, only: str | None = None) -> Select[ImportRow]:
    """The verdicts of the last run, of one outcome if given."""
    query = select(ImportRow).where(ImportRow.import_id == job.id, ImportRow.run == job.run)
    return query if only is None else query.where(ImportRow.outcome == only)


def _tell(session: Session, actor: Actor, kind: Kind, job: Import, payload: dict[str, Any]) -> None:
    session.flush()
    log.append(session, actor, kind, about=About(subject=("import", job.id)), payload=payload)
    announce(session, TOPIC_ENGINES)
