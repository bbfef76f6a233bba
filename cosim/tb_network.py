"""Testbench of the network engine; runs inside Verilator.

All images of the case run back to back with every stall, and every feature map and every score is
compared with the golden model. RTL and golden model read the same table files, and the registers
say so. The control bus is driven as a host would drive it.
"""

import random
from pathlib import Path
from typing import Any

import cocotb
import numpy as np
from cocotb.triggers import Timer

from arch.identity import expected_identity
from arch.load_image import load_image
from arch.network_cycles import image_cycles, network_cycles
from arch.network_program import build_network_program
from arch.read_back import read_backs
from arch.register import WORD_BITS
from arch.registers import ADDRESS_BITS, Error
from cosim.driver import BURST, CLOCK_NS
from cosim.golden import GoldenNetwork
from cosim.network_case import NetworkCase, NetworkResult
from cosim.network_driver import NetworkDriver
from cosim.network_verdict import expected_results, judge_network
from cosim.testbench import built_as, read_tables

CASE = NetworkCase.read(Path())
TIMEOUT_MS = 1_000_000  # The watchdog of the bench ends a run that hangs long before.
NOTHING_AT = (1 << ADDRESS_BITS) - WORD_BITS // 8
LIMIT_FACTOR, LIMIT_CYCLES = 4, 4096  # of a run, beyond what the closed form and stalls take


class Testbench:
    """The device, its tables and what it must give."""

    def __init__(self, dut: Any, other: str = "") -> None:
        tables, names = read_tables(CASE, other)
        self.tables = tables
        self.program = build_network_program(tables, **built_as(names))
        self.image = b""
        if other:
            self.image = load_image(self.program)
        elif "load_image" in names:
            self.image = Path(names["load_image"]).read_bytes()
        self.most = network_cycles(tables, self.program).total
        self.images = CASE.images(Path()).astype(np.int64)
        golden = GoldenNetwork(tables)
        maps = golden.run(self.images)
        windows = {
            name: np.split(golden.inputs(name, self.images, maps), len(self.images))
            for name in golden.layers
        }
        self.models = [
            image_cycles(tables, self.program, {name: parts[n] for name, parts in windows.items()})
            for n in range(len(self.images))
        ]
        self.expected = expected_results(self.program, self.images, maps)
        streams = list(names["ports"]["monitor"]["fields"]["offered"]["fields"])
        self.driver = NetworkDriver(dut, [step.name for step in self.program.steps], streams)

    async def begin(self, cycles: int = 2) -> None:
        """Reset, see that the device is the right one, and let images begin."""
        await self.driver.reset(cycles)
        await self.load()
        await self.driver.enable()

    async def load(self) -> None:
        """Load the tables, unless they are baked in, and see that the device has them."""
        if self.image:
            await self.driver.load(self.image)
        await self.identify()

    async def identify(self) -> None:
        """What the registers say of the device must be what the tables say."""
        bus, expected = self.driver.bus, expected_identity(self.tables, self.program)
        for name, fields in expected.items():
            seen = await bus.fields(name)
            assert seen == fields, f"register {name} is {seen}, expected {fields}"
        seen_hash = [(await bus.fields("table_hash", n))["value"] for n in range(8)]
        digits = "".join(f"{word:08x}" for word in seen_hash)
        own = self.tables.sha256
        assert digits == own, f"the device is of tables {digits}, but these are {own}"

    async def holds_tables(self) -> None:
        """What lies in the memories must be what the tables say."""
        if not self.program.shape.read_back:
            return
        for asked in read_backs(self.program):
            seen = await self.driver.read_back(asked)
            assert seen == (asked.crc, asked.word), f"memory {asked.name} holds something else"

    def run(self, *, stall: int, images: int | None = None, burst: int = BURST) -> None:
        """Begin a run of the first images, or of all."""
        chosen = self.images[:images]
        total = len(chosen) * self.most * 256 // (256 - stall)
        limit = LIMIT_FACTOR * total + LIMIT_CYCLES
        self.driver.start(chosen, stall=stall, seed=CASE.seed + stall, limit=limit, burst=burst)

    async def check(
        self, *, stall: int, images: int | None = None, after_reset: bool = False
    ) -> NetworkResult:
        """Run the first images, or all, and compare; record the result."""
        self.run(stall=stall, images=images)
        done = await self.driver.finish()
        result = judge_network(
            done,
            self.expected[:images],
            self.program,
            self.models[:images],
            stall=stall,
            after_reset=after_reset,
        )
        result.append(Path())
        return result


