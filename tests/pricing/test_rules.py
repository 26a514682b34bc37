"""The pure function of prices: against the vectors that phones are tested with, and what holds for any rules."""

import json
from dataclasses import asdict, replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from mcrm.api.json import encode
from mcrm.errors import DomainError
from mcrm.money import half_up
from mcrm.pricing import rules as pricing
from mcrm.pricing.errors import MixedCurrencies
from mcrm.pricing.rules import Break, Discount, Item, ListRule, Rules, TaxRule, Wanted, price
from tests.pricing import reference, vectors

VECTORS = json.loads(vectors.FILE.read_text(encoding="utf-8"))
AT = datetime(2026, 11, 26, 12, tzinfo=UTC)
IDS = [UUID(int=number) for number in range(1, 5)]
SOME = settings(max_examples=40, deadline=None)


def read(rules: dict[str, Any]) -> Rules:
    """Rules as they go over the wire."""
    return Rules(
        products=tuple(Item(**item | {"id": UUID(item["id"])}) for item in rules["products"]),
        lists=tuple(_list(one) for one in rules["lists"]),
        taxes=tuple(TaxRule(**tax | {"valid_from": _instant(tax["valid_from"])}) for tax in rules["taxes"]),
    )


def _list(one: dict[str, Any]) -> ListRule:
    facts = one | {"id": UUID(one["id"]), **{name: _instant(one[name]) for name in ("valid_from", "valid_until")}}
    facts["prices"] = tuple(Break(**step | {"product_id": UUID(step["product_id"])}) for step in one["prices"])
    facts["discounts"] = tuple(
        Discount(**off | {"product_id": off["product_id"] and UUID(off["product_id"])}) for off in one["discounts"]
    )
    return ListRule(**facts)


def _instant(text: str | None) -> Any:
    return text and datetime.fromisoformat(text)


def answer(rules: Rules, lines: list[Wanted], at: datetime) -> dict[str, Any]:
    """What `price` says, as plain JSON."""
    try:
        return json.loads(encode(price(rules, lines, at=at)))  # type: ignore[no-any-return]
    except DomainError as error:
        return {"error": error.code, "field": error.field}


@pytest.mark.parametrize("case", VECTORS["cases"], ids=lambda case: case["name"])
def test_every_vector_comes_out_as_written(case: dict[str, Any]) -> None:
    lines = [Wanted(**line | {"product_id": UUID(line["product_id"])}) for line in case["lines"]]
    found = answer(read(VECTORS["rules"][case["rules"]]), lines, _instant(case["at"]))
    assert found == case["expected"]


def test_the_vectors_are_what_the_reference_says_of_enough_cases() -> None:
    assert vectors.FILE.read_text(encoding="utf-8") == vectors.written()
    assert VECTORS["version"] == pricing.VERSION
    assert len(VECTORS["cases"]) >= 60
    assert {case["expected"].get("error") for case in VECTORS["cases"]} > {None, "order.mixed-currencies"}


TIMES = st.none() | st.integers(-3, 3).map(lambda days: AT + timedelta(days=days))
QUANTITIES = st.integers(1, 60)
BREAKS = st.builds(Break, st.sampled_from(IDS), QUANTITIES, st.integers(0, 10**7))
DISCOUNTS = st.builds(
    Discount,
    st.integers(1, 10_000),
    QUANTITIES,
    st.none() | st.sampled_from(IDS),
    st.none() | st.sampled_from(["coffee", "homeware"]),
)
LISTS = st.builds(
    ListRule,
    id=st.uuids(),
    rank=st.integers(0, 3),
    currency=st.sampled_from(["GBP", "EUR"]),
    includes_tax=st.booleans(),
    prices=st.lists(BREAKS, max_size=6).map(tuple),
    discounts=st.lists(DISCOUNTS, max_size=2).map(tuple),
    valid_from=TIMES,
    valid_until=TIMES,
    levels_up=st.none() | st.integers(0, 2),
)
TAXES = st.builds(TaxRule, st.sampled_from(["standard", "reduced"]), st.integers(0, 10_000), TIMES.filter(bool))
ITEMS = st.tuples(*(st.builds(Item, st.just(id), st.sampled_from([None, "standard", "reduced"])) for id in IDS))
RULES = st.builds(
    Rules,
    products=ITEMS,
    lists=st.lists(LISTS, min_size=1, max_size=3, unique_by=lambda one: one.id).map(tuple),
    taxes=st.lists(TAXES, max_size=3, unique_by=lambda tax: (tax.code, tax.valid_from)).map(tuple),
)
LINES = st.lists(st.builds(Wanted, st.sampled_from(IDS), QUANTITIES, st.integers(0, 10_000)), min_size=1, max_size=4)
EVERYTHING = ListRule(
    UUID(int=99), 9, "GBP", True, tuple(Break(id, quantity, 999 - quantity) for id in IDS for quantity in (1, 7, 30))
)


def with_prices(rules: Rules) -> Rules:
    """The same rules and a last list that has a price for everything, so that most wishes can be priced."""
    return replace(rules, lists=(*rules.lists, EVERYTHING))


