"""Notes, calls and meetings are written down in one call, with what came of them and the next step."""

from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from mcrm.ids import new_id
from mcrm.interactions.models import Interaction
from mcrm.tasks.models import Task
from tests.callers import Caller
from tests.tasks.test_tasks import ben, hours, sam

__all__ = ["ben", "sam"]


def test_a_call_is_logged_with_its_outcome_and_next_step(session: Session, sam: Caller, ben: Any) -> None:
    call = {
        "kind": "call.logged",
        "contact_id": str(ben.id),
        "at": hours(-1),
        "text": "Asked about the new blend.",
        "duration_s": 310,
        "outcome": "reached",
        "participant_ids": [str(ben.id)],
        "next_step": {"title": "Send a sample", "due_at": hours(24)},
    }
    made = sam.post("/v1/activities", call)
    assert (made.status_code, made.json["account_id"], made.json["outcome"]) == (201, str(ben.account_id), "reached")
    session.expire_all()
    task = session.scalars(select(Task)).one()
    assert (str(task.id), task.title, task.contact_id) == (made.json["task_id"], "Send a sample", ben.id)
    [fact] = sam.get(f"/v1/contacts/{ben.id}/timeline", kind="call.logged").json["items"]
    assert (fact["at"], fact["payload"]["duration_s"], fact["payload"]["text"]) == (hours(-1), 310, call["text"])


def test_the_same_activity_again_is_one(session: Session, sam: Caller, ben: Any) -> None:
    note = {"id": str(new_id()), "kind": "note.added", "contact_id": str(ben.id), "text": "Opens at seven."}
    note["next_step"] = {"title": "Be there at seven"}
    first, second = (sam.post("/v1/activities", note) for _ in range(2))
    assert first.json == second.json
    session.expire_all()
    assert len(session.scalars(select(Interaction).where(Interaction.kind == "note.added")).all()) == 1
    assert len(session.scalars(select(Task)).all()) == 1
    other = sam.post("/v1/activities", {**note, "kind": "meeting.logged"})
    assert (other.status_code, other.json["code"]) == (409, "activity.id-taken")


def test_what_makes_no_sense_is_refused(sam: Caller, ben: Any) -> None:
    contact = {"contact_id": str(ben.id)}
    for body, status, code in (
        ({"kind": "note.added", "text": "Hello"}, 422, "activity.about-nobody"),
        ({"kind": "note.added", "outcome": "reached", **contact}, 422, "activity.outcome-elsewhere"),
        ({"kind": "meeting.logged", "outcome": "no_answer", **contact}, 422, "activity.outcome-elsewhere"),
        ({"kind": "meeting.logged", "participant_ids": [str(new_id())], **contact}, 404, "contact.unknown"),
    ):
        refused = sam.post("/v1/activities", body)
        assert (refused.status_code, refused.json["code"]) == (status, code), body


def test_the_longest_text_fits_whatever_it_is_made_of(sam: Caller, ben: Any) -> None:
    people = [str(ben.id)] * 30
    words = {"kind": "meeting.logged", "contact_id": str(ben.id), "text": "\x01" * 2400, "participant_ids": people}
    assert sam.post("/v1/activities", words).status_code == 201
