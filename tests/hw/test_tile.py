# amaranth: UnusedElaboratable=no
"""A tile with an input buffer, against the golden trace of its OUs."""

import numpy as np
import pytest
from amaranth import Module
from amaranth.lib.wiring import connect

from arch.program import build_program
from arch.tables import MappingTables
from arch.tiles import ous_by_tile
from cosim.golden import GoldenLayer
from cosim.mismatch import issued_order
from hw.input_buffer import InputBuffer
from hw.testing import feed, run, sample, tick
from hw.tile import Tile
from tests.cosim.random_tables import geometry_of, random_windows
from tests.hw.test_layer_engine import beats_of, mapped, sparse_windows

ROWS, COLS, POSITIONS = 14, 5, 2  # each bank is used once


class Bench:
    """Tile ``number`` of ``tiles``, what feeds it, and what it must give."""

    def __init__(self, scheme, *, tiles, number, skip=False):
        self.geometry = geometry_of(ou_rows=4, act_bits=4, tiles=tiles)
        self.table = mapped(ROWS, COLS, scheme, self.geometry)
        tables = MappingTables(name="t", geometry=self.geometry, layers=(self.table,))
        self.program = build_program(tables, skip_zero_planes=skip)
        self.ous = ous_by_tile(self.table, tiles)[number]
        windows_of = sparse_windows if skip else random_windows
        self.windows = windows_of(self.table.spec, POSITIONS, np.random.default_rng(3))
        self.dut = Tile(self.program, number=number)
        shape = self.program.shape
        self.buffer = InputBuffer(
            ports=shape.fetch_ports,
            blocks=shape.blocks,
            ou_rows=4,
            act_bits=4,
            position_bits=24,
        )
        self.top = Module()
        self.top.submodules.dut = self.dut
        self.top.submodules.buffer = self.buffer
        connect(self.top, self.dut.read, self.buffer.read[0])
        trace = GoldenLayer(self.table, self.geometry).trace
        self.issued, self.values = [], []
        for window in self.windows:
            found = trace(window)
            order = issued_order(found, self.geometry, skip_zero_planes=skip, ous=self.ous)
            self.issued.append(order)
            self.values += [found.partials[ou].tolist() for ou in dict(order)]

    async def start(self, ctx):
        """Begin the layer in tile and buffer, as layer control does it."""
        last_block = (ROWS - 1) // 4
        ctx.set(self.dut.positions, POSITIONS)
        ctx.set(self.dut.last_ou, len(self.ous) - 1)
        ctx.set(self.buffer.positions, POSITIONS)
        ctx.set(self.buffer.last_block, last_block)
        ctx.set(self.buffer.last_lanes, ROWS - 4 * last_block)
        ctx.set(self.dut.start, 1)
        ctx.set(self.buffer.start, 1)
        await tick(ctx)
        ctx.set(self.dut.start, 0)
        ctx.set(self.buffer.start, 0)

    def run(self, vcd):
        """Results with their cycles, ends of positions, planes and those skipped, first inputs."""
        results, ended, counts, full = [], [], {"plane": 0, "skipped": 0}, []

        async def look(ctx):
            cycle = 0
            while len(results) < len(self.values):
                result, payload, end, plane, skipped, there = await sample(
                    ctx,
                    self.dut.o.valid,
                    self.dut.o.p,
                    self.dut.ended,
                    self.dut.activity.plane,
                    self.dut.skipped,
                    self.dut.read.full,
                )
                if result:
                    results.append((cycle, list(payload["values"]), payload.position_last))
                ended.extend([cycle] if end else [])
                full.extend([cycle] if there else [])
                counts["plane"] += plane
                counts["skipped"] += skipped
                cycle += 1

        run(
            self.top,
            self.start,
            feed(self.buffer.i, beats_of(self.windows, self.geometry)),
            look,
            vcd=vcd,
        )
        return results, ended, counts, full[0]


@pytest.mark.parametrize("skip", [False, True], ids="skip={}".format)
@pytest.mark.parametrize("scheme", ["column_vector", "row_vector"])
@pytest.mark.parametrize(("tiles", "number"), [(1, 0), (2, 0), (2, 1), (4, 3)])
def test_matches_golden(scheme, tiles, number, skip, tmp_path):
    """The results of its own OUs in their order, and the end of every position."""
    bench = Bench(scheme, tiles=tiles, number=number, skip=skip)
    results, ended, counts, _ = bench.run(tmp_path / "tile.vcd")
    assert [values for _, values, _ in results] == bench.values
    lasts = [len(dict(order)) for order in bench.issued]
    assert [n + 1 for n, (_, _, last) in enumerate(results) if last] == [
        sum(lasts[: n + 1]) for n in range(POSITIONS)
    ]
    assert len(ended) == POSITIONS
    # A result is six cycles behind its last plane.
    assert ended == [cycle - 6 for cycle, _, last in results if last]
    assert counts["plane"] == sum(map(len, bench.issued))
    assert counts["skipped"] == (POSITIONS * len(bench.ous) * 4 - counts["plane"] if skip else 0)


@pytest.mark.parametrize("scheme", ["column_vector", "row_vector"])
def test_latency_and_throughput(scheme, tmp_path):
    """The first result is ``fetch + act_bits + 7`` cycles behind the inputs; then an OU in 4."""
    bench = Bench(scheme, tiles=2, number=1)
    results, _, _, full = bench.run(tmp_path / "tile.vcd")
    cycles = [cycle for cycle, _, _ in results]
    assert cycles[0] == full + bench.program.shape.fetch_steps + 4 + 7
    assert np.diff(cycles).tolist() == [4] * (len(cycles) - 1)


def test_wrong_arguments():
    bench = Bench("column_vector", tiles=2, number=0)
    with pytest.raises(TypeError, match=r"^program must be a Program, not 'program'$"):
        Tile("program", number=0)
    with pytest.raises(ValueError, match=r"^number must be 0 to 1, not 2$"):
        Tile(bench.program, number=2)
