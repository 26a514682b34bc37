"""Wire shapes of the books."""

from mcrm.api import fields, formats
from mcrm.api.paging import PageQuery
from mcrm.ledger.models import Cause, LedgerAccount

WIDEST = 10**15


class PostingSchema(fields.Schema):
    """What an entry does to one account; a debit above zero, a credit below, in minor units."""

    account = fields.Enum(LedgerAccount, required=True)
    amount = fields.Money(required=True, minimum=-WIDEST, maximum=WIDEST)
    currency = formats.Currency(required=True)


class JournalEntrySchema(fields.Schema):
    """One event in money; its postings add up to zero."""

    id = fields.Uuid(required=True)
    at = fields.AwareDateTime(required=True)
    cause = fields.Enum(Cause, required=True)
    subject_id = fields.Uuid(required=True)
    order_id = fields.Uuid(required=True)
    postings = fields.List(fields.Nested(PostingSchema()), required=True)


class EntryQuery(PageQuery):
    """Filters of the journal; days are those of the business's time zone, both included."""

    since = fields.Date(data_key="from", load_default=None)
    until = fields.Date(load_default=None)
    order_id = fields.Uuid(load_default=None)
    cause = fields.Enum(Cause, load_default=None)


class BalanceQuery(fields.Query):
    """At which instant; now without one."""

    at = fields.AwareDateTime(load_default=None)


class BalanceSchema(fields.Schema):
    """What stands on one account in one currency."""

    account = fields.Enum(LedgerAccount, required=True)
    currency = formats.Currency(required=True)
    balance = fields.Int(required=True)


class BalancesSchema(fields.Schema):
    """The accounts at an instant; in each currency they add up to zero."""

    at = fields.AwareDateTime(required=True)
    items = fields.List(fields.Nested(BalanceSchema()), required=True, max_length=1000)
