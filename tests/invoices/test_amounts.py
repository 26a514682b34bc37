"""The arithmetic of invoices: whatever is credited in parts adds up to what was invoiced, to the last penny."""

from collections.abc import Sequence

from hypothesis import given
from hypothesis import strategies as st

from mcrm.invoices import amounts
from mcrm.invoices.amounts import Line, Rates
from mcrm.money import half_up, in_major_units

RATES = st.sampled_from([0, 500, 2000])
MOST = 10**7


@st.composite
def lines(draw: st.DrawFn) -> Line:
    net, points = draw(st.integers(0, MOST)), draw(RATES)
    quantity = draw(st.integers(1, 50))
    return Line("Mug", quantity, half_up(net, quantity), net, half_up(net * points, 10_000), points)


def test_halves_are_rounded_away_from_zero() -> None:
    assert [half_up(n, 2) for n in (-3, -1, 0, 1, 3)] == [-2, -1, 0, 1, 2]


def test_amounts_are_written_with_the_digits_of_their_currency() -> None:
    assert [str(in_major_units(1250, code)) for code in ("GBP", "JPY", "KWD")] == ["12.50", "1250", "1.250"]


@given(lines(), st.data())
def test_a_line_credited_piece_by_piece_is_credited_whole(line: Line, data: st.DataObject) -> None:
    parts: list[Line] = []
    while (before := sum(part.quantity for part in parts)) < line.quantity:
        quantity = data.draw(st.integers(1, line.quantity - before))
        parts.append(amounts.part_of(line, before=before, quantity=quantity))
    assert (sum(part.net for part in parts), sum(part.tax for part in parts)) == (line.net, line.tax)
    assert all(part.net >= 0 and part.tax >= 0 for part in parts)


@given(st.lists(lines(), min_size=1, max_size=6), st.data())
def test_amounts_credited_one_after_the_other_empty_every_rate(invoiced: list[Line], data: st.DataObject) -> None:
    all_rates = amounts.per_rate(invoiced)
    credited: list[Rates] = []
    while total := amounts.total_of(remaining := amounts.left(all_rates, credited)):
        amount = data.draw(st.integers(max(1, total // 5), total))
        parts = amounts.spread(amount, remaining, "Credit")
        assert sum(part.total for part in parts) == amount
        assert never_below_zero(parts)
        credited.append(amounts.per_rate(parts))
    assert all(rate == (0, 0) for rate in remaining.values())


def never_below_zero(parts: Sequence[Line]) -> bool:
    return all(part.net >= 0 and part.tax >= 0 for part in parts)
