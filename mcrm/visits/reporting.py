"""Visit reports: answers to a form's questions, judged by the version that the device had."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from mcrm import clock
from mcrm.actors import Actor
from mcrm.db import canonical
from mcrm.ids import new_id
from mcrm.interactions import log
from mcrm.interactions.kinds import Kind
from mcrm.interactions.log import About
from mcrm.visits import forms, service
from mcrm.visits.errors import ReportIdTaken, ReportInvalid, VisitOfAnother
from mcrm.visits.models import Visit, VisitReport

LARGEST = 50_000  # characters of JSON
TABLE = VisitReport.__table__


def within_reach(query: Select[Any], actor: Actor) -> Select[Any]:
    """A select of reports, or of columns of them, narrowed to visits within the actor's reach."""
    visits = Visit.__table__
    return service.within_reach(query.join(visits, visits.c.id == TABLE.c.visit_id), actor)


def report(
    session: Session,
    actor: Actor,
    *,
    visit_id: UUID,
    form_id: UUID,
    answers: Mapping[str, Any],
    id: UUID | None = None,
    created_at: datetime | None = None,
) -> VisitReport:
    """Keep what the rep answered on a visit; the same report (by its id) again is answered with what is stored.

    Raises VisitUnknown, VisitOfAnother, FormUnknown, ReportInvalid, ReportIdTaken.
    """
    visit = service.reachable(session, actor, visit_id)
    if visit.rep_id != actor.id:
        raise VisitOfAnother(field="visit_id")
    if id is not None and (known := session.get(VisitReport, id)) is not None:
        if (known.visit_id, known.form_id) != (visit_id, form_id):
            raise ReportIdTaken(field="id")
        return known
    form = forms.known(session, form_id, field="form_id")
    forms.check_answers(form.questions, answers)
    _require_storable(answers)
    made = VisitReport(
        id=id or new_id(),
        visit_id=visit.id,
        form_id=form.id,
        answers=dict(answers),
        created_at=created_at or clock.now(),
    )
    session.add(made)
    session.flush()
    about = About(account_id=visit.account_id, subject=("visit", visit.id))
    payload = {"form": form.name, "version": form.version, "report_id": str(made.id)}
    log.append(session, actor, Kind.VISIT_REPORTED, about=about, payload=payload)
    return made


def reports_of(session: Session, visit: Visit) -> list[VisitReport]:
    """The reports of a visit, the oldest first."""
    query = select(VisitReport).where(VisitReport.visit_id == visit.id).order_by(VisitReport.id).limit(100)
    return list(session.scalars(query))


def _require_storable(answers: Mapping[str, Any]) -> None:
    try:
        fits = len(canonical(dict(answers))) <= LARGEST
    except ValueError:
        fits = False
    if not fits:
        raise ReportInvalid(f"The answers are more than {LARGEST} characters, or not to be stored.", field="answers")
