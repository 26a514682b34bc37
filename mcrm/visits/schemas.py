"""Wire shapes of visits, forms and reports."""

from mcrm.api.fields import AwareDateTime, Bool, Enum, Int, List, Nested, Number, Schema, Str, Uuid
from mcrm.api.formats import JsonObject
from mcrm.api.paging import PageQuery
from mcrm.tasks.schemas import NextStepSchema
from mcrm.visits.forms import QuestionType
from mcrm.visits.models import Outcome, Verdict, VisitState

LONGEST_NOTE = 2400  # characters; each may take six in the log, whose facts hold 16,000
MOST_QUESTIONS = 50


class VisitSchema(Schema):
    """A visit; times are the device's, `received_at` when the server heard of it, distances in metres.

    `visited_at` is when it counts: the device's time set right by what is known of its clock, and never in the future.
    """

    id = Uuid(required=True)
    rev = Int(required=True)
    account_id = Uuid(required=True)
    rep_id = Uuid(required=True)
    state = Enum(VisitState, required=True)
    checked_in_at = AwareDateTime(required=True)
    checked_out_at = AwareDateTime(required=True, allow_none=True)
    visited_at = AwareDateTime(required=True)
    received_at = AwareDateTime(required=True)
    clock_skew_s = Int(
        required=True, allow_none=True, metadata={"description": "By how much the device's clock was ahead, if known"}
    )
    lat = Number(minimum=-90, maximum=90, required=True, allow_none=True)
    lon = Number(minimum=-180, maximum=180, required=True, allow_none=True)
    accuracy_m = Number(minimum=0, maximum=1e7, required=True, allow_none=True)
    is_mock = Bool(required=True)
    verdict = Enum(Verdict, required=True)
    distance_m = Int(required=True, allow_none=True)
    left_distance_m = Int(required=True, allow_none=True)
    outcome = Enum(Outcome, required=True, allow_none=True)
    created_at = AwareDateTime(required=True)
    updated_at = AwareDateTime(required=True)


class CheckedInSchema(VisitSchema):
    """A visit that has begun, and the one before it that ended for its sake without a check-out."""

    left_visit_id = Uuid(required=True, allow_none=True)


class SeenSchema(Schema):
    """Where the device says it is, give or take `accuracy_m` metres; `is_mock` when an app made it up."""

    lat = Number(minimum=-90, maximum=90, load_default=None, allow_none=True)
    lon = Number(minimum=-180, maximum=180, load_default=None, allow_none=True)
    accuracy_m = Number(minimum=0, maximum=1e7, load_default=None, allow_none=True)
    is_mock = Bool(load_default=False)


class CheckOutInSchema(SeenSchema):
    """The end of a visit: what came of it, what is to be kept in mind, what is to be done next."""

    at = AwareDateTime(load_default=None, allow_none=True, metadata={"description": "By the device's clock"})
    outcome = Enum(Outcome, load_default=None, allow_none=True)
    note = Str(max_length=LONGEST_NOTE, load_default=None, allow_none=True)
    next_step = Nested(NextStepSchema(), load_default=None, allow_none=True)
    contact_id = Uuid(load_default=None, allow_none=True, metadata={"description": "Whom note and next step concern"})


class CheckInSchema(CheckOutInSchema):
    """The beginning of a visit; with `checked_out_at` all of it in one call."""

    id = Uuid(load_default=None, allow_none=True, metadata={"description": "Made by the caller, so that it may repeat"})
    account_id = Uuid(required=True)
    device_now = AwareDateTime(
        load_default=None, allow_none=True, metadata={"description": "What the device's clock shows as it sends this"}
    )
    checked_out_at = AwareDateTime(load_default=None, allow_none=True)


class OutcomeInSchema(Schema):
    """What came of a visit after all."""

    outcome = Enum(Outcome, required=True)


class VisitQuery(PageQuery):
    """Filters of the list of visits."""

    account_id = Uuid(load_default=None)
    rep_id = Uuid(load_default=None)
    state = Enum(VisitState, load_default=None)
    outcome = Enum(Outcome, load_default=None)
    verdict = Enum(Verdict, load_default=None)
    since = AwareDateTime(load_default=None)
    until = AwareDateTime(load_default=None)


class QuestionSchema(Schema):
    """One question of a form: `options` for a choice, `minimum` and `maximum` for a number."""

    key = Str(required=True, max_length=40, pattern="[a-z][a-z0-9_]*")
    label = Str(required=True)
    type = Enum(QuestionType, required=True)
    is_required = Bool(load_default=False)
    options = List(Str(max_length=100), load_default=list, max_length=50)
    minimum = Number(minimum=-1e15, maximum=1e15, load_default=None, allow_none=True)
    maximum = Number(minimum=-1e15, maximum=1e15, load_default=None, allow_none=True)


class VisitFormSchema(Schema):
    """One version of a form."""

    id = Uuid(required=True)
    rev = Int(required=True)
    name = Str(required=True)
    version = Int(required=True)
    is_active = Bool(required=True)
    created_at = AwareDateTime(required=True)


class FullVisitFormSchema(VisitFormSchema):
    """One version of a form, with its questions."""

    questions = List(Nested(QuestionSchema()), required=True, max_length=MOST_QUESTIONS)


class VisitFormInSchema(Schema):
    """A new form."""

    name = Str(required=True)
    questions = List(Nested(QuestionSchema()), required=True, min_length=1, max_length=MOST_QUESTIONS)


class QuestionsInSchema(Schema):
    """The questions of a form's next version."""

    questions = List(Nested(QuestionSchema()), required=True, min_length=1, max_length=MOST_QUESTIONS)


class VisitFormQuery(PageQuery):
    """Filters of the list of forms."""

    is_active = Bool(load_default=None)


class VisitReportSchema(Schema):
    """What a rep answered on a visit, by the keys of the form's questions."""

    id = Uuid(required=True)
    visit_id = Uuid(required=True)
    form_id = Uuid(required=True)
    answers = JsonObject(required=True, max_bytes=200_000)
    created_at = AwareDateTime(required=True)


class VisitReportInSchema(Schema):
    """A report, by the version of the form that the device had."""

    id = Uuid(load_default=None, allow_none=True, metadata={"description": "Made by the caller, so that it may repeat"})
    form_id = Uuid(required=True)
    answers = JsonObject(required=True, max_bytes=200_000)


class VisitReportQuery(PageQuery):
    """Filters of the list of reports."""

    visit_id = Uuid(load_default=None)
    form_id = Uuid(load_default=None)
    account_id = Uuid(load_default=None)
