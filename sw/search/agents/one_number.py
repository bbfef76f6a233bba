"""Controls with one number for the whole network: bisected, then tried all around."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from sw.search.agents import AgentSettings
from sw.search.choices import LayerChoices
from sw.search.environment import PruningEnvironment, play

__all__ = ["OneNumber", "evenly", "global_magnitude_ratios", "new", "uniform_ratios"]

_HALVINGS = 8
_AROUND = 0.15

Family = Callable[[Sequence[LayerChoices], float], list[float]]
"""From a number, 0 to 1, to the ratio of every layer."""


def uniform_ratios(layers: Sequence[LayerChoices], share: float) -> list[float]:
    """The same ratio for every layer, or the largest that it allows."""
    return [min(share, layer.top_ratio) for layer in layers]


def global_magnitude_ratios(layers: Sequence[LayerChoices], share: float) -> list[float]:
    """One threshold of the norm for all layers, which prunes the given share of all segments.

    Norms are compared as they are, as in the global magnitude pruning of Han et al. (2015). The
    largest ratio of a layer holds, so a little less than the share may go.
    """
    norms = np.sort(np.concatenate([layer.norms.ravel() for layer in layers]))
    number = int(share * len(norms))
    threshold = norms[number] if number < len(norms) else np.inf
    return [
        min(float(np.count_nonzero(layer.norms < threshold)) / layer.segments, layer.top_ratio)
        for layer in layers
    ]


@dataclass(frozen=True, kw_only=True)
class OneNumber:
    """Searches a family of policies that has one number.

    The number is bisected eight times, towards the largest that keeps the accuracy. Accuracy is
    not strictly monotone, so what is left of the episodes goes to evenly spread numbers around it.

    Parameters
    ----------
    settings : AgentSettings
    family : callable
        See :data:`Family`.
    """

    settings: AgentSettings
    family: Family

    def search(self, environment: PruningEnvironment) -> None:
        """Play the episodes."""
        layers = environment.problem.layers
        low, high = 0.0, 1.0
        for number in range(self.settings.episodes):
            if number < _HALVINGS:
                share = (low + high) / 2
                if play(environment, self.family(layers, share)).allowed:
                    low = share
                else:
                    high = share
                continue
            bottom, top = max(0.0, low - _AROUND), min(1.0, high + _AROUND)
            share = bottom + (top - bottom) * evenly(number - _HALVINGS + 1)
            play(environment, self.family(layers, share))


def evenly(number: int) -> float:
    """The sequence 1/2, 1/4, 3/4, 1/8, ... (van der Corput) from 1: even, wherever it ends."""
    value, digit = 0.0, 0.5
    while number:
        value, digit, number = value + digit * (number % 2), digit / 2, number // 2
    return value


def new(name: str, settings: AgentSettings) -> OneNumber:
    """The agent ``uniform`` or ``global_magnitude``."""
    family = {"uniform": uniform_ratios, "global_magnitude": global_magnitude_ratios}[name]
    return OneNumber(settings=settings, family=family)
