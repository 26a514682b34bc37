"""The order of a day's stops: never longer than the order given, and appointments are kept where they can be."""

from datetime import UTC, datetime, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from mcrm.ids import new_id
from mcrm.rounds.routing import Day, Stop, length_m
from mcrm.visits.geography import Place, distance_m

NINE = datetime(2026, 11, 26, 9, tzinfo=UTC)
BRISTOL, BATH, CARDIFF = Place(51.4545, -2.5879), Place(51.3811, -2.3590), Place(51.4816, -3.1791)
PLACES = st.builds(Place, st.floats(51.3, 51.6), st.floats(-2.8, -2.4))
FREE = st.builds(Stop, st.uuids(), st.none() | PLACES, st.floats(0, 5))
TIMED = st.builds(
    Stop,
    st.uuids(),
    st.none() | PLACES,
    st.just(1.0),
    st.integers(0, 480).map(lambda minutes: NINE + timedelta(minutes=minutes)),
)


def test_distances_are_those_of_the_globe() -> None:
    assert abs(distance_m(BRISTOL, CARDIFF) - 41_050) < 100
    assert distance_m(BRISTOL, BRISTOL) == 0
    assert round(distance_m(Place(0, 179.5), Place(0, -179.5))) == 111_195  # across the date line


@settings(max_examples=60, deadline=None)
@given(stops=st.lists(FREE, max_size=9), start=st.none() | PLACES)
def test_a_day_without_appointments_is_never_longer_than_as_given(stops: list[Stop], start: Place | None) -> None:
    day = Day(stops, start=start, leaves_at=NINE)
    found, given_order = day.ordered(), day.legs(day.as_given())
    assert sorted(leg.stop.id for leg in found) == sorted(stop.id for stop in stops)
    assert length_m(found) <= length_m(given_order) + len(stops)  # each leg is rounded to a metre


@settings(max_examples=60, deadline=None)
@given(free=st.lists(FREE, max_size=6), timed=st.lists(TIMED, max_size=4), start=st.none() | PLACES)
def test_appointments_stay_in_order_and_the_way_is_no_longer(
    free: list[Stop], timed: list[Stop], start: Place | None
) -> None:
    day = Day([*free, *timed], start=start, leaves_at=NINE)
    found, given_order = day.ordered(), day.legs(day.as_given())
    times = [leg.stop.starts_at for leg in found if leg.stop.starts_at is not None]
    assert times == sorted(times)
    late, late_as_given = (sum(leg.late_s for leg in legs) for legs in (found, given_order))
    assert late <= late_as_given
    assert length_m(found) <= length_m(given_order) + len(found)


def test_a_stop_on_the_way_is_made_on_the_way() -> None:
    way = [Stop(new_id(), Place(51.45, -2.58 + lon / 100)) for lon in (3, 1, 4, 2)]
    found = Day(way, start=BRISTOL, leaves_at=NINE).ordered()
    assert [way.index(leg.stop) for leg in found] == [1, 3, 0, 2]


def test_an_appointment_is_kept_and_what_lies_far_off_comes_after_it() -> None:
    near = Stop(new_id(), Place(51.4560, -2.5890))
    far = Stop(new_id(), CARDIFF, weight=3.0)
    meeting = Stop(new_id(), Place(51.4500, -2.5900), starts_at=NINE + timedelta(hours=1))
    found = Day([far, meeting, near], start=BRISTOL, leaves_at=NINE).ordered()
    assert [leg.stop for leg in found] == [near, meeting, far]
    assert [leg.late_s for leg in found] == [0, 0, 0]
    assert found[2].arrives_at > NINE + timedelta(hours=2)


def test_nobody_waits_for_an_appointment_who_could_call_elsewhere_meanwhile() -> None:
    meeting = Stop(new_id(), Place(51.4487, -2.5989), starts_at=NINE + timedelta(hours=6))
    calls = [Stop(new_id(), Place(51.4645, -2.6093)), Stop(new_id(), Place(51.4562, -2.6065))]
    found = Day([meeting, *calls], start=BRISTOL, leaves_at=NINE).ordered()
    assert found[-1].stop == meeting


def test_a_stop_that_lies_nowhere_is_made_all_the_same() -> None:
    nowhere, bath = Stop(new_id(), None), Stop(new_id(), BATH)
    found = Day([nowhere, bath], start=BRISTOL, leaves_at=NINE).ordered()
    assert {leg.stop for leg in found} == {nowhere, bath}
    assert {leg.distance_m for leg in found if leg.stop is nowhere} == {None}
