"""When a layer engine issues each plane, if it skips none; exact when neither stream stalls.

:mod:`arch.cycles` has the total in closed form; this follows every position of every tile, through
the same places where one thing can wait for another. ``docs/hardware.md`` derives them.
"""

from bisect import bisect_right
from dataclasses import dataclass

from arch.cycles import layer_cycles, tile_sum
from arch.engine_shape import EngineShape
from arch.tables import LayerTable
from arch.tiles import ous_by_tile

__all__ = ["IdleCycle", "IssuedPlane", "LayerTimeline", "OuTimes"]

_START = 2
"""Cycles before the one in which the buffer takes the first beat of a layer."""
_RESULT = 6
"""Cycles from the codes of the last plane of a position until its first sum leaves the bank:
shift-and-add, accumulate."""
_OUTPUT = 8
"""Cycles from a sum that leaves its bank to its output."""


@dataclass(frozen=True, kw_only=True)
class OuTimes:
    """When a layer engine works on an OU at one output position, in cycles of the layer.

    Parameters
    ----------
    loaded : int
        The last beat of the inputs of the position enters the input buffer.
    read_first, read_last : int
        The inputs of the OU are read from the buffer; in ``read_last`` its index record is used up.
    planes_first, planes_last : int
        The OU controller issues its first and its last plane.
    """

    loaded: int
    read_first: int
    read_last: int
    planes_first: int
    planes_last: int


@dataclass(frozen=True, kw_only=True)
class IssuedPlane:
    """A cycle in which a tile issues a plane.

    ``ou`` is None if the tile has no OU of the layer: it issues one without inputs in its place.
    """

    position: int
    ou: int | None
    plane: int


@dataclass(frozen=True, kw_only=True)
class IdleCycle:
    """A cycle without a plane, and why: a name of :data:`arch.registers.IDLE_CAUSES`.

    ``position`` is the output position of which the next plane is, None after the last.
    """

    cause: str
    position: int | None


class LayerTimeline:
    """What every tile of a layer engine does in every cycle of a layer.

    Cycle 0 takes the command; the last output leaves in cycle ``total``.

    Parameters
    ----------
    table : LayerTable
        The layer.
    shape : EngineShape
        The engine. If it skips planes, this is what it does when every plane has a one.
    positions : int
        Output positions, at least 1.
    load : int, optional
        Cycles that bring the inputs of a position; a beat a cycle unless given.
    first_beat : int
        Those of them that bring its first beat.
    late : int
        Cycles that the first beat comes later than in the cycle after the start.

    Raises
    ------
    :exc:`ValueError`
        If ``positions`` is not positive.
    """

    def __init__(
        self,
        table: LayerTable,
        shape: EngineShape,
        *,
        positions: int,
        load: int | None = None,
        first_beat: int = 1,
        late: int = 0,
    ) -> None:
        cycles = layer_cycles(table, shape, positions=positions)
        load = cycles.load if load is None else load
        planes = shape.geometry.act_bits
        self.positions = positions
        self.act_bits = planes
        self._ous = [ous.tolist() for ous in ous_by_tile(table, shape.tiles)]
        self._tiles = [
            _Tile(ous=max(1, len(ous)), planes=planes, fetch=cycles.fetch, queue=cycles.queue)
            for ous in self._ous
        ]
        # The first bank and buffer half were never taken: they are free at once.
        released, drained = [0, 0], [0, 0]
        loaded, ended = _START + late, 0  # last beat of a position; last plane of the slowest tile
        self._loaded: list[int] = []
        for _ in range(positions):
            loaded = max(loaded + first_beat, released[-2] + 1) + load - first_beat
            self._loaded.append(loaded)
            for tile in self._tiles:
                tile.follow(full=loaded + 1, bank=drained[-2] + 1, ended=ended)
            released.append(max(tile.read for tile in self._tiles))
            ended = max(tile.busy for tile in self._tiles)
            first_sum = max(ended + cycles.conversion + _RESULT, drained[-1] + 1)
            drained.append(first_sum + cycles.drain - 1)
        self._ended = ended
        self.total = drained[-1] + tile_sum(len(self._tiles)) + _OUTPUT

    @property
    def tiles(self) -> int:
        """Datapaths that work side by side."""
        return len(self._tiles)

    def times(self, tile: int, place: int, position: int) -> OuTimes:
        """When ``tile`` works at ``position`` on its OU number ``place``, from 0.

        Raises
        ------
        :exc:`IndexError`
            If there is no such tile, OU or position.
        """
        if not (0 <= place < self._tiles[tile].ous and 0 <= position < self.positions):
            raise IndexError(f"no OU {place} of tile {tile} at position {position}")
        work = self._tiles[tile]
        first = work.takes[position] + 1 + place * self.act_bits
        read = work.read_of(place, position)
        return OuTimes(
            loaded=self._loaded[position],
            read_first=read - work.fetch + 1,
            read_last=read,
            planes_first=first,
            planes_last=first + self.act_bits - 1,
        )

    def at(self, tile: int, cycle: int) -> IssuedPlane | IdleCycle:
        """What ``tile`` does in a cycle, from 1 to ``total``.

        Raises
        ------
        :exc:`IndexError`
            If the layer has no such cycle.
        """
        if not 1 <= cycle <= self.total:
            raise IndexError(f"no cycle {cycle} of {self.total}")
        work = self._tiles[tile]
        position = bisect_right(work.takes, cycle - 1) - 1  # the last one begun before this cycle
        if position >= 0:
            place, turn = divmod(cycle - work.takes[position] - 1, self.act_bits)
            if place < work.ous:
                ous = self._ous[tile]
                return IssuedPlane(
                    position=position,
                    ou=ous[place] if ous else None,
                    plane=self.act_bits - 1 - turn,
                )
        if position + 1 < self.positions:
            return IdleCycle(cause=work.cause(position + 1, cycle), position=position + 1)
        return IdleCycle(cause="balance" if cycle <= self._ended else "output", position=None)


