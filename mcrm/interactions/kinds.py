"""Everything that can happen, in the past tense; a kind that is not here cannot be written."""

from enum import StrEnum


class Kind(StrEnum):
    """The kinds of interactions. The value is what outsiders see and filter by; it never changes its meaning."""

    ACCOUNT_CREATED = "account.created"
    ACCOUNT_CHANGED = "account.changed"
    CONTACT_CREATED = "contact.created"
    CONTACT_CHANGED = "contact.changed"
    CONTACT_POINT_ADDED = "contact-point.added"
    CONTACT_POINT_LINK_OFFERED = "contact-point.link-offered"
    CONTACT_POINT_LINKED = "contact-point.linked"
    CONTACT_POINT_VERIFIED = "contact-point.verified"
    CONTACT_POINT_INVALID = "contact-point.invalid"
    CONTACT_POINT_REMOVED = "contact-point.removed"
    CONTACT_POINT_REFUSED = "contact-point.link-refused"
    LANGUAGE_CHOSEN = "language.chosen"

    CONSENT_GRANTED = "consent.granted"
    CONSENT_WITHDRAWN = "consent.withdrawn"
    SUPPRESSION_SET = "suppression.set"
    SUPPRESSION_LIFTED = "suppression.lifted"

    MESSAGE_RECEIVED = "message.received"
    MESSAGE_UNREADABLE = "message.unreadable"
    DELIVERY_QUEUED = "delivery.queued"
    DELIVERY_READ = "delivery.read"

    PRODUCT_CREATED = "product.created"
    PRODUCT_CHANGED = "product.changed"
    PRICE_LIST_CREATED = "price-list.created"
    PRICE_LIST_CHANGED = "price-list.changed"
    PRICE_SET = "price.set"
    STOCK_MOVED = "stock.moved"

    ORDER_PLACED = "order.placed"
    ORDER_IMPORTED = "order.imported"
    ORDER_CONFIRMED = "order.confirmed"
    ORDER_SHIPPED = "order.shipped"
    ORDER_DELIVERED = "order.delivered"
    ORDER_CANCELLED = "order.cancelled"

    OFFER_CREATED = "offer.created"
    OFFER_CHANGED = "offer.changed"
    OFFER_ANNOUNCED = "offer.announced"

    CONVERSATION_HANDED_OVER = "conversation.handed-over"
    CONVERSATION_LOCKED = "conversation.locked"
    CASE_OPENED = "case.opened"

    TERRITORY_CREATED = "territory.created"
    TERRITORY_CHANGED = "territory.changed"
    SCOPE_GRANTED = "scope.granted"
    SCOPE_REVOKED = "scope.revoked"
    USER_CREATED = "user.created"
    USER_CHANGED = "user.changed"
    SIGNED_IN = "session.opened"
    SIGNED_OUT = "session.ended"
    SIGN_IN_REUSED = "session.reuse-detected"
    CODE_REQUESTED = "code.requested"
    CODE_REFUSED = "code.refused"
    CODE_LOCKED = "code.locked"
    PUSH_REGISTERED = "push.registered"
    DELIVERY_RETRIED = "delivery.retried"
    DELIVERY_ABANDONED = "delivery.abandoned"

    NOTE_ADDED = "note.added"
    CALL_LOGGED = "call.logged"
    MEETING_LOGGED = "meeting.logged"

    SYNC_CONFLICT_SETTLED = "sync-conflict.settled"


LOGGED_BY_REPS = (Kind.NOTE_ADDED, Kind.CALL_LOGGED, Kind.MEETING_LOGGED)
"""What people write down themselves; these facts travel to the devices of the account's territory."""
