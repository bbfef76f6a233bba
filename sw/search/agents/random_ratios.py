"""The control that chooses at random."""

from dataclasses import dataclass

import numpy as np

from sw.search.agents import AgentSettings
from sw.search.environment import PruningEnvironment, play

__all__ = ["RandomRatios", "new"]


@dataclass(frozen=True, kw_only=True)
class RandomRatios:
    """Ratios at random: first how much at most, then every layer by itself up to that.

    Drawn from 0 to the largest in every layer, the ratios of a network of many layers would sum up
    to nearly the same each time, and some layer would always lose nearly all it has: such a control
    keeps no accuracy, and beating it would tell nothing.

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
            (generator.random() * generator.random(len(tops)) * tops).tolist()
            for _ in range(self.settings.episodes)
        ]
        environment.prepare(policies)
        for ratios in policies:
            play(environment, ratios)


def new(name: str, settings: AgentSettings) -> RandomRatios:
    """The agent ``random``."""
    return RandomRatios(settings=settings)
