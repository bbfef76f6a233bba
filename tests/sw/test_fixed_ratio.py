import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from arch.fixed import MULTIPLIER_BITS, SHIFT_MAX
from sw.fixed_ratio import RATIO_MIN, fixed_ratio


@given(st.floats(RATIO_MIN, 2**15))
def test_error_is_bounded(ratio):
    (multiplier,), (shift,) = fixed_ratio(np.array([ratio]))
    assert 1 << (MULTIPLIER_BITS - 1) <= multiplier < 1 << MULTIPLIER_BITS
    assert 0 <= shift <= SHIFT_MAX
    assert abs(multiplier / 2.0**shift / ratio - 1) <= 2.0**-MULTIPLIER_BITS


@pytest.mark.parametrize(
    ("ratio", "expected"),
    [
        (1.0, (1 << 15, 15)),
        (1 - 2.0**-20, (1 << 15, 15)),  # rounds up into the next power of two
        (0.75, (3 << 14, 16)),
        (RATIO_MIN, (1 << 15, 47)),
        (RATIO_MIN / 4, (1 << 13, 47)),
        (2.0**-60, (0, 47)),
        (40_000.0, (40_000, 0)),
        (65_535.0, (65_535, 0)),
    ],
)
def test_extremes(ratio, expected):
    multiplier, shift = fixed_ratio(np.array([ratio]))
    assert (multiplier.item(), shift.item()) == expected
    assert multiplier.dtype == shift.dtype == np.int64


@pytest.mark.parametrize("ratio", [0.0, -1.0, 65_536.0, math.inf, math.nan])
def test_wrong_ratio(ratio):
    with pytest.raises(ValueError, match="ratios must be above 0 and below 65536"):
        fixed_ratio(np.array([0.5, ratio]))
