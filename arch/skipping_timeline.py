"""When a layer engine that skips planes issues each plane, for given activations.

Exact when neither stream stalls; :mod:`arch.skipping_cycles` follows the OUs,
:mod:`arch.layer_timeline` is for engines that issue every plane.
"""

from bisect import bisect_right

import numpy as np

from arch.engine_shape import EngineShape
from arch.layer_timeline import IdleCycle, IssuedPlane
from arch.plane_counts import issued_planes, plane_mask
from arch.skipping_cycles import follow_tiles, pace_of_layer
from arch.tables import LayerTable
from arch.tiles import ous_by_tile

__all__ = ["SkippingTimeline"]


class SkippingTimeline:
    """What every tile does in every cycle of a layer, from its activations.

    Cycle 0 takes the command; the last output leaves in cycle ``total``.

    Parameters
    ----------
    table : LayerTable
        The layer.
    shape : EngineShape
        An engine that skips planes.
    windows : int array, shape (P, R)
        Activations of each output position, at least one.
    load : int, optional
        Cycles that bring the inputs of a position; a beat a cycle unless given.
    first_beat, late : int
        As in :class:`arch.skipping_cycles.Pace`.

    Raises
    ------
    :exc:`ValueError`
        If there are no windows.
    """

    def __init__(
        self,
        table: LayerTable,
        shape: EngineShape,
        windows: np.ndarray,
        *,
        load: int | None = None,
        first_beat: int = 1,
        late: int = 0,
    ) -> None:
        if not len(windows):
            raise ValueError("positions must be at least 1, not 0")
        bits = shape.geometry.act_bits
        self._ous = ous_by_tile(table, shape.tiles)
        counts = [issued_planes(table, windows, bits, ous) for ous in self._ous]
        pace = pace_of_layer(table, shape, load=load, first_beat=first_beat, late=late)
        followed = follow_tiles(counts, pace)
        self.total = followed.total
        self._ended = followed.ended
        self._table = table
        self._windows = windows
        self._bits = bits
        self._takes = [tile.takes for tile in followed.tiles]
        self._gaps = [tile.gaps for tile in followed.tiles]
        # Position and place of every OU that is issued, in the order of the takes.
        self._issued = [np.argwhere(part) for part in counts]

    @property
    def tiles(self) -> int:
        """Datapaths that work side by side."""
        return len(self._takes)

    def at(self, tile: int, cycle: int) -> IssuedPlane | IdleCycle:
        """What ``tile`` does in a cycle, from 1 to ``total``.

        Raises
        ------
        :exc:`IndexError`
            If the layer has no such cycle.
        """
        if not 1 <= cycle <= self.total:
            raise IndexError(f"no cycle {cycle} of {self.total}")
        takes, issued = self._takes[tile], self._issued[tile]
        number = bisect_right(takes, cycle - 1) - 1  # the last OU taken before this cycle
        if number >= 0:
            position, place = issued[number].tolist()
            planes = self._planes(tile, position, place)
            turn = cycle - takes[number] - 1
            if turn < len(planes):
                ous = self._ous[tile]
                ou = int(ous[place]) if len(ous) else None
                return IssuedPlane(position=position, ou=ou, plane=planes[turn])
        if number + 1 < len(takes):
            take = takes[number + 1]
            cause = _cause(cycle, take, *self._gaps[tile][take])
            return IdleCycle(cause=cause, position=int(issued[number + 1][0]))
        return IdleCycle(cause="balance" if cycle <= self._ended else "output", position=None)

    def _planes(self, tile: int, position: int, place: int) -> list[int]:
        """Planes of an OU in the order in which they are issued; plane 0 if none has a one."""
        if not len(self._ous[tile]):
            return [0]
        inputs = self._table.inputs[self._ous[tile][place]]
        window = np.append(self._windows[position].astype(np.int64), 0)  # input -1, none
        mask = int(plane_mask(window[inputs], self._bits))
        return [plane for plane in reversed(range(self._bits)) if mask >> plane & 1] or [0]


def _cause(cycle: int, take: int, ahead: int, full: int, passed: int) -> str:
    """Why there is no plane in a cycle before the first of an OU."""
    if cycle <= ahead:
        return "balance"
    if cycle == take:
        return "input"
    if cycle > passed:
        return "output"
    return "input" if cycle >= full else "window"
