"""A pruned layer of random weights, for measurements that do not need a trained one."""

import numpy as np

from arch.fixed import ActFormat, OutFormat
from arch.geometry import Geometry
from arch.layer import LayerSpec
from arch.packing import segment_grid
from sw.integer_network import IntegerLayer
from sw.segments import expand

__all__ = ["random_layer"]


def random_layer(
    shape: tuple[int, int],
    structure: str,
    pruned: float,
    geometry: Geometry,
    rng: np.random.Generator,
) -> IntegerLayer:
    """A linear layer of ``shape`` (rows, columns) with a share of its segments pruned.

    Its requantisation keeps the accumulators' upper bits, so that outputs are not all clamped.
    """
    rows, cols = shape
    spec = LayerSpec(
        name="layer",
        kind="linear",
        source="input",
        in_shape=(rows, 1, 1),
        out_shape=(cols, 1, 1),
        scheme=structure,
        activation=ActFormat(),
        output=OutFormat(),
    )
    kept = rng.random(segment_grid(rows, cols, structure, geometry)) >= pruned
    weights = rng.integers(-128, 128, shape) * expand(kept, rows, cols, structure, geometry)
    return IntegerLayer(
        spec=spec,
        weights=weights.astype(np.int8),
        kept=kept,
        multiplier=np.full(cols, 1 << 15),
        shift=np.full(cols, 27),
        bias=np.zeros(cols, dtype=np.int64),
    )
