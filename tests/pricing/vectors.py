"""Writes docs/reference/pricing-vectors.json with the reference: `python -m tests.pricing.vectors`."""

import json
import random
from pathlib import Path
from typing import Any

from tests.pricing import reference

FILE = Path(__file__).parents[2] / "docs" / "reference" / "pricing-vectors.json"
NOW = "2026-11-26T12:00:00Z"
Json = dict[str, Any]


def an_id(number: int) -> str:
    """A readable id."""
    return f"01890000-0000-7000-8000-{number:012x}"


ESPRESSO, MUG, CANDLE, BOARD, TOTE, FILTERS, UNPRICED = (an_id(0xA0 + n) for n in range(7))
PRODUCTS = [
    {"id": ESPRESSO, "tax_code": "zero", "category": "coffee"},
    {"id": MUG, "tax_code": "standard", "category": "homeware"},
    {"id": CANDLE, "tax_code": "standard", "category": "homeware"},
    {"id": BOARD, "tax_code": "reduced", "category": None},
    {"id": TOTE, "tax_code": None, "category": "homeware"},
    {"id": FILTERS, "tax_code": "standard", "category": "coffee"},
    {"id": UNPRICED, "tax_code": "standard", "category": "coffee"},
]
TAXES = [
    {"code": "standard", "basis_points": 2000, "valid_from": "2011-01-04T00:00:00Z"},
    {"code": "standard", "basis_points": 1750, "valid_from": "2010-01-01T00:00:00Z"},
    {"code": "standard", "basis_points": 2150, "valid_from": "2027-01-01T00:00:00Z"},
    {"code": "zero", "basis_points": 0, "valid_from": "1973-04-01T00:00:00Z"},
    {"code": "reduced", "basis_points": 500, "valid_from": "1997-09-01T00:00:00Z"},
]


def a_break(product_id: str, unit_price: int, min_quantity: int = 1) -> Json:
    """A price from a quantity on."""
    return {"product_id": product_id, "min_quantity": min_quantity, "unit_price": unit_price}


def a_discount(
    basis_points: int, min_quantity: int = 1, product_id: str | None = None, category: str | None = None
) -> Json:
    """A discount of a list."""
    return {
        "basis_points": basis_points,
        "min_quantity": min_quantity,
        "product_id": product_id,
        "category": category,
    }


def a_list(number: int, rank: int, *prices: Json, **facts: Any) -> Json:
    """A price list, GBP with tax unless `facts` say otherwise."""
    usual = {
        "currency": "GBP",
        "includes_tax": True,
        "discounts": [],
        "valid_from": None,
        "valid_until": None,
        "levels_up": None,
    }
    return {"id": an_id(0x1000 + number), "rank": rank, **usual, "prices": list(prices), **facts}


