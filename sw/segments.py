"""Segments: the pieces of a weight matrix that are kept or pruned as a whole.

A weight matrix ``W[R, C]`` is cut as the sparsity structure says:

* ``column_vector``: ``ou_rows x 1``; segment ``(b, c)`` is rows ``b * ou_rows`` onwards of column
  ``c``.
* ``row_vector``: ``1 x ou_weights``; segment ``(r, g)`` is columns ``g * ou_weights`` onwards of
  row ``r``.

The last segment of a column or a row may be shorter than the others.
"""

import math

import numpy as np

from arch.geometry import Geometry
from arch.group_layout import block_rows
from arch.layer import SCHEMES
from arch.packing import check_kept, segment_grid

__all__ = ["count_kept", "expand", "keep_largest", "norms", "segment_shape"]


def segment_shape(scheme: str, geometry: Geometry) -> tuple[int, int]:
    """Rows and columns of a segment.

    Raises
    ------
    :exc:`ValueError`
        If the sparsity structure is unknown.
    """
    if scheme not in SCHEMES:
        raise ValueError(f"scheme must be {' or '.join(SCHEMES)}, not {scheme!r}")
    return (geometry.ou_rows, 1) if scheme == "column_vector" else (1, geometry.ou_weights)


def norms(weights: np.ndarray, scheme: str, geometry: Geometry, *, groups: int = 1) -> np.ndarray:
    """L2 norm of every segment; 0 of one outside all groups.

    Parameters
    ----------
    weights : float array, shape (R / groups, C)
        The blocks of the groups side by side, see :func:`arch.group_layout.block_rows`; of one
        group that is the weight matrix.

    Returns
    -------
    float64 array, of the shape that :func:`arch.packing.segment_grid` gives

    Raises
    ------
    :exc:`ValueError`
        If the matrix is empty or holds a value that is not finite.
    """
    if weights.ndim != 2 or weights.size == 0:
        raise ValueError(f"weights must be a matrix, not empty: shape {weights.shape}")
    if not np.isfinite(weights).all():
        raise ValueError("weights must be finite, not NaN or infinite")
    height, width = segment_shape(scheme, geometry)
    rows, cols = len(weights) * groups, weights.shape[1]
    down, across = segment_grid(rows, cols, scheme, geometry)
    if groups > 1:
        return _grouped_norms(weights, groups, (height, width), (down, across))
    padded = np.zeros((down * height, across * width))
    padded[:rows, :cols] = weights
    # Scaled first: the squares of very small or large weights must not under- or overflow.
    largest = np.abs(padded).max() or 1.0
    blocks = (padded / largest).reshape(down, height, across, width)
    return np.sqrt(np.square(blocks).sum(axis=(1, 3))) * largest


def _grouped_norms(
    weights: np.ndarray, groups: int, size: tuple[int, int], grid: tuple[int, int]
) -> np.ndarray:
    """Norms from the blocks alone: the matrix around them would be mostly zeros."""
    cols = weights.shape[1]
    largest = np.abs(weights).max() or 1.0
    rows = block_rows(len(weights) * groups, cols, groups)
    segment = rows // size[0] * grid[1] + np.arange(cols) // size[1]
    squares = np.square(weights.astype(np.float64) / largest)
    sums = np.bincount(segment.ravel(), squares.ravel(), minlength=grid[0] * grid[1])
    return np.sqrt(sums).reshape(grid) * largest


def keep_largest(
    values: np.ndarray, ratio: float, *, there: np.ndarray | None = None
) -> np.ndarray:
    """Keep the segments of largest norm; prune at least the share ``ratio``.

    ``floor((1 - ratio) * n)`` of ``n`` segments are kept, so that the pruned share of a network
    never falls short of the ratio that was asked for. Of equal norms the first in row order stays.

    Parameters
    ----------
    values : float array, any shape
        Norms.
    ratio : float
        0 keeps all, 1 prunes all.
    there : bool array, same shape, optional
        Which of them are segments of the layer, see :func:`arch.group_layout.segment_mask`; the
        others count for nothing and are not kept.

    Returns
    -------
    bool array, same shape
        True where the segment is kept.

    Raises
    ------
    :exc:`ValueError`
        If the ratio is not 0 to 1.
    """
    count = count_kept(values.size if there is None else int(np.count_nonzero(there)), ratio)
    order = np.argsort(-values, axis=None, kind="stable")
    if there is not None:
        order = order[there.ravel()[order]]
    kept = np.zeros(values.size, dtype=bool)
    kept[order[:count]] = True
    return kept.reshape(values.shape)


def count_kept(segments: int, ratio: float) -> int:
    """How many of so many segments :func:`keep_largest` keeps.

    Raises
    ------
    :exc:`ValueError`
        If the ratio is not 0 to 1.
    """
    if not 0 <= ratio <= 1:
        raise ValueError(f"ratio must be 0 to 1, not {ratio}")
    # A ratio such as 0.7 is not exact in binary: 0.3 of 10 segments are 3, not 2.9999999.
    return math.floor((1 - ratio) * segments + 1e-9 * segments)


def expand(
    kept: np.ndarray, rows: int, cols: int, scheme: str, geometry: Geometry, *, groups: int = 1
) -> np.ndarray:
    """The kept segments weight by weight.

    Parameters
    ----------
    kept : bool array, of the shape that :func:`arch.packing.segment_grid` gives
        True where the segment is kept.

    Returns
    -------
    bool array, shape (rows / groups, cols)
        The blocks of the groups side by side, see :func:`arch.group_layout.block_rows`.

    Raises
    ------
    :exc:`TypeError`, :exc:`ValueError`
        If ``kept`` has another dtype or shape.
    """
    check_kept(kept, rows, cols, scheme, geometry)
    height, width = segment_shape(scheme, geometry)
    if groups > 1:
        return kept[block_rows(rows, cols, groups) // height, np.arange(cols) // width]
    return kept.repeat(height, axis=0).repeat(width, axis=1)[:rows, :cols]
