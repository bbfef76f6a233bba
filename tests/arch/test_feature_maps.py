"""Places of feature maps: those that live at a time never overlap, and none lies too high."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from arch.feature_maps import Lifetime, depth_of, place_maps


@st.composite
def lifetimes(draw):
    first = draw(st.integers(0, 8))
    return Lifetime(
        size=draw(st.integers(1, 20)), first=first, last=first + draw(st.integers(0, 4))
    )


def overlap(first, second, at, other):
    together = first.first <= second.last and second.first <= first.last
    return together and at < other + second.size and other < at + first.size


@given(st.lists(lifetimes(), min_size=1, max_size=12))
def test_no_two_overlap(maps):
    places = place_maps(maps)
    for number, (entry, at) in enumerate(zip(maps, places, strict=True)):
        earlier = list(zip(maps[:number], places[:number], strict=True))
        assert not any(overlap(entry, old, at, other) for old, other in earlier)
        for lower in range(at):  # the first place that fits
            assert any(overlap(entry, old, lower, other) for old, other in earlier)
    assert depth_of(maps, places) == max(at + m.size for m, at in zip(maps, places, strict=True))


def test_a_place_is_used_again():
    """A chain of maps, each read once, takes two places."""
    maps = [Lifetime(size=10, first=n, last=n + 1) for n in range(5)]
    assert place_maps(maps) == (0, 10, 0, 10, 0)


def test_a_map_that_nobody_reads_has_a_place_while_it_is_written():
    maps = [Lifetime(size=4, first=0, last=2), Lifetime(size=4, first=1, last=1)]
    assert place_maps(maps) == (0, 4)


@pytest.mark.parametrize("wrong", [{"size": 0}, {"last": 0}])
def test_wrong_map(wrong):
    maps = [Lifetime(**({"size": 1, "first": 1, "last": 1} | wrong))]
    with pytest.raises(ValueError, match=r"^map 0 must have elements and end after its beginning"):
        place_maps(maps)
