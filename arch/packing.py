"""The packing rule: which inputs and outputs each OU has, given the segments that are kept.

The mapper packs by this rule, and the bitmap index format rebuilds the records from it.
"""

import numpy as np

from arch.geometry import Geometry
from arch.index_fields import blocks, groups, rows_of_block
from arch.layer import SCHEMES

__all__ = ["check_kept", "count_ous", "pack_records", "segment_grid"]


def segment_grid(rows: int, cols: int, scheme: str, geometry: Geometry) -> tuple[int, int]:
    """Segments of a ``rows`` x ``cols`` matrix: the shape of the mask of those that are kept.

    ``column_vector`` has a segment for each row block and column, ``row_vector`` one for each row
    and column group.

    Raises
    ------
    :exc:`ValueError`
        If a size is not positive, or the scheme is unknown.
    """
    if min(rows, cols) < 1:
        raise ValueError(f"a matrix has at least one row and one column, not {rows} x {cols}")
    if scheme not in SCHEMES:
        raise ValueError(f"scheme must be {' or '.join(SCHEMES)}: {scheme!r}")
    if scheme == "column_vector":
        return blocks(rows, geometry), cols
    return rows, groups(cols, geometry)


def check_kept(kept: np.ndarray, rows: int, cols: int, scheme: str, geometry: Geometry) -> None:
    """Refuse a mask that is not boolean or does not have the shape of :func:`segment_grid`.

    Raises
    ------
    :exc:`TypeError`
        If ``kept`` is not boolean.
    :exc:`ValueError`
        If its shape is wrong.
    """
    shape = segment_grid(rows, cols, scheme, geometry)
    if kept.dtype != np.bool_:
        raise TypeError(f"kept must be boolean, not {kept.dtype}")
    if kept.shape != shape:
        raise ValueError(
            f"kept must have shape {shape} for a {rows} x {cols} matrix in {scheme}, "
            f"not {kept.shape}"
        )


def count_ous(kept: np.ndarray, scheme: str, geometry: Geometry) -> int:
    """OUs that :func:`pack_records` makes of a mask, without making them."""
    if scheme == "column_vector":
        return _count(np.count_nonzero(kept, axis=1), geometry.ou_weights)
    return _count(np.count_nonzero(kept, axis=0), geometry.ou_rows)


def _count(members: np.ndarray, width: int) -> int:
    return int((-(-members // width)).sum())


def pack_records(
    kept: np.ndarray, rows: int, cols: int, scheme: str, geometry: Geometry
) -> tuple[np.ndarray, np.ndarray]:
    """Inputs and outputs of every OU, in issue order.

    ``column_vector``: row block by row block, the kept columns in ascending order fill the weight
    columns of one OU after the other. ``row_vector``: column group by column group, the kept rows
    in ascending order fill the word lines. An OU never holds segments of two blocks (or groups).

    Parameters
    ----------
    kept : bool array
        Of the shape that :func:`segment_grid` gives.
    rows, cols : int
        Shape of the weight matrix.

    Returns
    -------
    inputs : int32 array, shape (N, ou_rows)
    outputs : int32 array, shape (N, ou_weights)
        Matrix rows and columns, -1 for none.

    Raises
    ------
    :exc:`TypeError`, :exc:`ValueError`
        If ``kept`` has the wrong type or shape.
    """
    check_kept(kept, rows, cols, scheme, geometry)
    if scheme == "column_vector":
        numbers, outputs = _fill(kept, geometry.ou_weights)
        return rows_of_block(numbers, geometry.ou_rows, rows), outputs
    numbers, inputs = _fill(np.ascontiguousarray(kept.T), geometry.ou_rows)
    return inputs, rows_of_block(numbers, geometry.ou_weights, cols)


def _fill(kept: np.ndarray, width: int) -> tuple[np.ndarray, np.ndarray]:
    """Line of each OU, shape (N,), and its members, shape (N, width), -1 for none."""
    line, member = np.nonzero(kept)
    per_line = np.bincount(line, minlength=len(kept))
    ous_per_line = -(-per_line // width)
    first_member = np.cumsum(per_line) - per_line
    first_ou = np.cumsum(ous_per_line) - ous_per_line
    place = np.arange(len(line)) - first_member[line]
    members = np.full((int(ous_per_line.sum()), width), -1, dtype=np.int32)
    members[first_ou[line] + place // width, place % width] = member
    return np.repeat(np.arange(len(kept)), ous_per_line), members
