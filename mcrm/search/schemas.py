"""Wire shapes of the search: as little of each as lets somebody choose."""

from mcrm.accounts.models import AccountKind
from mcrm.api.fields import AwareDateTime, Enum, Int, List, Nested, Query, Schema, Str, Uuid
from mcrm.orders.models import OrderStatus
from mcrm.search.service import Group

MOST_OF_EACH = 20


class SearchQuery(Query):
    """What is looked for, in which groups (all, unless some are named), and how many of each."""

    q = Str(required=True, min_length=2, max_length=100)
    kinds = List(Enum(Group), load_default=lambda: list(Group), min_length=1, max_length=len(Group))
    limit = Int(minimum=1, maximum=MOST_OF_EACH, load_default=5)


class FoundContactSchema(Schema):
    """A contact."""

    id = Uuid(required=True)
    name = Str(required=True)
    number = Str(required=True, allow_none=True)
    account_id = Uuid(required=True)


class FoundAccountSchema(Schema):
    """An account."""

    id = Uuid(required=True)
    name = Str(required=True)
    number = Str(required=True, allow_none=True)
    kind = Enum(AccountKind, required=True)


class FoundOrderSchema(Schema):
    """An order."""

    id = Uuid(required=True)
    number = Str(required=True)
    status = Enum(OrderStatus, required=True)
    contact_id = Uuid(required=True)
    placed_at = AwareDateTime(required=True)


class FoundProductSchema(Schema):
    """A product."""

    id = Uuid(required=True)
    code = Str(required=True)
    name = Str(required=True)


class FoundSchema(Schema):
    """What was found, by group; a group that was not asked for, or is not the asker's to see, is left out."""

    contacts = List(Nested(FoundContactSchema()), max_length=MOST_OF_EACH)
    accounts = List(Nested(FoundAccountSchema()), max_length=MOST_OF_EACH)
    orders = List(Nested(FoundOrderSchema()), max_length=MOST_OF_EACH)
    products = List(Nested(FoundProductSchema()), max_length=MOST_OF_EACH)
