# amaranth: UnusedElaboratable=no
"""Steps and layers in logic: the same engine as with memories for them, cycle for cycle."""

import pytest

from arch.geometry import Geometry
from arch.network_program import build_network_program
from hw.network_engine import NetworkEngine
from hw.testing import Watch, feed, run, take
from sw.mapping import map_network
from tests.hw.test_network_engine import Bench, chain
from tests.sw.integer_layers import small_network


def transfers(dut, pixels, results, *, seed=None):
    """What goes in and comes out of an engine, and when."""
    taken, given = Watch(dut.i), Watch(dut.o)
    run(
        dut,
        feed(dut.i, pixels, seed=seed),
        take(dut.o, results, seed=seed),
        watches=[taken, given],
        timeout=100_000,
    )
    return taken.cycles, given.cycles, given.payloads


@pytest.mark.parametrize(("tiles", "skip", "seed"), [(1, False, None), (2, True, 4)])
def test_same_cycles(tiles, skip, seed):
    """Of two images; the results are those of the golden model."""
    tables = chain(Geometry(tiles=tiles), seed=4, stride=(2, 2), shape=(2, 3, 3))
    bench = Bench(tables, skip=skip)
    logic = build_network_program(tables, lanes=4, skip_zero_planes=skip, step_logic=True)
    pixels, expected = bench.bytes, bench.expected_scores()
    memories, logic = (
        transfers(dut, pixels, len(expected), seed=seed)
        for dut in (bench.dut, NetworkEngine(logic))
    )
    assert memories == logic
    assert logic[2] == expected


def test_memories_that_are_left():
    """Those of steps and layers are none; the others are as they were."""
    geometry = Geometry()
    tables = map_network(small_network(geometry), geometry)
    memories, logic = (
        build_network_program(tables, step_logic=in_logic).memories for in_logic in (False, True)
    )
    assert set(memories) - set(logic) == {"step", "layer"}
    assert {name: memories[name] for name in logic} == logic
