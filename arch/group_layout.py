"""Grouped layers in their weight matrix: which part of it weights can be in.

A layer of ``groups`` groups computes each group of its outputs from the group of its inputs of the
same number. As one matrix ``W[R, C]`` over all channels that is block-diagonal: ``groups`` blocks
of ``R / groups`` rows and ``C / groups`` columns. Segments outside all blocks are no segments of
the layer: they are neither kept nor counted.
"""

from math import prod

import numpy as np

from arch.geometry import Geometry
from arch.layer import LayerSpec
from arch.packing import segment_grid

__all__ = [
    "block_diagonal",
    "block_rows",
    "count_segments",
    "in_group",
    "segment_mask",
    "side_by_side",
]


def block_rows(rows: int, cols: int, groups: int) -> np.ndarray:
    """Matrix row of each weight of the blocks, put side by side.

    Returns
    -------
    int64 array, shape (R / groups, C)

    Raises
    ------
    :exc:`ValueError`
        If the groups do not divide rows and columns.
    """
    _check(rows, cols, groups)
    first = np.arange(cols) // (cols // groups) * (rows // groups)
    return first + np.arange(rows // groups)[:, None]


def block_diagonal(blocks: np.ndarray, groups: int) -> np.ndarray:
    """The weight matrix of blocks that are put side by side, zero outside them.

    Parameters
    ----------
    blocks : array, shape (R / groups, C)

    Returns
    -------
    array, shape (R, C)
        ``blocks`` itself if there is one group.
    """
    if groups == 1:
        return blocks
    rows, cols = len(blocks) * groups, blocks.shape[1]
    matrix = np.zeros((rows, cols), dtype=blocks.dtype)
    matrix[block_rows(rows, cols, groups), np.arange(cols)] = blocks
    return matrix


def side_by_side(matrix: np.ndarray, groups: int) -> np.ndarray:
    """The blocks of a weight matrix side by side, shape (R / groups, C).

    ``matrix`` itself if there is one group.
    """
    if groups == 1:
        return matrix
    rows, cols = matrix.shape
    return matrix[block_rows(rows, cols, groups), np.arange(cols)]


def in_group(rows: np.ndarray, cols: np.ndarray, spec: LayerSpec) -> np.ndarray:
    """Whether inputs and outputs of a layer, which broadcast, are of the same group."""
    return rows // (spec.rows // spec.groups) == cols // (spec.cols // spec.groups)


def segment_mask(rows: int, cols: int, groups: int, scheme: str, geometry: Geometry) -> np.ndarray:
    """Which segments hold a place of a block at all.

    Returns
    -------
    bool array
        Of the shape that :func:`arch.packing.segment_grid` gives; all true for one group.

    Raises
    ------
    :exc:`ValueError`
        If the groups do not divide rows and columns.
    """
    first, last = _touched(rows, cols, groups, scheme, geometry)
    grid = segment_grid(rows, cols, scheme, geometry)
    if scheme == "column_vector":
        numbers = np.arange(grid[0])[:, None]
        return (first <= numbers) & (numbers <= last)
    numbers = np.arange(grid[1])
    return (first[:, None] <= numbers) & (numbers <= last[:, None])


def count_segments(rows: int, cols: int, groups: int, scheme: str, geometry: Geometry) -> int:
    """Segments of :func:`segment_mask`, without making it."""
    if groups == 1:
        return prod(segment_grid(rows, cols, scheme, geometry))
    first, last = _touched(rows, cols, groups, scheme, geometry)
    return int((last - first + 1).sum())


def _touched(
    rows: int, cols: int, groups: int, scheme: str, geometry: Geometry
) -> tuple[np.ndarray, np.ndarray]:
    """First and last row block of each column, or first and last column group of each row."""
    _check(rows, cols, groups)
    across, along, size = (cols, rows, geometry.ou_rows)
    if scheme != "column_vector":
        across, along, size = (rows, cols, geometry.ou_weights)
    first = np.arange(across) // (across // groups) * (along // groups)
    return first // size, (first + along // groups - 1) // size


def _check(rows: int, cols: int, groups: int) -> None:
    if groups < 1 or rows % groups or cols % groups:
        raise ValueError(f"groups must divide {rows} rows and {cols} columns, not {groups}")
