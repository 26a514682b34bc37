"""The rules of prices once more, written from docs/reference/pricing.md alone, over plain JSON and exact fractions.

Shares nothing with `mcrm.pricing`: where the two differ, one of them has misread the page.
"""

from datetime import datetime
from fractions import Fraction
from math import floor
from typing import Any

Json = dict[str, Any]


def price(rules: Json, at: str, lines: list[Json]) -> Json:
    """What the lines cost, or `{"error", "field"}`."""
    options = []
    for number, line in enumerate(lines):
        if not any(product["id"] == line["product_id"] for product in rules["products"]):
            return {"error": "product.unknown", "field": f"lines.{number}.product_id"}
        options.append(options_of(rules, at, line))
        if not options[-1]:
            return {"error": "product.no-price", "field": f"lines.{number}.product_id"}
    for number in range(len(lines)):
        if not shared(options[: number + 1]):
            return {"error": "order.mixed-currencies", "field": f"lines.{number}.product_id"}
    everywhere = shared(options)
    fitting = [option for several in options for option in several if option["list"]["currency"] in everywhere]
    currency = sorted(fitting, key=lambda option: place(option["list"]))[0]["list"]["currency"]
    priced = []
    for line, several in zip(lines, options, strict=True):
        chosen = sorted(
            (option for option in several if option["list"]["currency"] == currency),
            key=lambda option: place(option["list"]),
        )[0]
        priced.append(priced_line(rules, at, line, chosen))
    if sum(line["total"] for line in priced) > 10**15:
        return {"error": "order.too-large", "field": "lines"}
    sums = {name: sum(line[name] for line in priced) for name in ("net", "tax", "total")}
    return {
        "currency": currency,
        "net_total": sums["net"],
        "tax_total": sums["tax"],
        "total": sums["total"],
        "lines": priced,
    }


def options_of(rules: Json, at: str, line: Json) -> list[Json]:
    """Every list in force that has a price for so many of this product, with that price."""
    found = []
    counting = [one for one in rules["lists"] if counts(one, at)]
    levels = sorted(one["levels_up"] for one in counting if one["levels_up"] is not None)
    for one in counting:
        if one["levels_up"] is not None and one["levels_up"] > levels[0]:
            continue
        prices = [
            entry["unit_price"]
            for entry in one["prices"]
            if entry["product_id"] == line["product_id"] and line["quantity"] >= entry["min_quantity"]
        ]
        if prices:
            found.append({"list": one, "unit_price": sorted(prices)[0]})
    return found


def counts(one: Json, at: str) -> bool:
    """Whether a list is in force."""
    if one["valid_from"] and instant(at) < instant(one["valid_from"]):
        return False
    return not one["valid_until"] or instant(at) < instant(one["valid_until"])


def priced_line(rules: Json, at: str, line: Json, chosen: Json) -> Json:
    """One line: discount, then tax, each rounded to whole minor units."""
    one = chosen["list"]
    [product] = [product for product in rules["products"] if product["id"] == line["product_id"]]
    discounts = [line["discount_basis_points"]]
    for discount in one["discounts"]:
        wrong_product = discount["product_id"] is not None and discount["product_id"] != product["id"]
        wrong_category = discount["category"] is not None and discount["category"] != product["category"]
        if not wrong_product and not wrong_category and line["quantity"] >= discount["min_quantity"]:
            discounts.append(discount["basis_points"])
    discount = sorted(discounts)[-1]
    rate = rate_of(rules, at, product["tax_code"])
    share = Fraction(rate, 10_000)
    amount = half_up(Fraction(line["quantity"] * chosen["unit_price"]) * (1 - Fraction(discount, 10_000)))
    if one["includes_tax"]:
        total, tax = amount, half_up(amount * share / (1 + share))
        net = total - tax
    else:
        net, tax = amount, half_up(amount * share)
        total = net + tax
    return {
        "product_id": product["id"],
        "quantity": line["quantity"],
        "price_list_id": one["id"],
        "unit_price": chosen["unit_price"],
        "includes_tax": one["includes_tax"],
        "discount_basis_points": discount,
        "tax_basis_points": rate,
        "net": net,
        "tax": tax,
        "total": total,
    }


def rate_of(rules: Json, at: str, code: str | None) -> int:
    """The newest rate of the code that has begun; 0 without one."""
    begun = [tax for tax in rules["taxes"] if tax["code"] == code and instant(tax["valid_from"]) <= instant(at)]
    begun.sort(key=lambda tax: instant(tax["valid_from"]))
    return int(begun[-1]["basis_points"]) if begun else 0


def shared(options: list[list[Json]]) -> set[str]:
    """The currencies in which each of these lines has a price."""
    return set.intersection(*({option["list"]["currency"] for option in several} for several in options))


def place(one: Json) -> tuple[int, str]:
    """Where a list stands among the others; ids compare as lower-case text."""
    return one["rank"], one["id"]


def half_up(value: Fraction) -> int:
    """Whole minor units."""
    return floor(value + Fraction(1, 2))


def instant(text: str) -> datetime:
    """RFC 3339."""
    return datetime.fromisoformat(text)
