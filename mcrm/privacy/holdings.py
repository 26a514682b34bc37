"""What we hold of people, table by table: the one list that copies are made from and that erasure goes through.

Every table stands here or in `IMPERSONAL`, and every text in it is blanked, dropped with its row, or named as one that
says nothing of anybody; tests hold that. Rows that hang on others come before them: what tells whose they are goes
last.
"""

from collections.abc import Mapping

from sqlalchemy import case, func, literal

from mcrm.accounts.models import ERASED
from mcrm.conversations.models import Owner
from mcrm.inbox.models import Ending
from mcrm.leads.models import LeadLoss, LeadStatus
from mcrm.privacy import afterwards
from mcrm.privacy.holding import Holding

LAW = "The law asks for the books to be kept; the name stands on documents alone."
CONTACT = {"contact_id": "contacts"}
SAID = {"contact_id": "contacts", "contact_point_id": "points"}
SOLD = {"contact_id": "contacts", "account_id": "accounts"}

HOLDINGS: tuple[Holding, ...] = (
    Holding(
        "data_copy_parts", "Copies of your data", {"copy_id": "data_copies.id"}, dropped=True,
        untold="They are copies of all this.",
    ),
    Holding(
        "data_copies", "Copies of your data you asked for", CONTACT, told=("created_at", "ready_at"), dropped=True,
    ),
    Holding(
        "sync_conflicts", "What two people wrote of you at the same time, and what was not taken of it",
        {"row_id": "rows", "contact_id": "contacts", "account_id": "accounts"}, dropped=True,
        told=("table_name", "mine", "theirs", "created_at"),
    ),
    Holding("sync_edits", "Marks of edits", {"row_id": "rows"}, dropped=True, untold="Digests that cannot be read."),
    Holding(
        "bulk_changes", "Changes of many rows at once", {"id": "bulk_change_rows.bulk_change_id"},
        only=afterwards.ended, blanked={"filter": {}, "changes": {}}, stays=("resource", "actor", "state", "counts"),
        untold="What staff filtered by; it says nothing that does not stand elsewhere.",
    ),
    Holding(
        "bulk_change_rows", "Changes of many rows at once", {"subject_id": "rows"}, blanked={"detail": ""},
        stays=("outcome", "code"), untold="How a change of many rows ended.",
    ),
    Holding(
        "import_parts", "Files that you stood in", {"import_id": "import_rows.import_id"},
        only=afterwards.of_imports_at_rest, dropped=True, untold="Others stand in them too.",
    ),
    Holding(
        "imports", "Files that you stood in", {"id": "import_rows.import_id"}, blanked={"sample": []},
        stays=(
            "resource", "file_name", "format", "encoding", "delimiter", "decimal", "region", "fingerprint", "header",
            "mapping", "mode", "match", "actor", "state", "counts", "failure",
        ),
        untold="Others stand in them too.",
    ),
    Holding(
        "import_rows", "What files changed of you, and what stood there before", {"subject_id": "rows"},
        told=("outcome", "field", "detail", "undo"), blanked={"detail": "", "undo": None},
        stays=("outcome", "code", "field", "undone"),
    ),
    Holding(
        "idempotency_keys", "Answers kept for repeated requests", {"actor": "labels"}, dropped=True,
        untold="Sealed repeats of answers that you got; they go after a day.",
    ),
    Holding("link_tokens", "Links that join a chat", CONTACT, dropped=True, untold="Digests that cannot be read."),
    Holding(
        "otp_challenges", "One-time codes", {"contact_point_id": "contact_points.id"}, dropped=True,
        untold="Digests that cannot be read.",
    ),
    Holding(
        "sessions", "Devices you signed in with", CONTACT,
        told=("device_name", "platform", "created_at", "last_seen_at", "expires_at", "revoked_at"), dropped=True,
    ),
    Holding(
        "consents", "What you allow", CONTACT, told=("channel", "purpose", "state", "decided_at", "proof"),
        dropped=True,
    ),
    Holding(
        "quiet_hours", "When offers wait", CONTACT, told=("begins", "ends", "decided_at"), dropped=True,
    ),
    Holding(
        "contact_changes", "Numbers and mail addresses you changed", CONTACT,
        told=("created_at", "asked_at", "expires_at", "done_at"), dropped=True,
    ),
    Holding(
        "suppressions", "What you stopped", {"contact_point_id": "points"},
        told=("channel", "reason", "detail", "created_at", "lifted_at"), by_hand=True, stays=("channel", "reason"),
        why="A stop goes on being obeyed: of the address a digest stays, which nobody can read.",
    ),
    Holding(
        "contact_tags", "Tags", CONTACT, told=("tag_id", "created_at"), names={"tag_id": ("tags", "name")},
        dropped=True,
    ),
    Holding(
        "account_tags", "Tags", {"account_id": "accounts"}, told=("tag_id", "created_at"),
        names={"tag_id": ("tags", "name")}, dropped=True,
    ),
    Holding(
        "account_contacts", "Companies you act for", CONTACT, told=("account_id", "roles", "created_at"),
        names={"account_id": ("accounts", "name")}, dropped=True,
    ),
    Holding(
        "addresses", "Addresses", {"contact_id": "contacts", "account_id": "accounts"},
        told=("kind", "name", "lines", "postcode", "city", "region", "country", "is_default", "created_at"),
        dropped=True,
    ),
    Holding(
        "duplicate_dismissals", "People you were taken for", {"one_id": "contacts", "other_id": "contacts"},
        dropped=True, untold="They name others.",
    ),
    Holding(
        "unknown_messages", "Messages that the bot did not understand", {"message_id": "messages.id"},
        told=("why", "language", "label", "created_at"), dropped=True,
    ),
    Holding(
        "receipts", "What became of messages to you", {"delivery_id": "deliveries.id"},
        told=("status", "code", "created_at"), blanked={"provider_id": None}, stays=("status", "code"),
    ),
    Holding(
        "deliveries", "Messages to you", SAID,
        told=("channel", "purpose", "kind", "text", "state", "reason", "created_at", "accepted_at"),
        blanked={"text": "", "content": {}, "fallbacks": [], "attempts": [], "provider_id": None},
        stays=("channel", "operation", "purpose", "kind", "state", "reason", "lease_token", "dedupe_key"),
    ),
    Holding(
        "messages", "Messages from you", SAID,
        told=("channel", "kind", "text", "sent_at", "created_at", "understood"),
        blanked={"text": None, "understood": {}, "error": None},
        stays=("channel", "direction", "provider_id", "kind"),
    ),
    Holding(
        "handovers", "Talks with a person", SAID,
        told=("channel", "state", "reason", "summary", "rating", "created_at", "ended_at"),
        blanked={
            "summary": "", "state": afterwards.given_back, "ended_at": afterwards.closed_now("ended_at"),
            "ended_by": lambda table: func.coalesce(table.c.ended_by, literal(Ending.IDLE.value)),
        },
        stays=("channel", "queue", "reason"),
    ),
    Holding(
        "conversations", "Where the dialogue stands", SAID,
        told=("owner", "flow", "asked", "slots", "stack", "locale", "last_message_at"),
        blanked={"owner": Owner.BOT.value, "flow": None, "asked": None, "slots": {}, "stack": [], "locale": None},
    ),
    Holding(
        "cases", "Cases", SAID, told=("number", "kind", "state", "summary", "created_at", "due_at", "closed_at"),
        blanked={"summary": "", "state": "closed", "closed_at": afterwards.closed_now("closed_at")},
        stays=("number", "kind"),
    ),
    Holding(
        "tracking_events", "What carriers reported", {"shipment_id": "shipments.id"}, told=("at", "status", "detail"),
        blanked={"detail": None}, stays=("status", "carrier", "event_id"),
    ),
    Holding(
        "shipments", "Parcels", {"order_id": "orders.id"},
        told=("order_id", "carrier", "tracking_number", "expected_on", "shipped_at", "delivered_at"),
        names={"order_id": ("orders", "number")}, blanked={"tracking_number": None},
        stays=("carrier", "tracking_status"),
    ),
    Holding(
        "return_lines", "Pieces you sent back", {"return_id": "returns.id"},
        told=("quantity", "verdict", "refundable_quantity"), stays=("verdict",),
    ),
    Holding(
        "returns", "Returns", {"order_id": "orders.id"}, told=("order_id", "reason", "state", "detail", "created_at"),
        names={"order_id": ("orders", "number")}, blanked={"detail": None}, stays=("reason", "state"),
    ),
    Holding(
        "payments", "Payments", {"order_id": "orders.id"},
        told=(
            "order_id", "method", "state", "amount", "currency", "external_reference", "created_at", "captured_at",
            "voided_at",
        ),
        names={"order_id": ("orders", "number")}, stays=("method", "state", "currency", "external_reference"),
        why=LAW,
    ),
    Holding(
        "refunds", "Refunds", {"order_id": "orders.id"},
        told=("order_id", "method", "amount", "currency", "external_reference", "reason", "created_at"),
        names={"order_id": ("orders", "number")}, blanked={"reason": None},
        stays=("method", "currency", "external_reference"), why=LAW,
    ),
    Holding(
        "invoice_lines", "Lines of invoices", {"invoice_id": "invoices.id"},
        told=("invoice_id", "line_number", "description", "quantity", "unit_price", "net", "tax", "total"),
        names={"invoice_id": ("invoices", "number")}, stays=("description",), why=LAW,
    ),
    Holding(
        "invoices", "Invoices and credit notes", {"order_id": "orders.id"},
        told=(
            "kind", "number", "issued_on", "order_number", "buyer", "currency", "net", "tax", "total", "taxes",
            "reason",
        ),
        stays=(
            "kind", "number", "order_number", "credits_number", "currency", "seller", "buyer", "taxes", "reason",
        ),
        why="The law asks for invoices to be kept as they were issued, with the buyer's name and address.",
    ),
    Holding(
        "quote_lines", "Lines of quotes", {"quote_id": "quotes.id"},
        told=("quote_id", "line_number", "description", "quantity", "unit_price", "total"),
        names={"quote_id": ("quotes", "number")}, stays=("description", "amounts"),
    ),
    Holding(
        "quotes", "Quotes", SOLD,
        told=("number", "state", "currency", "total", "valid_until", "reference", "created_at"),
        blanked={"reference": afterwards.unless_of_company("reference")}, stays=("number", "state", "currency"),
    ),
    Holding(
        "order_lines", "Lines of orders", {"order_id": "orders.id"},
        told=("order_id", "line_number", "description", "quantity", "unit_price", "net", "tax", "total"),
        names={"order_id": ("orders", "number")}, stays=("description",), why=LAW,
    ),
    Holding(
        "orders", "Orders", SOLD,
        told=(
            "number", "kind", "status", "payment_status", "currency", "net_total", "tax_total", "total", "placed_at",
            "expected_on", "source", "reference", "custom",
        ),
        blanked={"reference": afterwards.unless_of_company("reference"), "custom": {}},
        stays=("number", "number_key", "kind", "status", "payment_status", "currency", "source"), why=LAW,
    ),
    Holding(
        "opportunities", "Possible sales to you", SOLD,
        told=("name", "stage", "closes_on", "loss_reason", "loss_detail", "created_at"),
        blanked={"name": ERASED, "loss_detail": None}, stays=("stage", "currency", "loss_reason"),
    ),
    Holding(
        "tasks", "What somebody was to do for you", SOLD, told=("title", "due_at", "done_at", "created_at"),
        blanked={"title": ERASED, "done_at": afterwards.closed_now("done_at")},
    ),
    Holding(
        "visit_reports", "Reports on calls at your place", {"visit_id": "visits.id"}, told=("answers", "created_at"),
        blanked={"answers": {}},
    ),
    Holding(
        "visits", "Calls at your place", {"account_id": "accounts"},
        told=("checked_in_at", "checked_out_at", "outcome", "lat", "lon"),
        blanked={"lat": None, "lon": None, "accuracy_m": None, "distance_m": None, "left_distance_m": None},
        stays=("state", "verdict", "outcome"),
    ),
    Holding(
        "planned_visits", "Planned calls at your place", {"account_id": "accounts"},
        told=("on", "starts_at", "purpose", "state"),
        blanked={
            "purpose": None,
            "state": lambda table: case((table.c.state == "planned", "dropped"), else_=table.c.state),
        },
    ),
    Holding(
        "price_lists", "Prices made for you", {"account_id": "accounts"}, told=("name", "currency", "created_at"),
        blanked={"name": ERASED}, stays=("currency", "account_class", "discounts"),
    ),
    Holding(
        "lead_assignments", "Whose lead you were", {"lead_id": "leads.id"}, blanked={"place": None},
        stays=("rule", "candidates", "assigned_by"), untold="It says which of the staff had a turn.",
    ),
    Holding(
        "leads", "Before you were a customer", {"id": "leads"},
        told=(
            "name", "company", "phone", "email", "country", "postcode", "source", "notes", "status", "created_at",
        ),
        blanked={
            **dict.fromkeys(("company", "phone", "email", "postcode", "source", "notes"), None), "name": ERASED,
            "lost_reason": afterwards.lost("lost_reason", LeadLoss.OTHER.value),
            "status": afterwards.lost("status", LeadStatus.LOST.value),
        },
        stays=("country",),
    ),
    Holding(
        "interactions", "Everything that happened, as it was noted", {},
        told=("at", "kind", "channel", "direction", "payload"), blanked={"payload": "", "salt": b""},
        stays=("kind", "actor", "channel", "direction", "subject_type", "digest"),
        why="That something happened stays, with the digest that proves nobody changed it; what it was is gone.",
    ),
    Holding(
        "contact_points", "Numbers, chats and devices", {"id": "points"},
        told=(
            "channel", "address", "state", "platform", "device_id", "locale", "verified_at", "last_seen_at",
            "created_at",
        ),
        by_hand=True, stays=("channel", "state"),
    ),
    Holding(
        "accounts", "Your account", {"id": "accounts"},
        told=(
            "name", "kind", "number", "account_class", "country", "timezone", "locale", "lat", "lon", "custom",
            "created_at",
        ),
        by_hand=True, stays=("kind", "account_class", "country"),
    ),
    Holding(
        "contacts", "You", {"id": "contacts"},
        told=("name", "number", "locale", "timezone", "notes", "custom", "created_at"), by_hand=True,
    ),
)  # fmt: skip
BY_TABLE: Mapping[str, Holding] = {holding.table: holding for holding in HOLDINGS}


