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
from arch.skipping_cycles import LayerWork, follow_planes, work_of_layer
from arch.tables import MappingTables
from tests.cosim.random_tables import (
    geometry_of,
    linear_spec,
    mapped_table,
    random_weights,
    random_windows,
)


def count_cycles(counts, *, load, first_beat, late, drain, fetch, queue, conversion):
    """Cycle of the last output, and idle cycles by cause, by moving every OU cycle by cycle.

    Written from the docstrings in :mod:`hw`; each register of the datapath is a variable.
    """
    positions, ous = counts.shape
    records = [(p, n) for p in range(positions) for n in range(ous)]
    full, release_at = [], []  # cycles from which a position is in the buffer; of its release
    fetching, step, arriving, held = 0, 0, None, None  # input fetch
    waiting, begun, left = [], 0, 0  # queue, positions begun, planes of the present OU
    credits, returned = 2, []
    results, drained = {}, []
    loading, progress = 0, -(load - first_beat)
    idle = {"window": 0, "input": 0, "output": 0}
    cycle = 0
    while len(drained) < positions:
        cycle += 1
        # Input buffer: the beats of a position, of which the first waits for a free half.
        if cycle >= 2 + late and loading < positions:
            progress += 1
            beats_done = progress + load - first_beat
            free = loading < 2 or (
                len(release_at) > loading - 2 and release_at[loading - 2] < cycle
            )
            if beats_done == first_beat and not free:
                progress -= 1
            elif beats_done == load:
                full.append(cycle + 1)
                loading, progress = loading + 1, -(load - first_beat)
        # Controller, with the planes that are left after this cycle.
        ready = left <= 1
        took = None
        if ready and waiting:
            p, n = waiting[0]
            first = p == begun
            if not first or credits:
                took = waiting[0]
        if not left:  # why, as CycleCause says it
            more = fetching < len(records)
            position = records[fetching][0] if more else positions
            if waiting:
                idle["input" if took else "output"] += 1
            elif arriving is not None or held is not None:
                idle["input"] += 1
            elif not more:
                idle["output"] += 1
            else:
                there = len(full) > position and full[position] <= cycle
                idle["input" if there else "window"] += 1
        left = max(0, left - 1)
        # Scan and queue: what input fetch shows is taken while there is room.
        room = len(waiting) < queue
        shown, held_next = held, held
        if held is not None and room:
            held_next = None
        # Input fetch.
        blocked = arriving is not None and arriving[1] and held is not None and not room
        arriving_next = arriving
        if not blocked:
            if arriving is not None and arriving[1]:
                held_next = arriving[0]
            arriving_next = None
            if fetching < len(records):
                p = records[fetching][0]
                if len(full) > p and full[p] <= cycle and cycle >= 3:
                    last = step == fetch - 1
                    arriving_next = (records[fetching], last)
                    step = 0 if last else step + 1
                    if last:
                        if records[fetching][1] == ous - 1:
                            release_at.append(cycle)
                        fetching += 1
        # Registers.
        if took is not None:
            waiting.pop(0)
            p, n = took
            if p == begun:
                credits, begun = credits - 1, begun + 1
            left = int(counts[p, n])
            if n == ous - 1:
                results[p] = cycle + left + conversion + 2
        if shown is not None and room and counts[shown]:
            waiting.append(shown)
        held, arriving = held_next, arriving_next
        credits += returned.count(cycle)
        # Drain: sums leave one a cycle, a position after the other.
        for p in sorted(results):
            begins = max(results[p] + 3, drained[-1] + 1 if drained else 0)
            drained.append(begins + drain - 1)
            returned.append(drained[-1])
        results = {}
    total = drained[-1] + 5
    idle["output"] += total - cycle - left  # behind the planes of the last OU
    return total, idle


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


@settings(max_examples=300, deadline=None)
@given(**SIZES, first=st.integers(1, 40))
def test_matches_the_datapath(load, first, positions, ous, seed, share, **sizes):
    """Whatever waits for what: windows, reading, the queue, a bank, the drain."""
    rng = np.random.default_rng(seed)
    counts = rng.integers(0, 9, (positions, ous)) * (rng.random((positions, ous)) < share)
    counts[:, -1] = np.maximum(counts[:, -1], 1)
    sizes |= {"load": load, "first_beat": min(first, load)}
    work = follow_planes(counts, **sizes)
    assert (work.total, work.idle) == count_cycles(counts, **sizes)
    assert work.planes == counts.sum()
    assert work.planes + sum(work.idle.values()) == work.total
    assert work.utilisation == work.planes / work.total


@settings(max_examples=300, deadline=None)
@given(
    load=st.integers(1, 70),
    ous=st.integers(1, 9),
    act_bits=st.integers(1, 8),
    drain=st.integers(1, 70),
    fetch=st.integers(1, 2),
    positions=st.integers(1, 12),
    seed=st.integers(0, 1000),
)
def test_closed_form_is_the_bound(load, ous, act_bits, drain, fetch, positions, seed):
    """It holds when no plane can be skipped, and no activations take longer."""
    sizes = {"load": load, "drain": drain, "fetch": min(fetch, act_bits)}
    bound = LayerCycles(positions=positions, compute=ous * act_bits, queue=1, **sizes)
    every = np.full((positions, ous), act_bits)
    work = follow_planes(every, **sizes, queue=16)
    assert (work.total, work.planes) == (bound.total, bound.planes)
    assert sum(layer_idle(bound).values()) == bound.total - bound.planes
    some = np.random.default_rng(seed).integers(0, act_bits + 1, every.shape)
    some[:, -1] = np.maximum(some[:, -1], 1)
    assert follow_planes(some, **sizes, queue=16).total <= bound.total


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
    assert work == follow_planes(counts, load=5, **sizes)
    assert work.planes == counts.sum()
    slow = work_of_layer(table, shape, windows, load=60, first_beat=30, late=2)
    assert slow == follow_planes(counts, load=60, first_beat=30, late=2, **sizes)
    assert slow.total < follow_planes(counts, load=60, **sizes).total


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
