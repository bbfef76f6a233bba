"""Agents find what is known to be best, and find it again with the same seed."""

import random

import numpy as np
import pytest
import torch
from numpy.random.mtrand import get_bit_generator

from arch.errors import ToolError
from sw.search.agents import AGENTS, AgentSettings, new_agent
from sw.search.agents.replay import EpisodeReplay
from sw.search.agents.warmup import Warmup, truncated_normal
from sw.search.environment import PruningEnvironment
from sw.search.families import global_magnitude_ratios, uniform_ratios
from tests.sw.search_problems import layer, problem, towards

BEST = (0.25, 0.75, 0.5)
LAYERS = (layer("a"), layer("b", seed=1, rows=32), layer("c", seed=2, rows=48))


def searched(name, *, episodes, seed=0, layers=LAYERS, accuracy=None, **settings):
    """The history of a search; reward is the distance from BEST unless told otherwise."""
    settings = settings or {"reward": "weighted", "cost_weight": 0.0}
    walk = PruningEnvironment(problem(layers, accuracy or towards(BEST), **settings))
    agent = new_agent(name, AgentSettings(episodes=episodes, seed=seed, warmup_episodes=30))
    agent.search(walk)
    return walk.history


@pytest.mark.parametrize("name", ["ddpg", "td3", "sac"])
def test_learns_the_best_ratios(name):
    """What was learnt, not the best of what was tried: the last ten episodes."""
    history = searched(name, episodes=130)
    learnt = np.mean([episode.ratios for episode in history.episodes[-10:]], axis=0)
    warm = np.mean([episode.reward for episode in history.episodes[:30]])
    last = np.mean([episode.reward for episode in history.episodes[-10:]])
    assert last > warm / 3  # rewards are negative distances
    assert np.abs(learnt - BEST).max() < 0.25


def test_tpe_comes_near_the_best_ratios():
    assert searched("tpe", episodes=60).best.reward > -0.05


@pytest.mark.parametrize("name", AGENTS)
def test_same_seed_same_trace(name):
    numbers = np.random.default_rng(0)
    torch.manual_seed(numbers.integers(1000))
    before = torch.random.get_rng_state(), random.getstate(), get_bit_generator().state
    first = searched(name, episodes=16, seed=3).episodes
    assert len(first) == 16
    assert torch.equal(before[0], torch.random.get_rng_state())
    assert before[1] == random.getstate()
    np.testing.assert_equal(get_bit_generator().state, before[2])
    torch.rand(7)
    assert searched(name, episodes=16, seed=3).episodes == first
    if name not in ("uniform", "global_magnitude"):
        assert searched(name, episodes=16, seed=4).episodes != first


@pytest.mark.parametrize("name", AGENTS)
@pytest.mark.parametrize(
    "layers", [(layer("a"),), (layer("a"), layer("b", max_ratio=0.0, seed=1))], ids=len
)
def test_one_layer_and_one_that_cannot_be_pruned(name, layers):
    history = searched(name, episodes=8, layers=layers, accuracy=lambda ratios: 1.0, max_drop=0.0)
    assert len(history.episodes) == 8
    assert all(episode.ratios[1:] in ((), (0.0,)) for episode in history.episodes)


@pytest.mark.parametrize("name", ["uniform", "global_magnitude"])
def test_one_number_is_bisected(name):
    """Accuracy falls where more than 0.6 of all is pruned: that is found to one part in 256."""
    sizes = np.array([one.segments for one in LAYERS])

    def accuracy(ratios):
        return 1.0 if np.dot(ratios, sizes) / sizes.sum() <= 0.6 else 0.5

    history = searched(name, episodes=8, accuracy=accuracy, max_drop=0.1)
    share = np.dot(history.best.ratios, sizes) / sizes.sum()
    assert 0.57 < share <= 0.6
    assert history.best.number < 8
    assert searched(name, episodes=30, accuracy=accuracy, max_drop=0.1).evaluations > 10


def test_uniform_ratios():
    layers = (layer("a"), layer("b", max_ratio=0.25))
    assert uniform_ratios(layers, 0.5) == [0.5, 0.25]


def test_global_magnitude_ratios():
    ratios = global_magnitude_ratios(LAYERS, 0.5)
    norms = [one.norms.ravel() for one in LAYERS]
    threshold = np.median(np.concatenate(norms))
    assert ratios == pytest.approx([np.mean(values < threshold) for values in norms], abs=0.02)
    assert global_magnitude_ratios(LAYERS, 0.0) == [0, 0, 0]
    assert global_magnitude_ratios(LAYERS, 1.0) == [one.top_ratio for one in LAYERS]


