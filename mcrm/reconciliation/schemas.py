"""Wire shapes of the reconciliation."""

from mcrm.api import fields


class DifferenceSchema(fields.Schema):
    """One thing that two sources say differently: an order's `receivable`, an `entry`, a stock item's numbers."""

    what = fields.Str(required=True, pattern="receivable|entry|on-hand|reserved")
    id = fields.Uuid(required=True)
    expected = fields.Int(required=True)
    found = fields.Int(required=True)


class ReconciliationSchema(fields.Schema):
    """Whether everything agrees, and where it does not (at most 1,000 of each sort)."""

    in_balance = fields.Bool(required=True)
    differences = fields.List(fields.Nested(DifferenceSchema()), required=True, max_length=4000)
