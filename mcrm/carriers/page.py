"""The page behind a tracking link: one file without scripts, pictures or any other host."""

import base64
import hashlib
from datetime import datetime
from html import escape

from mcrm.carriers.service import Seen
from mcrm.orders import phrases

STYLE = (
    "body{font:1rem/1.5 system-ui,sans-serif;max-width:34rem;margin:3rem auto;padding:0 1rem;color:#1c2b2d;"
    "background:#fbfaf7}h1{font-size:1.4rem;margin:0}p.status{font-size:1.15rem}ol{padding-left:1.1rem}"
    "time{color:#5b6b6d}@media(prefers-color-scheme:dark){body{color:#e6e9e8;background:#16201f}time{color:#9fb0ae}}"
)
POLICY = (
    "default-src 'none'; style-src 'sha256-"
    + base64.b64encode(hashlib.sha256(STYLE.encode()).digest()).decode()
    + "'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
STATUSES = {
    "new": "We have received the order.",
    "confirmed": "The order is confirmed and being packed.",
    "shipped": "The order is on its way.",
    "delivered": "The order has been delivered.",
    "cancelled": "The order was cancelled.",
    "returned": "The order came back to us.",
}
EVENTS = {
    "in_transit": "On its way",
    "exception": "Delayed",
    "out_for_delivery": "Out for delivery",
    "delivered": "Delivered",
}
EXPECTED = ("new", "confirmed", "shipped")
OVER = "This link does not work any more. Ask us for a new one."


def page(business: str, seen: Seen) -> str:
    """The page of an order."""
    parts = [f"<h1>Order {escape(seen.number)}</h1>", f'<p class="status">{STATUSES[seen.status]}</p>']
    if seen.expected_on is not None and seen.status in EXPECTED:
        parts.append(f"<p>Expected on {escape(phrases.day(seen.expected_on, None))}.</p>")
    if seen.events:
        entries = "".join(_entry(at, status) for at, status in seen.events)
        parts.append(f"<ol>{entries}</ol>")
    return _document(business, "".join(parts))


def page_of_nothing(business: str) -> str:
    """The page of a link that shows nothing."""
    return _document(business, f"<h1>Nothing to see</h1><p>{OVER}</p>")


def _entry(at: datetime, status: str) -> str:
    words = EVENTS.get(status, "Reported")
    return f'<li>{words} <time datetime="{at.isoformat()}">{at.day} {at:%B %H:%M} UTC</time></li>'


def _document(business: str, body: str) -> str:
    name = escape(business)
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1"><meta name="robots" content="noindex">'
        f"<title>{name}</title><style>{STYLE}</style></head><body><p>{name}</p><main>{body}</main></body></html>"
    )
