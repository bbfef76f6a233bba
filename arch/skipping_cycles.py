"""Cycles of a layer on an engine that skips planes without ones, from its activations.

There is no closed form: how long an OU takes depends on its inputs. The recurrence below follows
the OUs that are issued through the few places where one can wait for another; it is exact when
neither stream stalls. ``docs/hardware.md`` derives it.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from arch.cycles import layer_cycles, tile_sum
from arch.engine_shape import EMULATED_CONVERSION, EngineShape
from arch.idle_cycles import layer_idle
from arch.plane_counts import issued_planes
from arch.tables import LayerTable
from arch.tiles import ous_by_tile

__all__ = [
    "Followed",
    "LayerWork",
    "Pace",
    "follow_planes",
    "follow_tiles",
    "pace_of_layer",
    "work_of_layer",
]

_START = 2
"""Cycles before the one in which the buffer takes the first beat of a layer."""
_RESULT = 6
"""Cycles from the codes of the last plane of a position until its first sum leaves the bank:
shift-and-add, accumulate."""
_OUTPUT = 8
"""Cycles from a sum that leaves its bank to its output."""


@dataclass(frozen=True, kw_only=True)
class LayerWork:
    """What a layer engine did, or will do, for given activations.

    Parameters
    ----------
    total : int
        Cycles after the one that takes the command, up to the one of the last output.
    planes : int
        Planes issued, of all tiles: the cycles in which an OU works.
    idle : mapping of str to int
        The other cycles of all tiles by cause, as :func:`arch.idle_cycles.layer_idle` has them.
    tiles : int
        Datapaths that work side by side.
    """

    total: int
    planes: int
    idle: Mapping[str, int]
    tiles: int = 1

    @property
    def utilisation(self) -> float:
        """Share of the cycles of all tiles in which an OU works."""
        return self.planes / (self.total * self.tiles)


@dataclass(frozen=True, kw_only=True)
class Pace:
    """How long what surrounds the OUs of a layer takes, in cycles.

    Parameters
    ----------
    load : int
        To bring the inputs of a position, if nothing waits.
    first_beat : int
        Of them, to bring its first beat.
    late : int
        That the first beat comes later than in the cycle after the start.
    drain : int
        To drain a position: its outputs.
    fetch : int
        To read the inputs of one OU.
    queue : int
        OUs that can wait between input fetch and OU controller.
    conversion : int
        From a plane to its codes.
    """

    load: int
    first_beat: int = 1
    late: int = 0
    drain: int
    fetch: int
    queue: int
    conversion: int = EMULATED_CONVERSION


def pace_of_layer(
    table: LayerTable,
    shape: EngineShape,
    *,
    load: int | None = None,
    first_beat: int = 1,
    late: int = 0,
) -> Pace:
    """The pace of a layer on an engine of ``shape``; ``load`` is a beat a cycle unless given."""
    every = layer_cycles(table, shape, positions=1)
    return Pace(
        load=every.load if load is None else load,
        first_beat=first_beat,
        late=late,
        drain=every.drain,
        fetch=every.fetch,
        queue=shape.queue_ous,
        conversion=every.conversion,
    )


def work_of_layer(
    table: LayerTable,
    shape: EngineShape,
    windows: np.ndarray,
    *,
    load: int | None = None,
    first_beat: int = 1,
    late: int = 0,
) -> LayerWork:
    """Cycles and planes of a layer on an engine of ``shape``, exact when neither stream stalls.

    Parameters
    ----------
    table : LayerTable
        The layer.
    shape : EngineShape
        The engine; if it issues every plane, only the number of windows matters.
    windows : int array, shape (P, R)
        Activations of each output position, at least one.
    load, first_beat, late : int, optional
        As in :class:`Pace`; a beat a cycle unless given.

    Raises
    ------
    :exc:`ValueError`
        If there are no windows.
    """
    every = layer_cycles(table, shape, positions=len(windows))
    if load is not None:
        every = replace(every, load=load)
    if not shape.skip_zero_planes:
        return LayerWork(
            total=every.total + late,
            planes=every.planes,
            idle=layer_idle(every, late=late),
            tiles=every.tiles,
        )
    counts = [
        issued_planes(table, windows, shape.geometry.act_bits, ous)
        for ous in ous_by_tile(table, shape.tiles)
    ]
    return follow_planes(
        counts, pace_of_layer(table, shape, load=load, first_beat=first_beat, late=late)
    )


def follow_planes(counts: Sequence[np.ndarray], pace: Pace) -> LayerWork:
    """Follow the OUs of a layer through the datapath.

    Parameters
    ----------
    counts : sequence of int array, shape (P, n)
        For each tile, planes of each of its OUs at each position; the last OU of a position has at
        least one.
    pace : Pace
        What surrounds them.
    """
    followed = follow_tiles(counts, pace)
    tiles, ended, total = followed.tiles, followed.ended, followed.total
    return LayerWork(
        total=total,
        planes=sum(int(part.sum()) for part in counts),
        idle={
            "balance": sum(tile.balance + ended - tile.busy for tile in tiles),
            "window": sum(tile.window for tile in tiles),
            "input": sum(tile.collecting for tile in tiles),
            "output": sum(tile.output + total - ended for tile in tiles),
        },
        tiles=len(tiles),
    )


@dataclass(frozen=True, kw_only=True)
class Followed:
    """What :func:`follow_tiles` found.

    Parameters
    ----------
    tiles : tuple
        For each tile ``takes``, the cycles in which the OU controller took each OU that has planes,
        and ``gaps``: for the cycle of a take before which it had no plane, the last plane of all
        tiles before it, the cycle from which on the inputs of the position were complete (0 within
        a position), and the one in which the OU left input fetch.
    ended : int
        Last plane of the slowest tile.
    total : int
        Cycles of the layer.
    """

    tiles: tuple["_Tile", ...]
    ended: int
    total: int


def follow_tiles(counts: Sequence[np.ndarray], pace: Pace) -> Followed:
    """Follow the OUs of a layer, and remember when each was taken; see :func:`follow_planes`."""
    # The first bank, buffer half and place of the queue were never taken: they are free at once.
    released, drained = [0, 0], [0, 0]
    tiles = [_Tile(fetch=pace.fetch, queue=pace.queue) for _ in counts]
    loaded, ended = _START + pace.late, 0  # last beat of a position; last plane of the slowest tile
    for parts in zip(*map(_issued, counts), strict=True):
        loaded = max(loaded + pace.first_beat, released[-2] + 1) + pace.load - pace.first_beat
        for tile, (planes, records) in zip(tiles, parts, strict=True):
            tile.follow(planes, records, full=loaded + 1, bank=drained[-2] + 1, ended=ended)
        released.append(max(tile.read for tile in tiles))
        ended = max(tile.busy for tile in tiles)
        drained.append(max(ended + pace.conversion + _RESULT, drained[-1] + 1) + pace.drain - 1)
    total = drained[-1] + tile_sum(len(tiles)) + _OUTPUT
    return Followed(tiles=tuple(tiles), ended=ended, total=total)


class _Tile:
    """What is remembered of a tile from one position to the next."""

    def __init__(self, *, fetch: int, queue: int) -> None:
        self._fetch = fetch
        self._queue = queue
        self._taken = [0] * queue  # cycle in which the controller took each OU that has planes
        # The record before: its last read, its data left the memory, it left input fetch.
        self.read, self._shown, self._passed = 0, 0, 0
        self.busy = 0  # last plane of the OUs so far
        self.balance = self.window = self.collecting = self.output = 0  # idle cycles
        self.gaps: dict[int, tuple[int, int, int]] = {}

    @property
    def takes(self) -> list[int]:
        """Cycles in which the controller took each OU that has planes."""
        return self._taken[self._queue :]

    def follow(
        self, planes: list[int], records: list[int], *, full: int, bank: int, ended: int
    ) -> None:
        """Follow the OUs of a position: its inputs, a bank, the position before in all tiles."""
        fetch, queue, taken = self._fetch, self._queue, self._taken
        read, shown, passed, busy = self.read, self._shown, self._passed, self.busy
        self.window += max(0, full - max(busy, ended) - 1)
        for count, record in zip(planes, records, strict=True):
            # The first record since the last OU with planes: it waits for a place in the queue,
            # even if it has none itself.
            read = max(shown, full) + fetch - 1
            shown = max(read + 1, passed)
            passed = max(shown + 1, taken[-queue] + 1)
            if record > 1:  # the others find it; only the second can wait for the first
                read = shown + fetch - 1
                shown = max(read + 1, passed)
                if record > 2:
                    shown += (record - 2) * fetch
                    read = shown - 1
                passed = shown + 1
            take = max(passed + 1, busy, bank)
            if take > busy:  # idle up to the cycle in which it is taken
                ahead = max(busy, ended)  # until then it is ahead of another tile
                self.gaps[take] = ahead, full, passed
                self.balance += min(take, ahead) - busy
                if take > ahead:
                    waits = max(0, take - max(passed, ahead) - 1)
                    self.output += waits
                    self.collecting += take - max(ahead, full - 1) - waits
            taken.append(take)
            busy = take + count
            bank = full = 0
        self.read, self._shown, self._passed, self.busy = read, shown, passed, busy


def _issued(counts: np.ndarray) -> Iterator[tuple[list[int], list[int]]]:
    """For each position: planes of every OU that is issued, and records since the one before."""
    places = np.flatnonzero(counts)
    planes = counts.ravel()[places].tolist()
    records = np.diff(places, prepend=-1).tolist()
    start = 0
    for end in np.cumsum(np.count_nonzero(counts, axis=1)).tolist():
        yield planes[start:end], records[start:end]
        start = end
