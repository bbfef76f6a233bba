"""Closed form of the cycles that a layer takes, exact when neither stream stalls.

Loading, computing and draining of output positions overlap, two positions deep. The longest of the
three sets the pace; a short layer is paced by the hand-over of an accumulator bank instead, which
serves every second position. ``docs/hardware.md`` derives the constants from the datapath.
"""

from dataclasses import dataclass, replace

from arch.engine_shape import EMULATED_CONVERSION, EngineShape
from arch.geometry import Geometry
from arch.tables import LayerTable
from arch.tiles import ous_by_tile

__all__ = ["LayerCycles", "counted_cycles", "layer_cycles", "tile_sum"]

_PIPELINE = 17
"""Cycles from the command to the first output that no size changes: start, index, buffer,
shift-and-add, accumulate, output, queue of results."""
_HAND_OVER = 6
"""Cycles from the last plane of a position to the first OU that may use its bank again, less those
of the conversion and those in which its outputs are drained."""


@dataclass(frozen=True, kw_only=True)
class LayerCycles:
    """Work of one layer, in cycles.

    Parameters
    ----------
    positions : int
        Output positions, at least 1.
    load : int
        Beats that bring the inputs of a position.
    compute : int
        Planes of all OUs of a position, in the tile that has most.
    drain : int
        Outputs of a position.
    fetch : int
        Cycles in which the inputs of one OU are read.
    queue : int
        Cycles that an OU waits at least between input fetch and OU controller: 1 if planes can be
        skipped, but none is; then every layer that skips planes takes no more cycles.
    conversion : int
        Cycles from a plane to its codes: crossbar and ADC.
    others : tuple of int
        Planes of a position in each of the other tiles, none more than ``compute``. A tile with
        fewer is never the one that others wait for, so they change no cycle.
    """

    positions: int
    load: int
    compute: int
    drain: int
    fetch: int
    queue: int = 0
    conversion: int = EMULATED_CONVERSION
    others: tuple[int, ...] = ()

    @property
    def tiles(self) -> int:
        """Datapaths that work side by side."""
        return 1 + len(self.others)

    @property
    def total(self) -> int:
        """Cycles after the one that takes the command, up to the one of the last output."""
        pace = max(self.load, self.compute, self.drain)
        hand_over = self.compute + self.drain + self.conversion + _HAND_OVER - 2 * pace
        first = self.load + self.fetch + self.queue + self.compute + self.conversion + self.drain
        more = (self.positions - 1) * pace + (self.positions - 1) // 2 * max(0, hand_over)
        return _PIPELINE + tile_sum(self.tiles) + first + more

    @property
    def planes(self) -> int:
        """Planes issued, of all tiles: the cycles in which an OU works."""
        return self.positions * (self.compute + sum(self.others))

    @property
    def utilisation(self) -> float:
        """Share of the cycles of all tiles in which an OU works."""
        return self.planes / (self.total * self.tiles)


def tile_sum(tiles: int) -> int:
    """Cycles in which the sums of tiles are added: none for one tile."""
    return int(tiles > 1)


def layer_cycles(table: LayerTable, shape: EngineShape, *, positions: int) -> LayerCycles:
    """Cycles of ``positions`` output positions of a layer on an engine of ``shape``.

    If the engine skips planes these are the most that it can take; :mod:`arch.skipping_cycles`
    gives those that it takes.

    Raises
    ------
    :exc:`ValueError`
        If ``positions`` is not positive.
    """
    cycles = counted_cycles(
        rows=table.spec.rows,
        cols=table.spec.cols,
        ous=table.ous,
        positions=positions,
        geometry=shape.geometry,
        fetch_steps=shape.fetch_steps,
        conversion=shape.conversion,
    )
    planes = sorted(
        max(1, len(ous)) * shape.geometry.act_bits for ous in ous_by_tile(table, shape.tiles)
    )
    return replace(
        cycles,
        queue=int(shape.skip_zero_planes),
        compute=planes[-1],
        others=tuple(planes[:-1]),
    )


def counted_cycles(
    *,
    rows: int,
    cols: int,
    ous: int,
    positions: int,
    geometry: Geometry,
    fetch_steps: int,
    conversion: int = EMULATED_CONVERSION,
) -> LayerCycles:
    """Cycles of a layer of which only the number of OUs is known; no table is needed.

    Parameters
    ----------
    rows, cols : int
        Shape of the weight matrix.
    ous : int
        OUs of the layer, dealt evenly to the tiles; a tile issues one in the place of none.
    positions : int
        Output positions.
    geometry : Geometry
        Crossbar and OU.
    fetch_steps, conversion : int
        As in :class:`arch.engine_shape.EngineShape`.

    Raises
    ------
    :exc:`ValueError`
        If ``positions`` is not positive.
    """
    if positions < 1:
        raise ValueError(f"positions must be at least 1, not {positions}")
    planes = [
        max(1, len(range(tile, ous, geometry.tiles))) * geometry.act_bits
        for tile in range(geometry.tiles)
    ]
    return LayerCycles(
        positions=positions,
        load=-(-rows // geometry.ou_rows),
        compute=planes[0],
        others=tuple(planes[:0:-1]),
        drain=cols,
        fetch=fetch_steps,
        conversion=conversion,
    )
