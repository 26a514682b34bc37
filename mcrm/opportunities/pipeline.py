"""The pipeline: its stages in their order, defined by the managers; won and lost are always its ends."""

from typing import Any
from uuid import UUID

from sqlalchemy import Select, func, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from mcrm.actors import Actor
from mcrm.audit import trail
from mcrm.editing import edit
from mcrm.interactions.kinds import Kind
from mcrm.opportunities.errors import StageFixed, StageInUse, StageKeyTaken, StageMissing, StageUnknown
from mcrm.opportunities.models import Opportunity, PipelineStage, StageKind


def stages() -> Select[PipelineStage]:
    """All stages."""
    return select(PipelineStage)


def stage(session: Session, stage_id: UUID, *, lock: bool = False) -> PipelineStage:
    """A stage by its id; raises StageMissing."""
    query = stages().where(PipelineStage.id == stage_id)
    if lock:
        query = query.with_for_update().execution_options(populate_existing=True)
    if (found := session.scalar(query)) is None:
        raise StageMissing()
    return found


def named(session: Session, key: str) -> PipelineStage:
    """A stage by its key, held until the transaction ends, so that nobody removes it; raises StageUnknown."""
    query = stages().where(PipelineStage.key == key).with_for_update(read=True)
    if (found := session.scalar(query)) is None:
        raise StageUnknown(field="stage")
    return found


def first(session: Session) -> PipelineStage:
    """The open stage in which opportunities begin, held as `named` holds it."""
    return named(session, session.scalars(_open().limit(1)).one().key)


def end(session: Session, kind: StageKind) -> PipelineStage:
    """The stage of what is won, or lost."""
    return session.scalars(stages().where(PipelineStage.kind == kind.value)).one()


def add(session: Session, actor: Actor, *, key: str, name: str, place: int, probability: int) -> PipelineStage:
    """Put in an open stage; raises StageKeyTaken."""
    made = PipelineStage(key=key, name=name, place=place, probability=probability)
    try:
        with session.begin_nested():
            session.add(made)
    except IntegrityError:
        raise StageKeyTaken(field="key") from None
    _trace(session, actor, Kind.PIPELINE_STAGE_ADDED, made, ["key", "name", "place", "probability"])
    return made


def change(session: Session, actor: Actor, found: PipelineStage, changes: dict[str, Any]) -> PipelineStage:
    """Change a stage; what stands in it is weighed anew at once. Raises StageFixed."""
    if found.kind != StageKind.OPEN and changes.keys() - {"name"}:
        raise StageFixed()
    if changed := edit(found, changes):
        session.flush()
        _trace(session, actor, Kind.PIPELINE_STAGE_CHANGED, found, changed)
    return found


def remove(session: Session, actor: Actor, found: PipelineStage) -> None:
    """Take out an open stage in which nothing stands; raises StageFixed, StageInUse."""
    if found.kind != StageKind.OPEN:
        raise StageFixed()
    used = session.scalar(select(Opportunity.id).where(Opportunity.stage == found.key).limit(1))
    others = session.scalar(select(func.count()).select_from(_open().where(PipelineStage.id != found.id).subquery()))
    if used is not None or not others:
        raise StageInUse()
    session.delete(found)
    session.flush()
    _trace(session, actor, Kind.PIPELINE_STAGE_REMOVED, found, [])


def _open() -> Select[PipelineStage]:
    in_order = stages().where(PipelineStage.kind == StageKind.OPEN.value)
    return in_order.order_by(PipelineStage.place, PipelineStage.key)


def _trace(session: Session, actor: Actor, kind: Kind, found: PipelineStage, fields: list[str]) -> None:
    subject = ("pipeline-stage", found.id)
    trail.record(session, actor, kind, subject=subject, fields=fields, payload={"key": found.key, "changed": fields})
