"""Checks the OU records of a layer of groups: no weight connects two of them."""

from collections.abc import Iterable

import numpy as np

from arch.errors import InputError
from arch.geometry import Geometry
from arch.matrix import stored_weights
from arch.tables import LayerTable

__all__ = ["check_groups"]


def check_groups(table: LayerTable, geometry: Geometry, chunks: Iterable[slice]) -> int:
    """Check that whatever is stored outside the groups is 0, and that no segment lies outside.

    A segment that reaches over the border of a group is stored as a whole, so some of its places
    hold no weight of the layer.

    Parameters
    ----------
    table : LayerTable
        Records whose indices are in range.
    chunks : iterable of slice
        OUs that are checked at a time.

    Returns
    -------
    int
        Places that are stored outside the groups; none in a layer of one group.

    Raises
    ------
    :exc:`arch.errors.InputError`
        At the first OU that is wrong.
    """
    spec = table.spec
    if spec.groups == 1:
        return 0
    outside = 0
    for chunk in chunks:
        rows, cols = table.inputs[chunk, :, None], table.outputs[chunk, None, :]
        used = (rows >= 0) & (cols >= 0)
        # Group g has the g-th part of the rows and the g-th part of the columns.
        same = rows // (spec.rows // spec.groups) == cols // (spec.cols // spec.groups)
        crossing = used & ~same
        wrong = crossing & (stored_weights(table, geometry, chunk) != 0)
        if wrong.any():
            ou, line, column = np.argwhere(wrong)[0].tolist()
            raise InputError(
                f"OU {chunk.start + ou}: weight ({rows[ou, line, 0]}, {cols[ou, 0, column]}) is "
                "outside its group, but it is not 0"
            )
        along, there = (1, cols[:, 0]) if spec.scheme == "column_vector" else (2, rows[:, :, 0])
        empty = (there >= 0) & ~(used & same).any(axis=along)
        if empty.any():
            ou = int(np.argmax(empty.any(axis=1)))
            raise InputError(f"OU {chunk.start + ou}: has a segment that is outside all groups")
        outside += int(np.count_nonzero(crossing))
    return outside
