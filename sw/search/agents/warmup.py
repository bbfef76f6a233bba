"""The episodes before learning: simple policies, and what lies around the best of them."""

from collections.abc import Sequence

import numpy as np

from sw.search.choices import LayerChoices
from sw.search.families import FAMILIES

__all__ = ["Warmup", "evenly", "scan", "truncated_normal"]

_SCAN = 7
"""Episodes of each family that scan its number in steps of an eighth."""
_SHARE = 0.06
"""Standard deviation of the number of a family after that, around its best one."""
_RATIO = 0.1
"""Standard deviation of the ratio of a layer around that of its family."""


class Warmup:
    """Proposes policies of simple families, in turn, then draws around the best of each.

    AMC draws every ratio of these episodes by itself. In a network of many layers the sum is then
    nearly the same every time, and some layer is always pruned to death, so that nothing is seen of
    policies that keep the accuracy.

    Parameters
    ----------
    layers : sequence of LayerChoices
    generator : Generator
        The only source of randomness.
    """

    def __init__(self, layers: Sequence[LayerChoices], generator: np.random.Generator) -> None:
        self._layers = tuple(layers)
        self._generator = generator
        self._tops = np.array([layer.top_ratio for layer in layers])
        self._asked: list[float] = []
        self._rewards: list[float] = []

    def propose(self, rewards: Sequence[float]) -> np.ndarray:
        """The ratio of every layer for the next episode.

        Parameters
        ----------
        rewards : sequence of float
            Of all episodes so far.
        """
        families = list(FAMILIES.values())
        turn = len(self._asked) % len(families)
        number = len(self._asked) // len(families)
        family = families[turn]
        if number < _SCAN:
            share, deviation = evenly(number + 1), 0.0
        else:
            mine = range(turn, len(self._asked), len(families))
            best = max(mine, key=lambda episode: (rewards[episode], -episode))
            share = truncated_normal(self._asked[best], _SHARE, self._generator)
            deviation = _RATIO
        self._asked.append(share)
        means = family(self._layers, share)
        return np.array(
            [
                truncated_normal(mean, deviation, self._generator, high=top)
                for mean, top in zip(means, self._tops, strict=True)
            ]
        )


def scan(layers: Sequence[LayerChoices], episodes: int) -> list[np.ndarray]:
    """The ratios of the first ``episodes`` of a :class:`Warmup` that depend on no reward."""
    families = list(FAMILIES.values())
    return [
        np.array(families[number % len(families)](layers, evenly(number // len(families) + 1)))
        for number in range(min(episodes, _SCAN * len(families)))
    ]


def evenly(number: int) -> float:
    """The sequence 1/2, 1/4, 3/4, 1/8, ... (van der Corput) from 1: even, wherever it ends."""
    value, digit = 0.0, 0.5
    while number:
        value, digit, number = value + digit * (number % 2), digit / 2, number // 2
    return value


def truncated_normal(
    mean: float, deviation: float, generator: np.random.Generator, *, high: float = 1.0
) -> float:
    """A number from a normal distribution cut off at 0 and ``high``; clipping would pile up there.

    ``mean`` lies between them.
    """
    if deviation == 0 or high == 0:
        return min(mean, high)
    while not 0 <= (value := generator.normal(mean, deviation)) <= high:
        pass
    return float(value)
