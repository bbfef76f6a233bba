"""What every cell of a crossbar holds: the dense layer with its holes, and the packed one."""

import numpy as np

from arch.geometry import Geometry
from arch.group_layout import in_group
from arch.tables import LayerTable

__all__ = ["EMPTY", "FIRST_TONE", "FREE", "TONES", "dense_cells", "kept_segments", "packed_cells"]

FREE, EMPTY, FIRST_TONE = 0, 1, 2
"""Of no OU; of an OU, but without a weight; weights of the first rows of the matrix."""
TONES = 6
"""Tones from the first rows of the matrix to the last (of a ``row_vector``: columns)."""
_CHUNK = 4096
"""OUs looked at at once, so that memory does not grow with the layer."""


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
        inputs = table.inputs[start : start + _CHUNK, :, None]
        outputs = table.outputs[start : start + _CHUNK, None, :]
        down, across = np.broadcast_arrays(inputs // height, outputs // width)
        used = _there(table, inputs, outputs)
        kept[down[used], across[used]] = True
    return kept


def dense_cells(
    table: LayerTable, geometry: Geometry, kept: np.ndarray, crossbars: int, side: int
) -> np.ndarray:
    """The first crossbars of the layer as if nothing had been pruned, pruned segments empty.

    OUs are where the mapper would have put them: row block by row block (of a ``row_vector``,
    column group by column group), slot after slot; the groups of a grouped layer one after the
    other, each as a matrix of its own.

    Parameters
    ----------
    kept : bool array
        From :func:`kept_segments`.
    crossbars : int
        Crossbars at most.
    side : int
        Cells in each direction at most; only whole slots are cut off.

    Returns
    -------
    uint8 array, shape (crossbars, rows, cols)
    """
    spec, tiles = table.spec, geometry.tiles
    rows, cols = spec.rows // spec.groups, spec.cols // spec.groups
    blocks, columns = -(-rows // geometry.ou_rows), -(-cols // geometry.ou_weights)
    ous = spec.groups * blocks * columns
    down, across = _corner(geometry, side)
    numbers = np.arange(crossbars)[:, None, None]
    slot = np.arange(down)[:, None] * geometry.slot_cols + np.arange(across)
    # As arch.tiles.place_ous puts them, but only those that are seen.
    ou = (numbers // tiles * geometry.slots + slot) * tiles + numbers % tiles
    crossbar, slot_row, slot_col = np.nonzero(ou < ous)
    group, place = np.divmod(ou[crossbar, slot_row, slot_col], blocks * columns)
    if spec.scheme == "column_vector":
        block, column = np.divmod(place, columns)
    else:
        column, block = np.divmod(place, blocks)
    lines = block[:, None] * geometry.ou_rows + np.arange(geometry.ou_rows)
    weights = column[:, None] * geometry.ou_weights + np.arange(geometry.ou_weights)
    return _draw(
        table,
        geometry,
        len(np.unique(crossbar)),
        (crossbar, slot_row, slot_col),
        np.where(lines < rows, group[:, None] * rows + lines, -1),
        np.where(weights < cols, group[:, None] * cols + weights, -1),
        side=side,
        kept=kept,
    )


def packed_cells(
    table: LayerTable, geometry: Geometry, numbers: np.ndarray, side: int
) -> np.ndarray:
    """Crossbars of the layer as its tables have it.

    Parameters
    ----------
    numbers : int array
        Which of them, ascending; each holds an OU.
    side : int
        As in :func:`dense_cells`.

    Returns
    -------
    uint8 array, shape (len(numbers), rows, cols)
    """
    down, across = _corner(geometry, side)
    seen = (table.slot_row < down) & (table.slot_col < across)
    chosen = np.flatnonzero(np.isin(table.crossbar, numbers) & seen)
    places = np.searchsorted(numbers, table.crossbar[chosen])
    return _draw(
        table,
        geometry,
        len(numbers),
        (places, table.slot_row[chosen], table.slot_col[chosen]),
        table.inputs[chosen],
        table.outputs[chosen],
        side=side,
    )


def _corner(geometry: Geometry, side: int) -> tuple[int, int]:
    """Slots from top to bottom and from left to right that are drawn."""
    return (
        min(geometry.slot_rows, max(1, side // geometry.ou_rows)),
        min(geometry.slot_cols, max(1, side // geometry.ou_cols)),
    )


def _segment(table: LayerTable, geometry: Geometry) -> tuple[int, int]:
    if table.spec.scheme == "column_vector":
        return geometry.ou_rows, 1
    return 1, geometry.ou_weights


def _there(table: LayerTable, inputs: np.ndarray, outputs: np.ndarray) -> np.ndarray:
    """Where there is a weight: both indices are, and of one group."""
    used = (inputs >= 0) & (outputs >= 0)
    return used if table.spec.groups == 1 else used & in_group(inputs, outputs, table.spec)


def _tones(table: LayerTable, geometry: Geometry) -> tuple[np.ndarray, np.ndarray]:
    """Tone of every row and every column of the matrix; one of the two is all zero."""
    spec = table.spec
    if spec.scheme == "column_vector":
        block = np.arange(spec.rows) // geometry.ou_rows
        return block * TONES // (block[-1] + 1), np.zeros(spec.cols, dtype=int)
    column = np.arange(spec.cols) // geometry.ou_weights
    return np.zeros(spec.rows, dtype=int), column * TONES // (column[-1] + 1)


def _draw(
    table: LayerTable,
    geometry: Geometry,
    count: int,
    places: tuple[np.ndarray, np.ndarray, np.ndarray],
    inputs: np.ndarray,
    outputs: np.ndarray,
    *,
    side: int,
    kept: np.ndarray | None = None,
) -> np.ndarray:
    of_row, of_col = _tones(table, geometry)
    inputs, outputs = inputs[:, :, None], outputs[:, None, :]
    used = _there(table, inputs, outputs)
    if kept is not None:
        height, width = _segment(table, geometry)
        used &= kept[inputs // height, outputs // width]
    tones = np.where(used, FIRST_TONE + of_row[inputs] + of_col[outputs], EMPTY)
    weights = tones.astype(np.uint8).repeat(geometry.slices, axis=2)
    ous = np.full((len(inputs), geometry.ou_rows, geometry.ou_cols), EMPTY, dtype=np.uint8)
    ous[:, :, : weights.shape[2]] = weights
    # Slots first, then their cells side by side: what is over at the edges belongs to no slot.
    down, across = _corner(geometry, side)
    slots = np.full((count, down, across, *ous.shape[1:]), FREE, dtype=np.uint8)
    slots[places] = ous
    high, wide = down * geometry.ou_rows, across * geometry.ou_cols
    rows = geometry.rows if down == geometry.slot_rows else high
    cols = geometry.cols if across == geometry.slot_cols else wide
    cells = np.full((count, rows, cols), FREE, dtype=np.uint8)
    cells[:, :high, :wide] = slots.transpose(0, 1, 3, 2, 4).reshape(count, high, wide)
    return cells
