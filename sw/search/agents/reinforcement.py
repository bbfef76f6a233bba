"""Agents that learn: DDPG, TD3 and SAC of stable-baselines3, set up as AMC sets up its DDPG.

AMC: He et al., "AMC: AutoML for Model Compression and Acceleration on Mobile Devices", ECCV 2018,
section 4 and its published code. Two hidden layers of 300, learning rates 1e-4 (actor) and 1e-3
(critic), batches of 64, soft updates of 0.01, discount 1, a replay of 100 episodes, random episodes
first, then noise from a truncated normal distribution that decays from episode to episode. Four
things differ, and ``docs/search.md`` says why: the first episodes (:mod:`.warmup`), the number of
updates, the imitation of the best episodes, and how much noise there is.
"""

import contextlib
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from numpy.random.mtrand import get_bit_generator
from stable_baselines3 import DDPG, SAC, TD3
from stable_baselines3.common.logger import Logger
from stable_baselines3.common.noise import ActionNoise
from stable_baselines3.common.off_policy_algorithm import OffPolicyAlgorithm

from sw.reproducible import reproducible
from sw.search.agents import AgentSettings
from sw.search.agents.replay import EpisodeReplay
from sw.search.agents.warmup import Warmup, scan, truncated_normal
from sw.search.choices import LayerChoices
from sw.search.environment import PruningEnvironment

__all__ = ["Reinforcement", "new"]

_HIDDEN = (300, 300)
_ACTOR_RATE = 1e-4
_CRITIC_RATE = 1e-3
_BATCH = 64
_TAU = 0.01
_DISCOUNT = 1.0
_REPLAY_EPISODES = 100
_UPDATES = 20
"""Updates after an episode. AMC makes as many as there are layers, which in a network of few layers
is too few to learn anything in some hundred episodes."""
_ELITE = 8
"""Episodes of the highest reward that the actor is drawn to."""
_ELITE_RATE = 1e-3
_ENTROPY = 0.01
"""What entropy is worth to SAC; found by itself it would outweigh rewards of this size for long."""


class _Warming(OffPolicyAlgorithm):
    """Episodes of a :class:`Warmup` before learning begins."""

    settings: AgentSettings
    generator: np.random.Generator
    walk: PruningEnvironment
    warmup: Warmup
    proposed: np.ndarray

    def _sample_action(
        self, learning_starts: int, action_noise: ActionNoise | None = None, n_envs: int = 1
    ) -> tuple[np.ndarray, np.ndarray]:
        if self.num_timesteps > learning_starts:
            return self._explore(learning_starts, n_envs)
        layers = self.walk.problem.layers
        step = self.num_timesteps % len(layers)
        if step == 0:
            self.proposed = self.warmup.propose(self.walk.history.rewards)
        top = layers[step].top_ratio
        action = np.full((n_envs, 1), self.proposed[step] / top if top else 0.0, np.float32)
        return action, self.policy.scale_action(action)

    def _explore(self, learning_starts: int, n_envs: int) -> tuple[np.ndarray, np.ndarray]:
        return super()._sample_action(learning_starts, None, n_envs)


class _Exploring(_Warming):
    """Two learning rates that stay, imitation of the best episodes, and noise that decays.

    stable-baselines3 has one rate for both networks, and clips its noise, which would try the two
    ends of the range again and again.

    A few hundred episodes teach a critic of twenty layers little. Self-imitation (Oh et al., ICML
    2018) uses what was good without it: after the updates, the actor is moved towards the actions
    of the episodes of the highest reward. What it then proposes lies between them, the critic says
    in which direction, and the noise looks around there.
    """

    replay_buffer: EpisodeReplay
    imitation: torch.optim.Optimizer

    def _update_learning_rate(self, optimizers: Any) -> None:
        """Leave the rates as :meth:`Reinforcement.search` sets them."""

    def train(self, gradient_steps: int, batch_size: int = _BATCH) -> None:
        """Update critic and actor, then let the actor imitate."""
        super().train(gradient_steps, batch_size)
        self.policy.set_training_mode(True)
        seen, chosen = self.replay_buffer.elite(_ELITE)
        for _ in range(gradient_steps):
            rows = torch.from_numpy(self.generator.integers(len(seen), size=batch_size))
            loss = F.mse_loss(self.actor(seen[rows]), chosen[rows])
            self.imitation.zero_grad()
            loss.backward()
            self.imitation.step()

    def _explore(self, learning_starts: int, n_envs: int) -> tuple[np.ndarray, np.ndarray]:
        if self._last_obs is None:
            raise ValueError("the environment was not reset")
        chosen, _ = self.predict(self._last_obs, deterministic=True)
        episode = self._episode_num - self.settings.warmup
        deviation = self.settings.noise * self.settings.noise_decay**episode
        action = np.array(
            [[truncated_normal(float(mean), deviation, self.generator)] for mean in chosen.ravel()],
            dtype=np.float32,
        )
        return action, self.policy.scale_action(action)


class _Ddpg(_Exploring, DDPG):
    """DDPG with that exploration."""


class _Td3(_Exploring, TD3):
    """TD3 with that exploration."""


class _Sac(_Warming, SAC):
    """SAC, which explores by its own entropy once it learns."""


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
            model = self._model(environment, steps)
            # The library's own logger makes a directory among the temporary files.
            model.set_logger(Logger(folder=None, output_formats=[]))
            environment.prepare(self._known(environment.problem.layers))
            model.learn(total_timesteps=self.settings.episodes * steps)

    def _known(self, layers: Sequence[LayerChoices]) -> list[list[float]]:
        # Rounded as actions are, so that the same numbers of segments stay.
        tops = np.array([layer.top_ratio or 1.0 for layer in layers])
        return [
            ((ratios / tops).astype(np.float32) * tops).tolist()
            for ratios in scan(layers, self.settings.warmup)
        ]

    def _model(self, environment: PruningEnvironment, steps: int) -> OffPolicyAlgorithm:
        options: dict[str, Any] = {
            "buffer_size": _REPLAY_EPISODES * steps,
            # stable-baselines3 asks for more steps than this, not for as many.
            "learning_starts": self.settings.warmup * steps - 1,
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
        model.walk = environment
        model.generator = np.random.default_rng(self.settings.seed)
        model.warmup = Warmup(environment.problem.layers, model.generator)
        if self.name != "sac":
            model.imitation = torch.optim.Adam(model.actor.parameters(), lr=_ELITE_RATE)
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
