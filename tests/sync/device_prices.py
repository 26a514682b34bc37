"""What a phone makes of its rows when it prices an order without a network: the rules, as data."""

import json
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from mcrm.pricing.rules import Break, Discount, Item, ListRule, Rules, TaxRule
from tests.sync.device import Device, Raw


def rules_on(device: Device, account_id: Any) -> Rules:
    """The rules that an account buys by, of nothing but synced rows."""
    account = device.get("accounts", account_id)
    assert account is not None
    lists = [row for row in device.rows("price_lists") if _buys_by(account, row)]
    prices: dict[str, list[Break]] = {row["id"]: [] for row in lists}
    for row in device.rows("price_list_items"):
        if row["price_list_id"] in prices:
            step = Break(UUID(row["product_id"]), row["min_quantity"], row["unit_price"])
            prices[row["price_list_id"]].append(step)
    products = [row for row in device.rows("products") if row["is_active"]]
    return Rules(
        products=tuple(Item(UUID(row["id"]), row["tax_code"], row["category"]) for row in products),
        lists=tuple(_list(row, prices[row["id"]]) for row in lists),
        taxes=tuple(
            TaxRule(row["code"], row["basis_points"], _instant(row["valid_from"])) for row in device.rows("tax_rates")
        ),
    )


def _buys_by(account: Raw, row: Raw) -> bool:
    return row["account_id"] in (None, account["id"]) and row["account_class"] in (None, account["account_class"])


def _list(row: Raw, prices: list[Break]) -> ListRule:
    return ListRule(
        id=UUID(row["id"]),
        rank=row["rank"],
        currency=row["currency"],
        includes_tax=row["includes_tax"],
        prices=tuple(prices),
        discounts=tuple(
            Discount(**off | {"product_id": off["product_id"] and UUID(off["product_id"])})
            for off in json.loads(row["discounts"])
        ),
        valid_from=_instant(row["valid_from"]),
        valid_until=_instant(row["valid_until"]),
    )


def _instant(milliseconds: int | None) -> Any:
    return None if milliseconds is None else datetime.fromtimestamp(milliseconds / 1000, UTC)
