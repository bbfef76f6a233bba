"""What the hardware reads for each OU: the fields of an index record, their widths and values.

The modes follow from the records alone, never from the name of the sparsity structure, so that one
index fetch serves every structure. ``docs/mapping-tables.md`` draws the records.
"""

import numpy as np

from arch.geometry import Geometry
from arch.tables import LayerTable

__all__ = [
    "INPUT_MODES",
    "OUTPUT_MODES",
    "blocks",
    "groups",
    "input_fields",
    "input_mode",
    "input_widths",
    "output_fields",
    "output_mode",
    "output_widths",
    "range_bits",
    "rows_of_block",
]

INPUT_MODES = ("block", "list")
"""``block``: the inputs are one aligned row block, given by its number; ``list``: any rows."""
OUTPUT_MODES = ("group", "list")
"""``group``: the outputs are one aligned column group, given by its number; ``list``: any columns."""


def range_bits(count: int) -> int:
    """Bits that tell ``count`` values apart, ``ceil(log2(count))``; 0 for one value.

    Raises
    ------
    :exc:`ValueError`
        If ``count`` is not positive.
    """
    if count < 1:
        raise ValueError(f"a field needs at least one value, not {count}")
    return (count - 1).bit_length()


def blocks(rows: int, geometry: Geometry) -> int:
    """Row blocks of a matrix of ``rows`` rows."""
    return -(-rows // geometry.ou_rows)


def groups(cols: int, geometry: Geometry) -> int:
    """Column groups of a matrix of ``cols`` columns."""
    return -(-cols // geometry.ou_weights)


def rows_of_block(numbers: np.ndarray, size: int, limit: int) -> np.ndarray:
    """Members of aligned blocks: ``number * size + lane``, and -1 from ``limit`` on.

    Parameters
    ----------
    numbers : int array, shape (N,)
        Block (or group) numbers.
    size : int
        Rows of a block (or columns of a group).
    limit : int
        Rows (or columns) of the matrix.

    Returns
    -------
    int32 array, shape (N, size)
    """
    members = np.asarray(numbers, dtype=np.int64)[:, None] * size + np.arange(size)
    return np.where(members < limit, members, -1).astype(np.int32)


def input_mode(table: LayerTable, geometry: Geometry) -> str:
    """``block`` if the inputs of every OU are an aligned row block, in order; else ``list``."""
    return "block" if _aligned(table.inputs, table.spec.rows) else "list"


def output_mode(table: LayerTable, geometry: Geometry) -> str:
    """``group`` if the outputs of every OU are an aligned column group, in order; else ``list``."""
    return "group" if _aligned(table.outputs, table.spec.cols) else "list"


def _aligned(indices: np.ndarray, limit: int) -> bool:
    size = indices.shape[1]
    first = indices[:, 0]
    if (first < 0).any() or (first % size).any():
        return False
    return bool((rows_of_block(first // size, size, limit) == indices).all())


def input_widths(rows: int, geometry: Geometry, mode: str) -> dict[str, int]:
    """Width in bits of each field of an input entry.

    Parameters
    ----------
    rows : int
        Rows of the matrix; for a memory shared by several layers, the largest.
    mode : str
        One of :data:`INPUT_MODES`. A record has 1 entry in mode ``block``, ``ou_rows`` in ``list``.
    """
    _known(mode, INPUT_MODES)
    widths = {"block": range_bits(blocks(rows, geometry))}
    if mode == "list":
        widths["lane"] = range_bits(geometry.ou_rows + 1)
    return widths


def output_widths(cols: int, geometry: Geometry, mode: str) -> dict[str, int]:
    """Width in bits of each field of an output entry.

    Parameters
    ----------
    cols : int
        Columns of the matrix; for a memory shared by several layers, the largest.
    mode : str
        One of :data:`OUTPUT_MODES`. A record has 1 entry in mode ``group``, ``ou_weights`` in
        ``list``.
    """
    _known(mode, OUTPUT_MODES)
    if mode == "group":
        return {"group": range_bits(groups(cols, geometry))}
    return {"column": range_bits(cols + 1)}


def input_fields(table: LayerTable, geometry: Geometry, mode: str) -> dict[str, np.ndarray]:
    """Values of the input fields of every OU; the keys are those of :func:`input_widths`.

    A row is ``block * ou_rows + lane``; in mode ``list`` an empty word line has ``lane == ou_rows``
    and ``block == 0``. In mode ``block`` lanes beyond the matrix are empty.

    Returns
    -------
    dict of int64 arrays, shape (N, 1) in mode ``block``, (N, ou_rows) in mode ``list``

    Raises
    ------
    :exc:`ValueError`
        If the records of ``table`` do not fit the mode.
    """
    _known(mode, INPUT_MODES)
    inputs = table.inputs.astype(np.int64)
    if mode == "list":
        used = inputs >= 0
        return {
            "block": np.where(used, inputs // geometry.ou_rows, 0),
            "lane": np.where(used, inputs % geometry.ou_rows, geometry.ou_rows),
        }
    if input_mode(table, geometry) != "block":
        raise ValueError(f"layer {table.spec.name}: inputs are not aligned row blocks: use 'list'")
    return {"block": inputs[:, :1] // geometry.ou_rows}


def output_fields(
    table: LayerTable, geometry: Geometry, mode: str, *, none: int | None = None
) -> dict[str, np.ndarray]:
    """Values of the output fields of every OU; the keys are those of :func:`output_widths`.

    Parameters
    ----------
    none : int, optional
        The number that stands for an empty weight column in mode ``list``; the columns of the
        matrix unless stated. A memory shared by several layers states the largest.

    Returns
    -------
    dict of int64 arrays, shape (N, 1) in mode ``group``, (N, ou_weights) in mode ``list``

    Raises
    ------
    :exc:`ValueError`
        If the records of ``table`` do not fit the mode, or ``none`` is a column of the matrix.
    """
    _known(mode, OUTPUT_MODES)
    cols = table.spec.cols
    none = cols if none is None else none
    if none < cols:
        raise ValueError(f"none must be at least {cols}, the columns of the matrix, not {none}")
    outputs = table.outputs.astype(np.int64)
    if mode == "list":
        return {"column": np.where(outputs >= 0, outputs, none)}
    if output_mode(table, geometry) != "group":
        raise ValueError(f"layer {table.spec.name}: outputs are not aligned groups: use 'list'")
    return {"group": outputs[:, :1] // geometry.ou_weights}


def _known(mode: str, modes: tuple[str, ...]) -> None:
    if mode not in modes:
        raise ValueError(f"mode must be one of {', '.join(modes)}, not {mode!r}")
