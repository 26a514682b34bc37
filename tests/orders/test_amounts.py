"""Money of parts: whatever an order line is cut into, the parts add up to the line."""

from hypothesis import given
from hypothesis import strategies as st

from mcrm.orders.amounts import between, share


def test_a_part_is_rounded_half_away_from_zero() -> None:
    assert [share(5, part, 2) for part in (0, 1, 2)] == [0, 3, 5]
    assert share(-5, 1, 2) == -3
    assert share(950 * 3, 1, 3) == 950


@given(st.integers(-(10**15), 10**15), st.lists(st.integers(1, 50), min_size=1, max_size=8))
def test_parts_add_up_to_the_whole(amount: int, parts: list[int]) -> None:
    whole, before, worth = sum(parts), 0, 0
    for part in parts:
        worth += between(amount, before, part, whole)
        before += part
    assert worth == amount
