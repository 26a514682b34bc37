"""Wire shapes of planned visits, cadences, a rep's day and the team's."""

from mcrm.api.fields import AwareDateTime, Bool, Date, Enum, Int, List, Money, Nested, Number, Query, Schema, Str, Uuid
from mcrm.api.formats import Currency
from mcrm.api.paging import PageQuery
from mcrm.visits.models import Outcome, PlanState, Verdict, VisitState


class PlannedVisitSchema(Schema):
    """A visit that is to be made on a day; with `starts_at` it is an appointment."""

    id = Uuid(required=True)
    rev = Int(required=True)
    account_id = Uuid(required=True)
    rep_id = Uuid(required=True)
    on = Date(required=True)
    starts_at = AwareDateTime(required=True, allow_none=True)
    duration_minutes = Int(required=True)
    purpose = Str(required=True, allow_none=True, max_length=500)
    state = Enum(PlanState, required=True)
    visit_id = Uuid(required=True, allow_none=True)
    created_at = AwareDateTime(required=True)
    updated_at = AwareDateTime(required=True)


class PlannedVisitInSchema(Schema):
    """A visit to plan; without a rep it is the caller's."""

    account_id = Uuid(required=True)
    rep_id = Uuid(load_default=None, allow_none=True)
    on = Date(required=True)
    starts_at = AwareDateTime(load_default=None, allow_none=True)
    duration_minutes = Int(minimum=1, maximum=24 * 60, load_default=30)
    purpose = Str(max_length=500, load_default=None, allow_none=True)


class PlannedVisitChangeSchema(Schema):
    """What may change of a planned visit."""

    rep_id = Uuid()
    on = Date()
    starts_at = AwareDateTime(allow_none=True)
    duration_minutes = Int(minimum=1, maximum=24 * 60)
    purpose = Str(max_length=500, allow_none=True)


class PlannedVisitQuery(PageQuery):
    """Filters of the list of planned visits."""

    account_id = Uuid(load_default=None)
    rep_id = Uuid(load_default=None)
    on = Date(load_default=None)
    state = Enum(PlanState, load_default=None)


class CadenceSchema(Schema):
    """Accounts of a class are to be visited every so many days."""

    id = Uuid(required=True)
    rev = Int(required=True)
    account_class = Str(required=True, max_length=40)
    every_days = Int(required=True)


class CadenceInSchema(Schema):
    """How often accounts of a class are to be visited."""

    every_days = Int(required=True, minimum=1, maximum=3660)


class DueSchema(Schema):
    """An account whose visit is due: `score` is days since the last visit divided by the cadence's days."""

    account_id = Uuid(required=True)
    name = Str(required=True)
    territory_id = Uuid(required=True, allow_none=True)
    account_class = Str(required=True, allow_none=True)
    every_days = Int(required=True)
    last_visited_at = AwareDateTime(required=True, allow_none=True)
    days_since = Int(required=True, allow_none=True)
    score = Number(minimum=0, maximum=1e9, required=True)


class DueListSchema(Schema):
    """The accounts whose visits are most overdue, the worst first."""

    items = List(Nested(DueSchema()), required=True, max_length=100)


class DueQuery(Query):
    """How many, and of which accounts."""

    limit = Int(minimum=1, maximum=100, load_default=50)
    territory_id = Uuid(load_default=None)
    account_class = Str(max_length=40, load_default=None)


class VisitCoverageSchema(Schema):
    """The accounts of one class in one territory: how many, and how many of them were visited within the cadence."""

    territory_id = Uuid(required=True, allow_none=True)
    territory = Str(required=True, allow_none=True)
    account_class = Str(required=True, allow_none=True)
    every_days = Int(required=True)
    accounts = Int(required=True)
    in_time = Int(required=True)
    never = Int(required=True)
    share = Number(minimum=0, maximum=1, required=True)


class VisitCoverageListSchema(Schema):
    """How well the cadences are kept, by territory and class."""

    items = List(Nested(VisitCoverageSchema()), required=True, max_length=10_000)


