"""Everything that happens in one output position, to name the place of a mismatch."""

from dataclasses import dataclass

import numpy as np

from arch.fixed import adc_max, plane_weights
from arch.geometry import Geometry
from arch.tables import LayerTable
from cosim.golden.planes import bit_planes

__all__ = ["LayerTrace", "trace_window"]


@dataclass(frozen=True, kw_only=True, eq=False)
class LayerTrace:
    """One output position, OU by OU and plane by plane; ``N`` OUs in issue order.

    Arrays are int64 unless stated. In a differential layer the second half of the arrays is
    ``*_negative``, else that is None.

    Parameters
    ----------
    drive : array, shape (N, ou_rows)
        Input on each word line, 0 for none.
    bits : array, shape (N, planes, ou_rows)
        What each word line carries in each plane.
    sums, sums_negative : array, shape (N, planes, ou_cols)
        Bit-line sums.
    codes, codes_negative : array, shape (N, planes, ou_cols)
        ADC codes.
    values : array, shape (N, planes, ou_weights)
        What enters the accumulation of planes: slices joined, negative array subtracted; neither
        weighted by plane nor corrected for the offset.
    corrections : array, shape (N,)
        Offset correction, ``2**(weight_bits - 1)`` by the sum of the inputs; 0 when differential.
    partials : array, shape (N, ou_weights)
        What the OU adds to each of its outputs: values by plane weight, less the correction.
    accumulators : array, shape (C,)
        Sum of the partials by output.
    """

    drive: np.ndarray
    bits: np.ndarray
    sums: np.ndarray
    sums_negative: np.ndarray | None
    codes: np.ndarray
    codes_negative: np.ndarray | None
    values: np.ndarray
    corrections: np.ndarray
    partials: np.ndarray
    accumulators: np.ndarray


def trace_window(table: LayerTable, geometry: Geometry, window: np.ndarray) -> LayerTrace:
    """Trace of one window, int array of shape (R,), within the layer's activation format."""
    activation = table.spec.activation
    bits = bit_planes(window[None, :], activation)[:, :, 0].astype(np.int64)
    bits = bits[table.inputs].transpose(0, 2, 1)
    sums = bits @ table.cells.astype(np.int64)
    codes = np.minimum(sums, adc_max(geometry))
    values = _join_slices(codes, geometry)
    sums_negative = codes_negative = None
    if table.cells_negative is not None:
        sums_negative = bits @ table.cells_negative.astype(np.int64)
        codes_negative = np.minimum(sums_negative, adc_max(geometry))
        values = values - _join_slices(codes_negative, geometry)
    drive = np.append(window.astype(np.int64), 0)[table.inputs]
    corrections = np.zeros(len(drive), dtype=np.int64)
    if geometry.encoding == "offset":
        corrections = (1 << (geometry.weight_bits - 1)) * drive.sum(axis=1)
    weights = np.array(plane_weights(activation.bits, signed=activation.signed))
    partials = np.einsum("npk,p->nk", values, weights) - corrections[:, None]
    accumulators = np.zeros(table.spec.cols + 1, dtype=np.int64)  # output -1 is the last
    np.add.at(accumulators, table.outputs, partials)
    return LayerTrace(
        drive=drive,
        bits=bits,
        sums=sums,
        sums_negative=sums_negative,
        codes=codes,
        codes_negative=codes_negative,
        values=values,
        corrections=corrections,
        partials=partials,
        accumulators=accumulators[:-1],
    )


def _join_slices(codes: np.ndarray, geometry: Geometry) -> np.ndarray:
    used = geometry.ou_weights * geometry.slices
    pieces = codes[..., :used].reshape(*codes.shape[:-1], geometry.ou_weights, geometry.slices)
    return (pieces << (np.arange(geometry.slices) * geometry.cell_bits)).sum(axis=-1)
