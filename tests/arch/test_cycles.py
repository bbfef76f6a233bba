"""The closed form of the cycles, against the datapath followed OU by OU."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from arch.cycles import LayerCycles, counted_cycles, layer_cycles
from arch.program import build_program
from arch.tables import MappingTables
from tests.cosim.random_tables import (
    geometry_of,
    linear_spec,
    mapped_table,
    random_weights,
)


def follow(*, load, ous, act_bits, drain, fetch, positions, conversion):
    """Cycle of the last output, by following every OU through the components.

    Every step is taken from the latency sentence of one component in :mod:`hw`; cycle 0 takes the
    command.
    """
    loaded, released, drained = [], [], []
    arrived, taken = 0, -act_bits
    for position in range(positions):
        # The buffer holds two positions: the third waits for the release of the first.
        free = released[position - 2] if position >= 2 else 2
        loaded.append(max(free, loaded[-1] if loaded else 2) + load)
        full = loaded[-1] + 1
        for ou in range(ous):
            # Input fetch reads ahead until one OU waits at its output and one behind it. The first
            # index record is there in cycle 4.
            read = max(arrived, full, 4) + fetch - 1
            arrived = max(read + 1, taken)
            # The controller begins a position when the bank of the last but one is free.
            bank = drained[position - 2] + 1 if ou == 0 and position >= 2 else 0
            taken = max(arrived + 1, taken + act_bits, bank)
        released.append(read)
        # Behind the conversion shift-and-add takes 2 cycles, the accumulators 5, and a bank is free
        # in the last of them.
        first = max(taken + act_bits + conversion + 2 + 4, drained[-1] + 1 if drained else 0)
        drained.append(first + drain - 1)
    return drained[-1] + 1 + 6 + 1  # the sum; output; the queue of results


@settings(max_examples=400, deadline=None)
@given(
    load=st.integers(1, 70),
    ous=st.integers(1, 9),
    act_bits=st.integers(1, 8),
    drain=st.integers(1, 70),
    fetch=st.integers(1, 8),
    positions=st.integers(1, 12),
    conversion=st.sampled_from((4, 3, 9, 66)),
)
def test_matches_the_datapath(load, ous, act_bits, drain, fetch, positions, conversion):
    """Whatever sets the pace: loading, computing, draining, or the hand-over of a bank."""
    fetch = min(fetch, act_bits)
    model = LayerCycles(
        positions=positions,
        load=load,
        compute=ous * act_bits,
        drain=drain,
        fetch=fetch,
        conversion=conversion,
    )
    assert model.total == follow(
        load=load,
        ous=ous,
        act_bits=act_bits,
        drain=drain,
        fetch=fetch,
        positions=positions,
        conversion=conversion,
    )


@pytest.mark.parametrize(
    ("load", "compute", "drain", "positions", "total"),
    [
        (1, 1, 1, 1, 25),  # the shortest layer
        (1, 8, 1, 1, 32),
        (4, 80, 5, 1, 111),
        (4, 80, 5, 11, 911),  # computing sets the pace,
        (90, 80, 5, 11, 197 + 10 * 90),  # loading,
        (4, 80, 120, 11, 226 + 10 * 120),  # draining,
        (1, 8, 8, 11, 39 + 10 * 8 + 5 * 10),  # the hand-over of a bank
    ],
)
def test_total(load, compute, drain, positions, total):
    cycles = LayerCycles(positions=positions, load=load, compute=compute, drain=drain, fetch=1)
    assert cycles.total == total


def mapped(rows, cols, scheme, *, ratio):
    """A pruned layer and the shape of its engine."""
    geometry, rng = geometry_of(), np.random.default_rng(1)
    spec = linear_spec(rows, cols, scheme=scheme)
    weights, kept = random_weights(spec, geometry, rng, ratio=ratio)
    table = mapped_table(spec, weights, geometry, kept, rng)
    return table, build_program(MappingTables(name="t", geometry=geometry, layers=(table,))).shape


@pytest.mark.parametrize("scheme", ["column_vector", "row_vector"])
def test_utilisation(scheme):
    """With 64 OUs a position 99 % of the issue slots are used, and nothing but the fill is lost."""
    table, shape = mapped(144, 26, scheme, ratio=0.7)
    assert table.ous >= 64
    cycles = layer_cycles(table, shape, positions=64)
    assert cycles.planes == 64 * table.ous * 8
    assert cycles.utilisation == cycles.planes / cycles.total
    assert cycles.utilisation >= 0.99
    assert cycles.total - cycles.planes == 21 + 16 + shape.fetch_steps + 26


@pytest.mark.parametrize(("scheme", "fetch"), [("column_vector", 1), ("row_vector", 5)])
def test_layer_cycles(scheme, fetch):
    """Sizes of a layer: 20 rows in blocks of 9, 7 outputs, 8 planes an OU."""
    table, shape = mapped(20, 7, scheme, ratio=0.4)
    cycles = layer_cycles(table, shape, positions=4)
    assert cycles == LayerCycles(positions=4, load=3, compute=8 * table.ous, drain=7, fetch=fetch)


@pytest.mark.parametrize(("latency", "later"), [(None, 0), (2, 0), (1, -1), (7, 5)])
def test_crossbar_macro(latency, later):
    """A macro of two cycles is as fast as the emulated crossbar; others end so much later."""
    table, shape = mapped(20, 7, "column_vector", ratio=0.4)
    program = build_program(
        MappingTables(name="t", geometry=shape.geometry, layers=(table,)), macro_latency=latency
    )
    emulated = layer_cycles(table, shape, positions=4)
    cycles = layer_cycles(table, program.shape, positions=4)
    assert cycles.conversion == emulated.conversion + later
    assert cycles.total == emulated.total + later


def test_layer_without_ous():
    """One OU is issued in the place of none."""
    table, shape = mapped(20, 7, "column_vector", ratio=1.0)
    assert table.ous == 0
    assert layer_cycles(table, shape, positions=1).compute == 8


@pytest.mark.parametrize("tiles", [1, 2, 4, 8])
def test_tiles(tiles):
    """The tile with most OUs sets the pace, and the sum of tiles takes a cycle."""
    table, shape = mapped(40, 9, "column_vector", ratio=0.4)
    geometry = replace(shape.geometry, tiles=tiles)
    shape = replace(shape, geometry=geometry)
    cycles = layer_cycles(table, shape, positions=9)
    slowest = LayerCycles(positions=9, load=5, compute=8 * -(-table.ous // tiles), drain=9, fetch=1)
    assert cycles.total == slowest.total + (tiles > 1)
    assert cycles.tiles == tiles
    assert cycles.planes == 9 * 8 * table.ous
    assert cycles.utilisation == cycles.planes / (cycles.total * tiles)
    counted = counted_cycles(
        rows=40, cols=9, ous=table.ous, positions=9, geometry=geometry, fetch_steps=1
    )
    assert (counted.total, counted.planes) == (cycles.total, cycles.planes)


def test_tiles_without_ous():
    """They issue an OU of zeros, which is counted."""
    geometry = geometry_of(tiles=4)
    counted = counted_cycles(rows=9, cols=2, ous=1, positions=3, geometry=geometry, fetch_steps=1)
    assert (counted.compute, counted.others) == (8, (8, 8, 8))


@pytest.mark.parametrize("positions", [0, -3])
def test_wrong_positions(positions):
    with pytest.raises(ValueError, match=rf"^positions must be at least 1, not {positions}$"):
        layer_cycles(*mapped(20, 7, "column_vector", ratio=0.4), positions=positions)
