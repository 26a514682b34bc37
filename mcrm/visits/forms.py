"""Report forms: questions that a manager defines, in versions, and whether answers fit them."""

from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from mcrm.actors import Actor
from mcrm.api.fields import clean_text
from mcrm.interactions import log
from mcrm.interactions.kinds import Kind
from mcrm.interactions.log import About
from mcrm.visits.errors import FormInvalid, FormNameTaken, FormRetired, FormUnknown, ReportInvalid
from mcrm.visits.models import VisitForm

LONGEST_ANSWER = 4000
LARGEST_NUMBER = 2**53 - 1


class QuestionType(StrEnum):
    """What an answer is: words, a number, one of the options, true or false, or the https address of a photo."""

    TEXT = "text"
    NUMBER = "number"
    CHOICE = "choice"
    YES_NO = "yes_no"
    PHOTO = "photo"


def known(session: Session, form_id: UUID, *, field: str | None = None) -> VisitForm:
    """A version of a form, of today or of before; raises FormUnknown."""
    if (form := session.get(VisitForm, form_id)) is None:
        raise FormUnknown(field=field)
    return form


def publish(session: Session, actor: Actor, *, name: str, questions: Sequence[Mapping[str, Any]]) -> VisitForm:
    """A new form, its version 1. Raises FormNameTaken, FormInvalid."""
    return _store(session, actor, name, 1, questions)


def publish_again(
    session: Session, actor: Actor, form: VisitForm, *, questions: Sequence[Mapping[str, Any]]
) -> VisitForm:
    """A new version in the place of this one; reports of devices that still have the old one are taken all the same.

    Raises FormRetired for a version that is not the one in use, FormInvalid.
    """
    if not form.is_active:
        raise FormRetired()
    newest = session.scalar(select(func.max(VisitForm.version)).where(VisitForm.name == form.name))
    form.is_active = False
    session.flush()
    return _store(session, actor, form.name, (newest or form.version) + 1, questions)


def retire(session: Session, actor: Actor, form: VisitForm) -> VisitForm:
    """Nobody is to fill it in any more; retired twice is retired once."""
    if form.is_active:
        form.is_active = False
        session.flush()
        _trace(session, actor, Kind.VISIT_FORM_RETIRED, form)
    return form


def check_answers(questions: Sequence[Mapping[str, Any]], answers: Mapping[str, Any]) -> None:
    """Raise ReportInvalid, naming the question, unless all that is required is answered and every answer fits."""
    by_key = {question["key"]: question for question in questions}
    for key in answers:
        if key not in by_key:
            raise ReportInvalid("The form has no such question.", field=f"answers.{key}")
    for key, question in by_key.items():
        answer = answers.get(key)
        if answer is None or answer == "":
            if question["is_required"]:
                raise ReportInvalid(f"{question['label']}: an answer is needed.", field=f"answers.{key}")
        elif (wrong := _wrong(question, answer)) is not None:
            raise ReportInvalid(f"{question['label']}: {wrong}", field=f"answers.{key}")


def _wrong(question: Mapping[str, Any], answer: Any) -> str | None:
    """What is wrong with an answer, in words; None where it fits."""
    match QuestionType(question["type"]):
        case QuestionType.NUMBER:
            return _wrong_number(question, answer)
        case QuestionType.YES_NO:
            return None if isinstance(answer, bool) else "yes or no, as true or false."
        case QuestionType.CHOICE:
            return None if answer in question["options"] else "one of the options is needed."
        case QuestionType.PHOTO:
            return None if _is_address(answer) else "the https address of a photo is needed."
    fits = isinstance(answer, str) and len(answer) <= LONGEST_ANSWER and clean_text(answer)
    return None if fits else f"a text of at most {LONGEST_ANSWER} characters is needed."


def _wrong_number(question: Mapping[str, Any], answer: Any) -> str | None:
    if isinstance(answer, bool) or not isinstance(answer, int | float) or not abs(answer) <= LARGEST_NUMBER:
        return "a number is needed."
    lowest, highest = question["minimum"], question["maximum"]
    if (lowest is not None and answer < lowest) or (highest is not None and answer > highest):
        return f"a number from {lowest if lowest is not None else '-∞'} to {highest if highest is not None else '∞'}."
    return None


def _is_address(answer: Any) -> bool:
    if not isinstance(answer, str) or len(answer) > 2048 or not clean_text(answer):
        return False
    try:
        parts = urlsplit(answer)
    except ValueError:
        return False
    return parts.scheme == "https" and bool(parts.netloc)


def _store(
    session: Session, actor: Actor, name: str, version: int, questions: Sequence[Mapping[str, Any]]
) -> VisitForm:
    form = VisitForm(name=name, version=version, questions=_checked(questions))
    try:
        with session.begin_nested():
            session.add(form)
    except IntegrityError:
        raise FormNameTaken(field="name") from None
    _trace(session, actor, Kind.VISIT_FORM_PUBLISHED, form)
    return form


def _checked(questions: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """The questions as they are stored: keys told apart, options for a choice and only there, bounds for a number."""
    stored: list[dict[str, Any]] = []
    for place, given in enumerate(questions):
        question = {**given, "type": QuestionType(given["type"]).value, "options": list(given["options"])}
        field = f"questions.{place}"
        if question["key"] in {one["key"] for one in stored}:
            raise FormInvalid("Two questions have this key.", field=f"{field}.key")
        if (question["type"] == QuestionType.CHOICE) is not bool(question["options"]):
            raise FormInvalid("A choice has options, and nothing else has.", field=f"{field}.options")
        bounds = (question["minimum"], question["maximum"])
        if question["type"] != QuestionType.NUMBER and bounds != (None, None):
            raise FormInvalid("Only a number has bounds.", field=f"{field}.minimum")
        if None not in bounds and bounds[0] > bounds[1]:
            raise FormInvalid("The minimum is above the maximum.", field=f"{field}.minimum")
        stored.append(question)
    return stored


def _trace(session: Session, actor: Actor, kind: Kind, form: VisitForm) -> None:
    payload = {"name": form.name, "version": form.version}
    log.append(session, actor, kind, about=About(subject=("visit-form", form.id)), payload=payload)
