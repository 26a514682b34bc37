"""Which location serves an order: the fullest one first, others only what it lacks, always the same answer."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from mcrm.ids import new_id
from mcrm.stock.allocating import Place, allocate, deal

MAIN, BACK, VAN = (new_id() for _ in range(3))
STOCKS = st.lists(st.integers(-3, 20), max_size=6)


def places(*available: int) -> list[Place]:
    return [
        Place(item_id, name, left) for item_id, name, left in zip((MAIN, BACK, VAN), "ABC", available, strict=False)
    ]


def test_the_location_with_the_most_serves_alone_when_it_can() -> None:
    assert allocate(places(3, 9, 5), 4) == [(BACK, 4)]


def test_an_order_is_split_only_when_no_location_can_serve_it() -> None:
    assert allocate(places(3, 9, 5), 15) == [(BACK, 9), (VAN, 5), (MAIN, 1)]


def test_equal_locations_are_taken_by_their_code() -> None:
    assert allocate(list(reversed(places(2, 2, 2))), 3) == [(MAIN, 2), (BACK, 1)]


def test_what_is_not_there_is_not_promised() -> None:
    assert allocate(places(1, 1), 3) is None
    assert allocate([], 1) is None


@given(STOCKS, st.integers(1, 60))
def test_what_is_taken_is_exactly_what_was_wanted_and_never_more_than_there_is(stocks: list[int], wanted: int) -> None:
    there = {new_id(): left for left in stocks}
    taken = allocate([Place(item_id, str(nr), left) for nr, (item_id, left) in enumerate(there.items())], wanted)
    if taken is None:
        assert sum(max(left, 0) for left in stocks) < wanted
    else:
        assert sum(pieces for _, pieces in taken) == wanted
        assert all(0 < pieces <= there[item_id] for item_id, pieces in taken)


@given(st.lists(st.integers(1, 9), min_size=1, max_size=6), st.data())
def test_every_line_gets_all_its_pieces_out_of_what_was_taken(lines: list[int], data: st.DataObject) -> None:
    wanted = [(new_id(), pieces) for pieces in lines]
    cuts = sorted(data.draw(st.sets(st.integers(1, sum(lines) - 1), max_size=4))) if sum(lines) > 1 else []
    edges = [0, *cuts, sum(lines)]
    taken = [(new_id(), after - before) for before, after in pairwise(edges)]
    dealt = deal(wanted, taken)
    for line_id, pieces in wanted:
        assert sum(part for _, line, part in dealt if line == line_id) == pieces
    for item_id, pieces in taken:
        assert sum(part for item, _, part in dealt if item == item_id) == pieces
