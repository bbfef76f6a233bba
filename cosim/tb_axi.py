"""Testbench of an exported AXI engine; runs inside Verilator.

cocotbext-axi brings the manager, the source and the sink; every channel pauses at random. Each
image is a packet, and so are its results, which are compared with the golden model.
"""

import itertools
import random
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import cocotb
import numpy as np
from cocotb.clock import Clock
from cocotb.triggers import RisingEdge, Timer
from cocotb.utils import get_sim_time
from cocotbext.axi import (
    AxiLiteBus,
    AxiLiteMaster,
    AxiResp,
    AxiStreamBus,
    AxiStreamFrame,
    AxiStreamSink,
    AxiStreamSource,
)

from arch.axi_registers import AXI_BASE, AXI_MAP
from arch.load_image import load_image
from arch.network_program import build_network_program
from arch.registers import ENGINE_MAP, find_register
from cosim.axi import AxiResult
from cosim.golden import GoldenNetwork
from cosim.network_case import NetworkCase
from cosim.network_verdict import expected_results
from cosim.testbench import built_as, read_tables

CASE = NetworkCase.read(Path())
CLOCK_NS = 10
TIMEOUT_MS = 1_000
CHANNELS = ("aw", "w", "b", "ar", "r", "images", "results")
HOLE = 0xFFC
"""Address in either block of registers where there is nothing."""
SCRATCH = find_register("scratch").at
DROP = 0b101
"""Of ``control``: images may begin, and the one in work is dropped."""


def _pauses(rng: random.Random) -> Iterator[bool]:
    """Pauses of random lengths, at random times."""
    while True:
        for pause in (False, True):
            yield from itertools.repeat(pause, rng.choice((1, 1, 2, 5, 11)))