SHOP = a_list(
    1,
    100,
    a_break(ESPRESSO, 850),
    a_break(MUG, 1400),
    a_break(MUG, 1299, 6),
    a_break(MUG, 1350, 12),
    a_break(CANDLE, 1999),
    a_break(BOARD, 4200),
    a_break(TOTE, 333),
    a_break(FILTERS, 7),
)
TRADE = a_list(
    2,
    50,
    a_break(ESPRESSO, 640, 4),
    a_break(MUG, 915),
    a_break(MUG, 873, 24),
    a_break(FILTERS, 1),
    a_break(CANDLE, 1325),
    includes_tax=False,
    discounts=[a_discount(500, 10), a_discount(750, 20, category="homeware"), a_discount(1250, 50, product_id=MUG)],
)
SUMMER = a_list(
    3,
    10,
    a_break(CANDLE, 1500),
    valid_from="2026-06-01T00:00:00Z",
    valid_until="2026-09-01T00:00:00Z",
)
EURO = a_list(4, 200, a_break(ESPRESSO, 990), a_break(MUG, 1650), a_break(BOARD, 4900), currency="EUR")
YEN = a_list(5, 100, a_break(ESPRESSO, 1250), a_break(MUG, 2199), a_break(TOTE, 3), currency="JPY")
DINAR = a_list(
    6, 100, a_break(ESPRESSO, 3125), a_break(MUG, 5455), a_break(BOARD, 15005), currency="KWD", includes_tax=False
)
ISLAND = a_list(7, 100, a_break(BOARD, 10**12))
SETS: dict[str, Json] = {
    "shop": {"products": PRODUCTS, "taxes": TAXES, "lists": [SHOP, SUMMER]},
    "trade": {"products": PRODUCTS, "taxes": TAXES, "lists": [SHOP, TRADE, SUMMER]},
    "abroad": {"products": PRODUCTS, "taxes": TAXES, "lists": [EURO, a_list(8, 100, a_break(TOTE, 333))]},
    "both": {"products": PRODUCTS, "taxes": TAXES, "lists": [SHOP, {**EURO, "rank": 20}]},
    "cafe": {
        "products": PRODUCTS,
        "taxes": TAXES,
        "lists": [
            a_list(12, 100, a_break(ESPRESSO, 850), a_break(MUG, 1400)),
            a_list(
                13,
                50,
                a_break(ESPRESSO, 510, 6),
                a_break(MUG, 840, 6),
                includes_tax=False,
                discounts=[a_discount(500, 24, category="coffee")],
            ),
        ],
    },
    "yen": {"products": PRODUCTS, "taxes": TAXES, "lists": [YEN]},
    "dinar": {"products": PRODUCTS, "taxes": TAXES, "lists": [DINAR]},
    "tie": {
        "products": PRODUCTS,
        "taxes": TAXES,
        "lists": [a_list(11, 100, a_break(MUG, 1400)), a_list(10, 100, a_break(MUG, 1500))],
    },
    "branch": {
        "products": PRODUCTS,
        "taxes": TAXES,
        "lists": [
            SHOP,
            a_list(20, 50, a_break(MUG, 1100), a_break(TOTE, 300), levels_up=1),
            a_list(21, 40, a_break(MUG, 1000), a_break(CANDLE, 1700), levels_up=2),
            a_list(22, 60, a_break(MUG, 1200), levels_up=0, valid_from="2027-01-01T00:00:00Z"),
        ],
    },
    "island": {"products": PRODUCTS, "taxes": TAXES, "lists": [ISLAND]},
}
Wish = tuple[str, int] | tuple[str, int, int]
NAMED: tuple[tuple[str, str, str, tuple[Wish, ...]], ...] = (
    ("the example of the page", "cafe", NOW, ((ESPRESSO, 24), (MUG, 7, 333))),
    ("a mug with its tax inside", "shop", NOW, ((MUG, 1),)),
    ("two mugs: the tax is taken from the line, not twice from the piece", "shop", NOW, ((MUG, 2),)),
    ("five mugs miss the break of six", "shop", NOW, ((MUG, 5),)),
    ("six mugs reach it", "shop", NOW, ((MUG, 6),)),
    ("twelve mugs keep the lower price, though a higher break is dearer", "shop", NOW, ((MUG, 12),)),
    ("coffee is zero-rated", "shop", NOW, ((ESPRESSO, 3),)),
    ("a reduced rate", "shop", NOW, ((BOARD, 1),)),
    ("a product without a tax code", "shop", NOW, ((TOTE, 3),)),
    ("several lines of several rates", "shop", NOW, ((ESPRESSO, 2), (MUG, 1), (BOARD, 1), (TOTE, 1))),
    ("the same product twice: each line reaches its own break", "shop", NOW, ((MUG, 5), (MUG, 6))),
    ("half a penny of discount is rounded up for the amount", "shop", NOW, ((FILTERS, 1, 5000),)),
    ("a hundredth of a penny goes down", "shop", NOW, ((TOTE, 1, 3333),)),
    ("ten per cent off", "shop", NOW, ((MUG, 1, 1000),)),
    ("everything off", "shop", NOW, ((MUG, 1, 10000), (ESPRESSO, 1))),
    ("one basis point off", "shop", NOW, ((BOARD, 1, 1),)),
    ("one basis point left", "shop", NOW, ((BOARD, 1, 9999),)),
    ("a summer price in summer", "shop", "2026-07-15T10:00:00Z", ((CANDLE, 1),)),
    ("from its first instant", "shop", "2026-06-01T00:00:00Z", ((CANDLE, 1),)),
    ("not a second before", "shop", "2026-05-31T23:59:59Z", ((CANDLE, 1),)),
    ("not in its last instant any more", "shop", "2026-09-01T00:00:00Z", ((CANDLE, 1),)),
    ("an instant is one whatever the offset it is written with", "shop", "2026-09-01T00:30:00+01:00", ((CANDLE, 1),)),
    ("the old rate of tax", "shop", "2010-12-31T23:59:59Z", ((MUG, 1),)),
    ("the new rate from its first instant", "shop", "2011-01-04T00:00:00Z", ((MUG, 1),)),
    ("the rate to come", "shop", "2027-01-01T00:00:00Z", ((MUG, 1),)),
    ("before any rate there is no tax", "shop", "2009-01-01T00:00:00Z", ((MUG, 1),)),
    ("a million filters", "shop", NOW, ((FILTERS, 1_000_000),)),
    ("a trade price without tax", "trade", NOW, ((MUG, 1),)),
    ("a fifth of a penny of tax is none", "trade", NOW, ((FILTERS, 2),)),
    ("three fifths of a penny are one", "trade", NOW, ((FILTERS, 3),)),
    ("too few for the trade price fall back on the shop's", "trade", NOW, ((ESPRESSO, 3),)),
    ("enough for the trade price", "trade", NOW, ((ESPRESSO, 4),)),
    ("prices with and without tax in one order", "trade", NOW, ((MUG, 2), (BOARD, 1))),
    ("a list's discount from a quantity on, not yet", "trade", NOW, ((CANDLE, 9),)),
    ("a list's discount, reached", "trade", NOW, ((CANDLE, 10),)),
    ("the discount of the category is larger", "trade", NOW, ((CANDLE, 20),)),
    ("the discount of the product is the largest", "trade", NOW, ((MUG, 50),)),
    ("a category's discount leaves others alone", "trade", NOW, ((FILTERS, 20),)),
    ("a given discount below the list's changes nothing", "trade", NOW, ((CANDLE, 10, 300),)),
    ("a given discount above the list's counts alone", "trade", NOW, ((CANDLE, 10, 900),)),
    ("the lowest rank wins while it lasts", "trade", "2026-08-01T00:00:00Z", ((CANDLE, 10),)),
    ("another currency", "abroad", NOW, ((ESPRESSO, 1), (MUG, 1))),
    ("two currencies are no order", "abroad", NOW, ((ESPRESSO, 1), (TOTE, 1))),
    ("whichever line comes first", "abroad", NOW, ((TOTE, 1), (MUG, 2), (ESPRESSO, 1))),
    ("the first list decides the currency", "both", NOW, ((ESPRESSO, 1), (MUG, 1))),
    ("unless a line has no price in it", "both", NOW, ((ESPRESSO, 1), (CANDLE, 1))),
    ("wherever that line stands", "both", NOW, ((CANDLE, 1), (ESPRESSO, 1))),
    ("yen have no parts", "yen", NOW, ((MUG, 1), (ESPRESSO, 2))),
    ("half a yen goes up", "yen", NOW, ((TOTE, 1, 5000),)),
    ("dinars have thousandths", "dinar", NOW, ((MUG, 1), (BOARD, 1))),
    ("half a fils of tax goes up", "dinar", NOW, ((BOARD, 2),)),
    ("of two lists with one rank the lower id wins", "tie", NOW, ((MUG, 1),)),
    ("a branch buys at its head office's prices", "branch", NOW, ((MUG, 1), (TOTE, 1))),
    ("of two above it the nearer counts, though the other's rank is lower", "branch", NOW, ((MUG, 1), (CANDLE, 1))),
    ("a list of its own stands in for the head office's", "branch", "2027-01-01T00:00:00Z", ((MUG, 1),)),
    ("also for what it does not price", "branch", "2027-01-01T00:00:00Z", ((MUG, 1), (TOTE, 1))),
    ("a product that nobody sells", "shop", NOW, ((MUG, 1), (an_id(0xFF), 1))),
    ("a product without a price", "shop", NOW, ((MUG, 1), (UNPRICED, 1))),
    ("the first line at fault is named", "shop", NOW, ((UNPRICED, 1), (an_id(0xFF), 1))),
    ("a price that has ended", "tie", NOW, ((CANDLE, 1),)),
    ("as much as an order may be worth", "island", NOW, ((BOARD, 1_000),)),
    ("a penny more", "island", NOW, ((BOARD, 1_000), (BOARD, 1, 9999))),
)


