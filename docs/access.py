"""Write docs/reference/access.md anew: who may call which operation, on whose rows. `python -m docs.access`.

Everything but the last column is read from the application itself; the last is told here by the beginning of the path,
and tests/house/test_access_matrix.py tries it out with real rows.
"""

import re
from collections.abc import Iterator
from enum import StrEnum
from pathlib import Path

from flask import Flask

from bots import chat
from mcrm.actors import Role
from mcrm.api.state import Access, Root
from mcrm.app import create_app
from mcrm.config import Settings

PAGE = Path(__file__).parent / "reference" / "access.md"
COLUMNS = (Role.ADMIN, Role.MANAGER, Role.REP, Role.AGENT, Role.CUSTOMER)
ENVIRONMENT = {
    "MCRM_DATABASE_URL": "sqlite:///nothing-is-opened.db",
    "MCRM_SECRET_KEY": "0f9c1d2e3b4a5968778695a4b3c2d1e0",
    "MCRM_PUBLIC_URL": "http://localhost",
}


class Reach(StrEnum):
    """Whose rows an operation touches."""

    OWN = "one's own"
    TERRITORY = "within reach"
    WHOLE = "all"


REACH = {
    "/v1/auth": Reach.OWN,
    "/v1/me": Reach.OWN,
    "/v1/users": Reach.WHOLE,
    "/v1/staff": Reach.OWN,
    "/v1/integration-keys": Reach.WHOLE,
    "/v1/settings": Reach.WHOLE,
    "/v1/audit": Reach.WHOLE,
    "/v1/erasures": Reach.WHOLE,
    "/v1/templates": Reach.WHOLE,
    "/v1/message-kinds": Reach.WHOLE,
    "/v1/products": Reach.WHOLE,
    "/v1/stock-items": Reach.WHOLE,
    "/v1/stock-moves": Reach.WHOLE,
    "/v1/offers": Reach.WHOLE,
    "/v1/price-lists": Reach.TERRITORY,
    "/v1/territories": Reach.TERRITORY,
    "/v1/accounts": Reach.TERRITORY,
    "/v1/contacts": Reach.TERRITORY,
    "/v1/contact-points": Reach.TERRITORY,
    "/v1/contact-changes": Reach.TERRITORY,
    "/v1/orders": Reach.TERRITORY,
    "/v1/deliveries": Reach.TERRITORY,
    "/v1/search": Reach.TERRITORY,
    "/v1/custom-fields": Reach.WHOLE,
    "/v1/tags": Reach.WHOLE,
    "/v1/duplicates": Reach.TERRITORY,
    "/v1/tax-rates": Reach.WHOLE,
    "/v1/discount-limits": Reach.WHOLE,
    "/v1/prices": Reach.TERRITORY,
    "/v1/pricing": Reach.TERRITORY,
    "/v1/stock-locations": Reach.WHOLE,
    "/v1/stock-transfers": Reach.WHOLE,
    "/v1/purchase-requests": Reach.WHOLE,
    "/v1/stock-leases": Reach.OWN,
    "/v1/quotes": Reach.TERRITORY,
    "/v1/returns": Reach.TERRITORY,
    "/v1/leads": Reach.TERRITORY,
    "/v1/pipeline-stages": Reach.WHOLE,
    "/v1/opportunities": Reach.TERRITORY,
    "/v1/targets": Reach.TERRITORY,
    "/v1/payments": Reach.TERRITORY,
    "/v1/invoices": Reach.TERRITORY,
    "/v1/ledger": Reach.WHOLE,
    "/v1/imports": Reach.OWN,
    "/v1/bulk-changes": Reach.OWN,
    "/v1/import-mappings": Reach.WHOLE,
    "/v1/exports": Reach.TERRITORY,
    "/v1/tasks": Reach.TERRITORY,
    "/v1/activities": Reach.TERRITORY,
    "/v1/visits": Reach.TERRITORY,
    "/v1/visit-reports": Reach.TERRITORY,
    "/v1/planned-visits": Reach.TERRITORY,
    "/v1/visit-forms": Reach.WHOLE,
    "/v1/visit-cadences": Reach.WHOLE,
    "/v1/teams": Reach.WHOLE,
    "/v1/cases": Reach.TERRITORY,
    "/v1/inbox": Reach.WHOLE,
    "/v1/canned-replies": Reach.WHOLE,
    "/v1/sync": Reach.TERRITORY,
    "/v1/unknown-messages": Reach.WHOLE,
    "/i/{token}": Reach.OWN,
}

HEAD = """# Who may call what

Made by `python -m docs.access` from the application itself; a test compares the two, and another one makes every call
as everybody.

- Nobody signed in: 401 everywhere but on the public operations. A role that has no dot: 403 `auth.role-missing`.
- *within reach*: admins, managers and agents reach all rows; reps and integration keys those of their territories (a
  key without territories reaches all). A row out of reach answers exactly like one that does not exist: 404.
- *one's own*: the caller's own rows alone. *all*: rows that belong to no territory; who may call sees them all.
- **Key** names the scope that an integration key must permit; `–` is closed to every key.

| Operation | Admin | Manager | Rep | Agent | Customer | Key | Rows |
|---|:-:|:-:|:-:|:-:|:-:|---|---|
"""


def operations(app: Flask) -> Iterator[tuple[str, str, Access]]:
    """(path as the API describes it, method, who may call) of everything but webhooks, by path."""
    [state] = [part for part in app.extensions.values() if isinstance(part, Root)]
    for rule in sorted(app.url_map.iter_rules(), key=lambda rule: rule.rule):
        path = re.sub(r"<(?:uuid:)?(\w+)>", r"{\1}", rule.rule)
        for method in ("GET", "POST", "PUT", "PATCH", "DELETE"):
            if method in (rule.methods or ()) and (access := state.access.get((rule.endpoint, method))) is not None:
                yield path, method, access


def reach_of(path: str) -> Reach:
    """Whose rows the operations of a path touch; raises KeyError for a path that nobody spoke of."""
    return REACH["/".join(path.split("/")[:3])]


def table(app: Flask) -> str:
    """The whole page."""
    rows = []
    for path, method, access in operations(app):
        dots = ["public" if access.public else "●" if role in access.roles else "" for role in COLUMNS]
        key = f"`{access.scope}`" if access.scope else "–"
        rows.append(f"| `{method} {path}` | {' | '.join(dots)} | {key} | {reach_of(path)} |")
    return HEAD + "\n".join(rows) + "\n"


if __name__ == "__main__":
    PAGE.write_text(
        table(create_app(Settings.from_environment(ENVIRONMENT), blueprints=(chat.blueprint,))), encoding="utf-8"
    )
