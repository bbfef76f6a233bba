"""Agents that learn: DDPG, TD3 and SAC of stable-baselines3, set up as AMC sets up its DDPG.

AMC: He et al., "AMC: AutoML for Model Compression and Acceleration on Mobile Devices", ECCV 2018,
section 4 and its published code. Two hidden layers of 300, learning rates 1e-4 (actor) and 1e-3
(critic), batches of 64, soft updates of 0.01, discount 1, a replay of 100 episodes, random episodes
first, then noise from a truncated normal distribution that decays from episode to episode, and as
many updates after each episode as it has steps.
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
from sw.search.agents.replay import EpisodeReplay
from sw.search.environment import PruningEnvironment

__all__ = ["Reinforcement", "new"]

_HIDDEN = (300, 300)
_ACTOR_RATE = 1e-4
_CRITIC_RATE = 1e-3
_BATCH = 64
_TAU = 0.01
_DISCOUNT = 1.0
_REPLAY_EPISODES = 100
_AROUND = 0.4
"""Standard deviation of the ratios of a random episode, in the scaled range of -1 to 1."""
_ENTROPY = 0.01
"""What entropy is worth to SAC; found by itself it would outweigh rewards of this size for long."""


class _Warming(OffPolicyAlgorithm):
    """Random episodes that differ in how much is pruned in all, before learning begins.

    AMC draws every ratio of these episodes by itself. In a network of many layers the sum is then
    nearly the same every time, and some layer is always pruned to death, so that nothing is seen of
    policies that keep the accuracy. Here each episode draws a level, and its ratios around it.
    """

    settings: AgentSettings
    generator: np.random.Generator
    _levelled = -1
    _level = 0.0

    def _sample_action(
        self, learning_starts: int, action_noise: ActionNoise | None = None, n_envs: int = 1
    ) -> tuple[np.ndarray, np.ndarray]:
        if self.num_timesteps >= learning_starts:
            return self._explore(learning_starts, n_envs)
        if self._levelled != self._episode_num:
            self._levelled, self._level = self._episode_num, self.generator.uniform(-1, 1)
        scaled = _truncated_normal(np.full((n_envs, 1), self._level), _AROUND, self.generator)
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
            "gradient_steps": -1,
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