def random_set(dice: random.Random, number: int) -> Json:
    """Rules that nobody would think of."""
    codes = [None, "standard", "reduced", "zero"]
    categories = [None, "coffee", "homeware"]
    products = [
        {"id": an_id(0xB00 + number * 16 + n), "tax_code": dice.choice(codes), "category": dice.choice(categories)}
        for n in range(5)
    ]
    lists = []
    for n in range(4):
        prices = {
            (product["id"], quantity): a_break(product["id"], dice.randint(0, 20_000), quantity)
            for product in products
            for quantity in dice.sample([1, 2, 5, 10, 25], k=dice.randint(1, 3))
        }
        discounts = [
            a_discount(dice.randint(1, 4000), dice.choice([1, 3, 10]), category=dice.choice(categories))
            for _ in range(dice.randint(0, 2))
        ]
        facts = {"includes_tax": dice.random() < 0.5, "discounts": discounts, "currency": dice.choice(["GBP", "EUR"])}
        facts["levels_up"] = [None, None, 0, 1][n] if number % 2 else None
        lists.append(a_list(0x100 + number * 8 + n, dice.choice([10, 50, 100]), *prices.values(), **facts))
    return {"products": products, "taxes": TAXES, "lists": lists}


def content() -> Json:
    """All cases, each with what the reference says."""
    sets, cases, dice = dict(SETS), list(NAMED), random.Random(20261126)
    for number in range(6):
        sets[f"odd-{number}"] = random_set(dice, number)
        ids = [product["id"] for product in sets[f"odd-{number}"]["products"]]
        for n in range(5):
            wishes = tuple(
                (dice.choice(ids), dice.randint(1, 40), dice.choice([0, 0, dice.randint(1, 3000)]))
                for _ in range(dice.randint(1, 4))
            )
            cases.append((f"odd rules {number}, wish {n}", f"odd-{number}", NOW, wishes))
    answered = []
    for name, rules, at, wishes in cases:
        lines = [
            {"product_id": wish[0], "quantity": wish[1], "discount_basis_points": wish[2] if len(wish) > 2 else 0}
            for wish in wishes
        ]
        expected = reference.price(sets[rules], at, lines)
        answered.append({"name": name, "rules": rules, "at": at, "lines": lines, "expected": expected})
    return {"version": 2, "rules": sets, "cases": answered}


def written() -> str:
    """The file: one set of rules, or one case, a line."""
    made = content()
    rules = ",\n".join(f"  {json.dumps(name)}: {json.dumps(one)}" for name, one in made["rules"].items())
    cases = ",\n".join(f"  {json.dumps(case)}" for case in made["cases"])
    return f'{{"version": {made["version"]},\n "rules": {{\n{rules}}},\n "cases": [\n{cases}]}}\n'


if __name__ == "__main__":
    FILE.write_text(written(), encoding="utf-8")
