"""Bit-plane matrix products: every bit-line sum is computed, then converted.

OUs with the same inputs are one product. This takes any records and any size; the table lookup of
:mod:`cosim.golden.lookup` is faster where an OU has few word lines.
"""

import numpy as np

from cosim.golden.groups import Group, group_by_inputs
from cosim.golden.planes import bit_planes, combine_planes
from cosim.golden.records import OuRecords

__all__ = ["DirectProduct"]

_PASS_ELEMENTS = 1 << 22
"""Accumulators and line sums held at once; bounds the memory of one pass."""


class DirectProduct:
    """Accumulators of a layer from the bit-line sums of its OUs.

    Parameters
    ----------
    records : OuRecords
        The layer.
    """

    def __init__(self, records: OuRecords) -> None:
        self._records = records
        self._groups = group_by_inputs(records)
        adders = np.bincount(records.outputs[records.outputs >= 0].ravel(), minlength=1).max()
        exact = records.value_bound * int(adders) < 1 << 24
        self._dtype = np.float32 if exact else np.float64
        lines = max((g.outputs.size * records.slices for g in self._groups), default=1)
        width = max(records.cols + 1, records.rows + 1, lines) * records.activation.bits
        self.positions_per_pass = max(1, _PASS_ELEMENTS // width)

    def accumulate(self, windows: np.ndarray) -> np.ndarray:
        """Accumulators, int64 array of shape (P, C), of windows of shape (P, R)."""
        records = self._records
        lines = bit_planes(windows, records.activation)
        _, planes, positions = lines.shape
        lines = lines.reshape(len(lines), planes * positions)
        acc = np.zeros((records.cols, planes * positions), dtype=self._dtype)
        for group in self._groups:
            value = self._value(group, lines[group.inputs].astype(np.float32))
            if group.unique and len(group.outputs) == records.cols:
                acc += value  # the outputs are sorted, so these are all of them in order
            elif group.unique:
                acc[group.outputs] += value
            else:
                np.add.at(acc, group.outputs, value)
        acc = acc.reshape(records.cols, planes, positions).transpose(1, 2, 0)
        return combine_planes(acc, records.activation)

    def _value(self, group: Group, drive: np.ndarray) -> np.ndarray:
        """Value per weight column, (K, ...), of word lines (rows, ...) that are 0.0 or 1.0.

        A bit-line sum, and the slices of one OU together, stay far below 2**24 in any geometry, so
        float32 is exact.
        """
        records = self._records
        # An array, since NumPy's minimum with a scalar is some twenty times slower.
        ceiling = np.full(drive.shape[1], records.code_max, dtype=np.float32)
        value = np.zeros((len(group.outputs), drive.shape[1]), dtype=np.float32)
        for levels, sign in zip(group.arrays, (1, -1), strict=False):
            for piece in range(records.slices):
                codes = levels[:, piece].T.astype(np.float32) @ drive
                np.minimum(codes, ceiling, out=codes)
                codes *= np.float32(sign * 2 ** (piece * records.cell_bits))
                value += codes
        if records.offset:
            value -= np.float32(records.offset) * drive.sum(axis=0)
        return value
