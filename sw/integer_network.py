"""The integer network: what quantisation makes and the mapper reads."""

from dataclasses import dataclass

import numpy as np

from arch.layer import LayerSpec

__all__ = ["IntegerLayer"]


@dataclass(frozen=True, kw_only=True, eq=False)
class IntegerLayer:
    """One layer in integers.

    Parameters
    ----------
    spec : LayerSpec
        What the layer is.
    weights : int8 array, shape (R, C)
        Signed weights; rows in im2col order; zero where the segment is pruned.
    kept : bool array
        Segments that are kept. ``column_vector``: shape (ceil(R / ou_rows), C). ``row_vector``:
        shape (R, ceil(C / ou_weights)).
    multiplier, shift, bias : int64 array, shape (C,)
        Requantisation, see :func:`arch.fixed.requantise`.
    """

    spec: LayerSpec
    weights: np.ndarray
    kept: np.ndarray
    multiplier: np.ndarray
    shift: np.ndarray
    bias: np.ndarray
