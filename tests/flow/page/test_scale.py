"""From values to places on an axis."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flow.page.scale import round_scale, strip_scale

MINUS = "\N{MINUS SIGN}"
FINITE = st.floats(-1e9, 1e9, allow_nan=False)


def labels(scale):
    return [label for _, label in scale.ticks]


def test_ends_are_ticks():
    scale = round_scale(0.3, 9.2, start=10, end=110)
    assert (scale.low, scale.high) == (0, 10)
    assert scale.ticks == [(10, "0"), (30, "2"), (50, "4"), (70, "6"), (90, "8"), (110, "10")]
    assert scale.at(5) == 60


def test_upwards():
    """The place of the larger value may be the smaller one, as on paper."""
    scale = round_scale(-1, 1, start=200, end=0, ticks=4)
    assert scale.ticks == [
        (200, f"{MINUS}1.0"), (150, f"{MINUS}0.5"), (100, "0.0"), (50, "0.5"), (0, "1.0"),
    ]  # fmt: skip


def test_tight():
    scale = round_scale(0, 33909, tight=True, ticks=4)
    assert (scale.low, scale.high) == (0, 33909)
    assert labels(scale) == ["0", "10,000", "20,000", "30,000"]
    assert scale.at(33909) == 100


@pytest.mark.parametrize(
    ("high", "expected"),
    [
        (12_761_673, ["0", "5\xa0M", "10\xa0M"]),
        (1_100_000, ["0", "500\xa0k", "1,000\xa0k"]),
        (10, ["0.0", "2.5", "5.0", "7.5", "10.0"]),
        (0.02, ["0.000", "0.005", "0.010", "0.015", "0.020"]),
    ],
)
def test_labels(high, expected):
    assert labels(strip_scale(0, high, tight=True)) == expected


def test_one_value():
    """An axis around a single value still has two ends."""
    scale = round_scale(7, 7)
    assert scale.low < 7 < scale.high
    assert 0 < scale.at(7) < 100


@pytest.mark.parametrize("value", [float("inf"), float("nan")])
def test_wrong_end(value):
    with pytest.raises(ValueError, match="an axis ends at finite values"):
        round_scale(0, value)


@given(low=FINITE, high=FINITE)
def test_values_lie_between_the_ends(low, high):
    low, high = sorted((low, high))
    scale = round_scale(low, high)
    assert -0.01 <= scale.at(low) <= scale.at(high) <= 100.01
    assert 2 <= len(scale.ticks) <= 12
    assert len(set(labels(scale))) == len(scale.ticks)
