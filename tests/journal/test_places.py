from hypothesis import given
from hypothesis import strategies as st

from sygra_eval.journal.places import Places


@given(st.sets(st.integers(0, 60)))
def test_places_are_those_that_were_added(added):
    places = Places()
    for place in sorted(added):
        places.add(place)

    assert {place for place in range(-1, 62) if place in places} == added


def test_neighbours_are_one_run_and_nothing_is_left_after_clearing():
    places = Places()
    for place in range(100_000):
        places.add(place)

    assert len(places._firsts) == 1
    places.clear()
    assert 5 not in places
