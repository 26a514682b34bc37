"""What is on sale, as one customer sees it: with the price of one piece to them, and whether any are left."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Connection

from mcrm import clock
from mcrm.errors import DomainError
from mcrm.pricing import loading, rules
from mcrm.pricing.rules import Rules, Wanted
from mcrm.stock import service as stock


def price(connection: Connection, account_id: UUID, items: Sequence[dict[str, Any]]) -> None:
    """Tell of each product (by its `id`) what one piece costs this account now, and whether it can be had.

    Adds `price` (`currency`, `total`; None where no list has it) and `is_available`. As many queries for one as for a
    hundred; only an order holds stock.
    """
    ids = [item["id"] for item in items]
    if not ids:
        return
    at = clock.now()
    needed, _ = loading.rules_for(connection, account_id, ids, at=at)
    left = stock.promisable(connection, ids)
    for item in items:
        item["price"] = _price(needed, item["id"], at)
        item["is_available"] = item["price"] is not None and left.get(item["id"], 1) > 0  # uncounted is there


def _price(needed: Rules, product_id: UUID, at: datetime) -> dict[str, Any] | None:
    try:
        priced = rules.price(needed, [Wanted(product_id, 1)], at=at)
    except DomainError:
        return None
    return {"currency": priced.currency, "total": priced.total}
