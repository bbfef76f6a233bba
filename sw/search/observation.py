"""What an agent sees before it chooses the ratio of a layer."""

from collections.abc import Sequence

import numpy as np

from sw.search.choices import LayerChoices

__all__ = ["FEATURES", "Observer", "feature_names"]

FEATURES = (
    "index",
    "convolution",
    "in_channels",
    "out_channels",
    "stride",
    "kernel",
    "weights",
    "weights_pruned",
    "weights_rest",
    "last_action",
    "positions",
    "top_ratio",
    "small_segments",
    "ous",
    "ous_saved",
    "ous_left",
    "ous_possible",
    "crossbars",
    "crossbars_saved",
    "crossbars_left",
    "crossbars_possible",
)
"""Features in order, before those of :func:`feature_names`; ``docs/search.md`` defines each."""


def feature_names(layers: Sequence[LayerChoices]) -> tuple[str, ...]:
    """Every feature of an observation, in order: :data:`FEATURES`, then one for each layer."""
    return (*FEATURES, *(f"is_{layer.name}" for layer in layers))


class Observer:
    """Observations of one network, every feature 0 to 1.

    The first ten are those of AMC (He et al., 2018, section 3.1), with weights in the place of
    FLOPs and one kernel size; others tell of the hardware, as the mapper counts it. The last, one
    for each layer, are 1 for this layer and else 0: by AMC's features, of which only the index
    differs, the layers in a group of a residual network could hardly be treated differently.

    Parameters
    ----------
    layers : sequence of LayerChoices
        In execution order.
    """

    def __init__(self, layers: Sequence[LayerChoices]) -> None:
        self._layers = tuple(layers)
        self._weights = np.array([layer.weights for layer in layers], dtype=np.float64)
        self._ous = np.array([layer.ous(layer.segments) for layer in layers], dtype=np.float64)
        self._crossbars = np.array([layer.crossbars(layer.segments) for layer in layers], float)
        self._least_ous = np.array([layer.ous(layer.fewest) for layer in layers], float)
        self._least_crossbars = np.array([layer.crossbars(layer.fewest) for layer in layers], float)
        median = np.median(np.concatenate([layer.segment_norms for layer in layers]))
        self._small = [float(np.mean(layer.segment_norms < median)) for layer in layers]
        self._static = np.array(
            [
                (
                    index,
                    float(layer.convolution),
                    layer.in_channels,
                    layer.cols,
                    layer.stride,
                    layer.kernel,
                    layer.weights,
                    layer.positions,
                )
                for index, layer in enumerate(layers)
            ],
            dtype=np.float64,
        )
        # Each column by its largest value, so that no feature outweighs the others by its unit.
        self._static /= np.maximum(self._static.max(axis=0), 1)

    def observe(self, kept: Sequence[int], last_action: float) -> np.ndarray:
        """The observation when the layers before the next have ``kept`` segments.

        Parameters
        ----------
        kept : sequence of int
            Decisions so far; if all are made, the last layer is shown again.
        last_action : float
            The action of the layer before, 0 at first.

        Returns
        -------
        float32 array, shape (len(FEATURES) + layers,)
        """
        done = len(kept)
        here = min(done, len(self._layers) - 1)
        index, *shape, weights, positions = self._static[here]
        ratios = [layer.ratio(number) for layer, number in zip(self._layers, kept, strict=False)]
        ous = [layer.ous(number) for layer, number in zip(self._layers, kept, strict=False)]
        crossbars = [
            layer.crossbars(number) for layer, number in zip(self._layers, kept, strict=False)
        ]
        total = self._weights.sum()
        values = (
            index,
            *shape,
            weights,
            float(np.dot(self._weights[:done], ratios)) / total,
            self._weights[done:].sum() / total,
            last_action,
            positions,
            self._layers[here].top_ratio,
            self._small[here],
            *_hardware(here, ous, self._ous, self._least_ous),
            *_hardware(here, crossbars, self._crossbars, self._least_crossbars),
            *(float(number == here) for number in range(len(self._layers))),
        )
        return np.clip(np.array(values, dtype=np.float32), 0, 1)


def _hardware(
    here: int, used: Sequence[int], dense: np.ndarray, least: np.ndarray
) -> tuple[float, float, float, float]:
    """Share of the dense network that is of this layer, saved, left, and still to be saved."""
    total, done = dense.sum(), len(used)
    saved = dense[:done].sum() - sum(used)
    possible = (dense[done:] - least[done:]).sum()
    return dense[here] / total, saved / total, sum(used) / total, possible / total
