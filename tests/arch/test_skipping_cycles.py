"""The cycles of layers that skip planes: against the closed form, and against counting cycles."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from arch.cycles import LayerCycles, layer_cycles
from arch.idle_cycles import layer_idle
from arch.plane_counts import issued_planes
from arch.program import build_program
from arch.skipping_cycles import LayerWork, Pace, follow_planes, work_of_layer
from arch.tables import MappingTables
from tests.cosim.random_tables import (
    geometry_of,
    linear_spec,
    mapped_table,
    random_weights,
    random_windows,
)


class Tile:
    """The registers of one tile."""

    def __init__(self, counts):
        positions, self.ous = counts.shape
        self.counts = counts
        self.records = [(p, n) for p in range(positions) for n in range(self.ous)]
        self.fetching, self.step, self.arriving, self.held = 0, 0, None, None  # input fetch
        self.waiting, self.begun, self.left = [], 0, 0  # queue, positions begun, planes left
        self.credits = 2
        self.released = []  # cycle of the release of each position
        self.results = []  # cycle of the result of each position
        self.ended = []  # cycle of the last plane of each position
        self.idle = {"balance": 0, "window": 0, "input": 0, "output": 0}

    def move(self, cycle, full, *, ahead, fetch, queue, conversion):
        """One cycle; ``full`` are the cycles from which positions are in the buffer."""
        # Controller, with the planes that are left after this cycle.
        took = None
        if self.left <= 1 and self.waiting:
            p, n = self.waiting[0]
            if p != self.begun or self.credits:
                took = self.waiting[0]
        if not self.left:  # why, as CycleCause says it
            self.idle[self._cause(cycle, full, took, ahead=ahead)] += 1
        self.left = max(0, self.left - 1)
        # Scan and queue: what input fetch shows is taken while there is room.
        room = len(self.waiting) < queue
        shown, held_next = self.held, self.held
        if self.held is not None and room:
            held_next = None
        # Input fetch.
        arriving = self.arriving
        if not (arriving is not None and arriving[1] and self.held is not None and not room):
            if arriving is not None and arriving[1]:
                held_next = arriving[0]
            self.arriving = None
            if self.fetching < len(self.records):
                p, n = self.records[self.fetching]
                if len(full) > p and full[p] <= cycle and cycle >= 4:
                    last = self.step == fetch - 1
                    self.arriving = ((p, n), last)
                    self.step = 0 if last else self.step + 1
                    if last:
                        if n == self.ous - 1:
                            self.released.append(cycle)
                        self.fetching += 1
        # Registers.
        if took is not None:
            self.waiting.pop(0)
            p, n = took
            if p == self.begun:
                self.credits, self.begun = self.credits - 1, self.begun + 1
            self.left = int(self.counts[p, n])
            if n == self.ous - 1:
                self.ended.append(cycle + self.left)
                self.results.append(cycle + self.left + conversion + 2)
        if shown is not None and room and self.counts[shown]:
            self.waiting.append(shown)
        self.held = held_next

    def _cause(self, cycle, full, took, *, ahead):
        more = self.fetching < len(self.records)
        if ahead:
            return "balance"
        if self.waiting:
            return "input" if took else "output"
        if self.arriving is not None or self.held is not None:
            return "input"
        if not more:
            return "output"
        position = self.records[self.fetching][0]
        return "input" if len(full) > position and full[position] <= cycle else "window"


def count_cycles(counts, *, load, first_beat, late, drain, fetch, queue, conversion):
    """Cycle of the last output, and idle cycles by cause, by moving every OU cycle by cycle.

    Written from the docstrings in :mod:`hw`; each register of the datapath is a variable.
    """
    tiles = [Tile(part) for part in counts]
    positions = len(counts[0])
    full, returned, drained = [], [], []
    loading, progress = 0, -(load - first_beat)
    cycle = 0
    while not drained or len(drained) < positions or cycle < drained[-1]:
        cycle += 1
        # Input buffer: the beats of a position, of which the first waits for a free half.
        if cycle >= 3 + late and loading < positions:
            progress += 1
            beats_done = progress + load - first_beat
            free = loading < 2 or all(
                len(tile.released) > loading - 2 and tile.released[loading - 2] < cycle
                for tile in tiles
            )
            if beats_done == first_beat and not free:
                progress -= 1
            elif beats_done == load:
                full.append(cycle + 1)
                loading, progress = loading + 1, -(load - first_beat)
        ends = [sum(end < cycle for end in tile.ended) for tile in tiles]
        for tile, own in zip(tiles, ends, strict=True):
            tile.move(
                cycle,
                full,
                ahead=own > min(ends),
                fetch=fetch,
                queue=queue,
                conversion=conversion,
            )
            tile.credits += returned.count(cycle)
        # Drain: sums leave one a cycle, a position after the other, when it is there in all tiles.
        while len(drained) < min(len(tile.results) for tile in tiles):
            there = max(tile.results[len(drained)] for tile in tiles)
            begins = max(there + 4, drained[-1] + 1 if drained else 0)
            drained.append(begins + drain - 1)
            returned.append(drained[-1])
    # Behind the last sum: it is held, added to those of other tiles, requantised, queued.
    rest = 1 + (len(tiles) > 1) + 6 + 1
    idle = {name: sum(tile.idle[name] for tile in tiles) for name in tiles[0].idle}
    idle["output"] += rest * len(tiles)
    return drained[-1] + rest, idle


SIZES = {
    "load": st.integers(1, 40),
    "drain": st.integers(1, 40),
    "fetch": st.integers(1, 5),
    "queue": st.integers(1, 17),
    "conversion": st.integers(1, 20),
    "late": st.integers(0, 2),
    "positions": st.integers(1, 9),
    "ous": st.integers(1, 30),
    "seed": st.integers(0, 1000),
    "share": st.floats(0, 1),
}


def random_counts(rng, positions, ous, share):
    counts = rng.integers(0, 9, (positions, ous)) * (rng.random((positions, ous)) < share)
    counts[:, -1] = np.maximum(counts[:, -1], 1)
    return counts


@settings(max_examples=300, deadline=None)
@given(
    **SIZES,
    first=st.integers(1, 40),
    tiles=st.sampled_from((1, 2, 4)),
    less=st.sampled_from((0, 1, 20)),
)
def test_matches_the_datapath(load, first, positions, ous, seed, share, tiles, less, **sizes):
    """Whatever waits for what: windows, reading, the queue, a bank, the drain, another tile."""
    rng = np.random.default_rng(seed)
    counts = [random_counts(rng, positions, max(1, ous - n * less), share) for n in range(tiles)]
    sizes |= {"load": load, "first_beat": min(first, load)}
    work = follow_planes(counts, Pace(**sizes))
    assert (work.total, work.idle) == count_cycles(counts, **sizes)
    assert work.planes == sum(part.sum() for part in counts)
    assert work.planes + sum(work.idle.values()) == work.total * tiles
    assert work.utilisation == work.planes / (work.total * tiles)


@settings(max_examples=300, deadline=None)
@given(
    load=st.integers(1, 70),
    ous=st.integers(1, 9),
    act_bits=st.integers(1, 8),
    drain=st.integers(1, 70),
    fetch=st.integers(1, 2),
    positions=st.integers(1, 12),
    seed=st.integers(0, 1000),
    less=st.lists(st.integers(0, 9), max_size=3),
)
def test_closed_form_is_the_bound(load, ous, act_bits, drain, fetch, positions, seed, less):
    """It holds when no plane can be skipped, and no activations take longer."""
    sizes = {"load": load, "drain": drain, "fetch": min(fetch, act_bits)}
    counts = [ous, *(max(1, ous - fewer) for fewer in less)]
    bound = LayerCycles(
        positions=positions,
        compute=ous * act_bits,
        others=tuple(count * act_bits for count in counts[1:]),
        queue=1,
        **sizes,
    )
    every = [np.full((positions, count), act_bits) for count in counts]
    work = follow_planes(every, Pace(**sizes, queue=16))
    assert (work.total, work.planes) == (bound.total, bound.planes)
    idle = layer_idle(bound)
    assert sum(idle.values()) == bound.total * len(counts) - bound.planes
    assert idle["balance"] == work.idle["balance"]
    rng = np.random.default_rng(seed)
    some = [np.minimum(random_counts(rng, *part.shape, 1), act_bits) for part in every]
    assert follow_planes(some, Pace(**sizes, queue=16)).total <= bound.total


def mapped(scheme, *, skip, ratio=0.4):
    """A pruned layer of 40 rows and 9 columns, and the shape of its engine."""
    geometry, rng = geometry_of(), np.random.default_rng(1)
    spec = linear_spec(40, 9, scheme=scheme)
    weights, kept = random_weights(spec, geometry, rng, ratio=ratio)
    table = mapped_table(spec, weights, geometry, kept, rng)
    tables = MappingTables(name="t", geometry=geometry, layers=(table,))
    return table, build_program(tables, skip_zero_planes=skip).shape


@pytest.mark.parametrize(("scheme", "fetch"), [("column_vector", 1), ("row_vector", 2)])
def test_work_of_layer(scheme, fetch):
    """Sizes of a layer: 40 rows in blocks of 9, 9 outputs, reads of two cycles in list mode."""
    table, shape = mapped(scheme, skip=True)
    windows = random_windows(table.spec, 9, np.random.default_rng(2))
    windows[5:] &= 12  # so that loading waits, and is waited for
    counts = issued_planes(table, windows, 8)
    sizes = {"drain": 9, "fetch": fetch, "queue": 16}
    work = work_of_layer(table, shape, windows)
    assert work == follow_planes([counts], Pace(load=5, **sizes))
    assert work.planes == counts.sum()
    slow = work_of_layer(table, shape, windows, load=60, first_beat=30, late=2)
    assert slow == follow_planes([counts], Pace(load=60, first_beat=30, late=2, **sizes))
    assert slow.total < follow_planes([counts], Pace(load=60, **sizes)).total


def test_without_skipping():
    """The closed form, whatever the activations are."""
    table, shape = mapped("row_vector", skip=False)
    model = layer_cycles(table, shape, positions=3)
    for window in (0, 255):
        work = work_of_layer(table, shape, np.full((3, 40), window))
        assert work == LayerWork(
            total=model.total, planes=model.planes, idle=layer_idle(model, late=0)
        )
    later = work_of_layer(table, shape, np.zeros((3, 40), int), load=900, first_beat=3, late=1)
    model = replace(model, load=900)
    assert later.total == model.total + 1
    assert later.idle == layer_idle(model, late=1)


@pytest.mark.parametrize("skip", [False, True])
def test_no_windows(skip):
    with pytest.raises(ValueError, match=r"^positions must be at least 1, not 0$"):
        work_of_layer(*mapped("row_vector", skip=skip), np.zeros((0, 40), int))
