"""Wire shapes of opportunities, of the pipeline and of its reports."""

from typing import Any

from mcrm.api import fields, formats
from mcrm.api.paging import PageQuery
from mcrm.opportunities.models import StageKind
from mcrm.opportunities.service import LONGEST_NAME

STAGE_KEY: dict[str, Any] = {"max_length": 40, "pattern": "[a-z][a-z0-9-]*"}
BIG = 10**15


class PipelineStageSchema(fields.Schema):
    """A stage of the pipeline; `probability` in per cent that what stands in it is won."""

    id = fields.Uuid(required=True)
    rev = fields.Int(required=True)
    key = fields.Str(required=True, **STAGE_KEY)
    name = fields.Str(required=True)
    place = fields.Int(required=True)
    probability = fields.Int(required=True, minimum=0, maximum=100)
    kind = fields.Enum(StageKind, required=True)


class PipelineStageInSchema(fields.Schema):
    """A new open stage; stages stand in the order of `place`."""

    key = fields.Str(required=True, **STAGE_KEY)
    name = fields.Str(required=True)
    place = fields.Int(required=True, minimum=0, maximum=1000)
    probability = fields.Int(required=True, minimum=0, maximum=100)


class PipelineStageChangeSchema(fields.Schema):
    """What may change of a stage; its key stays."""

    name = fields.Str()
    place = fields.Int(minimum=0, maximum=1000)
    probability = fields.Int(minimum=0, maximum=100)


class OpportunitySchema(fields.Schema):
    """A possible sale to an account; `amount` in minor units."""

    id = fields.Uuid(required=True)
    rev = fields.Int(required=True)
    name = fields.Str(required=True, max_length=LONGEST_NAME)
    account_id = fields.Uuid(required=True)
    contact_id = fields.Uuid(required=True, allow_none=True)
    owner_id = fields.Uuid(required=True, allow_none=True)
    stage = fields.Str(required=True, **STAGE_KEY)
    stage_since = fields.AwareDateTime(required=True)
    amount = fields.Money(required=True)
    currency = formats.Currency(required=True)
    closes_on = fields.Date(required=True, allow_none=True)
    loss_reason = fields.Str(required=True, allow_none=True)
    loss_detail = fields.Str(required=True, allow_none=True, max_length=1000)
    order_id = fields.Uuid(required=True, allow_none=True)
    quote_id = fields.Uuid(required=True, allow_none=True)
    closed_at = fields.AwareDateTime(required=True, allow_none=True)
    created_at = fields.AwareDateTime(required=True)
    updated_at = fields.AwareDateTime(required=True)


class OpportunityInSchema(fields.Schema):
    """A new opportunity: in the first stage and the usual currency, and the acting rep's, unless it says else."""

    account_id = fields.Uuid(required=True)
    name = fields.Str(required=True, max_length=LONGEST_NAME)
    contact_id = fields.Uuid(load_default=None, allow_none=True)
    owner_id = fields.Uuid(load_default=None, allow_none=True)
    stage = fields.Str(load_default=None, allow_none=True, **STAGE_KEY)
    amount = fields.Money(load_default=0)
    currency = formats.Currency(load_default=None, allow_none=True)
    closes_on = fields.Date(load_default=None, allow_none=True)


class OpportunityChangeSchema(fields.Schema):
    """What people may edit; the stage moves by moves alone."""

    name = fields.Str(max_length=LONGEST_NAME)
    contact_id = fields.Uuid(allow_none=True)
    owner_id = fields.Uuid(allow_none=True)
    amount = fields.Money()
    currency = formats.Currency()
    closes_on = fields.Date(allow_none=True)


class OpportunityQuery(PageQuery):
    """Filters of the list; `stale`: open ones that nobody moved for long, or whose day of closing is over."""

    account_id = fields.Uuid(load_default=None)
    owner_id = fields.Uuid(load_default=None)
    stage = fields.Str(load_default=None, **STAGE_KEY)
    open = fields.Bool(load_default=None)
    stale = fields.Bool(load_default=None)


class StageMoveSchema(fields.Schema):
    """Into which open stage."""

    stage = fields.Str(required=True, **STAGE_KEY)


