"""The weight matrix behind the records of a layer, and its hash."""

import hashlib

import numpy as np

from arch.fixed import decode_weights
from arch.geometry import Geometry
from arch.tables import LayerTable

__all__ = ["matrix_sha256", "rebuild_matrix", "stored_weights"]

_CHUNK = 1 << 20
"""Weights that are decoded at a time, so that memory stays small beside the tables."""


def matrix_sha256(weights: np.ndarray) -> str:
    """SHA-256 of a weight matrix as int8 bytes, row by row, in hexadecimal.

    Parameters
    ----------
    weights : int8 array, shape (R, C)
        Pruned weights are zero.
    """
    if weights.dtype != np.int8:
        raise TypeError(f"weights must be int8, not {weights.dtype}")
    return hashlib.sha256(np.ascontiguousarray(weights).data).hexdigest()


def stored_weights(table: LayerTable, geometry: Geometry, ous: slice) -> np.ndarray:
    """Signed weight of every word line and weight column of some OUs.

    Returns
    -------
    int64 array, shape (n, ou_rows, ou_weights)
        Meaningless where the word line has no input or the weight column no output.
    """
    used = geometry.ou_weights * geometry.slices

    def levels(cells: np.ndarray) -> np.ndarray:
        part = cells[ous, :, :used]
        return part.reshape(*part.shape[:2], geometry.ou_weights, geometry.slices)

    negative = None if table.cells_negative is None else levels(table.cells_negative)
    return decode_weights(levels(table.cells), negative, geometry)


def rebuild_matrix(table: LayerTable, geometry: Geometry) -> np.ndarray:
    """The weight matrix that the records store; zero where nothing is stored.

    Returns
    -------
    int8 array, shape (R, C)
    """
    matrix = np.zeros((table.spec.rows, table.spec.cols), dtype=np.int8)
    ous = max(1, _CHUNK // (geometry.ou_rows * geometry.ou_weights))
    for start in range(0, table.ous, ous):
        chunk = slice(start, start + ous)
        rows, cols = table.inputs[chunk, :, None], table.outputs[chunk, None, :]
        used = (rows >= 0) & (cols >= 0)
        rows, cols = np.broadcast_arrays(rows, cols)
        matrix[rows[used], cols[used]] = stored_weights(table, geometry, chunk)[used]
    return matrix
