"""Testbench of the reset inputs; runs inside Verilator.

Each of the four is reset in mid-image, and must then give right results. What comes at any moment
comes beside no edge of the clock, and for less than a cycle; what changes with the clock does so.
"""

import random
from pathlib import Path
from typing import Any

import cocotb
import numpy as np
from cocotb.clock import Clock
from cocotb.triggers import FallingEdge, RisingEdge, Timer

from arch.network_program import build_network_program
from arch.registers import find_register
from cosim.case import Result
from cosim.golden import GoldenNetwork
from cosim.network_case import NetworkCase
from cosim.network_verdict import expected_results
from cosim.testbench import built_as, read_tables

CASE = NetworkCase.read(Path())
CLOCK_NS = 10
RESETS = ("low_sync", "low_async", "high_sync", "high_async")
CONTROL = find_register("control").at // 4
LIMIT = 20_000
"""Cycles for an image; it takes some thousands."""
SETTLED = 4
"""Cycles after which an engine is in the state that its reset makes of it."""


class Testbench:
    """The engines, and what images must give."""

    def __init__(self, dut: Any) -> None:
        tables, names = read_tables(CASE)
        program = build_network_program(tables, **built_as(names))
        self.dut = dut
        images = CASE.images(Path()).astype(np.int64)
        maps = GoldenNetwork(tables).run(images)
        results = int(np.prod(program.steps[-1].result.shape))
        self.expected = expected_results(program, images, maps)[:, -results:, 0].tolist()
        self.pixels = (images & 0xFF).reshape(len(images), -1).tolist()
        self.bits = names["ports"]["o__payload"]["fields"]["value"]["bits"]
        cocotb.start_soon(Clock(dut.clk, CLOCK_NS, "ns", impl="gpi").start(start_high=False))

    async def cycle(self) -> None:
        """Go on to the middle of the next cycle, where inputs change and outputs are seen."""
        await FallingEdge(self.dut.clk)

    async def enable(self) -> bool:
        """Let images begin; whether the engine answers."""
        self.dut.at.value, self.dut.data.value, self.dut.access.value = CONTROL, 1, 1
        answered = False
        for _ in range(SETTLED):
            await self.cycle()
            if self.dut.ack.value:
                answered = True
                break
        self.dut.access.value = 0
        await self.cycle()
        return answered

    async def run(self, number: int, cycles: int = LIMIT) -> list[int]:
        """Send an image; the results of some cycles, or until all are there."""
        dut, left, scores = self.dut, list(self.pixels[number]), []
        for _ in range(cycles):
            dut.pixel_valid.value = int(bool(left))
            dut.pixel.value = left[0] if left else 0
            await RisingEdge(dut.clk)
            if dut.score_valid.value:
                value = dut.score.value.to_unsigned() & ((1 << self.bits) - 1)
                scores.append(value - (value >> self.bits - 1 << self.bits))
                if len(scores) == len(self.expected[number]):
                    break
            if left and dut.pixel_ready.value:
                left.pop(0)
            await self.cycle()
        dut.pixel_valid.value = 0
        await self.cycle()
        return scores


@cocotb.test(timeout_time=1000, timeout_unit="ms")
@cocotb.parametrize(kind=RESETS)
async def recovers(dut: Any, kind: str) -> None:
    """Right results, a reset in mid-image, and right results again."""
    bench, number = Testbench(dut), RESETS.index(kind)
    rng = random.Random(f"{CASE.seed} {kind}")
    dut.chosen.value = number
    dut.reset.value = 0xF
    for _ in range(SETTLED):
        await bench.cycle()
    assert not await bench.enable(), "an engine in reset answers"
    dut.reset.value = 0xF & ~(1 << number)
    for _ in range(SETTLED):
        await bench.cycle()
    for cut in (rng.randrange(100, 200), rng.randrange(300, 600)):
        assert await bench.enable()
        assert await bench.run(0) == bench.expected[0]
        await bench.run(1, cycles=cut)
        if kind.endswith("async"):
            await Timer(rng.randrange(100, CLOCK_NS * 400), "ps")
            dut.reset.value = 0xF
            await Timer(CLOCK_NS * 300, "ps")  # less than a cycle, and beside no edge or beside one
        else:
            dut.reset.value = 0xF
            await bench.cycle()
        dut.reset.value = 0xF & ~(1 << number)
        for _ in range(SETTLED):
            await bench.cycle()
        assert not (await bench.run(0, cycles=50)), "an image begins before it may"
        assert not dut.pixel_ready.value
    assert await bench.enable()
    assert await bench.run(1) == bench.expected[1]
    compared = len(bench.expected[0]) * 2 + len(bench.expected[1])
    Result(
        stall=0, after_reset=True, compared=compared, mismatches=0, clocks=0, seconds=0.0
    ).append(Path())
