"""The environment: an episode walks the layers, an action prunes one, the last is rewarded."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import gymnasium
import numpy as np

from sw.search.choices import LayerChoices
from sw.search.history import Episode, History
from sw.search.observation import Observer, feature_names
from sw.search.problem import Problem

__all__ = ["PruningEnvironment", "StepRecord", "play"]

StepRecord = Mapping[str, Any]
"""A step as the log has it."""


class PruningEnvironment(gymnasium.Env[np.ndarray, np.ndarray]):
    """Chooses the pruning ratio of one layer after the other.

    An action is one number from 0 to 1: the ratio in units of the largest ratio of the layer, so
    that every action is legal and a layer that cannot be pruned ignores it. It is rounded to a
    number of segments, and clipped if a target has to be met. Observations are those of
    :mod:`sw.search.observation`. The reward is 0 until the last layer, and then that of the policy.

    Parameters
    ----------
    problem : Problem
        What is searched.
    on_step : callable, optional
        Called with a :data:`StepRecord` after each step.
    on_episode : callable, optional
        Called with each :class:`sw.search.history.Episode`.
    """

    def __init__(
        self,
        problem: Problem,
        *,
        on_step: Callable[[StepRecord], None] | None = None,
        on_episode: Callable[[Episode], None] | None = None,
    ) -> None:
        self.problem = problem
        self.history = History()
        self.observation_space = gymnasium.spaces.Box(
            0, 1, (len(feature_names(problem.layers)),), np.float32
        )
        self.action_space = gymnasium.spaces.Box(0, 1, (1,), np.float32)
        self._observer = Observer(problem.layers)
        self._on_step = on_step
        self._on_episode = on_episode
        self._kept: list[int] = []

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[np.ndarray, dict[str, Any]]:
        """Begin with the first layer. Nothing is random, so ``seed`` decides nothing."""
        super().reset(seed=seed)
        self._kept = []
        return self._observer.observe(self._kept, 0.0), {}

    def step(self, action: np.ndarray) -> tuple[np.ndarray, float, bool, bool, dict[str, Any]]:
        """Prune the next layer.

        Parameters
        ----------
        action : float array, shape (1,)
            0 to 1.

        Raises
        ------
        :exc:`ValueError`
            If the action is not finite, or the episode is over.
        """
        if len(self._kept) == len(self.problem.layers):
            raise ValueError("the episode is over: reset the environment")
        value = float(np.asarray(action).reshape(-1)[0])
        if not np.isfinite(value):
            raise ValueError(f"action must be finite, not {value}")
        layer = self.problem.layers[len(self._kept)]
        wanted, kept = self._decide(self._kept, value)
        self._kept.append(kept)
        ratio = layer.ratio(kept)
        self._tell_step(value, wanted)
        # What was done, not what was wished for: the clipped part had no effect.
        done = ratio / layer.top_ratio if layer.top_ratio else 0.0
        observation = self._observer.observe(self._kept, done)
        over = len(self._kept) == len(self.problem.layers)
        return observation, self._finish() if over else 0.0, over, False, {"ratio": ratio}

    def prepare(self, policies: Sequence[Sequence[float]]) -> None:
        """Say which policies will be played whatever comes of them; see :class:`Problem`.

        Parameters
        ----------
        policies : sequence of sequence of float
            Ratios as :func:`play` takes them. That they are played in the end is up to the caller.
        """
        if self.problem.prepare is None:
            return
        prepared = []
        for ratios in policies:
            kept: list[int] = []
            for action in _actions(self.problem.layers, ratios):
                kept.append(self._decide(kept, action)[1])
            if self.history.find(kept) is None:
                prepared.append(tuple(kept))
        self.problem.prepare(prepared)

    def _decide(self, kept: Sequence[int], action: float) -> tuple[int, int]:
        """Segments of the layer after ``kept`` that stay: as ``action`` says, and if clipped."""
        layer = self.problem.layers[len(kept)]
        wanted = layer.kept(min(max(action, 0.0), 1.0) * layer.top_ratio)
        return wanted, self.problem.clip(kept, wanted)

    def _finish(self) -> float:
        episode = self.problem.judge(self._kept, self.history)
        self.history.add(episode)
        if self._on_episode is not None:
            self._on_episode(episode)
        return episode.reward

    def _tell_step(self, action: float, wanted: int) -> None:
        if self._on_step is None:
            return
        number = len(self._kept) - 1
        layer, kept = self.problem.layers[number], self._kept[-1]
        self._on_step(
            {
                "episode": len(self.history.episodes),
                "step": number,
                "layer": layer.name,
                "action": action,
                "ratio": layer.ratio(kept),
                "kept": kept,
                "segments": layer.segments,
                "clipped": kept != wanted,
                "ous": layer.ous(kept),
                "crossbars": layer.crossbars(kept),
            }
        )


def play(environment: PruningEnvironment, ratios: Sequence[float]) -> Episode:
    """Walk one episode with given ratios, one a layer; each within 0 and the layer's largest.

    Returns
    -------
    Episode
        What became of it; a target may have clipped the ratios.
    """
    environment.reset()
    for action in _actions(environment.problem.layers, ratios):
        environment.step(np.array([action]))
    return environment.history.episodes[-1]


def _actions(layers: Sequence[LayerChoices], ratios: Sequence[float]) -> list[float]:
    return [
        ratio / layer.top_ratio if layer.top_ratio else 0.0
        for layer, ratio in zip(layers, ratios, strict=True)
    ]