@cocotb.test(timeout_time=TIMEOUT_MS, timeout_unit="ms")
@cocotb.parametrize(stall=CASE.stalls)
async def equals_golden(dut: Any, stall: int) -> None:
    """Every feature map equals the golden model, and the cycles those of the model."""
    bench = Testbench(dut)
    await bench.begin()
    result = await bench.check(stall=stall)
    assert not result.problem, result.problem


@cocotb.test(timeout_time=TIMEOUT_MS, timeout_unit="ms", skip=not CASE.resets)
async def recovers_from_reset(dut: Any) -> None:
    """A reset in mid-image leaves nothing behind: the next run is exact, and so are its cycles."""
    bench = Testbench(dut)
    rng = random.Random(CASE.seed)
    await bench.begin()
    bench.run(stall=0, burst=1)  # so that any cycle can be the last
    await Timer(rng.randrange(1, bench.models[0].total) * CLOCK_NS, "ns")
    await bench.begin(rng.randrange(1, 4))
    result = await bench.check(stall=0, after_reset=True)
    assert not result.problem, result.problem


@cocotb.test(timeout_time=TIMEOUT_MS, timeout_unit="ms", skip=not CASE.resets)
async def recovers_from_soft_reset(dut: Any) -> None:
    """A reset over the control bus ends an image as well; the registers stay, counters as told."""
    bench = Testbench(dut)
    rng = random.Random(CASE.seed + 1)
    await bench.begin()
    await bench.driver.bus.write("scratch", value=0x1234ABCD)
    bench.run(stall=0, burst=1)
    await Timer(rng.randrange(1, bench.models[0].total) * CLOCK_NS, "ns")
    await bench.driver.soft_reset()
    assert (await bench.driver.bus.fields("scratch"))["value"] == 0x1234ABCD
    result = await bench.check(stall=0, images=1, after_reset=True)
    assert not result.problem, result.problem


@cocotb.test(timeout_time=TIMEOUT_MS, timeout_unit="ms")
async def holds_the_tables(dut: Any) -> None:
    """Every word of every memory for tables is read back."""
    bench = Testbench(dut)
    await bench.driver.reset()
    await bench.load()
    await bench.holds_tables()


@cocotb.test(timeout_time=TIMEOUT_MS, timeout_unit="ms")
async def registers_answer(dut: Any) -> None:
    """Settings keep what is written, and a wrong address is an error until it is cleared."""
    bench = Testbench(dut)
    await bench.driver.reset()
    await bench.load()
    bus = bench.driver.bus
    status = {"busy": 0, "waiting": 1, "refused": 0, "step": 0, "loaded": 1}
    status |= {"loading": 0, "reading_back": 0}
    await Timer(4 * bench.program.shape.step_words * CLOCK_NS, "ns")  # the first step is read
    assert await bus.fields("status") == status
    await bus.write("interrupt_mask", error=1)
    assert not dut.irq.value
    for word in (0xFFFFFFFF, 0x00C0FFEE):
        await bus.write("scratch", value=word)
        assert await bus.fields("scratch") == {"value": word}
    for write in (False, True):
        assert not await bus.answers(NOTHING_AT, write=write)
        assert dut.irq.value
        assert await bus.fields("error") == {"flag": 1, "code": Error.ADDRESS, "step": 0}
        assert (await bus.fields("interrupt"))["error"]
        await bus.write("error", flag=1)
        assert not dut.irq.value
    assert await bus.fields("error") == {"flag": 0, "code": Error.ADDRESS, "step": 0}
    assert await bus.fields("status") == status
