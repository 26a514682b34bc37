"""Wire shapes of leads."""

from typing import Any

from mcrm.api import fields, formats
from mcrm.api.paging import PageQuery
from mcrm.leads.models import LeadLoss, LeadStatus, Rule
from mcrm.leads.service import Touch
from mcrm.opportunities.schemas import OpportunitySchema

COUNTRY: dict[str, Any] = {"max_length": 2, "pattern": "[A-Z]{2}"}
NOTES: dict[str, Any] = {"max_length": 10_000}


class LeadSchema(fields.Schema):
    """Somebody who may want something; `touch_due_at` is until when somebody has to get in touch."""

    id = fields.Uuid(required=True)
    rev = fields.Int(required=True)
    name = fields.Str(required=True)
    company = fields.Str(required=True, allow_none=True)
    phone = formats.Phone(required=True, allow_none=True)
    email = fields.Str(required=True, allow_none=True, max_length=254)
    country = fields.Str(required=True, allow_none=True)
    postcode = fields.Str(required=True, allow_none=True)
    source = fields.Str(required=True, allow_none=True)
    notes = fields.Str(required=True, allow_none=True, **NOTES)
    status = fields.Enum(LeadStatus, required=True)
    lost_reason = fields.Enum(LeadLoss, required=True, allow_none=True)
    territory_id = fields.Uuid(required=True, allow_none=True)
    owner_id = fields.Uuid(required=True, allow_none=True)
    assigned_at = fields.AwareDateTime(required=True, allow_none=True)
    touch_due_at = fields.AwareDateTime(required=True, allow_none=True)
    first_touched_at = fields.AwareDateTime(required=True, allow_none=True)
    escalated_at = fields.AwareDateTime(required=True, allow_none=True)
    converted_at = fields.AwareDateTime(required=True, allow_none=True)
    contact_id = fields.Uuid(required=True, allow_none=True)
    account_id = fields.Uuid(required=True, allow_none=True)
    opportunity_id = fields.Uuid(required=True, allow_none=True)
    created_at = fields.AwareDateTime(required=True)
    updated_at = fields.AwareDateTime(required=True)


class LeadInSchema(fields.Schema):
    """A new lead; without territory and owner both are found by the rules."""

    name = fields.Str(required=True)
    company = fields.Str(load_default=None, allow_none=True)
    phone = fields.Str(load_default=None, allow_none=True, max_length=40)
    email = formats.Email(load_default=None, allow_none=True)
    country = fields.Str(load_default=None, allow_none=True, **COUNTRY)
    postcode = fields.Str(load_default=None, allow_none=True, max_length=16)
    source = fields.Str(load_default=None, allow_none=True, max_length=60)
    notes = fields.Str(load_default=None, allow_none=True, **NOTES)
    territory_id = fields.Uuid(load_default=None, allow_none=True)
    owner_id = fields.Uuid(load_default=None, allow_none=True)


class LeadChangeSchema(fields.Schema):
    """What people may edit of an open lead."""

    name = fields.Str()
    company = fields.Str(allow_none=True)
    phone = fields.Str(allow_none=True, max_length=40)
    email = formats.Email(allow_none=True)
    country = fields.Str(allow_none=True, **COUNTRY)
    postcode = fields.Str(allow_none=True, max_length=16)
    source = fields.Str(allow_none=True, max_length=60)
    notes = fields.Str(allow_none=True, **NOTES)
    territory_id = fields.Uuid(allow_none=True)


class LeadQuery(PageQuery):
    """Filters of the list; `overdue`: those that nobody contacted in time and that still wait."""

    status = fields.Enum(LeadStatus, load_default=None)
    owner_id = fields.Uuid(load_default=None)
    territory_id = fields.Uuid(load_default=None)
    unowned = fields.Bool(load_default=None)
    overdue = fields.Bool(load_default=None)


class TouchSchema(fields.Schema):
    """How somebody got in touch, what was said, and when; now by default."""

    how = fields.Enum(Touch, required=True)
    text = fields.Str(load_default=None, allow_none=True, max_length=4000)
    at = fields.AwareDateTime(load_default=None, allow_none=True)


class LeadLossSchema(fields.Schema):
    """Why nothing came of it."""

    reason = fields.Enum(LeadLoss, required=True)
    detail = fields.Str(load_default=None, allow_none=True, max_length=1000)


