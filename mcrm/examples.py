"""What the main shapes look like, for the description of the API: one small shop, with its customers and orders."""

from collections.abc import Mapping
from typing import Any

ACCOUNT = "01890a5d-ac96-774b-bcce-b302099a8001"
CONTACT = "01890a5d-ac96-774b-bcce-b302099a8002"
POINT = "01890a5d-ac96-774b-bcce-b302099a8003"
PRODUCT = "01890a5d-ac96-774b-bcce-b302099a8004"
ORDER = "01890a5d-ac96-774b-bcce-b302099a8005"
LINE = "01890a5d-ac96-774b-bcce-b302099a8006"
SHIPMENT = "01890a5d-ac96-774b-bcce-b302099a8007"
AT = "2026-03-02T09:30:00Z"
DEVICE = {"id": "till-4", "name": "The till at the door", "platform": "web"}
PROOF = {"where": "counter", "words": "May we text you about new roasts?"}

EXAMPLES: Mapping[str, Any] = {
    "Login": {"email": "ada@harbourandpine.example", "password": "correct horse battery staple", "device": DEVICE},
    "Otp": {"phone": "+447700900201"},
    "OtpVerify": {"phone": "+447700900201", "code": "481516", "device": DEVICE},
    "ContactIn": {"name": "Ben Okafor", "locale": "en-GB", "timezone": "Europe/London"},
    "ContactPointIn": {"channel": "sms", "address": "+447700900201"},
    "ContactPoint": {
        "id": POINT,
        "rev": 1,
        "contact_id": CONTACT,
        "channel": "sms",
        "address": "+447700900201",
        "state": "active",
        "kind": None,
        "platform": None,
        "verified_at": None,
        "last_seen_at": None,
        "created_at": AT,
    },
    "ConsentIn": {"state": "granted", "proof": PROOF},
    "ProductIn": {"code": "ESP-250", "name": "Harbour Espresso 250 g", "category": "Coffee"},
    "PriceIn": {"product_id": PRODUCT, "min_quantity": 6, "unit_price": 900},
    "StockMoveIn": {"product_id": PRODUCT, "quantity": 48, "reason": "roasted"},
    "NewOrder": {"contact_id": CONTACT, "lines": [{"product_id": PRODUCT, "quantity": 2}]},
    "NewShipment": {"carrier": "Royal Mail", "tracking_number": "RM123456785GB", "expected_on": "2026-03-04"},
    "FullShipment": {
        "id": SHIPMENT,
        "order_id": ORDER,
        "carrier": "Royal Mail",
        "tracking_number": "RM123456785GB",
        "tracking_status": None,
        "expected_on": "2026-03-04",
        "shipped_at": AT,
        "delivered_at": None,
        "lines": [{"line_id": LINE, "quantity": 2}],
    },
    "OfferIn": {"title": "Two for one on Fridays", "body": "Show HARBOUR241 at the till.", "code": "HARBOUR241"},
    "TerritoryIn": {"name": "West"},
    "LeadIn": {"name": "Rosa Bianchi", "company": "Bianchi Bakery", "postcode": "BS1 4QA", "source": "web form"},
    "ConversionIn": {"opportunity": {"amount": 120000, "currency": "GBP", "closes_on": "2026-12-24"}},
    "OpportunityIn": {"account_id": ACCOUNT, "name": "Beans for the winter", "amount": 120000, "currency": "GBP"},
    "AccountIn": {"name": "The Corner Café", "kind": "company"},
    "CheckIn": {
        "account_id": ACCOUNT,
        "at": AT,
        "lat": 51.449,
        "lon": -2.597,
        "accuracy_m": 12,
        "device_now": "2026-03-02T09:30:05Z",
    },
    "CheckOutIn": {
        "outcome": "follow_up",
        "note": "Wants a sample of the decaf.",
        "next_step": {"title": "Bring the decaf", "due_at": "2026-03-09T09:00:00Z"},
    },
    "PlannedVisitIn": {"account_id": ACCOUNT, "on": "2026-03-03", "starts_at": "2026-03-03T10:30:00Z"},
    "TaskIn": {"title": "Send the price list", "account_id": ACCOUNT, "due_at": "2026-03-05T09:00:00Z"},
    "ActivityIn": {"kind": "call.logged", "contact_id": CONTACT, "outcome": "reached", "duration_s": 240},
    "PushIn": {"kind": "token", "value": "a-registration-token-of-firebase", "platform": "android", "locale": "en-GB"},
    "Exchange": {
        "message": {
            "id": "01890a5d-ac96-774b-bcce-b302099a8011",
            "position": None,
            "at": AT,
            "channel": "app",
            "author": "customer",
            "text": "where is my order?",
            "state": None,
            "choices": [],
            "client_id": "01890a5d-ac96-774b-bcce-b302099a8010",
        },
        "answers": [
            {
                "id": "01890a5d-ac96-774b-bcce-b302099a8012",
                "position": None,
                "at": AT,
                "channel": "app",
                "author": "bot",
                "text": "Which order?",
                "state": "queued",
                "choices": [{"label": "1042 on its way", "value": "track:1042"}, {"label": "Menu", "value": "menu"}],
                "client_id": None,
            }
        ],
    },
    "Happening": {
        "position": 4711,
        "at": AT,
        "kind": "order.placed",
        "channel": "api",
        "direction": None,
        "actor": "user:01890a5d-ac96-774b-bcce-b302099a8008",
        "payload": {"number": "1042", "total": 1900, "currency": "GBP", "lines": 1},
    },
}
"""By the name of the shape in the description; only what tells more than the field's own words."""