class Testbench:
    """The device, its tables and what it must give."""

    def __init__(self, dut: Any) -> None:
        tables, names = read_tables(CASE)
        program = build_network_program(tables, **built_as(names))
        self.dut = dut
        self.sha256 = tables.sha256
        self.load_image = load_image(program) if "load_image" in names else b""
        self.images = CASE.images(Path()).astype(np.int64)
        maps = GoldenNetwork(tables).run(self.images)
        results = int(np.prod(program.steps[-1].result.shape))
        scores = expected_results(program, self.images, maps)[:, -results:, 0]
        self.expected = [_words(row, argmax=names["argmax"]) for row in scores]
        reset = {"reset": dut.aresetn, "reset_active_level": False}
        self.axi = AxiLiteMaster(AxiLiteBus.from_prefix(dut, "s_axi"), dut.aclk, **reset)
        self.source = AxiStreamSource(AxiStreamBus.from_prefix(dut, "s_axis"), dut.aclk, **reset)
        self.sink = AxiStreamSink(AxiStreamBus.from_prefix(dut, "m_axis"), dut.aclk, **reset)
        self.accesses = 0
        cocotb.start_soon(Clock(dut.aclk, CLOCK_NS, "ns", impl="gpi").start(start_high=False))

    async def reset(self, cycles: float = 4) -> None:
        """Reset at any moment, for a time that need not be whole cycles."""
        self.dut.aresetn.value = 0
        await Timer(round(cycles * CLOCK_NS * 1000), "ps")
        self.dut.aresetn.value = 1
        await RisingEdge(self.dut.aclk)

    def pause(self, seed: int) -> None:
        """Let every channel pause at random."""
        write, read = self.axi.write_if, self.axi.read_if
        ends = (write.aw_channel, write.w_channel, write.b_channel, read.ar_channel)
        for n, end in enumerate((*ends, read.r_channel, self.source, self.sink)):
            end.set_pause_generator(_pauses(random.Random(f"{seed} {n}")))

    async def read(self, at: int) -> int:
        """A word that is there."""
        answer = await self.axi.read(at, 4)
        assert answer.resp == AxiResp.OKAY, f"a read at {at:#x} ended with {answer.resp!r}"
        return int.from_bytes(answer.data, "little")

    async def write(self, at: int, data: bytes) -> None:
        """Write bytes within a word."""
        answer = await self.axi.write(at, data)
        assert answer.resp == AxiResp.OKAY, f"a write at {at:#x} ended with {answer.resp!r}"

    async def write_word(self, at: int, word: int) -> None:
        await self.write(at, word.to_bytes(4, "little"))

    async def begin(self) -> None:
        """See that it is the right device, load the tables, and let images begin."""
        for base, registers in ((0, ENGINE_MAP), (AXI_BASE, AXI_MAP)):
            magic = registers.find("magic")
            assert await self.read(base + magic.at) == magic.fields[0].value
        if self.load_image:
            await self.write_word(find_register("control").at, 1 << 6)
            at = find_register("load_word").at
            for place in range(0, len(self.load_image), 4):
                await self.write(at, self.load_image[place : place + 4])
        first = find_register("table_hash").at
        words = [await self.read(first + 4 * n) for n in range(8)]
        assert "".join(f"{word:08x}" for word in words) == self.sha256, "other tables"
        await self.write_word(AXI_BASE + AXI_MAP.find("image_bytes").at, self.images[0].size)
        await self.write_word(find_register("control").at, 1)

    def packet(self, number: int) -> bytes:
        """An image as bytes."""
        return (self.images[number] & 0xFF).astype(np.uint8).tobytes()

    async def image(self, number: int) -> None:
        """Send an image, and compare its results."""
        await self.source.send(AxiStreamFrame(self.packet(number)))
        await self.results(number)

    async def results(self, number: int) -> None:
        """The next packet of results is that of an image, up to its last word and no further."""
        frame = await self.sink.recv()
        words = np.frombuffer(bytes(frame.tdata), dtype="<u4").tolist()
        expected = self.expected[number]
        assert words == expected, f"image {number} gave {words}, expected {expected}"

    async def use_registers(self, rng: random.Random, until: Any) -> None:
        """Read and write the registers at random: narrow, unaligned, and where nothing is."""
        scratch = bytearray(4)
        await self.write(SCRATCH, bytes(scratch))
        while not until.done():
            kind = rng.randrange(4)
            if kind == 0:
                first = rng.randrange(4)
                data = rng.randbytes(rng.randint(1, 4 - first))
                scratch[first : first + len(data)] = data
                await self.write(SCRATCH + first, data)
            elif kind == 1:
                first = rng.randrange(4)
                size = rng.randint(1, 4 - first)
                seen = await self.axi.read(SCRATCH + first, size)
                assert seen.data == scratch[first : first + size], "scratch lost what was written"
            elif kind == 2:
                await self.refused(HOLE + rng.choice((0, AXI_BASE)), write=bool(rng.getrandbits(1)))
            else:
                reads = [self.axi.init_read(SCRATCH, 4) for _ in range(3)]
                for each in [*(self.axi.init_write(SCRATCH, scratch) for _ in range(3)), *reads]:
                    await each.wait()
                assert all(each.data.data == scratch for each in reads), "reads beside writes"
            self.accesses += 1

    async def refused(self, at: int, *, write: bool) -> None:
        """Nothing is there, and the answer says so."""
        answer = await (self.axi.write(at, bytes(4)) if write else self.axi.read(at, 4))
        assert answer.resp == AxiResp.SLVERR, f"{at:#x} answered {answer.resp!r}"

    def check_channels(self) -> tuple[int, ...]:
        """What was offered stayed until it was taken, everywhere; how long each channel waited."""
        broken = self.dut.broken.value.to_unsigned()
        names = [name for n, name in enumerate(CHANNELS) if broken >> n & 1]
        assert not names, f"offers were taken back or changed on {names}"
        waited = self.dut.waited.value.to_unsigned()
        return tuple(waited >> 32 * n & 0xFFFFFFFF for n in range(len(CHANNELS)))

    def record(self, images: int, began: tuple[float, float], *, after_reset: bool = False) -> None:
        """Write down what a run was."""
        AxiResult(
            stall=0,
            after_reset=after_reset,
            compared=sum(len(self.expected[n]) for n in range(images)),
            mismatches=0,
            clocks=round((get_sim_time("ns") - began[0]) / CLOCK_NS),
            seconds=time.perf_counter() - began[1],
            images=images,
            accesses=self.accesses,
            waited=self.check_channels(),
        ).append(Path())


