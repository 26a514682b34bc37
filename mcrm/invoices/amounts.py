"""The arithmetic of invoices: net, tax per rate and total, and how a credit takes its share of them. Pure.

Whatever is credited in parts adds up to what was invoiced, to the last minor unit: each part is the difference of two
cumulative roundings, never a rounding of its own.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from uuid import UUID

from mcrm.money import half_up
from mcrm.orders.amounts import between
from mcrm.orders.models import OrderLine


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a document; amounts in minor units, rates in basis points (hundredths of a percent).

    `unit_price` is before the discount, and holds the tax where `includes_tax`; net and tax are what counts.
    """

    description: str
    quantity: int
    unit_price: int
    net: int
    tax: int
    tax_basis_points: int
    discount_basis_points: int = 0
    includes_tax: bool = True
    order_line_id: UUID | None = None

    @property
    def total(self) -> int:
        """Net and tax."""
        return self.net + self.tax


Rates = Mapping[int, tuple[int, int]]
"""(net, tax) by basis points."""


def of_order_line(line: OrderLine) -> Line:
    """An order line as it is invoiced: what the order says of net and tax; a credit's negative amounts turned round."""
    sign = -1 if line.total < 0 else 1
    return Line(
        description=line.description,
        quantity=abs(line.live_quantity),
        unit_price=abs(line.unit_price),
        net=sign * line.net,
        tax=sign * line.tax,
        tax_basis_points=line.tax_basis_points,
        discount_basis_points=line.discount_basis_points,
        includes_tax=line.includes_tax,
        order_line_id=line.id,
    )


def per_rate(lines: Iterable[Line]) -> dict[int, tuple[int, int]]:
    """Net and tax by rate, the highest rate first."""
    found: dict[int, tuple[int, int]] = {}
    for line in lines:
        net, tax = found.get(line.tax_basis_points, (0, 0))
        found[line.tax_basis_points] = (net + line.net, tax + line.tax)
    return dict(sorted(found.items(), reverse=True))


def left(invoiced: Rates, credited: Iterable[Rates]) -> dict[int, tuple[int, int]]:
    """What is not credited yet, by rate."""
    remaining = dict(invoiced)
    for rates in credited:
        for points, (net, tax) in rates.items():
            before = remaining.get(points, (0, 0))
            remaining[points] = (before[0] - net, before[1] - tax)
    return remaining


def total_of(rates: Rates) -> int:
    """All of it, tax included."""
    return sum(net + tax for net, tax in rates.values())


def part_of(line: Line, *, before: int, quantity: int) -> Line:
    """The share of `quantity` pieces of a line of which `before` are credited; credit orders are cut alike."""
    total, tax = between(line.total, line.tax, before, quantity, line.quantity)
    return replace(line, quantity=quantity, net=total - tax, tax=tax)


def spread(amount: int, remaining: Rates, description: str) -> list[Line]:
    """Lines that credit `amount`, tax included, over the rates in proportion to what is left of each.

    `amount` is at most what is left; crediting all that is left takes exactly that of every rate.
    """
    lines, rest = [], total_of(remaining)
    for points, (net, tax) in remaining.items():
        gross = net + tax
        share = half_up(amount * gross, rest) if rest else 0
        amount, rest = amount - share, rest - gross
        if share:
            of_tax = half_up(share * tax, gross)
            lines.append(Line(description, 1, share, share - of_tax, of_tax, points))
    return lines
