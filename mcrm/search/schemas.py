"""Wire shapes of the search: as little of each as lets somebody choose."""

from mcrm.accounts.models import AccountKind
from mcrm.api.fields import AwareDateTime, Enum, Int, List, Nested, Query, Schema, Str, Uuid
from mcrm.cases.models import CaseState
from mcrm.invoices.models import InvoiceKind
from mcrm.orders.models import OrderStatus
from mcrm.quotes.models import QuoteState
from mcrm.returns.models import ReturnState
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


class FoundQuoteSchema(Schema):
    """A quote."""

    id = Uuid(required=True)
    number = Str(required=True)
    state = Enum(QuoteState, required=True)
    contact_id = Uuid(required=True)
    valid_until = AwareDateTime(required=True)


class FoundInvoiceSchema(Schema):
    """An invoice or a credit note."""

    id = Uuid(required=True)
    number = Str(required=True)
    kind = Enum(InvoiceKind, required=True)
    order_id = Uuid(required=True)
    order_number = Str(required=True)


class FoundReturnSchema(Schema):
    """A return."""

    id = Uuid(required=True)
    state = Enum(ReturnState, required=True)
    order_id = Uuid(required=True)
    order_number = Str(required=True)


class FoundShipmentSchema(Schema):
    """A shipment."""

    id = Uuid(required=True)
    tracking_number = Str(required=True)
    carrier = Str(required=True)
    order_id = Uuid(required=True)
    order_number = Str(required=True)


class FoundCaseSchema(Schema):
    """A case; `contact_id` is null while nobody knows who it is about."""

    id = Uuid(required=True)
    number = Str(required=True)
    kind = Str(required=True)
    state = Enum(CaseState, required=True)
    contact_id = Uuid(required=True, allow_none=True)


class FoundSchema(Schema):
    """What was found, by group; a group that was not asked for, or is not the asker's to see, is left out."""

    contacts = List(Nested(FoundContactSchema()), max_length=MOST_OF_EACH)
    accounts = List(Nested(FoundAccountSchema()), max_length=MOST_OF_EACH)
    orders = List(Nested(FoundOrderSchema()), max_length=MOST_OF_EACH)
    products = List(Nested(FoundProductSchema()), max_length=MOST_OF_EACH)
    quotes = List(Nested(FoundQuoteSchema()), max_length=MOST_OF_EACH)
    invoices = List(Nested(FoundInvoiceSchema()), max_length=MOST_OF_EACH)
    returns = List(Nested(FoundReturnSchema()), max_length=MOST_OF_EACH)
    shipments = List(Nested(FoundShipmentSchema()), max_length=MOST_OF_EACH)
    cases = List(Nested(FoundCaseSchema()), max_length=MOST_OF_EACH)
