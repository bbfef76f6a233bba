"""What every cell of a crossbar holds: the dense layer with its holes, and the packed one."""

import numpy as np

from arch.geometry import Geometry
from arch.tables import LayerTable
from arch.tiles import place_ous

__all__ = ["EMPTY", "FIRST_TONE", "FREE", "TONES", "dense_cells", "kept_segments", "packed_cells"]

FREE, EMPTY, FIRST_TONE = 0, 1, 2
"""Of no OU; of an OU, but without a weight; weights of the first rows of the matrix."""
TONES = 6
"""Tones from the first rows of the matrix to the last (of a ``row_vector``: columns)."""


def kept_segments(table: LayerTable, geometry: Geometry) -> np.ndarray:
    """Which segments the OU records hold.

    Returns
    -------
    bool array, shape (row blocks, columns) or (rows, column groups)
    """
    height, width = _segment(table, geometry)
    spec = table.spec
    kept = np.zeros((-(-spec.rows // height), -(-spec.cols // width)), dtype=bool)
    for start in range(0, table.ous, _CHUNK):
        inputs, outputs = (
            table.inputs[start : start + _CHUNK],
            table.outputs[start : start + _CHUNK],
        )
        used = (inputs >= 0)[:, :, None] & (outputs >= 0)[:, None, :]
        down = np.broadcast_to((inputs // height)[:, :, None], used.shape)[used]
        across = np.broadcast_to((outputs // width)[:, None, :], used.shape)[used]
        kept[down, across] = True
    return kept


_CHUNK = 4096
"""OUs looked at at once, so that memory does not grow with the layer."""


def dense_cells(
    table: LayerTable, geometry: Geometry, kept: np.ndarray, crossbars: int
) -> np.ndarray:
    """The first crossbars of the layer as if nothing had been pruned, pruned segments empty.

    OUs are where the mapper would have put them: row block by row block (of a ``row_vector``,
    column group by column group), slot after slot.

    Parameters
    ----------
    kept : bool array
        From :func:`kept_segments`.
    crossbars : int
        Crossbars at most.

    Returns
    -------
    uint8 array, shape (crossbars, rows, cols)
    """
    spec = table.spec
    blocks = -(-spec.rows // geometry.ou_rows)
    groups = -(-spec.cols // geometry.ou_weights)
    first = np.arange(min(blocks * groups, _ous_on(crossbars, geometry)))
    if spec.scheme == "column_vector":
        block, group = first // groups, first % groups
    else:
        block, group = first % blocks, first // blocks
    rows = block[:, None] * geometry.ou_rows + np.arange(geometry.ou_rows)
    cols = group[:, None] * geometry.ou_weights + np.arange(geometry.ou_weights)
    return _draw(
        geometry,
        place_ous(len(first), geometry),
        np.where(rows < spec.rows, rows, -1),
        np.where(cols < spec.cols, cols, -1),
        _tones(table, geometry),
        kept=kept,
        segment=_segment(table, geometry),
    )


def packed_cells(table: LayerTable, geometry: Geometry, numbers: np.ndarray) -> np.ndarray:
    """Crossbars of the layer as its tables have it.

    Parameters
    ----------
    numbers : int array
        Which of them, ascending; each holds an OU.

    Returns
    -------
    uint8 array, shape (len(numbers), rows, cols)
    """
    chosen = np.isin(table.crossbar, numbers)
    return _draw(
        geometry,
        (
            np.searchsorted(numbers, table.crossbar[chosen]),
            table.slot_row[chosen],
            table.slot_col[chosen],
        ),
        table.inputs[chosen],
        table.outputs[chosen],
        _tones(table, geometry),
    )


def _ous_on(crossbars: int, geometry: Geometry) -> int:
    """OUs among which are all those of the first crossbars, and of no others."""
    return crossbars // geometry.tiles * geometry.tiles * geometry.slots


def _segment(table: LayerTable, geometry: Geometry) -> tuple[int, int]:
    if table.spec.scheme == "column_vector":
        return geometry.ou_rows, 1
    return 1, geometry.ou_weights


def _tones(table: LayerTable, geometry: Geometry) -> tuple[np.ndarray, np.ndarray]:
    """Tone of every row and every column of the matrix; one of the two is all zero."""
    spec = table.spec
    if spec.scheme == "column_vector":
        blocks = -(-spec.rows // geometry.ou_rows)
        block = np.arange(spec.rows) // geometry.ou_rows
        return block * TONES // blocks, np.zeros(spec.cols, dtype=int)
    groups = -(-spec.cols // geometry.ou_weights)
    group = np.arange(spec.cols) // geometry.ou_weights
    return np.zeros(spec.rows, dtype=int), group * TONES // groups


def _draw(
    geometry: Geometry,
    places: tuple[np.ndarray, np.ndarray, np.ndarray],
    inputs: np.ndarray,
    outputs: np.ndarray,
    tones: tuple[np.ndarray, np.ndarray],
    *,
    kept: np.ndarray | None = None,
    segment: tuple[int, int] = (1, 1),
) -> np.ndarray:
    crossbar, slot_row, slot_col = places
    count = int(crossbar.max()) + 1 if len(crossbar) else 0
    tone = FIRST_TONE + tones[0][inputs][:, :, None] + tones[1][outputs][:, None, :]
    used = (inputs >= 0)[:, :, None] & (outputs >= 0)[:, None, :]
    if kept is not None:
        used &= kept[(inputs // segment[0])[:, :, None], (outputs // segment[1])[:, None, :]]
    weights = np.where(used, tone, EMPTY).astype(np.uint8).repeat(geometry.slices, axis=2)
    ous = np.full((len(inputs), geometry.ou_rows, geometry.ou_cols), EMPTY, dtype=np.uint8)
    ous[:, :, : weights.shape[2]] = weights
    # Slots first, then their cells side by side: what is over at the edges belongs to no slot.
    shape = (count, geometry.slot_rows, geometry.slot_cols, geometry.ou_rows, geometry.ou_cols)
    slots = np.full(shape, FREE, dtype=np.uint8)
    slots[crossbar, slot_row, slot_col] = ous
    cells = np.full((count, geometry.rows, geometry.cols), FREE, dtype=np.uint8)
    high, wide = geometry.slot_rows * geometry.ou_rows, geometry.slot_cols * geometry.ou_cols
    cells[:, :high, :wide] = slots.transpose(0, 1, 3, 2, 4).reshape(count, high, wide)
    return cells
