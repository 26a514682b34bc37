"""Wire shapes of roles at accounts."""

from mcrm.api.fields import AwareDateTime, Bool, Int, List, Nested, Schema, Str, Uuid
from mcrm.api.paging import Whole

ROLE = "[a-z][a-z0-9-]{0,39}"
MOST_SHOWN = 200


class RolesInSchema(Schema):
    """As what a contact acts for an account: buyer, payer, decision-maker, or words of the business's own."""

    roles = List(Str(max_length=40, pattern=ROLE), required=True, min_length=1, max_length=20)


class RolesSchema(Schema):
    """What a contact does for an account."""

    id = Uuid(required=True)
    rev = Int(required=True)
    account_id = Uuid(required=True)
    contact_id = Uuid(required=True)
    roles = List(Str(max_length=40), required=True)
    created_at = AwareDateTime(required=True)
    updated_at = AwareDateTime(required=True)


class ActingSchema(Schema):
    """A contact acting for an account; `is_home`: the account that the contact is of."""

    account_id = Uuid(required=True)
    account_name = Str(required=True)
    contact_id = Uuid(required=True)
    contact_name = Str(required=True)
    roles = List(Str(max_length=40), required=True)
    is_home = Bool(required=True)


class ActingListSchema(Whole):
    """Who acts for whom, at most two hundred."""

    items = List(Nested(ActingSchema()), required=True, max_length=MOST_SHOWN)