class AssignmentInSchema(fields.Schema):
    """To whom; without, the rules decide anew."""

    owner_id = fields.Uuid(load_default=None, allow_none=True)


class CandidateSchema(fields.Schema):
    """A rep who could have got it: open leads at that moment, and which turn of the territory's was the last."""

    user_id = fields.Uuid(required=True)
    open_leads = fields.Int(required=True, minimum=0)
    last_turn = fields.Int(required=True, minimum=0)


class AssignmentSchema(fields.Schema):
    """One decision about whose a lead is; `candidates` in the order in which they were preferred.

    `shared`: fewest open leads, then longest without a turn. `place` is the postcode that led to the territory.
    """

    id = fields.Uuid(required=True)
    rule = fields.Enum(Rule, required=True)
    territory_id = fields.Uuid(required=True, allow_none=True)
    place = fields.Str(required=True, allow_none=True)
    owner_id = fields.Uuid(required=True, allow_none=True)
    candidates = fields.List(fields.Nested(CandidateSchema()), required=True, max_length=10_000)
    assigned_by = fields.Str(required=True)
    created_at = fields.AwareDateTime(required=True)


class AssignmentsSchema(fields.Schema):
    """The decisions about whose a lead is, the newest first."""

    items = fields.List(fields.Nested(AssignmentSchema()), required=True, max_length=10_000)


class NewOpportunitySchema(fields.Schema):
    """What the lead is after; by default it bears the company's name, without an amount."""

    name = fields.Str()
    amount = fields.Money()
    currency = formats.Currency()
    closes_on = fields.Date()


class ConversionInSchema(fields.Schema):
    """What is known already, and the opportunity; `without_opportunity` where nothing is for sale yet."""

    contact_id = fields.Uuid(load_default=None, allow_none=True)
    account_id = fields.Uuid(load_default=None, allow_none=True)
    opportunity = fields.Nested(NewOpportunitySchema(), load_default=None, allow_none=True)
    without_opportunity = fields.Bool(load_default=False)


class LikenessSchema(fields.Schema):
    """Somebody who looks like the contact, and why."""

    contact_id = fields.Uuid(required=True)
    score = fields.Int(required=True)
    reasons = fields.List(fields.Str(), required=True)


class ConversionSchema(fields.Schema):
    """What became of a lead; `was_known`: the contact was there before."""

    lead = fields.Nested(LeadSchema(), required=True)
    contact_id = fields.Uuid(required=True)
    account_id = fields.Uuid(required=True)
    opportunity = fields.Nested(OpportunitySchema(), required=True, allow_none=True)
    was_known = fields.Bool(required=True)
    duplicates = fields.List(fields.Nested(LikenessSchema()), required=True)


class LeadFactSchema(fields.Schema):
    """One fact about a lead."""

    at = fields.AwareDateTime(required=True)
    kind = fields.Str(required=True)
    actor = fields.Str(required=True)
    payload = formats.JsonObject(required=True)


class LeadHistorySchema(fields.Schema):
    """The newest hundred facts about a lead, the newest first."""

    items = fields.List(fields.Nested(LeadFactSchema()), required=True)


class FirstTouchQuery(fields.Query):
    """Leads that came in these days; by default in the last 30."""

    since = fields.AwareDateTime(load_default=None)
    until = fields.AwareDateTime(load_default=None)


class FirstTouchSchema(fields.Schema):
    """How fast one owner's leads were contacted; `late` after their time, `overdue` not yet."""

    owner_id = fields.Uuid(required=True, allow_none=True)
    leads = fields.Int(required=True, minimum=0)
    touched = fields.Int(required=True, minimum=0)
    median_s = fields.Int(required=True, allow_none=True)
    late = fields.Int(required=True, minimum=0)
    overdue = fields.Int(required=True, minimum=0)


class FirstTouchesSchema(fields.Schema):
    """By owner, those of nobody included; and over all."""

    since = fields.AwareDateTime(required=True)
    until = fields.AwareDateTime(required=True)
    owners = fields.List(fields.Nested(FirstTouchSchema()), required=True, max_length=10_000)
    all = fields.Nested(FirstTouchSchema(), required=True)
