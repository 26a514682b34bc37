"""Wire shapes of payments and refunds; amounts in minor units of the currency beside them."""

from mcrm.api import fields, formats
from mcrm.api.paging import PageQuery
from mcrm.payments.models import Method, PaymentState, TakenAs


class OwnPaymentSchema(fields.Schema):
    """A payment as its customer sees it."""

    id = fields.Uuid(required=True)
    order_id = fields.Uuid(required=True)
    method = fields.Enum(Method, required=True)
    state = fields.Enum(PaymentState, required=True)
    amount = fields.Money(required=True)
    currency = formats.Currency(required=True)
    created_at = fields.AwareDateTime(required=True)
    captured_at = fields.AwareDateTime(required=True, allow_none=True)
    voided_at = fields.AwareDateTime(required=True, allow_none=True)


class PaymentSchema(OwnPaymentSchema):
    """A payment."""

    external_reference = fields.Str(required=True, allow_none=True)


class MoneyInSchema(fields.Schema):
    """An amount that changes hands, and the reference that a bank knows it by (required unless it is cash)."""

    method = fields.Enum(Method, required=True)
    amount = fields.Money(required=True, minimum=1)
    currency = formats.Currency(required=True)
    external_reference = fields.Str(load_default=None, allow_none=True, max_length=100, pattern="[!-~]+")


class NewPaymentSchema(MoneyInSchema):
    """A payment, captured at once unless it is only authorised."""

    state = fields.Enum(TakenAs, load_default=TakenAs.CAPTURED)


class NewRefundSchema(MoneyInSchema):
    """Money to be given back."""

    return_id = fields.Uuid(load_default=None, allow_none=True)
    reason = fields.Str(load_default=None, allow_none=True)


class OwnRefundSchema(fields.Schema):
    """A refund as its customer sees it."""

    id = fields.Uuid(required=True)
    order_id = fields.Uuid(required=True)
    return_id = fields.Uuid(required=True, allow_none=True)
    method = fields.Enum(Method, required=True)
    amount = fields.Money(required=True)
    currency = formats.Currency(required=True)
    created_at = fields.AwareDateTime(required=True)


class RefundSchema(OwnRefundSchema):
    """A refund."""

    external_reference = fields.Str(required=True, allow_none=True)
    reason = fields.Str(required=True, allow_none=True)


class PaymentQuery(PageQuery):
    """Filters of the list of payments."""

    order_id = fields.Uuid(load_default=None)
    method = fields.Enum(Method, load_default=None)
    state = fields.Enum(PaymentState, load_default=None)
    external_reference = fields.Str(load_default=None, max_length=100)
