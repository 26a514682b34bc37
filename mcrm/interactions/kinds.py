"""Everything that can happen, in the past tense; a kind that is not here cannot be written."""

from enum import StrEnum


class Kind(StrEnum):
    """The kinds of interactions. The value is what outsiders see and filter by; it never changes its meaning."""

    ACCOUNT_CREATED = "account.created"
    ACCOUNT_CHANGED = "account.changed"
    ACCOUNT_MOVED = "account.moved"
    ACCOUNT_REMOVED = "account.removed"
    CONTACT_CREATED = "contact.created"
    CONTACT_CHANGED = "contact.changed"
    CONTACT_MERGED = "contact.merged"
    CONTACT_UNMERGED = "contact.unmerged"
    CONTACT_ROLES_SET = "contact.roles-set"
    DUPLICATE_DISMISSED = "duplicate.dismissed"
    DUPLICATE_SUSPECTED = "duplicate.suspected-again"
    ADDRESS_ADDED = "address.added"
    ADDRESS_CHANGED = "address.changed"
    ADDRESS_REMOVED = "address.removed"
    TAG_ADDED = "tag.added"
    TAG_REMOVED = "tag.removed"
    CONTACT_REMOVED = "contact.removed"
    CONTACT_POINT_ADDED = "contact-point.added"
    CONTACT_POINT_LINK_OFFERED = "contact-point.link-offered"
    CONTACT_POINT_LINKED = "contact-point.linked"
    CONTACT_POINT_VERIFIED = "contact-point.verified"
    CONTACT_POINT_INVALID = "contact-point.invalid"
    CONTACT_POINT_REMOVED = "contact-point.removed"
    CONTACT_CHANGE_BEGUN = "contact-change.begun"
    CONTACT_CHANGE_PROVED = "contact-change.proved"
    CONTACT_POINT_REPLACED = "contact-point.replaced"
    CONTACT_POINT_REFUSED = "contact-point.link-refused"
    LANGUAGE_CHOSEN = "language.chosen"

    CONSENT_GRANTED = "consent.granted"
    CONSENT_WITHDRAWN = "consent.withdrawn"
    QUIET_HOURS_SET = "quiet-hours.set"
    QUIET_HOURS_REMOVED = "quiet-hours.removed"
    SUPPRESSION_SET = "suppression.set"
    SUPPRESSION_LIFTED = "suppression.lifted"

    MESSAGE_RECEIVED = "message.received"
    MESSAGE_UNREADABLE = "message.unreadable"
    MESSAGE_LABELLED = "message.labelled"
    DELIVERY_QUEUED = "delivery.queued"
    DELIVERY_READ = "delivery.read"

    PRODUCT_CREATED = "product.created"
    PRODUCT_CHANGED = "product.changed"
    PRODUCT_REMOVED = "product.removed"
    PRICE_LIST_CREATED = "price-list.created"
    PRICE_LIST_CHANGED = "price-list.changed"
    PRICE_SET = "price.set"
    PRICE_REMOVED = "price.removed"
    TAX_RATE_SET = "tax-rate.set"
    DISCOUNT_LIMIT_SET = "discount-limit.set"
    STOCK_MOVED = "stock.moved"
    STOCK_TRANSFERRED = "stock.transferred"
    STOCK_ITEM_CHANGED = "stock-item.changed"
    STOCK_LOCATION_ADDED = "stock-location.added"
    STOCK_LOCATION_CHANGED = "stock-location.changed"
    STOCK_LEASE_GRANTED = "stock-lease.granted"
    STOCK_LEASE_RETURNED = "stock-lease.returned"
    STOCK_LEASE_EXPIRED = "stock-lease.expired"
    PURCHASE_REQUESTED = "purchase.requested"
    PURCHASE_ORDERED = "purchase.ordered"
    PURCHASE_RECEIVED = "purchase.received"
    PURCHASE_CANCELLED = "purchase.cancelled"

    QUOTE_MADE = "quote.made"
    QUOTE_ACCEPTED = "quote.accepted"
    QUOTE_DECLINED = "quote.declined"
    QUOTE_EXPIRED = "quote.expired"

    LEAD_CREATED = "lead.created"
    LEAD_CHANGED = "lead.changed"
    LEAD_ASSIGNED = "lead.assigned"
    LEAD_TOUCHED = "lead.touched"
    LEAD_OVERDUE = "lead.overdue"
    LEAD_QUALIFIED = "lead.qualified"
    LEAD_CONVERTED = "lead.converted"
    LEAD_LOST = "lead.lost"
    LEAD_REOPENED = "lead.reopened"
    OPPORTUNITY_OPENED = "opportunity.opened"
    OPPORTUNITY_CHANGED = "opportunity.changed"
    OPPORTUNITY_MOVED = "opportunity.moved"
    OPPORTUNITY_WON = "opportunity.won"
    OPPORTUNITY_LOST = "opportunity.lost"
    OPPORTUNITY_REOPENED = "opportunity.reopened"
    PIPELINE_STAGE_ADDED = "pipeline-stage.added"
    PIPELINE_STAGE_CHANGED = "pipeline-stage.changed"
    PIPELINE_STAGE_REMOVED = "pipeline-stage.removed"
    TARGET_SET = "target.set"
    TARGET_CHANGED = "target.changed"
    TARGET_REMOVED = "target.removed"

    ORDER_PLACED = "order.placed"
    ORDER_IMPORTED = "order.imported"
    ORDER_CONFIRMED = "order.confirmed"
    ORDER_CHANGED = "order.changed"
    ORDER_PART_SHIPPED = "order.part-shipped"
    ORDER_SHIPPED = "order.shipped"
    ORDER_DELIVERED = "order.delivered"
    ORDER_PART_CANCELLED = "order.part-cancelled"
    ORDER_CANCELLED = "order.cancelled"
    ORDER_RETURNED = "order.returned"
    SHIPMENT_TRACKED = "shipment.tracked"
    SHIPMENT_DELIVERED = "shipment.delivered"
    TRACKING_LINK_MADE = "tracking-link.made"

    RETURN_REQUESTED = "return.requested"
    RETURN_RECEIVED = "return.received"
    RETURN_INSPECTED = "return.inspected"
    RETURN_CLOSED = "return.closed"
    RETURN_WITHDRAWN = "return.withdrawn"
    CREDIT_MADE = "credit.made"

    PAYMENT_AUTHORISED = "payment.authorised"
    PAYMENT_CAPTURED = "payment.captured"
    PAYMENT_VOIDED = "payment.voided"
    REFUND_MADE = "refund.made"
    INVOICE_ISSUED = "invoice.issued"
    CREDIT_NOTE_ISSUED = "credit-note.issued"

    OFFER_CREATED = "offer.created"
    OFFER_CHANGED = "offer.changed"
    OFFER_ANNOUNCED = "offer.announced"

    CONVERSATION_HANDED_OVER = "conversation.handed-over"
    CONVERSATION_TAKEN = "conversation.taken"
    CONVERSATION_TAKEN_OVER = "conversation.taken-over"
    CONVERSATION_TRANSFERRED = "conversation.transferred"
    CONVERSATION_NOTED = "conversation.noted"
    CONVERSATION_RESOLVED = "conversation.resolved"
    CONVERSATION_RETURNED = "conversation.returned"
    CONVERSATION_RATED = "conversation.rated"
    CONVERSATION_READ = "conversation.read"
    CONVERSATION_LOCKED = "conversation.locked"
    AGENT_PRESENT = "agent.present"
    AGENT_AWAY = "agent.away"
    CANNED_REPLY_ADDED = "canned-reply.added"
    CANNED_REPLY_CHANGED = "canned-reply.changed"
    CANNED_REPLY_REMOVED = "canned-reply.removed"
    CASE_OPENED = "case.opened"
    CASE_CHANGED = "case.changed"
    CASE_MOVED = "case.moved"
    CASE_NOTED = "case.noted"

    CUSTOM_FIELD_DEFINED = "custom-field.defined"
    CUSTOM_FIELD_CHANGED = "custom-field.changed"
    CUSTOM_FIELD_REMOVED = "custom-field.removed"

    TERRITORY_CREATED = "territory.created"
    TERRITORY_CHANGED = "territory.changed"
    TERRITORY_REMOVED = "territory.removed"
    TERRITORY_PLACES_SET = "territory.places-set"
    SCOPE_GRANTED = "scope.granted"
    SCOPE_REVOKED = "scope.revoked"
    USER_CREATED = "user.created"
    USER_CHANGED = "user.changed"
    PASSWORD_CHANGED = "password.changed"
    PASSWORD_RESET_OFFERED = "password-reset.offered"
    PASSWORD_RESET = "password.reset"
    INTEGRATION_KEY_CREATED = "integration-key.created"
    INTEGRATION_KEY_CHANGED = "integration-key.changed"
    INTEGRATION_KEY_REVOKED = "integration-key.revoked"
    SETTING_CHANGED = "setting.changed"
    SETTING_RESET = "setting.reset"
    TEMPLATE_CREATED = "template.created"
    TEMPLATE_CHANGED = "template.changed"
    TEMPLATE_REMOVED = "template.removed"
    SIGNED_IN = "session.opened"
    SIGNED_OUT = "session.ended"
    SIGN_IN_REUSED = "session.reuse-detected"
    CODE_REQUESTED = "code.requested"
    CODE_REFUSED = "code.refused"
    CODE_LOCKED = "code.locked"
    PUSH_REGISTERED = "push.registered"
    DELIVERY_RETRIED = "delivery.retried"
    DELIVERY_ABANDONED = "delivery.abandoned"

    IMPORT_UPLOADED = "import.uploaded"
    IMPORT_STARTED = "import.started"
    IMPORT_FINISHED = "import.finished"
    IMPORT_CANCELLED = "import.cancelled"
    IMPORT_UNDO_STARTED = "import.undo-started"
    IMPORT_UNDONE = "import.undone"
    EXPORT_MADE = "export.made"
    BULK_CHANGE_COUNTED = "bulk-change.counted"
    BULK_CHANGE_STARTED = "bulk-change.started"
    BULK_CHANGE_FINISHED = "bulk-change.finished"
    BULK_CHANGE_CANCELLED = "bulk-change.cancelled"

    VISIT_PLANNED = "visit.planned"
    VISIT_PLAN_CHANGED = "visit.plan-changed"
    VISIT_PLAN_DROPPED = "visit.plan-dropped"
    VISIT_CHECKED_IN = "visit.checked-in"
    VISIT_CHECKED_OUT = "visit.checked-out"
    VISIT_NOT_CHECKED_OUT = "visit.not-checked-out"
    VISIT_CHANGED = "visit.changed"
    VISIT_REPORTED = "visit.reported"
    VISIT_CADENCE_SET = "visit-cadence.set"
    VISIT_CADENCE_REMOVED = "visit-cadence.removed"
    VISIT_FORM_PUBLISHED = "visit-form.published"
    VISIT_FORM_RETIRED = "visit-form.retired"

    TASK_ADDED = "task.added"
    TASK_CHANGED = "task.changed"
    TASK_DONE = "task.done"
    TASK_REOPENED = "task.reopened"
    TASK_SNOOZED = "task.snoozed"
    TASK_REMOVED = "task.removed"

    NOTE_ADDED = "note.added"
    CALL_LOGGED = "call.logged"
    MEETING_LOGGED = "meeting.logged"

    SYNC_CONFLICT_SETTLED = "sync-conflict.settled"

    DATA_COPY_ASKED = "data-copy.asked"
    DATA_COPY_READY = "data-copy.ready"
    DATA_COPY_FETCHED = "data-copy.fetched"
    ERASURE_ASKED = "erasure.asked"
    ERASURE_WAITS = "erasure.waits"
    ERASURE_TAKEN_BACK = "erasure.taken-back"
    ERASURE_BEGUN = "erasure.begun"
    ERASURE_DONE = "erasure.done"


