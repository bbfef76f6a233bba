"""Testbench of the layer engine; runs inside Verilator.

Every layer of the case runs with every stall, several positions back to back, and all outputs are
compared with the golden model. RTL and golden model read the same table files.
"""

import random
from dataclasses import replace
from pathlib import Path
from typing import Any

import cocotb
import numpy as np
from cocotb.triggers import Timer

from arch.cycles import layer_cycles
from arch.plane_counts import issued_planes
from arch.program import build_program
from arch.skipping_cycles import LayerWork, work_of_layer
from arch.tiles import ous_by_tile
from cosim.driver import BURST, CLOCK_NS
from cosim.golden import GoldenLayer
from cosim.layer_case import LayerCase, LayerResult
from cosim.layer_driver import LayerDriver
from cosim.mismatch import EVERY_OU_IS_RIGHT, locate
from cosim.testbench import built_as, read_tables
from cosim.verdict import judge

CASE = LayerCase.read(Path())
TIMEOUT_MS = 10_000  # The watchdog of the bench ends a run that hangs long before.
LIMIT_FACTOR, LIMIT_CYCLES = 16, 4096  # of a run, beyond what the closed form and stalls take


class Testbench:
    """The device, its tables and its golden model."""

    def __init__(self, dut: Any) -> None:
        self.tables, names = read_tables(CASE)
        self.program = build_program(self.tables, **built_as(names))
        self.monitor = names["ports"]["monitor"]["fields"]
        self.driver = LayerDriver(dut, self.program.shape, list(self.monitor["offered"]["fields"]))

    def run(
        self,
        layer: str,
        windows: np.ndarray,
        *,
        stall: int,
        record: bool = False,
        burst: int = BURST,
    ) -> None:
        """Begin a run of ``layer``."""
        most = layer_cycles(self.tables.layer(layer), self.program.shape, positions=len(windows))
        total = most.total * 256 // (256 - stall)
        self.driver.start(
            self.program.names.index(layer),
            windows,
            stall=stall,
            seed=CASE.seed + stall,
            limit=LIMIT_FACTOR * total + LIMIT_CYCLES,
            record=record,
            burst=burst,
        )

    def model(self, layer: str, windows: np.ndarray) -> LayerWork:
        """What a run of ``layer`` takes."""
        return work_of_layer(self.tables.layer(layer), self.program.shape, windows)

    async def check(self, layer: str, *, stall: int, after_reset: bool = False) -> LayerResult:
        """Run ``layer`` over its windows and compare; record the result."""
        table = self.tables.layer(layer)
        windows = CASE.windows(Path(), layer)
        golden = GoldenLayer(table, self.tables.geometry)
        expected = golden.outputs(windows)
        self.run(layer, windows, stall=stall)
        done = await self.driver.finish()
        model = self.model(layer, windows)
        result = judge(done, expected, model, layer=layer, stall=stall, after_reset=after_reset)
        if result.wrong_positions and not done.hung:
            place = await self._place(layer, windows, result.wrong_positions[0], stall)
            result = replace(result, problem=f"{result.problem}; {place}")
        result.append(Path())
        return result

    async def _place(self, layer: str, windows: np.ndarray, position: int, stall: int) -> str:
        """Run again with the inside recorded, and say where the position went wrong."""
        table, geometry = self.tables.layer(layer), self.tables.geometry
        await self.driver.reset()
        await self.settle()
        self.run(layer, windows, stall=stall, record=True)
        again = await self.driver.finish()
        skips = self.program.shape.skip_zero_planes
        trace = GoldenLayer(table, geometry).trace(windows[position])
        shown = self.monitor["tiles"]["fields"]["0"]["fields"]
        for tile, ous in enumerate(ous_by_tile(table, geometry.tiles)):
            before = np.full((position, max(1, len(ous))), geometry.act_bits)
            if skips:
                before = issued_planes(table, windows[:position], geometry.act_bits, ous)
            place = locate(
                trace,
                geometry,
                table.spec.activation,
                codes=again.codes[tile][before.sum(dtype=int) :],
                values=again.values[tile][np.count_nonzero(before) :],
                code_bits=shown["codes"]["fields"]["0"]["bits"],
                value_bits=shown["values"]["bits"] // geometry.ou_weights,
                skip_zero_planes=skips,
                ous=ous,
            )
            if place:
                return f"tile {tile}, {place}" if geometry.tiles > 1 else place
        return EVERY_OU_IS_RIGHT

    async def settle(self) -> None:
        """Let the accumulators be cleared after a reset."""
        await Timer((self.program.shape.outputs + 4) * CLOCK_NS, "ns")


@cocotb.test(timeout_time=TIMEOUT_MS, timeout_unit="ms")
@cocotb.parametrize(layer=CASE.layers, stall=CASE.stalls)
async def equals_golden(dut: Any, layer: str, stall: int) -> None:
    """Every output of a layer equals the golden model, and its cycles those of the model."""
    bench = Testbench(dut)
    await bench.driver.reset()
    await bench.settle()
    result = await bench.check(layer, stall=stall)
    assert not result.problem, result.problem


@cocotb.test(timeout_time=TIMEOUT_MS, timeout_unit="ms", skip=not CASE.resets)
@cocotb.parametrize(layer=CASE.layers)
async def recovers_from_reset(dut: Any, layer: str) -> None:
    """A reset in mid-work leaves nothing behind: the next run is exact, and so are its cycles."""
    bench = Testbench(dut)
    windows = CASE.windows(Path(), layer)
    total = bench.model(layer, windows).total
    rng = random.Random(f"{CASE.seed} {layer}")
    await bench.driver.reset()
    await bench.settle()
    bench.run(layer, windows, stall=0, burst=1)  # so that any cycle can be the last
    await Timer(rng.randrange(1, total) * CLOCK_NS, "ns")
    await bench.driver.reset(rng.randrange(1, 4))
    # The next command comes at once: it has to wait until the accumulators are clear.
    result = await bench.check(layer, stall=0, after_reset=True)
    assert not result.problem, result.problem
