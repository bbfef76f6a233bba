import dataclasses
import warnings

import gymnasium.utils.env_checker
import numpy as np
import pytest
import stable_baselines3.common.env_checker
from hypothesis import given
from hypothesis import strategies as st

from sw.search.environment import PruningEnvironment, play
from sw.search.evaluation import Evaluation
from sw.search.history import pareto_front
from sw.search.observation import FEATURES, feature_names
from sw.search.problem import Problem
from tests.sw.search_problems import layer, layer_lists, problem, towards

UNIT = st.floats(0, 1, width=32)


def environment(layers=None, **settings):
    layers = layers or (layer("a"), layer("b", seed=1, convolution=True), layer("c", rows=40))
    return PruningEnvironment(problem(layers, towards([0.5] * len(layers)), **settings))


def test_checkers_are_content():
    with warnings.catch_warnings():
        # The one recommendation that is not followed: an action from -1 to 1 instead of 0 to 1.
        warnings.filterwarnings("ignore", "We recommend you to use a symmetric", UserWarning)
        stable_baselines3.common.env_checker.check_env(environment())
        gymnasium.utils.env_checker.check_env(environment(), skip_render_check=True)


def test_episode():
    steps, episodes = [], []
    layers = (layer("a"), layer("b", seed=1))
    task = problem(layers, towards([0.5, 0.75]))
    walk = PruningEnvironment(task, on_step=steps.append, on_episode=episodes.append)
    first, _ = walk.reset()
    assert first[FEATURES.index("index")] == 0
    second, reward, over, truncated, info = walk.step(np.array([0.5 / layers[0].top_ratio]))
    assert (reward, over, truncated, info) == (0.0, False, False, {"ratio": 0.5})
    assert second[FEATURES.index("index")] == 1
    _, reward, over, truncated, _ = walk.step(np.array([0.75 / layers[1].top_ratio]))
    assert (over, truncated) == (True, False)
    (episode,) = walk.history.episodes
    assert episode.kept == (16, 8)
    assert episode.ratios == (0.5, 0.75)
    assert (episode.accuracy, episode.drop, episode.allowed) == (1.0, 0.0, True)
    assert reward == episode.reward == 1 - episode.terms["ous"] / 32
    assert episodes == [episode]
    assert [step["layer"] for step in steps] == ["a", "b"]
    assert [step["kept"] for step in steps] == [16, 8]
    assert sum(step["ous"] for step in steps) == episode.terms["ous"]
    with pytest.raises(ValueError, match="the episode is over"):
        walk.step(np.array([0.5]))