def _now() -> tuple[float, float]:
    return get_sim_time("ns"), time.perf_counter()


def _words(scores: np.ndarray, *, argmax: bool) -> list[int]:
    """Results of an image as the words of docs/link.md."""
    values, numbers = scores, np.zeros_like(scores)
    if argmax:
        place = int(np.argmax(scores))
        values, numbers = scores[place : place + 1], np.array([place])
    words = (values & 0xFFFF) | numbers << 16
    words[-1] |= 1 << 31
    return [int(word) for word in words]


@cocotb.test(timeout_time=TIMEOUT_MS, timeout_unit="ms")
async def images_are_exact(dut: Any) -> None:
    """All images with pauses on every channel, while registers are read and written."""
    bench = Testbench(dut)
    await bench.reset()
    await bench.begin()
    bench.pause(CASE.seed)
    began, count = _now(), len(bench.images)

    async def send() -> None:
        for number in range(count):
            await bench.source.send(AxiStreamFrame(bench.packet(number)))

    async def receive() -> None:
        for number in range(count):
            await bench.results(number)

    cocotb.start_soon(send())
    running = cocotb.start_soon(receive())
    await bench.use_registers(random.Random(CASE.seed), running)
    await running
    images = find_register("images")
    await bench.write_word(find_register("control").at, 1 | 1 << 3)  # latch
    assert await bench.read(images.at) == count
    assert await bench.read(AXI_BASE + AXI_MAP.find("error").at) == 0
    bench.record(count, began)
    silent = [name for name, n in zip(CHANNELS, bench.check_channels(), strict=True) if not n]
    assert not silent, f"nothing ever waited on {silent}"


@cocotb.test(timeout_time=TIMEOUT_MS, timeout_unit="ms")
async def wrong_packets_are_told(dut: Any) -> None:
    """Too short and too long: told and held until it is cleared; then images are right again."""
    bench = Testbench(dut)
    await bench.reset()
    await bench.begin()
    began = _now()
    error = AXI_BASE + AXI_MAP.find("error").at
    await bench.write_word(AXI_BASE + AXI_MAP.find("interrupt_mask").at, 1)
    for flag, packet in ((1, bench.packet(0)[:-2]), (2, bench.packet(0) + b"123")):
        assert not dut.irq.value
        await bench.source.send(AxiStreamFrame(packet))
        await RisingEdge(dut.irq)
        if flag == 2:
            await bench.results(0)  # the image itself was whole
        await bench.source.send(AxiStreamFrame(bench.packet(1)))
        assert await bench.read(error) == flag
        await bench.write_word(find_register("control").at, DROP)
        await bench.write_word(error, flag)
        assert await bench.read(error) == 0
        await bench.results(1)
    bench.record(3, began)


@cocotb.test(timeout_time=TIMEOUT_MS, timeout_unit="ms")
async def recovers_from_reset(dut: Any) -> None:
    """A reset in mid-image, at any moment and however short, leaves nothing behind."""
    bench = Testbench(dut)
    rng = random.Random(CASE.seed)
    await bench.reset()
    await bench.begin()
    began = await _time_of_image(bench)
    for length in (0.3, 1, 6.7):
        bench.pause(rng.getrandbits(32))
        await bench.source.send(AxiStreamFrame(bench.packet(0)))
        await Timer(rng.randrange(CLOCK_NS, round(began)), "ns")
        await Timer(rng.randrange(CLOCK_NS * 1000), "ps")
        dut.watched.value = 0
        await bench.reset(length)
        await Timer(4 * CLOCK_NS, "ns")
        dut.watched.value = 1
        bench.sink.clear()
        start = _now()
        await bench.begin()
        await bench.image(1)
        bench.record(1, start, after_reset=True)


async def _time_of_image(bench: Testbench) -> float:
    """How long an image takes, in nanoseconds."""
    before = get_sim_time("ns")
    await bench.image(0)
    taken: float = get_sim_time("ns") - before
    return taken
