"""Testbench of the network engine; runs inside Verilator.

All images of the case run back to back with every stall, and every feature map and every score is
compared with the golden model. RTL and golden model read the same table files.
"""

import random
from pathlib import Path
from typing import Any

import cocotb
import numpy as np
from cocotb.triggers import Timer

from arch.network_cycles import network_cycles
from arch.network_program import build_network_program
from cosim.driver import BURST, CLOCK_NS
from cosim.golden import GoldenNetwork
from cosim.network_case import NetworkCase, NetworkResult
from cosim.network_driver import NetworkDriver
from cosim.network_verdict import expected_results, judge_network
from cosim.testbench import macro_latency, read_tables

CASE = NetworkCase.read(Path())
TIMEOUT_MS = 1_000_000  # The watchdog of the bench ends a run that hangs long before.
LIMIT_FACTOR, LIMIT_CYCLES = 4, 4096  # of a run, beyond what the closed form and stalls take


class Testbench:
    """The device, its tables and what it must give."""

    def __init__(self, dut: Any) -> None:
        tables, names = read_tables(CASE)
        self.program = build_network_program(tables, macro_latency=macro_latency(names))
        self.model = network_cycles(tables, self.program)
        self.images = CASE.images(Path()).astype(np.int64)
        maps = GoldenNetwork(tables).run(self.images)
        self.expected = expected_results(self.program, self.images, maps)
        streams = list(names["ports"]["monitor"]["fields"]["offered"]["fields"])
        self.driver = NetworkDriver(dut, [step.name for step in self.program.steps], streams)

    def run(self, *, stall: int, burst: int = BURST) -> None:
        """Begin a run of all images."""
        total = len(self.images) * self.model.total * 256 // (256 - stall)
        limit = LIMIT_FACTOR * total + LIMIT_CYCLES
        self.driver.start(
            self.images, stall=stall, seed=CASE.seed + stall, limit=limit, burst=burst
        )

    async def check(self, *, stall: int, after_reset: bool = False) -> NetworkResult:
        """Run all images and compare; record the result."""
        self.run(stall=stall)
        done = await self.driver.finish()
        result = judge_network(
            done, self.expected, self.program, self.model, stall=stall, after_reset=after_reset
        )
        result.append(Path())
        return result


@cocotb.test(timeout_time=TIMEOUT_MS, timeout_unit="ms")
@cocotb.parametrize(stall=CASE.stalls)
async def equals_golden(dut: Any, stall: int) -> None:
    """Every feature map equals the golden model, and the cycles the closed form."""
    bench = Testbench(dut)
    await bench.driver.reset()
    result = await bench.check(stall=stall)
    assert not result.problem, result.problem


@cocotb.test(timeout_time=TIMEOUT_MS, timeout_unit="ms", skip=not CASE.resets)
async def recovers_from_reset(dut: Any) -> None:
    """A reset in mid-image leaves nothing behind: the next run is exact, and so are its cycles."""
    bench = Testbench(dut)
    rng = random.Random(CASE.seed)
    await bench.driver.reset()
    bench.run(stall=0, burst=1)  # so that any cycle can be the last
    await Timer(rng.randrange(1, bench.model.total) * CLOCK_NS, "ns")
    await bench.driver.reset(rng.randrange(1, 4))
    result = await bench.check(stall=0, after_reset=True)
    assert not result.problem, result.problem
