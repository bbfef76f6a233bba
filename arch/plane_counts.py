"""Which bit planes of an OU have a one among its inputs, and how many are issued for it."""

import numpy as np

from arch.tables import LayerTable

__all__ = ["issued_planes", "plane_mask"]


def plane_mask(inputs: np.ndarray, act_bits: int) -> np.ndarray:
    """Planes with a one among the inputs of an OU: bit ``b`` stands for plane ``b``.

    Parameters
    ----------
    inputs : int array, shape (..., ou_rows)
        What the word lines of an OU carry; negative values in two's complement, so that their sign
        fills all upper planes.
    act_bits : int
        Planes.

    Returns
    -------
    uint8 array, shape (...)
    """
    joined = np.bitwise_or.reduce(inputs, axis=-1, dtype=np.int64)
    return (joined & ((1 << act_bits) - 1)).astype(np.uint8)


def issued_planes(
    table: LayerTable, windows: np.ndarray, act_bits: int, ous: np.ndarray | None = None
) -> np.ndarray:
    """Planes that an engine which skips planes without ones issues for each OU of a tile.

    These are the planes with a one, and one plane for the last OU of a position without any: it
    marks the end of the position.

    Parameters
    ----------
    table : LayerTable
        ``N`` OUs in the order in which they are issued.
    windows : int array, shape (P, R)
        Activations of each output position.
    act_bits : int
        Planes of an OU.
    ous : int array, shape (n,), optional
        The OUs of the tile; all ``N`` of them unless given.

    Returns
    -------
    uint8 array, shape (P, max(1, n))
        A tile without OUs has one in their place, without inputs.
    """
    inputs = table.inputs if ous is None else table.inputs[ous]
    counts = np.zeros((len(windows), max(1, len(inputs))), dtype=np.uint8)
    codes = windows.astype(np.uint8) & np.uint8((1 << act_bits) - 1)
    codes = np.pad(codes, ((0, 0), (0, 1)))  # input -1, none, is the last
    for row in inputs.T:  # a word line at a time: all at once would take much memory
        counts[:, : len(inputs)] |= codes[:, row]
    counts = np.bitwise_count(counts)
    counts[:, -1] = np.maximum(counts[:, -1], 1)
    return counts