def test_features_by_hand():
    layers = (layer("a"), layer("b", rows=32, seed=1, convolution=True, kernel=3, max_ratio=0.5))
    walk = PruningEnvironment(problem(layers, towards([0, 0])))
    walk.reset()
    seen, *_ = walk.step(np.array([0.5 / layers[0].top_ratio]))
    features = dict(zip(feature_names(layers), seen.tolist(), strict=True))
    assert (features["is_a"], features["is_b"]) == (0, 1)
    ous = layers[0].ous(16)
    possible = 32 - layers[1].ous(32)
    expected = {
        "convolution": 1,
        "kernel": 1,
        "weights": 1,
        "weights_pruned": 0.5 / 3,
        "weights_rest": 2 / 3,
        "last_action": 0.5 / layers[0].top_ratio,
        "top_ratio": 0.5,
        "ous": 2 / 3,
        "ous_saved": (16 - ous) / 48,
        "ous_left": ous / 48,
        "ous_possible": possible / 48,
        "crossbars": 2 / 3,
        "crossbars_left": -(-ous // 4) / 12,
        "crossbars_possible": (8 - -(-(32 - possible) // 4)) / 12,
    }
    assert {name: features[name] for name in expected} == pytest.approx(expected)


@given(layer_lists(), st.data())
def test_every_observation_is_in_its_space(layers, data):
    walk = environment(layers)
    seen, _ = walk.reset()
    over = False
    while not over:
        assert walk.observation_space.contains(seen)
        seen, _, over, *_ = walk.step(np.array([data.draw(UNIT)], dtype=np.float32))
    assert walk.observation_space.contains(seen)


@given(layer_lists(), st.data())
def test_target_is_always_met(layers, data):
    least = sum(one.crossbars(one.fewest) for one in layers)
    dense = sum(one.crossbars(one.segments) for one in layers)
    target = data.draw(st.integers(least, dense))
    walk, free = environment(layers, target_crossbars=target), environment(layers)
    ratios = [data.draw(UNIT) * one.top_ratio for one in layers]
    bound, unbound = play(walk, ratios), play(free, ratios)
    assert bound.terms["crossbars"] <= target
    assert all(a <= b for a, b in zip(bound.kept, unbound.kept, strict=True))
    if unbound.terms["crossbars"] <= target:
        # A layer is clipped for what those after it need at least, so this may not be equal.
        assert play(walk, bound.ratios).kept == bound.kept


def test_clipping_takes_no_more_than_needed():
    """Three crossbars at least are needed after the first layer, so it gets the rest."""
    layers = (layer("a"), layer("b", seed=1), layer("c", rows=40))
    walk = environment(layers, target_crossbars=5)
    episode = play(walk, [0.0, 1.0, 1.0])
    assert [one.crossbars(number) for one, number in zip(layers, episode.kept, strict=True)] == [
        3, 1, 1,
    ]  # fmt: skip
    assert layers[0].crossbars(episode.kept[0] + 1) == 4


def test_target_that_cannot_be_met():
    with pytest.raises(ValueError, match=r"target_crossbars must be at least 3, .* not 2"):
        environment(target_crossbars=2)


def test_equal_policies_are_evaluated_once():
    walk = environment()
    first = play(walk, [0.5, 0.5, 0.5])
    again = play(walk, [0.499, 0.5, 0.4999])
    other = play(walk, [0.5, 0.5, 0.6])
    assert again.kept == first.kept != other.kept
    assert len(walk.problem.evaluate.asked) == 2
    assert (first.repeated, again.repeated, other.repeated) == (False, True, False)
    assert (again.reward, again.accuracy, again.seconds) == (first.reward, first.accuracy, 0.0)
    assert walk.history.evaluations == 2
    assert walk.history.distinct() == [first, other]
    assert walk.history.best in (first, other)


def test_one_layer_and_one_that_cannot_be_pruned():
    walk = environment((layer("a", max_ratio=0.0),))
    episode = play(walk, [1.0])
    assert (episode.ratios, episode.reward, episode.allowed) == ((0.0,), -0.24 / 0.29, False)
    mixed = environment((layer("a", rows=4, cols=1), layer("b", seed=1)))
    assert play(mixed, [1.0, 0.5]).ratios == (0.0, 0.5)


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_wrong_action(value):
    walk = environment()
    walk.reset()
    with pytest.raises(ValueError, match="action must be finite"):
        walk.step(np.array([value]))


def test_wrong_problem():
    with pytest.raises(ValueError, match="there must be a layer to prune"):
        Problem(layers=(), evaluate=lambda kept: None, dense_accuracy=1.0, objective=None)
    with pytest.raises(ValueError, match=r"reward must be constrained or .* not 'eval'"):
        environment(reward="eval")


def test_pareto_front():
    walk = environment()
    for ratio in (0.5, 0.1, 0.9, 0.7, 0.45):
        play(walk, [ratio] * 3)
    front = pareto_front(walk.history.episodes)
    assert [episode.number for episode in front] == [2, 3, 0]


def test_feedback():
    """Reward, constraint and front go by the divergence, if that is the feedback."""
    layers = (layer("a"), layer("b", seed=1))
    task = problem(layers, towards([0.5, 0.5]), max_drop=0.1, feedback="divergence")
    lost = {0.25: 0.05, 0.5: 0.1, 0.75: 0.2}
    task = dataclasses.replace(
        task,
        evaluate=lambda kept: Evaluation(
            accuracy=0.5, divergence=lost[layers[0].ratio(kept[0])], seconds=1.0
        ),
    )
    walk = PruningEnvironment(task)
    found = [play(walk, [ratio, ratio]) for ratio in lost]
    assert [episode.drop for episode in found] == list(lost.values())
    assert [episode.allowed for episode in found] == [True, True, False]
    assert walk.history.best is found[1]
    assert play(walk, [0.5, 0.5]).drop == 0.1
    assert len(pareto_front(walk.history.distinct())) == 3
    with pytest.raises(ValueError, match="feedback must be divergence or accuracy, not 'x'"):
        dataclasses.replace(task, feedback="x")
