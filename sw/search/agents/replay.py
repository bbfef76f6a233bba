"""The replay buffer of AMC: each step of an episode has the reward of the episode."""

from typing import Any

import numpy as np
import torch
from stable_baselines3.common.buffers import ReplayBuffer
from stable_baselines3.common.type_aliases import ReplayBufferSamples
from stable_baselines3.common.vec_env import VecNormalize

__all__ = ["EpisodeReplay"]

_SMOOTHING = 0.5


class EpisodeReplay(ReplayBuffer):
    """Keeps the steps of an episode back until it is over, then stores all with its last reward.

    So AMC does (He et al., 2018, section 3.3): a policy is judged as a whole, and with a discount
    of 1 every step has the same part in it. What is sampled has a baseline subtracted, a moving
    average of the mean rewards of the batches, which makes the critic's targets vary less.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._pending: list[tuple[Any, ...]] = []
        self._baseline: float | None = None
        self._episodes: list[tuple[float, np.ndarray, np.ndarray]] = []

    def add(
        self,
        obs: np.ndarray,
        next_obs: np.ndarray,
        action: np.ndarray,
        reward: np.ndarray,
        done: np.ndarray,
        infos: list[dict[str, Any]],
    ) -> None:
        """Take a step; nothing can be sampled of an episode before it is over."""
        self._pending.append((np.array(obs), np.array(next_obs), np.array(action), done, infos))
        if not done.all():
            return
        for before, after, chosen, over, information in self._pending:
            super().add(before, after, chosen, reward, over, information)
        seen, actions = (np.concatenate([step[part] for step in self._pending]) for part in (0, 2))
        self._episodes.append((float(reward.item()), seen, actions))
        self._pending.clear()

    def elite(self, count: int) -> tuple[torch.Tensor, torch.Tensor]:
        """Observations and actions of the ``count`` episodes of the highest reward, ever.

        Returns
        -------
        observations, actions : float32 tensors, shapes (steps, features) and (steps, 1)
        """
        best = sorted(self._episodes, key=lambda episode: -episode[0])[:count]
        seen, actions = (np.concatenate([episode[part] for episode in best]) for part in (1, 2))
        return self.to_torch(seen), self.to_torch(actions)

    def sample(self, batch_size: int, env: VecNormalize | None = None) -> ReplayBufferSamples:
        """A batch of stored steps, rewards less the baseline."""
        batch = super().sample(batch_size, env)
        mean = batch.rewards.mean().item()
        if self._baseline is None:
            self._baseline = mean
        else:
            self._baseline += _SMOOTHING * (mean - self._baseline)
        return batch._replace(rewards=batch.rewards - self._baseline)
