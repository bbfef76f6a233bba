"""Agents that learn: DDPG, TD3 and SAC of stable-baselines3, set up as AMC sets up its DDPG.

AMC: He et al., "AMC: AutoML for Model Compression and Acceleration on Mobile Devices", ECCV 2018,
section 4 and its published code. Two hidden layers of 300, learning rates 1e-4 (actor) and 1e-3
(critic), batches of 64, soft updates of 0.01, discount 1, a replay of 100 episodes, random episodes
first, then noise from a truncated normal distribution that decays from episode to episode. Two
things differ, each with its reason below: the random episodes and the number of updates.
"""

import contextlib
import random
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.random.mtrand import get_bit_generator
from stable_baselines3 import DDPG, SAC, TD3
from stable_baselines3.common.noise import ActionNoise
from stable_baselines3.common.off_policy_algorithm import OffPolicyAlgorithm

from sw.reproducible import reproducible
from sw.search.agents import AgentSettings
from sw.search.agents.one_number import evenly
from sw.search.agents.replay import EpisodeReplay
from sw.search.choices import LayerChoices
from sw.search.environment import PruningEnvironment
from sw.search.families import global_magnitude_ratios, uniform_ratios

__all__ = ["Reinforcement", "new"]

_HIDDEN = (300, 300)
_ACTOR_RATE = 1e-4
_CRITIC_RATE = 1e-3
_BATCH = 64
_TAU = 0.01
_DISCOUNT = 1.0
_REPLAY_EPISODES = 100
_UPDATES = 40
"""Updates after an episode. AMC makes as many as there are layers, which in a network of few layers
is too few to learn anything in some hundred episodes."""
_AROUND = 0.2
"""Standard deviation of the ratios of a random episode, in the scaled range of -1 to 1."""
_ENTROPY = 0.01
"""What entropy is worth to SAC; found by itself it would outweigh rewards of this size for long."""


class _Warming(OffPolicyAlgorithm):
    """Random episodes around simple policies that prune more or less, before learning begins.

    AMC draws every ratio of these episodes by itself. In a network of many layers the sum is then
    nearly the same every time, and some layer is always pruned to death, so that nothing is seen of
    policies that keep the accuracy. Here an episode takes the same ratio in every layer, or the
    ratios of one threshold for the whole network, in turn and evenly from nothing to everything,
    and draws each ratio around that.
    """

    settings: AgentSettings
    generator: np.random.Generator
    layers: tuple[LayerChoices, ...]

    def _sample_action(
        self, learning_starts: int, action_noise: ActionNoise | None = None, n_envs: int = 1
    ) -> tuple[np.ndarray, np.ndarray]:
        if self.num_timesteps >= learning_starts:
            return self._explore(learning_starts, n_envs)
        episode, step = divmod(self.num_timesteps, len(self.layers))
        family = (uniform_ratios, global_magnitude_ratios)[episode % 2]
        ratio = family(self.layers, evenly(episode // 2 + 1))[step]
        top = self.layers[step].top_ratio
        mean = np.full((n_envs, 1), 2 * ratio / top - 1 if top else 0.0)
        scaled = _truncated_normal(mean, _AROUND, self.generator)
        return self.policy.unscale_action(scaled), scaled

    def _explore(self, learning_starts: int, n_envs: int) -> tuple[np.ndarray, np.ndarray]:
        return super()._sample_action(learning_starts, None, n_envs)


class _Exploring(_Warming):
    """Two learning rates that stay, and truncated normal noise that decays.

    stable-baselines3 has one rate for both networks, and clips its noise, which would try the two
    ends of the range again and again.
    """

    def _update_learning_rate(self, optimizers: Any) -> None:
        """Leave the rates as :meth:`Reinforcement.search` sets them."""

    def _explore(self, learning_starts: int, n_envs: int) -> tuple[np.ndarray, np.ndarray]:
        if self._last_obs is None:
            raise ValueError("the environment was not reset")
        chosen, _ = self.predict(self._last_obs, deterministic=True)
        mean = self.policy.scale_action(chosen)
        episode = self._episode_num - self.settings.warmup
        # The scaled range is -1 to 1, twice as wide as an action.
        deviation = 2 * self.settings.noise * self.settings.noise_decay**episode
        scaled = _truncated_normal(mean, deviation, self.generator)
        return self.policy.unscale_action(scaled), scaled


class _Ddpg(_Exploring, DDPG):
    """DDPG with that exploration."""


class _Td3(_Exploring, TD3):
    """TD3 with that exploration."""


class _Sac(_Warming, SAC):
    """SAC, which explores by its own entropy once it learns."""


def _truncated_normal(
    mean: np.ndarray, deviation: float, generator: np.random.Generator
) -> np.ndarray:
    """A number for each ``mean``, from a normal distribution cut off at -1 and 1."""
    values = generator.normal(mean, deviation)
    while (outside := np.abs(values) > 1).any():
        values = np.where(outside, generator.normal(mean, deviation), values)
    return values.astype(np.float32)


@dataclass(frozen=True, kw_only=True)
class Reinforcement:
    """An agent that learns to walk the layers.

    Parameters
    ----------
    name : str
        ``ddpg``, ``td3`` or ``sac``.
    settings : AgentSettings
    """

    name: str
    settings: AgentSettings

    def search(self, environment: PruningEnvironment) -> None:
        """Play the episodes. Same settings, same bits; random generators are left as they were."""
        steps = len(environment.problem.layers)
        with _generators_restored(), reproducible():
            self._model(environment, steps).learn(total_timesteps=self.settings.episodes * steps)

    def _model(self, environment: PruningEnvironment, steps: int) -> OffPolicyAlgorithm:
        options: dict[str, Any] = {
            "buffer_size": _REPLAY_EPISODES * steps,
            "learning_starts": self.settings.warmup * steps,
            "batch_size": _BATCH,
            "tau": _TAU,
            "gamma": _DISCOUNT,
            "train_freq": (1, "episode"),
            "gradient_steps": _UPDATES,
            "replay_buffer_class": EpisodeReplay,
            "policy_kwargs": {"net_arch": list(_HIDDEN)},
            "seed": self.settings.seed,
            "device": "cpu",
        }
        if self.name == "sac":
            options["ent_coef"] = _ENTROPY
        kind = {"ddpg": _Ddpg, "td3": _Td3, "sac": _Sac}[self.name]
        model = kind("MlpPolicy", environment, learning_rate=_CRITIC_RATE, **options)
        model.settings = self.settings
        model.layers = environment.problem.layers
        model.generator = np.random.default_rng(self.settings.seed)
        if self.name != "sac":
            for group in model.actor.optimizer.param_groups:
                group["lr"] = _ACTOR_RATE
        return model


@contextlib.contextmanager
def _generators_restored() -> Iterator[None]:
    """stable-baselines3 seeds the global generators; give them back as they were."""
    numbers, plain = get_bit_generator(), random.getstate()
    state = numbers.state
    with torch.random.fork_rng(devices=[]):
        try:
            yield
        finally:
            numbers.state = state
            random.setstate(plain)


def new(name: str, settings: AgentSettings) -> Reinforcement:
    """The agent ``ddpg``, ``td3`` or ``sac``."""
    return Reinforcement(name=name, settings=settings)
