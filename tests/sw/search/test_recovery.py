import pytest

from sw.search.evaluation import DenseAccuracy, Evaluation
from sw.search.recovery import measure_recovery
from tests.sw.search_problems import layer

LAYERS = (layer("a", rows=64, cols=16), layer("b", rows=64, cols=16, seed=1, max_ratio=0.25))
DENSE = DenseAccuracy(short=0.9, whole=0.95)


def evaluate(dense, slope):
    """Accuracy falls with the ratio of the first layer; the second follows within its limit."""

    def accuracy(kept):
        first, second = (one.ratio(number) for one, number in zip(LAYERS, kept, strict=True))
        assert second == pytest.approx(min(first, 0.25), abs=0.04)
        return Evaluation(accuracy=dense - slope * first, seconds=0.5)

    return accuracy


def measure(*, whole=0.05, short=0.2, max_drop=0.02, trials=3, **options):
    return measure_recovery(
        LAYERS,
        short=evaluate(DENSE.short, short),
        whole=evaluate(DENSE.whole, whole),
        dense=DENSE,
        max_drop=max_drop,
        trials=trials,
        **options,
    )


@pytest.mark.parametrize("trials", [2, 3, 6])
def test_what_the_border_loses_in_a_short_evaluation(trials):
    """A ratio of 0.4 loses 2 points after the whole fine-tuning, and 8 in a short evaluation."""
    seen = []
    assert measure(trials=trials, on_trial=seen.append) == pytest.approx(0.06, abs=0.005)
    assert [trial.whole for trial in seen] == [True] * trials + [False]
    assert seen[0].ratio == pytest.approx(0.5, abs=0.02)
    assert seen[0].drop == pytest.approx(0.025, abs=0.001)
    assert seen[-1].ratio == pytest.approx(0.4, abs=0.02)


def test_never_negative():
    assert measure(short=0.0) == 0


def test_every_ratio_is_allowed():
    """Then the border is the largest that was tried."""
    assert measure(whole=0.0, max_drop=0.0, trials=2) == pytest.approx(0.2 * 0.75, abs=0.01)


def test_limit_is_met_by_what_equals_it():
    """0.95 - 0.94 is above 0.01 by a bit of the last place, and all the same allowed."""
    found = measure_recovery(
        LAYERS,
        short=evaluate(DENSE.short, 0.2),
        whole=lambda kept: Evaluation(accuracy=0.94, seconds=0.5),
        dense=DENSE,
        max_drop=0.01,
        trials=2,
    )
    assert found == pytest.approx(0.2 * 0.75 - 0.01, abs=0.01)


def test_at_least_one_trial():
    with pytest.raises(ValueError, match="at least one trial, not 0"):
        measure(trials=0)
