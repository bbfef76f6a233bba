"""The OU records of one layer, checked, in the arrangement that the golden model computes with."""

from dataclasses import dataclass

import numpy as np

from arch.fixed import ActFormat, adc_max
from arch.geometry import Geometry
from arch.tables import LayerTable

__all__ = ["OuRecords"]


@dataclass(frozen=True, kw_only=True, eq=False)
class OuRecords:
    """What the arithmetic of one layer depends on; nothing about how the layer was pruned.

    Parameters
    ----------
    rows, cols : int
        Logical inputs and outputs of the layer.
    inputs : int array, shape (N, ou_rows)
        Logical input of each word line, -1 for none.
    outputs : int array, shape (N, ou_weights)
        Logical output of each weight column, -1 for none.
    arrays : tuple of uint8 array, shape (N, ou_rows, ou_weights, slices)
        Cell levels of the array, or of the positive and the negative array. Word lines without an
        input and weight columns without an output hold zeros.
    cell_bits : int
        A slice weighs ``2**cell_bits`` times the slice before it.
    code_max : int
        Largest ADC code.
    offset : int
        Subtracted from a weight column for each input that is one; 0 when differential.
    activation : ActFormat
        Format of the inputs.
    """

    rows: int
    cols: int
    inputs: np.ndarray
    outputs: np.ndarray
    arrays: tuple[np.ndarray, ...]
    cell_bits: int
    code_max: int
    offset: int
    activation: ActFormat

    @classmethod
    def of(cls, table: LayerTable, geometry: Geometry) -> "OuRecords":
        """Records of a layer's table.

        Raises
        ------
        :exc:`ValueError`
            If an array has the wrong shape, an index or a cell level is out of range, or the
            activations have more bits than the geometry has planes.
        """
        spec = table.spec
        where = f"layer {spec.name}"
        bits = spec.activation.bits
        if bits > geometry.act_bits:
            raise ValueError(
                f"{where}: activations have {bits} bits, geometry.act_bits is {geometry.act_bits}"
            )
        ous = len(table.inputs)
        _check_index(f"{where}: inputs", table.inputs, (ous, geometry.ou_rows), spec.rows)
        _check_index(f"{where}: outputs", table.outputs, (ous, geometry.ou_weights), spec.cols)
        cells = [table.cells]
        if (geometry.encoding == "differential") != (table.cells_negative is not None):
            raise ValueError(f"{where}: cells_negative does not suit {geometry.encoding} encoding")
        if table.cells_negative is not None:
            cells.append(table.cells_negative)
        used = (table.inputs >= 0)[:, :, None] & (table.outputs >= 0)[:, None, :]
        return cls(
            rows=spec.rows,
            cols=spec.cols,
            inputs=table.inputs.astype(np.intp),
            outputs=table.outputs.astype(np.intp),
            arrays=tuple(_weight_columns(where, levels, used, geometry) for levels in cells),
            cell_bits=geometry.cell_bits,
            code_max=adc_max(geometry),
            offset=1 << (geometry.weight_bits - 1) if geometry.encoding == "offset" else 0,
            activation=spec.activation,
        )

    @property
    def ous(self) -> int:
        """Operation units of the layer."""
        return len(self.inputs)

    @property
    def slices(self) -> int:
        """Neighbouring bit lines that store one weight."""
        return int(self.arrays[0].shape[3])

    @property
    def value_bound(self) -> int:
        """Bound on the absolute value that one OU adds to one output in one plane."""
        ou_rows = self.inputs.shape[1]
        code = min(ou_rows * ((1 << self.cell_bits) - 1), self.code_max)
        return max(
            sum(code << (s * self.cell_bits) for s in range(self.slices)), ou_rows * self.offset
        )

    @property
    def can_saturate(self) -> bool:
        """Whether some input makes a bit-line sum exceed the largest ADC code."""
        sums = (levels.sum(axis=1, dtype=np.int64) for levels in self.arrays)
        return any(total.size > 0 and total.max() > self.code_max for total in sums)


def _check_index(what: str, index: np.ndarray, shape: tuple[int, int], size: int) -> None:
    if index.shape != shape:
        raise ValueError(f"{what} must have the shape {shape}, not {index.shape}")
    if index.size and (index.min() < -1 or index.max() >= size):
        raise ValueError(
            f"{what} must be -1 to {size - 1}, not {int(index.min())} to {int(index.max())}"
        )


def _weight_columns(
    where: str, levels: np.ndarray, used: np.ndarray, geometry: Geometry
) -> np.ndarray:
    shape = (len(used), geometry.ou_rows, geometry.ou_cols)
    if levels.shape != shape:
        raise ValueError(f"{where}: cells must have the shape {shape}, not {levels.shape}")
    high = (1 << geometry.cell_bits) - 1
    if levels.size and levels.max() > high:
        raise ValueError(f"{where}: cell levels must be 0 to {high}, not {int(levels.max())}")
    weights, slices = geometry.ou_weights, geometry.slices
    columns = levels[:, :, : weights * slices].reshape(*shape[:2], weights, slices)
    return np.ascontiguousarray(np.where(used[..., None], columns, 0), dtype=np.uint8)
