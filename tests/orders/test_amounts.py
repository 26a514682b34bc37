"""Money of parts: whatever an order line is cut into, the parts add up to the line."""

from hypothesis import given
from hypothesis import strategies as st

from mcrm.orders.amounts import between, share


def test_a_part_is_rounded_half_away_from_zero() -> None:
    assert [share(5, part, 2) for part in (0, 1, 2)] == [0, 3, 5]
    assert share(-5, 1, 2) == -3
    assert share(950 * 3, 1, 3) == 950


@given(st.integers(0, 10**15), st.integers(0, 10_000), st.lists(st.integers(1, 50), min_size=1, max_size=8))
def test_parts_add_up_to_the_whole_and_none_holds_more_tax_than_it_costs(
    total: int, share_of_tax: int, parts: list[int]
) -> None:
    tax, whole, before = total * share_of_tax // 10_000, sum(parts), 0
    cut = []
    for part in parts:
        cut.append(between(total, tax, before, part, whole))
        before += part
    assert (sum(one[0] for one in cut), sum(one[1] for one in cut)) == (total, tax)
    assert all(0 <= part_of_tax <= part_of_total for part_of_total, part_of_tax in cut)