LOGGED_BY_REPS = (Kind.NOTE_ADDED, Kind.CALL_LOGGED, Kind.MEETING_LOGGED)
"""What people write down themselves; these facts travel to the devices of the account's territory."""

AFTERWARDS = frozenset(
    {
        # The books, which the law asks for, and what becomes of goods; an order is placed for nobody who was forgotten.
        *(kind for kind in Kind if kind.partition(".")[0] in {"order", "shipment", "payment", "refund", "invoice"}),
        Kind.CREDIT_MADE,
        Kind.CREDIT_NOTE_ISSUED,
        # The forgetting itself, and the end of what was open then.
        *(kind for kind in Kind if kind.partition(".")[0] in {"erasure", "session", "code", "delivery"}),
        Kind.SUPPRESSION_SET,
        Kind.SUPPRESSION_LIFTED,
        # What was begun may end, which takes no words: nobody is kept from the next visit by it.
        Kind.VISIT_CHECKED_OUT,
        Kind.VISIT_NOT_CHECKED_OUT,
        Kind.VISIT_PLAN_DROPPED,
        Kind.TASK_DONE,
        Kind.TASK_REMOVED,
        # Whoever is new, or writes from an address, is nobody who was forgotten.
        Kind.ACCOUNT_CREATED,
        Kind.CONTACT_CREATED,
        Kind.CONTACT_POINT_ADDED,
        Kind.MESSAGE_RECEIVED,
        Kind.MESSAGE_UNREADABLE,
    }
)
"""Facts that may be about somebody who was forgotten; what is not here is refused then, see `log.append`."""