def _impersonal(why: str, *tables: str) -> dict[str, str]:
    return dict.fromkeys(tables, why)


IMPERSONAL: Mapping[str, str] = {
    **_impersonal(
        "ids, quantities and times of rows that are told elsewhere",
        "changes", "contact_merges", "opportunity_stages", "task_reminders", "shipment_lines", "stock_reservations",
        "stock_moves", "journal_entries", "postings", "erasures",
    ),
    **_impersonal("derived from other rows and rewritten with them", "search_keys"),
    **_impersonal("keyed digests that go after two days", "counters"),
    **_impersonal("names of fields, never values", "audit_entries"),
    **_impersonal(
        "of the staff",
        "users", "password_resets", "scope_grants", "agent_presences", "sync_devices", "lead_turns", "lead_turns_of",
        "stock_leases", "targets",
    ),
    **_impersonal(
        "of the business",
        "announcements", "canned_replies", "custom_field_definitions", "discount_limits", "import_mappings",
        "import_runs", "integration_keys", "number_series", "offers", "pipeline_stages", "price_list_items", "products",
        "purchase_requests", "runtime_settings", "stock_items", "stock_locations", "tags", "tax_rates",
        "template_versions", "templates", "territories", "territory_places", "visit_cadences", "visit_forms",
    ),
    **_impersonal("of the machine", "log_head", "seals", "sender_states", "sync_floors", "wake_ups"),
}  # fmt: skip
"""Tables that hold nothing of a person, each with the reason."""
