import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sw.clip import best_limits, half_up


def error(values, limit, low, high):
    step = limit / high
    return np.square(np.clip(half_up(values / step), low, high) * step - values).sum()


@given(st.integers(0, 1 << 20), st.integers(1, 8), st.booleans())
def test_no_fraction_is_better(seed, bits, signed):
    values = np.random.default_rng(seed).standard_t(3, size=(1, 60))
    values = values if signed else np.abs(values)
    high = (1 << bits) - 1
    low = -high if signed else 0
    limit = best_limits(values, low=low, high=high)[0]
    largest = np.abs(values).max()
    errors = [error(values, largest * f, low, high) for f in np.linspace(0.1, 1, 91)]
    assert error(values, limit, low, high) <= min(errors) * (1 + 1e-9)
    assert 0.1 * largest <= limit * (1 + 1e-9) <= largest * (1 + 1e-8)


def test_rows_are_alone():
    values = np.array([[1.0, 0, 0], [0, 0, 0], [0, -5, 0]])
    assert best_limits(values, low=-127, high=127).tolist() == [1.0, 0.0, 5.0]


def test_outlier_is_clipped_with_few_codes_only():
    values = np.append(np.tile(np.linspace(-1, 1, 101), 20), 3.0)[None]
    assert best_limits(values, low=-1, high=1)[0] < 2
    assert best_limits(values, low=-127, high=127)[0] == pytest.approx(3.0, rel=0.05)


def test_half_up():
    assert half_up(np.array([-1.5, -0.5, 0.5, 1.5, 2.4])).tolist() == [-1, 0, 1, 2, 2]


@pytest.mark.parametrize("order", ["C", "F"])
def test_parts_give_what_the_whole_gives(order, monkeypatch):
    """To the last bit, in both orders in which a matrix can lie."""
    values = np.asarray(np.random.default_rng(0).standard_normal((23, 40)), order=order)
    whole = best_limits(values, low=-7, high=7)
    monkeypatch.setattr("sw.clip._PART", 100)
    assert best_limits(values, low=-7, high=7).tolist() == whole.tolist()
