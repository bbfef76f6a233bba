"""What layers need of the engine that runs them, told apart from how it is known.

Mapping tables say it exactly; without tables, numbers of operation units say it as well, so that
the size of an engine is known before anything is trained.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from arch.crossbar_macro import MacroShape
from arch.engine_shape import EngineShape
from arch.fixed import OutFormat, accumulator_bits
from arch.geometry import Geometry
from arch.index_fields import input_mode, output_mode
from arch.tables import LayerTable
from arch.tiles import ous_by_tile

__all__ = ["LayerNeeds", "engine_shape", "needs_of_table"]


@dataclass(frozen=True, kw_only=True)
class LayerNeeds:
    """What decides the size of an engine, of one layer.

    Parameters
    ----------
    rows, cols : int
        Shape of the weight matrix.
    ous : tuple of int
        OUs in each tile.
    ous_per_output : int
        OUs that add into one output, at most.
    input_mode, output_mode : str
        What its index must be able to say, see :class:`arch.engine_shape.EngineShape`.
    output : OutFormat
        Format of its outputs.
    """

    rows: int
    cols: int
    ous: tuple[int, ...]
    ous_per_output: int
    input_mode: str
    output_mode: str
    output: OutFormat


def needs_of_table(table: LayerTable, geometry: Geometry) -> LayerNeeds:
    """What the OU records of a layer need."""
    outputs = table.outputs[table.outputs >= 0]
    return LayerNeeds(
        rows=table.spec.rows,
        cols=table.spec.cols,
        ous=tuple(len(ous) for ous in ous_by_tile(table, geometry.tiles)),
        ous_per_output=int(np.bincount(outputs, minlength=1).max()),
        input_mode=input_mode(table),
        output_mode=output_mode(table),
        output=table.spec.output,
    )


def engine_shape(
    layers: Sequence[LayerNeeds],
    geometry: Geometry,
    *,
    macro: MacroShape | None = None,
    skip_zero_planes: bool = False,
) -> EngineShape:
    """The smallest engine that runs the layers.

    Parameters
    ----------
    layers : sequence of LayerNeeds
        At least one.
    macro, skip_zero_planes
        As in :class:`arch.engine_shape.EngineShape`.

    Raises
    ------
    :exc:`ValueError`
        If a layer needs an accumulator that is too wide.
    """
    return EngineShape(
        geometry=geometry,
        # The modes of all layers share one memory: the general one, if any layer needs it.
        input_mode="list" if any(layer.input_mode == "list" for layer in layers) else "block",
        output_mode="list" if any(layer.output_mode == "list" for layer in layers) else "group",
        layers=len(layers),
        ous=max(
            sum(max(1, ous) for ous in tile)
            for tile in zip(*(layer.ous for layer in layers), strict=True)
        ),
        blocks=max(-(-layer.rows // geometry.ou_rows) for layer in layers),
        outputs=max(layer.cols for layer in layers),
        channels=sum(layer.cols for layer in layers),
        acc_bits=max(accumulator_bits(geometry, layer.ous_per_output) for layer in layers),
        out_bits=max(layer.output.bits + (not layer.output.signed) for layer in layers),
        macro=macro,
        skip_zero_planes=skip_zero_planes,
    )
