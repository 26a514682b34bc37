"""What something costs: one pure function over rules as data, so that a phone computes the same price as the server.

Integers only, no clock, no database; the answer depends neither on the order of the rules nor on that of the lines.

1. A price list counts while `valid_from <= at < valid_until`. Of the lists that name an account only those of the
   nearest one count: the buyer's own, else its parent's, and so on up. Of a product's prices in a list those count
   whose `min_quantity` the line reaches; the lowest of them is the list's price. So more pieces never cost more apiece.
2. One order has one currency: of those in which every line has a price, that of the first list, by (rank, id), which
   prices any of the lines.
3. A line takes its price from the first list, by (rank, id), that has one in that currency.
4. The list's own discounts and the one that somebody gives do not add up: the larger counts.
5. amount = quantity * unit_price * (10000 - discount) / 10000, rounded.
6. The tax rate is the newest of the product's tax code with `valid_from <= at`; without one it is 0.
   A list without tax: net = amount, tax = net * rate / 10000, rounded, total = net + tax.
   A list with tax in its prices: total = amount, tax = total * rate / (10000 + rate), rounded, net = total - tax.

Rounding is always the same: to whole minor units, halves up, line by line; totals are sums of lines.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from mcrm.money import half_up
from mcrm.pricing.errors import MixedCurrencies, TotalTooLarge
from mcrm.products.errors import ProductUnknown, ProductWithoutPrice

VERSION = 2
WHOLE = 10_000
"""Basis points in one."""
LARGEST_TOTAL = 10**15
"""Minor units; what the wire promises, and far below what 64 bits and JavaScript hold."""


@dataclass(frozen=True, slots=True)
class Break:
    """The price of a product from a quantity on, in minor units of its list's currency."""

    product_id: UUID
    min_quantity: int
    unit_price: int


@dataclass(frozen=True, slots=True)
class Discount:
    """Basis points off one product, or one category, or (neither named) everything in a list, from a quantity on."""

    basis_points: int
    min_quantity: int = 1
    product_id: UUID | None = None
    category: str | None = None


@dataclass(frozen=True, slots=True)
class ListRule:
    """A price list that applies to the buyer; whether its prices hold the tax already.

    `levels_up` tells whose it is: 0 the buyer's own, 1 that of the account above, and so on; None names no account.
    """

    id: UUID
    rank: int
    currency: str
    includes_tax: bool
    prices: tuple[Break, ...]
    discounts: tuple[Discount, ...] = ()
    valid_from: datetime | None = None
    valid_until: datetime | None = None
    levels_up: int | None = None


@dataclass(frozen=True, slots=True)
class TaxRule:
    """The rate of a tax code since an instant, in basis points."""

    code: str
    basis_points: int
    valid_from: datetime


@dataclass(frozen=True, slots=True)
class Item:
    """What the rules need to know of a product that is on sale."""

    id: UUID
    tax_code: str | None = None
    category: str | None = None


@dataclass(frozen=True, slots=True)
class Rules:
    """Everything that decides what one buyer pays."""

    products: tuple[Item, ...]
    lists: tuple[ListRule, ...]
    taxes: tuple[TaxRule, ...]


@dataclass(frozen=True, slots=True)
class Wanted:
    """One line that somebody wants: a product, how many of it, and the discount that somebody gives on it."""

    product_id: UUID
    quantity: int
    discount_basis_points: int = 0


@dataclass(frozen=True, slots=True)
class PricedLine:
    """What one line costs; `unit_price` is before the discount, `total` what the customer pays."""

    product_id: UUID
    quantity: int
    price_list_id: UUID
    unit_price: int
    includes_tax: bool
    discount_basis_points: int
    tax_basis_points: int
    net: int
    tax: int
    total: int


@dataclass(frozen=True, slots=True)
class Priced:
    """What all of it costs, in minor units of `currency`; the totals are the sums of the lines."""

    currency: str
    lines: tuple[PricedLine, ...]
    net_total: int
    tax_total: int
    total: int


