"""The field day as devices hand it over: visits, reports and tasks, each by the use case that REST calls too."""

import json
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from mcrm.actors import Actor
from mcrm.sync.errors import RecordInvalid
from mcrm.sync.handing import Facts, New, given, instant, known_id
from mcrm.sync.tables import is_empty
from mcrm.tasks import service as tasks
from mcrm.tasks.schemas import TaskChangeSchema, TaskInSchema
from mcrm.visits import checking, reporting
from mcrm.visits import service as visits
from mcrm.visits.checking import Seen
from mcrm.visits.errors import VisitEnded
from mcrm.visits.schemas import CheckInSchema, OutcomeInSchema, VisitReportInSchema

CHECK_IN, OUTCOME, REPORT = CheckInSchema(), OutcomeInSchema(), VisitReportInSchema()
NEW_TASK, CHANGED_TASK = TaskInSchema(), TaskChangeSchema()
SEEN = ("lat", "lon", "accuracy_m", "is_mock")
TIMES = ("checked_in_at", "checked_out_at", "due_at", "done_at")
BY_REST_ALONE = ("id", "note", "next_step", "contact_id")  # on a device these are records of their own


def check_in(session: Session, actor: Actor, new: New) -> object:
    """A visit that a device began, and perhaps ended; its times are the device's."""
    facts = _timed(given(new.facts))
    if not facts.get("lat") and not facts.get("lon"):  # zeros are empty columns; nobody calls at sea off Ghana
        facts = {name: value for name, value in facts.items() if name not in {"lat", "lon"}}
    facts["at"] = instant(facts.pop("checked_in_at", None), new.created_at).isoformat()
    if "checked_out_at" in facts:
        facts["checked_out_at"] = _text(facts["checked_out_at"], "checked_out_at")
    loaded = CHECK_IN.load(facts)
    seen = Seen(**{name: loaded.pop(name) for name in SEEN})
    for name in BY_REST_ALONE:
        del loaded[name]
    return checking.check_in(session, actor, id=new.id, created_at=new.created_at, seen=seen, **loaded)


def edit_visit(session: Session, actor: Actor, id: UUID, facts: Facts) -> object:
    """A check-out, or what came of it after all."""
    visit = visits.reachable(session, actor, id, lock=True)
    facts = {name: None if is_empty(value) or (name in TIMES and not value) else value for name, value in facts.items()}
    outcome = OUTCOME.load({"outcome": facts["outcome"]})["outcome"] if facts.get("outcome") is not None else None
    if "checked_out_at" not in facts:
        return checking.change_outcome(session, actor, visit, outcome)
    if facts["checked_out_at"] is None:
        raise VisitEnded("A visit that has ended does not go on: check in again.")
    ends = datetime.fromisoformat(_text(facts["checked_out_at"], "checked_out_at"))
    return checking.check_out(session, actor, visit, at=ends, outcome=outcome)


def report(session: Session, actor: Actor, new: New) -> object:
    """Answers to a form, as JSON text."""
    facts = given(new.facts)
    visit_id = known_id(facts.pop("visit_id", None))
    try:
        facts["answers"] = json.loads(facts.get("answers") or "{}")
    except (ValueError, RecursionError):
        raise RecordInvalid("The answers are JSON as text.", field="answers") from None
    loaded = REPORT.load(facts)
    del loaded["id"]
    return reporting.report(session, actor, visit_id=visit_id, id=new.id, created_at=new.created_at, **loaded)


def add_task(session: Session, actor: Actor, new: New) -> object:
    """A task that a device made, and perhaps did."""
    facts = _timed(given(new.facts))
    done_at = facts.pop("done_at", None)
    if "due_at" in facts:
        facts["due_at"] = _text(facts["due_at"], "due_at")
    loaded = NEW_TASK.load(facts)
    del loaded["id"]
    task = tasks.add(session, actor, id=new.id, created_at=new.created_at, **loaded)
    return task if done_at is None else tasks.finish(session, actor, task, at=instant(done_at, new.created_at))


def edit_task(session: Session, actor: Actor, id: UUID, facts: Facts) -> object:
    """Another title, another time, or done."""
    said: Facts = {name: None if name in TIMES and not value else value for name, value in facts.items()}
    said |= {name: _text(said[name], name) for name in TIMES if said.get(name) is not None}
    said |= {"contact_id": None} if said.get("contact_id") == "" else {}
    return tasks.change(session, actor, tasks.reachable(session, actor, id), CHANGED_TASK.load(said))


def remove_task(session: Session, actor: Actor, id: UUID) -> object:
    """It need not be done."""
    task = tasks.reachable(session, actor, id)
    tasks.remove(session, actor, task)
    return task


def _timed(facts: Facts) -> Facts:
    """Without the zeros that the protocol's client puts where there is no time."""
    return {name: value for name, value in facts.items() if name not in TIMES or value}


def _text(value: Any, field: str) -> str:
    """Epoch milliseconds as the text that the wire shapes read; raises RecordInvalid."""
    never = datetime.max.replace(tzinfo=UTC)
    found = instant(value, never)
    if found is never:
        raise RecordInvalid(f"{field}: must be epoch milliseconds.", field=field)
    return found.isoformat()
