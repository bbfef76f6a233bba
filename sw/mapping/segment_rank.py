"""Why a segment was kept or pruned: its norm among those of its layer."""

from dataclasses import dataclass

import numpy as np

from arch.geometry import Geometry
from arch.group_layout import segment_mask
from arch.layer import LayerSpec
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
    weights: np.ndarray, spec: LayerSpec, place: tuple[int, int], *, geometry: Geometry
) -> SegmentRank:
    """The rank of the segment that holds a weight.

    Parameters
    ----------
    weights : float array, shape (R / groups, C)
        The layer as it was when segments were chosen, see :func:`sw.segments.norms`.
    spec : LayerSpec
        What the layer is.
    place : tuple of int
        Row and column of the weight.

    Raises
    ------
    :exc:`ValueError`
        If the matrix is empty or holds a value that is not finite, or the scheme is unknown.
    :exc:`IndexError`
        If it has no such weight.
    """
    values = norms(weights, spec.scheme, geometry, groups=spec.groups)
    there = segment_mask(spec.rows, spec.cols, spec.groups, spec.scheme, geometry)
    height, width = segment_shape(spec.scheme, geometry)
    segment = place[0] // height, place[1] // width
    # What is outside all groups comes behind every segment.
    order = np.argsort(np.where(there, -values, np.inf), axis=None, kind="stable")
    own = int(np.ravel_multi_index(segment, values.shape))
    return SegmentRank(
        norm=float(values[segment]),
        rank=int(np.flatnonzero(order == own)[0]) + 1,
        segments=int(np.count_nonzero(there)),
    )
