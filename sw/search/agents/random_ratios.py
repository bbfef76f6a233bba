"""The control that chooses at random."""

from dataclasses import dataclass

import numpy as np

from sw.search.agents import AgentSettings
from sw.search.environment import PruningEnvironment, play

__all__ = ["RandomRatios", "new"]


@dataclass(frozen=True, kw_only=True)
class RandomRatios:
    """Every ratio uniform from 0 to the largest of its layer, independent of everything else.

    Parameters
    ----------
    settings : AgentSettings
    """

    settings: AgentSettings

    def search(self, environment: PruningEnvironment) -> None:
        """Play the episodes."""
        generator = np.random.default_rng(self.settings.seed)
        tops = np.array([layer.top_ratio for layer in environment.problem.layers])
        policies = [
            (generator.random(len(tops)) * tops).tolist() for _ in range(self.settings.episodes)
        ]
        environment.prepare(policies)
        for ratios in policies:
            play(environment, ratios)


def new(name: str, settings: AgentSettings) -> RandomRatios:
    """The agent ``random``."""
    return RandomRatios(settings=settings)