def test_each_step_has_the_reward_of_its_episode():
    walk = PruningEnvironment(problem(LAYERS, towards(BEST)))
    replay = EpisodeReplay(9, walk.observation_space, walk.action_space, device="cpu")
    for episode, reward in enumerate((2.0, 5.0)):
        for step in range(3):
            seen = walk.observation_space.sample()[None]
            last = step == 2
            replay.add(
                seen, seen, np.array([[0.1 * step]]), np.array([reward if last else 0.0]),
                np.array([last]), [{}],
            )  # fmt: skip
            # Nothing of an episode is there before it is over.
            assert replay.size() == 3 * (episode + last)
    assert replay.rewards[:6, 0].tolist() == [2, 2, 2, 5, 5, 5]
    assert replay.dones[:6, 0].tolist() == [0, 0, 1, 0, 0, 1]
    assert replay.actions[:6, 0, 0] == pytest.approx([0, 0.1, 0.2] * 2)
    first = replay.sample(400).rewards
    # The baseline of the first batch is its own mean.
    assert abs(first.mean().item()) < 1e-5
    assert (first.max() - first.min()).item() == pytest.approx(3)


def test_elite_is_what_was_best():
    walk = PruningEnvironment(problem(LAYERS, towards(BEST)))
    replay = EpisodeReplay(6, walk.observation_space, walk.action_space, device="cpu")
    for reward in (3.0, 1.0, 4.0, 2.0):
        for step in range(3):
            seen = np.full((1, *walk.observation_space.shape), reward, np.float32)
            replay.add(
                seen, seen, np.array([[reward + step]], np.float32), np.array([reward]),
                np.array([step == 2]), [{}],
            )  # fmt: skip
    seen, actions = replay.elite(2)
    # The first is in no batch any more, and is remembered all the same.
    assert replay.size() == 6
    assert actions.ravel().tolist() == [4, 5, 6, 3, 4, 5]
    assert seen[:, 0].tolist() == [4, 4, 4, 3, 3, 3]
    assert len(replay.elite(99)[0]) == 12


def test_noise_stays_in_range():
    generator = np.random.default_rng(0)
    wide = np.array([truncated_normal(0.4, 1.0, generator, high=0.5) for _ in range(2000)])
    assert wide.min() >= 0
    assert wide.max() <= 0.5
    assert np.mean(wide > 0.499) < 0.01  # not piled up at the end, as clipping would
    assert truncated_normal(0.4, 1e-9, generator) == pytest.approx(0.4)
    assert truncated_normal(0.4, 0.0, generator) == 0.4
    assert truncated_normal(0.0, 0.1, generator, high=0.0) == 0.0


def test_warmup_scans_the_families_then_looks_around_the_best():
    warmup = Warmup(LAYERS, np.random.default_rng(0))
    ratios, rewards = [], []
    for episode in range(60):
        ratios.append(warmup.propose(rewards))
        mean = np.mean(ratios[-1])
        rewards.append(-abs(mean - (0.75, 0.25)[episode % 2]))
    scanned = [0.5, 0.25, 0.75, 0.125, 0.625, 0.375, 0.875]
    for turn, family in enumerate((uniform_ratios, global_magnitude_ratios)):
        for number, share in enumerate(scanned):
            assert ratios[turn + 2 * number] == pytest.approx(family(LAYERS, share))
    means = np.mean(ratios[14:], axis=1)
    assert np.mean(means[0::2]) == pytest.approx(0.75, abs=0.05)
    assert np.mean(means[1::2]) == pytest.approx(0.25, abs=0.05)
    assert np.std(ratios[14::2]) > 0.05
    tops = [one.top_ratio for one in LAYERS]
    assert all((one >= 0).all() and (one <= tops).all() for one in ratios)


def test_warmup_is_at_most_half():
    assert AgentSettings(episodes=20, seed=0).warmup == 10
    assert AgentSettings(episodes=300, seed=0).warmup == 100


def test_wrong_agent(monkeypatch):
    with pytest.raises(ValueError, match=r"agent must be ddpg or .* not 'x'"):
        new_agent("x", AgentSettings(episodes=1, seed=0))
    with pytest.raises(ValueError, match="episodes must be at least 1, not 0"):
        AgentSettings(episodes=0, seed=0)
    monkeypatch.setitem(AGENTS, "tpe", "sw.search.agents.not_there")
    with pytest.raises(ToolError, match=r"agent tpe needs .*: pip install 'ohmforge\[search\]'"):
        new_agent("tpe", AgentSettings(episodes=1, seed=0))


@pytest.mark.parametrize("name", AGENTS)
def test_leaves_nothing_behind(name, monkeypatch, tmp_path):
    """Neither where temporary files are nor where the search runs."""
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("SB3_LOGDIR", raising=False)
    searched(name, episodes=4)
    # torch makes one directory for compiled code, always the same, when it is first imported.
    assert not [path for path in tmp_path.iterdir() if "torchinductor" not in path.name]
