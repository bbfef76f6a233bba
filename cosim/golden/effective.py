"""The lossless path: the records as one integer matrix, multiplied once.

Where no bit line can saturate, the codes are the sums and the layer is a matrix product. Floating
point does it exactly as long as no partial sum can leave the integers that the type represents.
"""

import numpy as np

from cosim.golden.records import OuRecords

__all__ = ["EffectiveMatrix", "effective_matrix"]

_PASS_ELEMENTS = 1 << 23
"""Inputs and accumulators held as floating point at once."""
_CHUNK_ROWS = 64
"""A float32 product in pieces of fewer rows than this is slower than one in float64."""


def effective_matrix(records: OuRecords) -> np.ndarray:
    """Integer matrix, int64 of shape (R, C), that the cells stand for when no code saturates."""
    scale = 1 << (np.arange(records.slices, dtype=np.int64) * records.cell_bits)
    weights = records.arrays[0] @ scale
    if len(records.arrays) == 2:
        weights = weights - records.arrays[1] @ scale
    weights = weights - records.offset
    ou, line, column = np.nonzero(
        (records.inputs >= 0)[:, :, None] & (records.outputs >= 0)[:, None, :]
    )
    place = records.inputs[ou, line] * records.cols + records.outputs[ou, column]
    # Sums in float64, which is exact: a weight has at most 16 bits.
    matrix = np.bincount(place, weights[ou, line, column], minlength=records.rows * records.cols)
    return matrix.astype(np.int64).reshape(records.rows, records.cols)


class EffectiveMatrix:
    """Accumulators of a layer in which no bit line can saturate.

    Parameters
    ----------
    records : OuRecords
        The layer.

    Raises
    ------
    :exc:`ValueError`
        If a bit line can saturate, or not even float64 is exact.
    """

    def __init__(self, records: OuRecords) -> None:
        if records.can_saturate:
            raise ValueError("a bit line can saturate: the layer is no matrix product")
        matrix = effective_matrix(records)
        low, high = records.activation.minimum, records.activation.maximum
        # Inputs around zero halve the partial sums; the shift is undone by one constant a column.
        self._centre = (low + high + 1) // 2
        self._constant = self._centre * matrix.sum(axis=0)
        reach = max(high - self._centre, self._centre - low)
        magnitude = np.abs(matrix) * reach
        self._chunks: list[tuple[slice, np.ndarray]] = []
        dtype: type[np.floating] = np.float32
        chunks = _exact_chunks(magnitude, 1 << 24)
        if len(chunks) * _CHUNK_ROWS > max(records.rows, _CHUNK_ROWS):
            dtype, chunks = np.float64, _exact_chunks(magnitude, 1 << 53)
        self._dtype = dtype
        self._chunks = [(rows, matrix[rows].astype(dtype)) for rows in chunks]
        self.positions_per_pass = max(1, _PASS_ELEMENTS // max(records.rows, records.cols))

    def accumulate(self, windows: np.ndarray) -> np.ndarray:
        """Accumulators, int64 array of shape (P, C), of windows of shape (P, R)."""
        drive = windows.astype(self._dtype)
        drive -= self._dtype(self._centre)
        acc = np.empty((len(windows), len(self._constant)), dtype=np.int64)
        acc[:] = self._constant
        for rows, matrix in self._chunks:
            acc += (drive[:, rows] @ matrix).astype(np.int64)
        return acc


def _exact_chunks(magnitude: np.ndarray, limit: int) -> list[slice]:
    """Runs of rows whose absolute products, summed in any order, stay at or below ``limit``."""
    chunks = []
    start = 0
    total = np.zeros(magnitude.shape[1], dtype=np.int64)
    for row, products in enumerate(magnitude):
        if products.max() > limit:
            raise ValueError(f"row {row}: a product of {int(products.max())} exceeds {limit}")
        total += products
        if total.max() > limit:
            chunks.append(slice(start, row))
            start, total = row, products.copy()
    chunks.append(slice(start, len(magnitude)))
    return chunks
