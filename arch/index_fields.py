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
    "aligned",
    "blocks",
    "groups",
    "index_fields",
    "index_widths",
    "input_mode",
    "output_mode",
    "range_bits",
    "rows_of_block",
]

INPUT_MODES = ("block", "list")
"""``block``: the inputs are one aligned row block, given by its number; ``list``: any rows."""
OUTPUT_MODES = ("group", "list")
"""``group``: the outputs are one aligned group, given by its number; ``list``: any columns."""


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
    # 32 bits do: a matrix has far fewer rows and columns, and the tables take as many bits.
    first = np.asarray(numbers, dtype=np.int32)[:, None] * np.int32(size)
    members: np.ndarray = first + np.arange(size, dtype=np.int32)
    members[members >= limit] = -1
    return members


def input_mode(table: LayerTable) -> str:
    """``block`` if the inputs of every OU are an aligned row block, in order; else ``list``."""
    return "block" if aligned(table.inputs, table.spec.rows) else "list"


def output_mode(table: LayerTable) -> str:
    """``group`` if the outputs of every OU are an aligned column group, in order; else ``list``."""
    return "group" if aligned(table.outputs, table.spec.cols) else "list"


def aligned(indices: np.ndarray, limit: int) -> bool:
    """Whether every OU has one aligned block of rows (or group of columns), in order.

    Parameters
    ----------
    indices : int array, shape (N, size)
        Rows (or columns) of each OU, -1 for none.
    limit : int
        Rows (or columns) of the matrix.
    """
    size = indices.shape[1]
    first = indices[:, 0]
    if (first < 0).any():
        return False
    return bool((rows_of_block(first // size, size, limit) == indices).all())


def index_widths(
    rows: int, cols: int, geometry: Geometry, *, input_mode: str, output_mode: str
) -> dict[str, tuple[int, int]]:
    """Fields of an index record in order: name to (elements, bits of an element).

    The first field lies in the least significant bits, and so does the first element of a field.

    Parameters
    ----------
    rows, cols : int
        Shape of the matrix; for a memory that several layers share, the largest of each.
    input_mode, output_mode : str
        One of :data:`INPUT_MODES`, one of :data:`OUTPUT_MODES`.
    """
    _known(input_mode, INPUT_MODES)
    _known(output_mode, OUTPUT_MODES)
    block_bits = range_bits(blocks(rows, geometry))
    fields = {"block": (1, block_bits)}
    if input_mode == "list":
        lane_bits = range_bits(geometry.ou_rows + 1)
        fields = {
            "blocks": (geometry.ou_rows, block_bits),
            "lanes": (geometry.ou_rows, lane_bits),
        }
    if output_mode == "group":
        return fields | {"group": (1, range_bits(groups(cols, geometry)))}
    return fields | {"outputs": (geometry.ou_weights, range_bits(cols + 1))}


def index_fields(
    table: LayerTable,
    geometry: Geometry,
    *,
    input_mode: str,
    output_mode: str,
    none_output: int | None = None,
) -> dict[str, np.ndarray]:
    """Values of the fields of every index record of a layer; the keys of :func:`index_widths`.

    A row is ``block * ou_rows + lane``. An empty word line has ``lane == ou_rows`` and
    ``block == 0``; in mode ``block`` the lanes beyond the matrix are empty, in mode ``group`` the
    columns beyond it.

    Parameters
    ----------
    input_mode, output_mode : str
        One of :data:`INPUT_MODES`, one of :data:`OUTPUT_MODES`; ``list`` fits every table.
    none_output : int, optional
        The number that stands for an empty weight column in mode ``list``; the columns of the
        matrix unless stated. A memory that several layers share states the largest.

    Returns
    -------
    dict of int64 arrays
        ``block`` and ``group`` of shape (N,); ``blocks`` and ``lanes`` (N, ou_rows); ``outputs``
        (N, ou_weights).

    Raises
    ------
    :exc:`ValueError`
        If the records do not fit the modes, or ``none_output`` is a column of the matrix.
    """
    _known(input_mode, INPUT_MODES)
    _known(output_mode, OUTPUT_MODES)
    none_output = table.spec.cols if none_output is None else none_output
    if none_output < table.spec.cols:
        raise ValueError(f"none_output must be at least {table.spec.cols}, not {none_output}")
    return _input_values(table, geometry, input_mode) | _output_values(
        table, geometry, output_mode, none_output
    )


def _input_values(table: LayerTable, geometry: Geometry, mode: str) -> dict[str, np.ndarray]:
    ou_rows = geometry.ou_rows
    if mode == "list":
        inputs = table.inputs.astype(np.int64)
        used = inputs >= 0
        return {
            "blocks": np.where(used, inputs // ou_rows, 0),
            "lanes": np.where(used, inputs % ou_rows, ou_rows),
        }
    if input_mode(table) != "block":
        raise ValueError(f"layer {table.spec.name}: inputs are not aligned row blocks: use 'list'")
    return {"block": table.inputs[:, 0].astype(np.int64) // ou_rows}


def _output_values(
    table: LayerTable, geometry: Geometry, mode: str, none: int
) -> dict[str, np.ndarray]:
    if mode == "list":
        outputs = table.outputs.astype(np.int64)
        return {"outputs": np.where(outputs >= 0, outputs, none)}
    if output_mode(table) != "group":
        raise ValueError(f"layer {table.spec.name}: outputs are not aligned groups: use 'list'")
    return {"group": table.outputs[:, 0].astype(np.int64) // geometry.ou_weights}


def _known(mode: str, modes: tuple[str, ...]) -> None:
    if mode not in modes:
        raise ValueError(f"mode must be one of {', '.join(modes)}, not {mode!r}")
