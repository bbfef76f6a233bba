import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sw.search.reward import REWARDS, Outcome, constrained, error_log_cost, weighted


def outcome(*, accuracy=0.9, cost=50.0, dense_accuracy=0.95, max_drop=0.05, cost_weight=0.5):
    return Outcome(
        accuracy=accuracy,
        drop=dense_accuracy - accuracy,
        cost=cost,
        dense_cost=200.0,
        max_drop=max_drop,
        cost_weight=cost_weight,
    )


def test_by_hand():
    assert error_log_cost(outcome()) == pytest.approx(-0.1 * math.log(51))
    assert constrained(outcome()) == 0.75
    assert constrained(outcome(accuracy=0.85)) == pytest.approx(-0.5)
    assert weighted(outcome()) == pytest.approx(-0.05 + 0.5 * 0.75)
    assert set(REWARDS) == {"constrained", "error_log_cost", "weighted"}


def test_limit_itself_is_allowed():
    # 0.8 - 0.7 is a little more than 0.1 in binary.
    limits = {"dense_accuracy": 0.8, "max_drop": 0.1}
    assert outcome(accuracy=0.7, **limits).drop > 0.1
    assert outcome(accuracy=0.7, **limits).allowed
    assert not outcome(accuracy=0.6999, **limits).allowed


def test_no_drop_allowed():
    assert constrained(outcome(accuracy=0.95, max_drop=0)) == 0.75
    assert constrained(outcome(accuracy=0.949, max_drop=0)) < 0
    assert constrained(outcome(accuracy=0.96, max_drop=0)) == 0.75


@given(st.floats(0, 1), st.floats(0, 1), st.floats(0, 200))
def test_constrained_has_a_slope_everywhere(first, second, cost):
    low, high = sorted((first, second))
    worse, better = (constrained(outcome(accuracy=value, cost=cost)) for value in (low, high))
    assert worse <= better
    if high < 0.9 and high - low > 1e-6:
        assert -1 < worse < better < 0


@pytest.mark.parametrize("reward", REWARDS.values())
@given(accuracy=st.floats(0, 0.99), first=st.floats(0, 200), second=st.floats(0, 200))
def test_less_hardware_is_never_worth_less(reward, accuracy, first, second):
    low, high = sorted((first, second))
    values = [reward(outcome(accuracy=accuracy, cost=cost)) for cost in (low, high)]
    assert values[0] >= values[1]
    assert all(math.isfinite(value) for value in values)


def test_dense_network():
    same = outcome(accuracy=0.95, cost=200.0)
    assert constrained(same) == 0
    assert weighted(same) == 0
    assert error_log_cost(outcome(accuracy=1.0)) == 0
