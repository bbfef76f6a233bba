"""One layer of the golden model."""

from typing import Protocol

import numpy as np

from arch.fixed import requantise
from arch.geometry import Geometry
from arch.layer import LayerSpec
from arch.tables import LayerTable
from cosim.golden.direct import DirectProduct
from cosim.golden.effective import EffectiveMatrix
from cosim.golden.lookup import LOOKUP_ROWS_MAX, PatternLookup
from cosim.golden.records import OuRecords
from cosim.golden.trace import LayerTrace, trace_window

__all__ = ["GoldenLayer"]


class _Product(Protocol):
    """A way to compute the accumulators; all ways give the same integers."""

    positions_per_pass: int

    def accumulate(self, windows: np.ndarray) -> np.ndarray: ...


class GoldenLayer:
    """What the OU records of one layer compute.

    How it is computed is chosen from the records: a matrix product where no bit line can saturate,
    tables of what an OU gives for every pattern of bits where those fit in memory, else the sum of
    every bit line. All ways give the same integers.

    Parameters
    ----------
    table : LayerTable
        OU records and requantisation.
    geometry : Geometry
        Crossbar and OU that the layer was packed for.

    Raises
    ------
    :exc:`ValueError`
        If the records do not fit the geometry or the layer.
    """

    def __init__(self, table: LayerTable, geometry: Geometry) -> None:
        self._table = table
        self._geometry = geometry
        self._product = _fastest(OuRecords.of(table, geometry))

    @property
    def spec(self) -> LayerSpec:
        """What the layer is."""
        return self._table.spec

    def accumulate(self, windows: np.ndarray) -> np.ndarray:
        """Accumulators before requantisation.

        Parameters
        ----------
        windows : int array, shape (P, R)
            Inputs of ``P`` output positions.

        Returns
        -------
        int64 array, shape (P, C)

        Raises
        ------
        :exc:`TypeError`
            If ``windows`` are not integers.
        :exc:`ValueError`
            If their shape is wrong, or a value does not fit the layer's activation format.
        """
        windows = np.asarray(windows)
        self._check(windows, 2)
        acc = np.empty((len(windows), self.spec.cols), dtype=np.int64)
        step = self._product.positions_per_pass
        for start in range(0, len(windows), step):
            part = windows[start : start + step]
            acc[start : start + step] = self._product.accumulate(part)
        return acc

    def outputs(self, windows: np.ndarray) -> np.ndarray:
        """Outputs, requantised and clamped; int64 array of shape (P, C), see :meth:`accumulate`."""
        table = self._table
        acc = self.accumulate(windows)
        return requantise(acc, table.multiplier, table.shift, table.bias, table.spec.output)

    def trace(self, window: np.ndarray) -> LayerTrace:
        """Every step of one output position; ``window`` is an int array of shape (R,)."""
        window = np.asarray(window)
        self._check(window, 1)
        return trace_window(self._table, self._geometry, window)

    def _check(self, windows: np.ndarray, dimensions: int) -> None:
        spec = self.spec
        if windows.dtype.kind not in "iu":
            raise TypeError(f"layer {spec.name}: windows must be integers, not {windows.dtype}")
        if windows.ndim != dimensions or windows.shape[-1] != spec.rows:
            raise ValueError(
                f"layer {spec.name}: windows must have {dimensions} dimensions, the last of size "
                f"{spec.rows}, not the shape {windows.shape}"
            )
        form = spec.activation
        if windows.size:
            for value in (int(windows.min()), int(windows.max())):
                if not form.minimum <= value <= form.maximum:
                    raise ValueError(
                        f"layer {spec.name}: activations must be {form.minimum} to "
                        f"{form.maximum}, not {value}"
                    )


def _fastest(records: OuRecords) -> _Product:
    if not records.can_saturate:
        return EffectiveMatrix(records)
    if records.inputs.shape[1] <= LOOKUP_ROWS_MAX:
        lookup = PatternLookup(records)
        if lookup.pays:
            return lookup
    return DirectProduct(records)