@SOME
@given(RULES.map(with_prices), LINES)
def test_lines_add_up_and_net_and_tax_are_what_the_customer_pays(rules: Rules, lines: list[Wanted]) -> None:
    priced = price(rules, lines, at=AT)
    for line, wanted in zip(priced.lines, lines, strict=True):
        assert (line.product_id, line.quantity) == (wanted.product_id, wanted.quantity)
        assert line.net + line.tax == line.total
        assert min(line.net, line.tax, line.total) >= 0
        assert line.discount_basis_points >= wanted.discount_basis_points
    assert priced.net_total + priced.tax_total == priced.total
    for name in ("net", "tax", "total"):
        assert sum(getattr(line, name) for line in priced.lines) == getattr(priced, f"{name}_total", priced.total)


@SOME
@given(RULES.map(with_prices), LINES)
def test_tax_is_exact_to_half_a_minor_unit_of_each_line(rules: Rules, lines: list[Wanted]) -> None:
    for line in price(rules, lines, at=AT).lines:
        amount = line.quantity * line.unit_price * (10_000 - line.discount_basis_points)
        rate = line.tax_basis_points
        assert -5_000 <= (line.total if line.includes_tax else line.net) * 10_000 - amount <= 5_000
        if line.includes_tax:
            off = 2 * (line.tax * (10_000 + rate) - line.total * rate)
            assert -(10_000 + rate) < off <= 10_000 + rate
        else:
            assert -10_000 < 2 * (line.tax * 10_000 - line.net * rate) <= 10_000


@SOME
@given(RULES, LINES, st.randoms())
def test_the_order_of_rules_changes_nothing(rules: Rules, lines: list[Wanted], dice: Any) -> None:
    def mixed(several: tuple[Any, ...]) -> tuple[Any, ...]:
        return tuple(dice.sample(several, len(several)))

    lists = tuple(replace(one, prices=mixed(one.prices), discounts=mixed(one.discounts)) for one in rules.lists)
    again = Rules(mixed(rules.products), mixed(lists), mixed(rules.taxes))
    assert answer(again, lines, AT) == answer(rules, lines, AT)


@SOME
@given(RULES, LINES)
def test_the_order_of_lines_changes_nothing_but_which_one_is_named_at_fault(rules: Rules, lines: list[Wanted]) -> None:
    found, turned = answer(rules, lines, AT), answer(rules, lines[::-1], AT)
    if "error" in found:
        assert "error" in turned
        return
    assert turned["lines"][::-1] == found["lines"]
    assert {**turned, "lines": []} == {**found, "lines": []}


@SOME
@given(RULES, st.sampled_from(IDS), QUANTITIES, st.integers(0, 60))
def test_more_pieces_never_cost_more_apiece_within_a_list(rules: Rules, id: UUID, quantity: int, more: int) -> None:
    for one in rules.lists:
        alone = replace(rules, lists=(one,))
        few, many = answer(alone, [Wanted(id, quantity)], AT), answer(alone, [Wanted(id, quantity + more)], AT)
        if "error" in few:
            continue
        assert many["lines"][0]["unit_price"] <= few["lines"][0]["unit_price"]
        assert many["lines"][0]["discount_basis_points"] >= few["lines"][0]["discount_basis_points"]


@SOME
@given(RULES, LINES)
def test_the_reference_agrees_on_any_rules(rules: Rules, lines: list[Wanted]) -> None:
    wire = json.loads(encode(rules))
    wishes = json.loads(encode(lines))
    assert answer(rules, lines, AT) == reference.price(wire, AT.isoformat(), wishes)


@SOME
@given(RULES, LINES)
def test_rules_of_other_products_do_not_matter(rules: Rules, lines: list[Wanted]) -> None:
    wanted = {line.product_id for line in lines}
    narrowed = Rules(
        tuple(item for item in rules.products if item.id in wanted),
        tuple(
            replace(one, prices=tuple(step for step in one.prices if step.product_id in wanted)) for one in rules.lists
        ),
        rules.taxes,
    )
    assert answer(narrowed, lines, AT) == answer(rules, lines, AT)


@SOME
@given(st.integers(-(10**30), 10**30), st.integers(1, 20_000))
@example(1, 2)
@example(-1, 2)
def test_halves_go_up_and_credits_mirror_sales(numerator: int, denominator: int) -> None:
    whole = half_up(numerator, denominator)
    assert abs(2 * (whole * denominator - numerator)) <= denominator
    assert half_up(-numerator, denominator) == -whole
    if 2 * abs(numerator) % (2 * denominator) == denominator:
        assert abs(whole) * denominator > abs(numerator)


def test_lines_without_a_common_currency_are_no_order_in_either_direction() -> None:
    pounds = ListRule(IDS[0], 1, "GBP", True, (Break(IDS[0], 1, 100),))
    euros = ListRule(IDS[1], 1, "EUR", True, (Break(IDS[1], 1, 100),))
    rules = Rules(tuple(Item(id) for id in IDS), (pounds, euros), ())
    for lines in ([IDS[0], IDS[1]], [IDS[1], IDS[0]]):
        with pytest.raises(MixedCurrencies) as refused:
            price(rules, [Wanted(id, 1) for id in lines], at=AT)
        assert refused.value.field == "lines.1.product_id"


def test_what_is_priced_says_everything_that_an_invoice_needs() -> None:
    [line] = price(with_prices(Rules(tuple(Item(id) for id in IDS), (), ())), [Wanted(IDS[0], 7)], at=AT).lines
    assert asdict(line) == {
        "product_id": IDS[0],
        "quantity": 7,
        "price_list_id": EVERYTHING.id,
        "unit_price": 992,
        "includes_tax": True,
        "discount_basis_points": 0,
        "tax_basis_points": 0,
        "net": 6944,
        "tax": 0,
        "total": 6944,
    }
