import numpy as np
import pytest

from sw.divergence import divergence


def scores(seed, count=500):
    return np.random.default_rng(seed).normal(0, 2, (count, 5)).astype(np.float32)


def probabilities(values):
    powers = np.exp(values.astype(np.float64))
    return powers / powers.sum(axis=1, keepdims=True)


def test_by_hand():
    """Against the definition, at the best of many factors."""
    dense, pruned = scores(0), scores(0) + 0.7 * scores(1)
    wanted = probabilities(dense)
    found = [
        np.mean(np.sum(wanted * np.log(wanted / probabilities(pruned * factor)), axis=1))
        for factor in np.linspace(0.2, 5, 2000)
    ]
    assert divergence(dense, pruned) == pytest.approx(min(found), rel=0.01)


def test_same_classes_more_or_less_sure():
    dense = scores(0)
    assert divergence(dense, dense) == pytest.approx(0, abs=1e-12)
    assert divergence(dense, 3 * dense + 4) == pytest.approx(0, abs=1e-3)
    assert divergence(dense, 0.4 * dense) == pytest.approx(0, abs=1e-3)


def test_grows_with_what_is_lost():
    dense, other = scores(0), scores(1)
    found = [divergence(dense, dense + part * other) for part in (0.1, 0.2, 0.4, 0.8)]
    assert found == sorted(found)
    assert found[0] > 0
    assert divergence(dense, -dense) > found[-1]


def test_known_more_exactly_than_accuracy():
    """From one draw of images to the next it varies by less than the loss of accuracy does."""
    draws = []
    for seed in range(20):
        dense = scores(seed)
        pruned = dense + 0.15 * scores(100 + seed)
        lost = np.mean(dense.argmax(axis=1) != pruned.argmax(axis=1))
        draws.append((divergence(dense, pruned), lost))
    means, spreads = np.mean(draws, axis=0), np.std(draws, axis=0)
    assert spreads[0] / means[0] < 0.6 * spreads[1] / means[1]
