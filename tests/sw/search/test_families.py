import pytest
from hypothesis import given
from hypothesis import strategies as st

from sw.search.families import scaled_ratios

RATIOS = st.lists(st.floats(0, 0.97), min_size=1, max_size=5)


@given(RATIOS, st.floats(0.05, 4))
def test_scaled(ratios, scale):
    found = scaled_ratios(ratios, scale)
    assert all(0 <= ratio < 1 for ratio in found)
    for before, after in zip(ratios, found, strict=True):
        assert after >= before - 1e-12 if scale >= 1 else after <= before + 1e-12
        assert after == 0 or before > 0
    # Who is pruned more stays so.
    order = sorted(range(len(ratios)), key=ratios.__getitem__)
    assert [found[number] for number in order] == sorted(found)
    assert scaled_ratios(found, 1 / scale) == pytest.approx(ratios, abs=1e-6)


def test_scaled_by_nothing_and_by_one():
    assert scaled_ratios([0.5, 0.0], 0) == [0, 0]
    assert scaled_ratios([0.5, 0.25], 1) == [0.5, 0.25]
    assert scaled_ratios([0.5, 0.75], 2) == [0.75, 0.9375]