class VisitCoverageQuery(Query):
    """Of which territory; of all, if none is named."""

    territory_id = Uuid(load_default=None)


class CallSchema(Schema):
    """One stop of a day: why it is on the list, how far from the one before (as the crow flies), when one is there."""

    account_id = Uuid(required=True)
    name = Str(required=True)
    reason = Str(required=True)
    why = Str(required=True)
    score = Number(minimum=0, maximum=1e9, required=True)
    every_days = Int(required=True)
    last_visited_at = AwareDateTime(required=True, allow_none=True)
    planned_visit_id = Uuid(required=True, allow_none=True)
    starts_at = AwareDateTime(required=True, allow_none=True)
    lat = Number(minimum=-90, maximum=90, required=True, allow_none=True)
    lon = Number(minimum=-180, maximum=180, required=True, allow_none=True)
    distance_m = Int(required=True, allow_none=True)
    arrives_at = AwareDateTime(required=True)
    late_s = Int(required=True)


class DaySchema(Schema):
    """The calls of a rep's day in the order to make them, and how far that is in metres."""

    on = Date(required=True)
    rep_id = Uuid(required=True)
    distance_m = Int(required=True)
    calls = List(Nested(CallSchema()), required=True, max_length=100)


class DayQuery(Query):
    """Which day (today, if none is named), from where and when one sets out, and how many calls at most."""

    on = Date(load_default=None)
    rep_id = Uuid(load_default=None)
    lat = Number(minimum=-90, maximum=90, load_default=None)
    lon = Number(minimum=-180, maximum=180, load_default=None)
    leaves_at = AwareDateTime(
        load_default=None, metadata={"description": "9 o'clock of that day, if nothing is said; today not before now"}
    )
    most = Int(minimum=1, maximum=30, load_default=12)


class SoldSchema(Schema):
    """So many orders of one currency, and what they come to in its minor units."""

    currency = Currency(required=True)
    orders = Int(required=True)
    total = Money(required=True, minimum=-(10**15), maximum=10**15)


class MadeVisitSchema(Schema):
    """One visit of the day, and what was sold there afterwards."""

    visit_id = Uuid(required=True, attribute="visit.id")
    account_id = Uuid(required=True, attribute="visit.account_id")
    account_name = Str(required=True)
    state = Enum(VisitState, required=True, attribute="visit.state")
    checked_in_at = AwareDateTime(required=True, attribute="visit.checked_in_at")
    checked_out_at = AwareDateTime(required=True, allow_none=True, attribute="visit.checked_out_at")
    minutes = Int(required=True, allow_none=True)
    outcome = Enum(Outcome, required=True, allow_none=True, attribute="visit.outcome")
    verdict = Enum(Verdict, required=True, attribute="visit.verdict")
    distance_m = Int(required=True, allow_none=True, attribute="visit.distance_m")
    is_mock = Bool(required=True, attribute="visit.is_mock")
    sold = List(Nested(SoldSchema()), required=True)


class RepDaySchema(Schema):
    """One rep's day, with the totals over its visits; `minutes` are those spent at accounts."""

    rep_id = Uuid(required=True, attribute="rep.id")
    name = Str(required=True, attribute="rep.name")
    team = Str(required=True, allow_none=True, attribute="rep.team")
    planned = Int(required=True)
    outside = Int(required=True)
    not_checked_out = Int(required=True)
    minutes = Int(required=True)
    sold = List(Nested(SoldSchema()), required=True)
    visits = List(Nested(MadeVisitSchema()), required=True, max_length=2000)


class TeamDaySchema(Schema):
    """A day of the team, rep by rep."""

    on = Date(required=True)
    reps = List(Nested(RepDaySchema()), required=True, max_length=10_000)


class TeamDayQuery(Query):
    """Which day (today, if none is named), and of which team (of all)."""

    on = Date(load_default=None)
    team = Str(load_default=None)