def price(rules: Rules, lines: Sequence[Wanted], *, at: datetime) -> Priced:
    """What these lines (at least one) cost at an instant.

    Raises ProductUnknown, ProductWithoutPrice or MixedCurrencies, naming the first line at fault, and TotalTooLarge.
    """
    items = {item.id: item for item in rules.products}
    rates = _rates(rules.taxes, at)
    lists = sorted(_nearest([rule for rule in rules.lists if _in_force(rule, at)]), key=_precedence)
    prices = _prices_by_product(lists, {line.product_id for line in lines})
    offers = [_offers(prices, items, line, index) for index, line in enumerate(lines)]
    currency = _common_currency(offers)
    priced = []
    for line, offered in zip(lines, offers, strict=True):
        chosen, unit_price = next(offer for offer in offered if offer[0].currency == currency)
        item = items[line.product_id]
        priced.append(_line(line, item, chosen, unit_price, rates.get(item.tax_code or "", 0)))
    total = sum(line.total for line in priced)
    if total > LARGEST_TOTAL:
        raise TotalTooLarge(field="lines")
    return Priced(
        currency=currency,
        lines=tuple(priced),
        net_total=sum(line.net for line in priced),
        tax_total=sum(line.tax for line in priced),
        total=total,
    )


Offer = tuple[ListRule, int]
"""A list, and its price for one piece of what a line wants."""


def _in_force(rule: ListRule, at: datetime) -> bool:
    begun = rule.valid_from is None or rule.valid_from <= at
    return begun and (rule.valid_until is None or at < rule.valid_until)


def _nearest(lists: Sequence[ListRule]) -> list[ListRule]:
    """Without the lists of accounts that stand higher than another one with a list."""
    least = min((rule.levels_up for rule in lists if rule.levels_up is not None), default=None)
    return [rule for rule in lists if rule.levels_up in (None, least)]


def _precedence(rule: ListRule) -> tuple[int, bytes]:
    return rule.rank, rule.id.bytes


def _rates(taxes: Iterable[TaxRule], at: datetime) -> Mapping[str, int]:
    begun = sorted((tax for tax in taxes if tax.valid_from <= at), key=lambda tax: tax.valid_from)
    return {tax.code: tax.basis_points for tax in begun}


def _prices_by_product(
    lists: Iterable[ListRule], wanted: set[UUID]
) -> Mapping[UUID, list[tuple[ListRule, list[Break]]]]:
    """Per product the lists that have prices for it, in order of precedence."""
    found: dict[UUID, list[tuple[ListRule, list[Break]]]] = {}
    for rule in lists:
        of_list: dict[UUID, list[Break]] = {}
        for step in rule.prices:
            if step.product_id in wanted:
                of_list.setdefault(step.product_id, []).append(step)
        for product_id, steps in of_list.items():
            found.setdefault(product_id, []).append((rule, steps))
    return found


def _offers(
    prices: Mapping[UUID, list[tuple[ListRule, list[Break]]]], items: Mapping[UUID, Item], line: Wanted, index: int
) -> list[Offer]:
    """What each list asks for one piece, in order of precedence."""
    field = f"lines.{index}.product_id"
    if line.product_id not in items:
        raise ProductUnknown(field=field)
    offers = []
    for rule, steps in prices.get(line.product_id, ()):
        reached = [step.unit_price for step in steps if step.min_quantity <= line.quantity]
        if reached:
            offers.append((rule, min(reached)))
    if not offers:
        raise ProductWithoutPrice(field=field)
    return offers


def _common_currency(offers: Sequence[Sequence[Offer]]) -> str:
    common: set[str] = set()
    for index, offered in enumerate(offers):
        currencies = {rule.currency for rule, _ in offered}
        common = common & currencies if index else currencies
        if not common:
            raise MixedCurrencies(field=f"lines.{index}.product_id")
    if len(common) == 1:
        return common.pop()
    fitting = (rule for offered in offers for rule, _ in offered if rule.currency in common)
    return min(fitting, key=_precedence).currency


def _line(line: Wanted, item: Item, rule: ListRule, unit_price: int, rate: int) -> PricedLine:
    discount = max(line.discount_basis_points, _list_discount(rule.discounts, item, line.quantity))
    amount = half_up(line.quantity * unit_price * (WHOLE - discount), WHOLE)
    if rule.includes_tax:
        total, tax = amount, half_up(amount * rate, WHOLE + rate)
        net = total - tax
    else:
        net, tax = amount, half_up(amount * rate, WHOLE)
        total = net + tax
    return PricedLine(
        product_id=line.product_id,
        quantity=line.quantity,
        price_list_id=rule.id,
        unit_price=unit_price,
        includes_tax=rule.includes_tax,
        discount_basis_points=discount,
        tax_basis_points=rate,
        net=net,
        tax=tax,
        total=total,
    )


def _list_discount(discounts: Iterable[Discount], item: Item, quantity: int) -> int:
    """The largest discount of the list that this product and quantity reach; 0 without one."""
    return max(
        (
            discount.basis_points
            for discount in discounts
            if discount.min_quantity <= quantity
            and discount.product_id in (None, item.id)
            and discount.category in (None, item.category)
        ),
        default=0,
    )
