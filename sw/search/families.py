"""Simple families of policies: one number decides the ratio of every layer."""

from collections.abc import Callable, Sequence

import numpy as np

from sw.search.choices import LayerChoices

__all__ = ["FAMILIES", "Family", "global_magnitude_ratios", "scaled_ratios", "uniform_ratios"]

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
    norms = np.sort(np.concatenate([layer.segment_norms for layer in layers]))
    number = int(share * len(norms))
    threshold = norms[number] if number < len(norms) else np.inf
    return [
        min(
            float(np.count_nonzero(layer.segment_norms < threshold)) / layer.segments,
            layer.top_ratio,
        )
        for layer in layers
    ]


def scaled_ratios(ratios: Sequence[float], scale: float) -> list[float]:
    """A policy that prunes more, above 1, or less, with the same preferences among the layers.

    The share of each layer that stays is raised to the power ``scale``: 0 prunes nothing, a layer
    that is not pruned never is, and none is ever pruned away.
    """
    return [1 - (1 - ratio) ** scale for ratio in ratios]


FAMILIES: dict[str, Family] = {
    "uniform": uniform_ratios,
    "global_magnitude": global_magnitude_ratios,
}
"""Every family by name."""
