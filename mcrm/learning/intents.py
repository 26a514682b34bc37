"""The intents: everything that a customer's message can be about, as far as the bots tell it apart."""

from enum import StrEnum


class Intent(StrEnum):
    """What is wanted. The value is what labels, models and predictions say; it never changes its meaning."""

    ORDER_STATUS = "order_status"
    CANCEL_ORDER = "cancel_order"
    CHANGE_ORDER = "change_order"
    PLACE_ORDER = "place_order"
    CHANGE_ADDRESS = "change_address"
    DELIVERY_OPTIONS = "delivery_options"
    CANCELLATION_FEE = "cancellation_fee"
    REQUEST_REFUND = "request_refund"
    REFUND_STATUS = "refund_status"
    REFUND_POLICY = "refund_policy"
    INVOICE = "invoice"
    PAYMENT_ISSUE = "payment_issue"
    PAYMENT_METHODS = "payment_methods"
    CREATE_ACCOUNT = "create_account"
    EDIT_ACCOUNT = "edit_account"
    DELETE_ACCOUNT = "delete_account"
    SWITCH_PLAN = "switch_plan"
    RECOVER_PASSWORD = "recover_password"
    REGISTRATION_PROBLEM = "registration_problem"
    NEWSLETTER = "newsletter"
    COMPLAINT = "complaint"
    REVIEW = "review"
    HUMAN_AGENT = "human_agent"

    GREET = "greet"
    GOODBYE = "goodbye"
    THANKS = "thanks"
    AFFIRM = "affirm"
    DENY = "deny"
    ABORT = "abort"
    HELP = "help"
    REPEAT = "repeat"
    BOT_CHALLENGE = "bot_challenge"
    CHANGE_LANGUAGE = "change_language"

    OUT_OF_SCOPE = "oos"


CONVERSATION = frozenset(
    {
        Intent.GREET,
        Intent.GOODBYE,
        Intent.THANKS,
        Intent.AFFIRM,
        Intent.DENY,
        Intent.ABORT,
        Intent.HELP,
        Intent.REPEAT,
        Intent.BOT_CHALLENGE,
        Intent.CHANGE_LANGUAGE,
    }
)
SERVICE = frozenset(Intent) - CONVERSATION - {Intent.OUT_OF_SCOPE}  # what customers come for
