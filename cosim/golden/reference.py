"""The arithmetic of a layer as literal loops, one bit line at a time.

This is the text of the number formats and nothing else: slow, and what the faster paths are tested
against.
"""

import numpy as np

from arch.fixed import adc_max, plane_weights
from arch.geometry import Geometry
from arch.tables import LayerTable

__all__ = ["reference_accumulate"]


def reference_accumulate(table: LayerTable, geometry: Geometry, windows: np.ndarray) -> np.ndarray:
    """Accumulators of a layer, before requantisation.

    Parameters
    ----------
    windows : int array, shape (P, R)
        Inputs of ``P`` output positions.

    Returns
    -------
    int64 array, shape (P, C)
    """
    acc = np.zeros((len(windows), table.spec.cols), dtype=np.int64)
    for position, window in enumerate(windows):
        for ou in range(len(table.inputs)):
            drive = [int(window[i]) if i >= 0 else 0 for i in table.inputs[ou]]
            for column, output in enumerate(table.outputs[ou]):
                if output >= 0:
                    acc[position, output] += _weight_column(table, geometry, ou, column, drive)
    return acc


def _weight_column(
    table: LayerTable, geometry: Geometry, ou: int, column: int, drive: list[int]
) -> int:
    """Signed result of one weight column of one OU, all planes."""
    activation = table.spec.activation
    total = 0
    for plane, weight in enumerate(plane_weights(activation.bits, signed=activation.signed)):
        bits = [(value >> plane) & 1 for value in drive]
        for piece in range(geometry.slices):
            line = column * geometry.slices + piece
            code = _convert(table.cells[ou, :, line], bits, geometry)
            if table.cells_negative is not None:
                code -= _convert(table.cells_negative[ou, :, line], bits, geometry)
            total += weight * code * 2 ** (piece * geometry.cell_bits)
    if geometry.encoding == "offset":
        total -= 2 ** (geometry.weight_bits - 1) * sum(drive)
    return total


def _convert(levels: np.ndarray, bits: list[int], geometry: Geometry) -> int:
    """ADC code of one bit line in one plane."""
    line_sum = sum(bit * int(level) for bit, level in zip(bits, levels, strict=True))
    return min(line_sum, adc_max(geometry))
