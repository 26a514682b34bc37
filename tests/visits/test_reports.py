"""Report forms are defined in versions, and answers are judged by the version that the device had."""

from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from mcrm.ids import new_id
from mcrm.interactions.models import Interaction
from mcrm.visits import forms
from mcrm.visits.errors import ReportInvalid
from tests.visits.conftest import Field

SHELF: list[dict[str, Any]] = [
    {"key": "facings", "label": "Facings", "type": "number", "is_required": True, "minimum": 0, "maximum": 40},
    {"key": "grinder", "label": "Grinder", "type": "choice", "options": ["ours", "theirs", "none"]},
    {"key": "promoted", "label": "Promotion up", "type": "yes_no"},
    {"key": "shelf", "label": "Photo of the shelf", "type": "photo"},
    {"key": "words", "label": "Anything else", "type": "text"},
]


def a_form(field: Field) -> Any:
    return field.noor.post("/v1/visit-forms", {"name": "Shelf check", "questions": SHELF}).json


def a_visit(field: Field) -> str:
    return str(field.sam.post("/v1/visits", {"account_id": str(field.ferry)}).json["id"])


def test_a_rep_reports_on_a_visit(session: Session, field: Field) -> None:
    form, visit = a_form(field), a_visit(field)
    answers = {"facings": 6, "grinder": "ours", "promoted": True, "shelf": "https://pictures.example/1.jpg"}
    made = field.sam.post(f"/v1/visits/{visit}/reports", {"form_id": form["id"], "answers": answers})
    assert (made.status_code, made.json["answers"]) == (201, answers)
    assert field.noor.get("/v1/visit-reports", form_id=form["id"]).json["items"] == [made.json]
    session.expire_all()
    kinds = list(session.scalars(select(Interaction.kind).order_by(Interaction.position)))
    assert kinds[-1] == "visit.reported"


def test_answers_fit_their_questions() -> None:
    questions = [
        {"options": [], "minimum": None, "maximum": None, "is_required": False, **question} for question in SHELF
    ]
    wrong: list[dict[str, Any]] = [
        {},
        {"facings": "6"},
        {"facings": True},
        {"facings": 41},
        {"facings": -1},
        {"facings": float("nan")},
        {"facings": 6, "grinder": "mine"},
        {"facings": 6, "grinder": ["ours"]},
        {"facings": 6, "promoted": "yes"},
        {"facings": 6, "shelf": "http://pictures.example/1.jpg"},
        {"facings": 6, "shelf": "https://[oops"},
        {"facings": 6, "words": "x" * 4001},
        {"facings": 6, "words": {"a": 1}},
        {"facings": 6, "price": 3},
    ]
    for answers in wrong:
        with pytest.raises(ReportInvalid):
            forms.check_answers(questions, answers)
    forms.check_answers(questions, {"facings": 6.5, "words": "", "grinder": None})


def test_a_report_by_the_old_version_is_still_taken(field: Field) -> None:
    old, visit = a_form(field), a_visit(field)
    shorter = {"questions": [{"key": "mood", "label": "Mood", "type": "text", "is_required": True}]}
    new = field.noor.post(f"/v1/visit-forms/{old['id']}/versions", shorter).json
    assert (new["version"], new["is_active"]) == (2, True)
    assert field.noor.get(f"/v1/visit-forms/{old['id']}").json["is_active"] is False
    path = f"/v1/visits/{visit}/reports"
    assert field.sam.post(path, {"form_id": old["id"], "answers": {"facings": 2}}).status_code == 201
    refused = field.sam.post(path, {"form_id": new["id"], "answers": {"facings": 2}})
    assert (refused.status_code, refused.json["code"]) == (422, "visit-report.invalid")
    again = field.noor.post(f"/v1/visit-forms/{old['id']}/versions", shorter)
    assert (again.status_code, again.json["code"]) == (409, "visit-form.retired")


def test_the_same_report_again_is_one(field: Field) -> None:
    form, visit = a_form(field), a_visit(field)
    report = {"id": str(new_id()), "form_id": form["id"], "answers": {"facings": 3}}
    first, second = (field.sam.post(f"/v1/visits/{visit}/reports", report) for _ in range(2))
    assert first.json == second.json
    assert len(field.sam.get("/v1/visit-reports", visit_id=visit).json["items"]) == 1


def test_forms_that_make_no_sense_are_refused(field: Field) -> None:
    words = {"key": "a", "label": "A", "type": "text"}
    for questions in (
        [words, words],
        [{**words, "options": ["x"]}],
        [{**words, "type": "choice"}],
        [{**words, "minimum": 1}],
        [{**words, "type": "number", "minimum": 2, "maximum": 1}],
    ):
        refused = field.noor.post("/v1/visit-forms", {"name": "Odd", "questions": questions})
        assert (refused.status_code, refused.json["code"]) == (422, "visit-form.invalid"), questions
    a_form(field)
    taken = field.noor.post("/v1/visit-forms", {"name": "Shelf check", "questions": SHELF})
    assert (taken.status_code, taken.json["code"]) == (409, "visit-form.name-taken")


def test_a_retired_form_is_listed_as_such(field: Field) -> None:
    form = a_form(field)
    assert field.noor.post(f"/v1/visit-forms/{form['id']}/retirement").json["is_active"] is False
    assert field.sam.get("/v1/visit-forms", is_active="true").json["items"] == []
    assert [one["version"] for one in field.sam.get("/v1/visit-forms").json["items"]] == [1]