class _Tile:
    """The cycles of a tile: of the first OU of every position, from which the others follow.

    An OU follows the one before it without a gap, since its inputs are read in no more cycles than
    that has planes.
    """

    def __init__(self, *, ous: int, planes: int, fetch: int, queue: int) -> None:
        self.ous = ous
        self.fetch = fetch
        self._planes = planes
        self._queue = queue
        self.takes: list[int] = []  # the controller takes the first OU
        self._reads: list[int] = []  # the last read of its inputs
        self._shown: list[int] = []  # its inputs leave the memory
        self._full: list[int] = []  # from when on the buffer shows the position
        self._ahead: list[int] = []  # last plane before it, in all tiles
        self.read = self.busy = 0  # last read, last plane so far
        self._last_shown = self._last_take = 0

    def follow(self, *, full: int, bank: int, ended: int) -> None:
        """Follow the OUs of a position: its inputs, a bank, the position before in all tiles."""
        read = max(self._last_shown, full) + self.fetch - 1
        shown = max(read + 1, self._last_take)
        take = max(shown + self._queue + 1, self.busy, bank)
        self._full.append(full)
        self._ahead.append(max(self.busy, ended))
        self._reads.append(read)
        self._shown.append(shown)
        self.takes.append(take)
        self.read = self.read_of(self.ous - 1, -1)
        self._last_shown = self._shown_of(self.ous - 1, -1)
        self._last_take = take + (self.ous - 1) * self._planes
        self.busy = take + self.ous * self._planes

    def read_of(self, place: int, position: int) -> int:
        """The last read of the inputs of an OU."""
        if place == 0:
            return self._reads[position]
        return self._shown_of(place - 1, position) + self.fetch - 1

    def cause(self, position: int, cycle: int) -> str:
        """Why there is no plane in a cycle before the first of ``position``."""
        take, ahead = self.takes[position], self._ahead[position]
        if cycle <= ahead:
            return "balance"
        if cycle == take:
            return "input"
        if cycle > self._shown[position] + self._queue:
            return "output"
        return "input" if cycle >= self._full[position] else "window"

    def _shown_of(self, place: int, position: int) -> int:
        """When the inputs of an OU leave the memory: the OU before it has been taken by then."""
        first, take = self._shown[position], self.takes[position]
        if place == 0:
            return first
        return max(first + place * self.fetch, take + (place - 1) * self._planes)
