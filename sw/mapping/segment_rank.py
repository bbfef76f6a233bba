"""Why a segment was kept or pruned: its norm among those of its layer."""

from dataclasses import dataclass

import numpy as np

from arch.geometry import Geometry
from sw.segments import norms, segment_shape

__all__ = ["SegmentRank", "rank_segment"]


@dataclass(frozen=True, kw_only=True)
class SegmentRank:
    """A segment among those of its layer.

    Parameters
    ----------
    norm : float
        Its L2 norm in the dense float network.
    rank : int
        Its place by norm, the largest first, from 1; of equal norms the first in row order.
    segments : int
        Segments of the layer.
    """

    norm: float
    rank: int
    segments: int


def rank_segment(
    weights: np.ndarray, row: int, col: int, *, scheme: str, geometry: Geometry
) -> SegmentRank:
    """The rank of the segment that holds a weight.

    Parameters
    ----------
    weights : float array, shape (R, C)
        The layer as it was when segments were chosen.
    row, col : int
        The weight.

    Raises
    ------
    :exc:`ValueError`
        If the matrix is empty or holds a value that is not finite, or the scheme is unknown.
    :exc:`IndexError`
        If it has no such weight.
    """
    values = norms(weights, scheme, geometry)
    height, width = segment_shape(scheme, geometry)
    place = row // height, col // width
    order = np.argsort(-values, axis=None, kind="stable")
    own = int(np.ravel_multi_index(place, values.shape))
    return SegmentRank(
        norm=float(values[place]),
        rank=int(np.flatnonzero(order == own)[0]) + 1,
        segments=values.size,
    )
