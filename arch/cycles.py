"""Closed form of the cycles that a layer takes, exact when neither stream stalls.

Loading, computing and draining of output positions overlap, two positions deep. The longest of the
three sets the pace; a short layer is paced by the hand-over of an accumulator bank instead, which
serves every second position. ``docs/hardware.md`` derives the constants from the datapath.
"""

from dataclasses import dataclass, replace

from arch.engine_shape import EMULATED_CONVERSION, EngineShape
from arch.geometry import Geometry
from arch.tables import LayerTable

__all__ = ["LayerCycles", "counted_cycles", "layer_cycles"]

_PIPELINE = 12
"""Cycles from the command to the first output that no size changes: start, index, buffer,
shift-and-add, accumulate, output."""
_HAND_OVER = 5
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
        Planes of all OUs of a position.
    drain : int
        Outputs of a position.
    fetch : int
        Cycles in which the inputs of one OU are read.
    queue : int
        Cycles that an OU waits at least between input fetch and OU controller: 1 if planes can be
        skipped, but none is; then every layer that skips planes takes no more cycles.
    conversion : int
        Cycles from a plane to its codes: crossbar and ADC.
    """

    positions: int
    load: int
    compute: int
    drain: int
    fetch: int
    queue: int = 0
    conversion: int = EMULATED_CONVERSION

    @property
    def total(self) -> int:
        """Cycles after the one that takes the command, up to the one of the last output."""
        pace = max(self.load, self.compute, self.drain)
        hand_over = self.compute + self.drain + self.conversion + _HAND_OVER - 2 * pace
        first = self.load + self.fetch + self.queue + self.compute + self.conversion + self.drain
        more = (self.positions - 1) * pace + (self.positions - 1) // 2 * max(0, hand_over)
        return _PIPELINE + first + more

    @property
    def planes(self) -> int:
        """Planes issued: the cycles in which an OU works."""
        return self.positions * self.compute

    @property
    def utilisation(self) -> float:
        """Share of the cycles in which an OU works."""
        return self.planes / self.total


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
    return replace(cycles, queue=int(shape.skip_zero_planes))


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
        OUs of the layer; one is issued in the place of none.
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
    return LayerCycles(
        positions=positions,
        load=-(-rows // geometry.ou_rows),
        compute=max(1, ous) * geometry.act_bits,
        drain=cols,
        fetch=fetch_steps,
        conversion=conversion,
    )