class WinSchema(fields.Schema):
    """What was sold by it: an order or a quote of the same account, if there is one."""

    order_id = fields.Uuid(load_default=None, allow_none=True)
    quote_id = fields.Uuid(load_default=None, allow_none=True)


class OpportunityLossSchema(fields.Schema):
    """Why nothing came of it: one of `/v1/opportunities/loss-reasons`."""

    reason = fields.Str(required=True, max_length=40)
    detail = fields.Str(load_default=None, allow_none=True, max_length=1000)


class LossReasonsSchema(fields.Schema):
    """The words to choose from when an opportunity is lost."""

    items = fields.List(fields.Str(required=True), required=True)


class OpportunityReopeningSchema(fields.Schema):
    """Into which open stage; by default the first."""

    stage = fields.Str(load_default=None, allow_none=True, **STAGE_KEY)


class StageEntrySchema(fields.Schema):
    """A stay in one stage; `duration_s` up to now where it lasts."""

    stage = fields.Str(required=True, **STAGE_KEY)
    entered_at = fields.AwareDateTime(required=True)
    left_at = fields.AwareDateTime(required=True, allow_none=True)
    duration_s = fields.Int(required=True, minimum=0)
    moved_by = fields.Str(required=True)


class StageHistorySchema(fields.Schema):
    """The stages that an opportunity has been in, in their order."""

    items = fields.List(fields.Nested(StageEntrySchema()), required=True, max_length=10_000)


class PeriodQuery(fields.Query):
    """The days of a report, both included; by default from today for the next 90, for what is over the last 90."""

    since = fields.Date(load_default=None)
    until = fields.Date(load_default=None)


class ForecastQuery(PeriodQuery):
    """The days, and whose opportunities."""

    owner_id = fields.Uuid(load_default=None)
    team = fields.Str(load_default=None)


class ForecastRowSchema(fields.Schema):
    """One rep's month in one currency; `low` to `high` holds eight of ten outcomes. Minor units."""

    month = fields.Str(required=True, allow_none=True, pattern="[0-9]{4}-[0-9]{2}")
    owner_id = fields.Uuid(required=True, allow_none=True)
    team = fields.Str(required=True, allow_none=True)
    currency = formats.Currency(required=True)
    count = fields.Int(required=True, minimum=0)
    open = fields.Money(required=True, maximum=BIG)
    weighted = fields.Money(required=True, maximum=BIG)
    low = fields.Money(required=True, maximum=BIG)
    high = fields.Money(required=True, maximum=BIG)
    won = fields.Money(required=True, maximum=BIG)


class ForecastSchema(fields.Schema):
    """What the open opportunities may bring, and what was won already."""

    since = fields.Date(required=True)
    until = fields.Date(required=True)
    items = fields.List(fields.Nested(ForecastRowSchema()), required=True, max_length=100_000)


class StageNowSchema(fields.Schema):
    """What stands in one stage, in one currency; times in seconds. `entered` counts those of the report's days."""

    stage = fields.Str(required=True, **STAGE_KEY)
    name = fields.Str(required=True)
    probability = fields.Int(required=True, minimum=0, maximum=100)
    currency = formats.Currency(required=True, allow_none=True)
    count = fields.Int(required=True, minimum=0)
    amount = fields.Money(required=True, maximum=BIG)
    weighted = fields.Money(required=True, maximum=BIG)
    stale = fields.Int(required=True, minimum=0)
    mean_age_s = fields.Int(required=True, allow_none=True)
    entered = fields.Int(required=True, minimum=0)
    mean_stay_s = fields.Int(required=True, allow_none=True)


class LossRowSchema(fields.Schema):
    """How many were lost for one reason, and how much that was."""

    reason = fields.Str(required=True)
    currency = formats.Currency(required=True)
    count = fields.Int(required=True, minimum=0)
    amount = fields.Money(required=True, maximum=BIG)


class PipelineReportSchema(fields.Schema):
    """The open stages in their order, and why opportunities were lost."""

    since = fields.Date(required=True)
    until = fields.Date(required=True)
    stages = fields.List(fields.Nested(StageNowSchema()), required=True, max_length=10_000)
    losses = fields.List(fields.Nested(LossRowSchema()), required=True, max_length=10_000)
