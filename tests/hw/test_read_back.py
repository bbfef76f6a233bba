# amaranth: UnusedElaboratable=no
"""Read-back: the CRC of any range of any memory, as zlib computes it of the same words."""

import random
import zlib

import pytest
from amaranth import Module
from amaranth.lib import wiring

from arch.load_image import PART_BYTES, Section, section_parts
from arch.words import Field, WordLayout
from hw.layouts import struct
from hw.read_back import ReadBack
from hw.rom import Contents, TableRead
from hw.testing import run, tick

BITS, DEPTHS = (32, 1, 7, 33, 64, 70, 144), (5, 1, 16, 3, 2, 1, 9)
LAYOUTS = tuple(WordLayout((Field("bits", bits),)) for bits in BITS)
NAMES = tuple(f"memory{n}" for n in range(len(BITS)))
SECTIONS = tuple(
    Section(name=name, number=n, bits=bits, depth=depth)
    for n, (name, bits, depth) in enumerate(zip(NAMES, BITS, DEPTHS, strict=True))
)
MEMORIES = dict(zip(NAMES, zip(LAYOUTS, DEPTHS, strict=True), strict=True))


class Lender(wiring.Component):
    """A memory and nothing else."""

    def __init__(self, words, layout):
        self._contents = Contents(words, shape=struct(layout))
        super().__init__(self._contents.ports)

    def elaborate(self, platform):
        m = Module()
        m.submodules.memory = memory = self._contents.memory(m, self)
        self._contents.read(m, self, memory, at=0, en=0)
        return m


class Bench:
    """The walker and its memories, full of random words."""

    def __init__(self, seed):
        rng = random.Random(seed)
        self.words = [
            [rng.getrandbits(bits) for _ in range(depth)]
            for bits, depth in zip(BITS, DEPTHS, strict=True)
        ]
        self.dut = ReadBack(memories=MEMORIES, sections=SECTIONS)
        self.top = m = Module()
        m.submodules.dut = self.dut
        for name, layout, words in zip(NAMES, LAYOUTS, self.words, strict=True):
            m.submodules[name] = lender = Lender(words, layout)
            wiring.connect(m, getattr(self.dut.ports, name), lender.read_back)

    def parts(self, number, first):
        """What lies in a memory from a word on."""
        return section_parts(SECTIONS[number], self.words[number][first:])

    def start(self, ctx, number, first, parts):
        ctx.set(self.dut.number, number)
        ctx.set(self.dut.first, first)
        ctx.set(self.dut.parts, parts)
        ctx.set(self.dut.begin, 1)

    async def walk(self, ctx, number, first, parts):
        """Read back; how many cycles it takes, and whether it failed."""
        self.start(ctx, number, first, parts)
        await tick(ctx)
        ctx.set(self.dut.begin, 0)
        cycles = 0
        while ctx.get(self.dut.busy):
            await tick(ctx)
            cycles += 1
        fault = ctx.get(self.dut.fault)
        await tick(ctx)
        assert not ctx.get(self.dut.fault)
        return cycles, fault

    async def check(self, ctx, number, first, count):
        parts = self.parts(number, first)[:count]
        assert await self.walk(ctx, number, first, len(parts)) == (4 * len(parts) + 4, 0)
        assert ctx.get(self.dut.crc) == crc(parts)
        if parts:
            assert ctx.get(self.dut.word) == parts[-1]

    def simulate(self, host, tmp_path):
        async def bound(ctx):
            await host(ctx)

        run(self.top, bound, vcd=tmp_path / "read_back.vcd")


def crc(parts):
    return zlib.crc32(b"".join(part.to_bytes(PART_BYTES, "little") for part in parts))


def test_whole_memories(tmp_path):
    """Narrow and wide words, one word and many: four cycles a part."""
    bench = Bench(1)

    async def host(ctx):
        for number in range(len(NAMES)):
            await bench.check(ctx, number, 0, None)

    bench.simulate(host, tmp_path)


def test_ranges(tmp_path):
    """Any first word, any number of parts, also inside of a word, also none."""
    bench, rng = Bench(2), random.Random(2)

    async def host(ctx):
        for _ in range(60):
            number = rng.randrange(len(NAMES))
            first = rng.randrange(DEPTHS[number] + 1)
            await bench.check(ctx, number, first, rng.randrange(12))

    bench.simulate(host, tmp_path)


@pytest.mark.parametrize("first_bits", [0, 3, 23])
def test_leaves_the_memory(first_bits, tmp_path):
    """It reads what there is, says that there is no more, and ends; the next walk is right."""
    bench = Bench(3)

    async def host(ctx):
        for number, depth in enumerate(DEPTHS):
            first = (1 << first_bits) - 1
            there = bench.parts(number, first)
            for parts in (len(there) + 1, (1 << 24) - 1):
                cycles, fault = await bench.walk(ctx, number, first, parts)
                assert (cycles, fault) == (4 * len(there) + 4, 1)
            await bench.check(ctx, number, depth - 1, 1)

    bench.simulate(host, tmp_path)


def test_no_such_memory(tmp_path):
    bench = Bench(4)

    async def host(ctx):
        for number in (len(NAMES), len(NAMES) + 1, (1 << 16) - 1):
            assert await bench.walk(ctx, number, 0, 1) == (4, 1)
            assert await bench.walk(ctx, number, 0, 0) == (4, 0)
            await bench.check(ctx, 0, 0, None)

    bench.simulate(host, tmp_path)


def test_ends_early(tmp_path):
    """At any moment: by a request, or by another walk, which is right."""
    bench = Bench(5)

    async def host(ctx):
        for moment in range(14):
            bench.start(ctx, 6, 0, 40)
            await tick(ctx)
            ctx.set(bench.dut.begin, 0)
            await tick(ctx, moment)
            if moment % 2:
                ctx.set(bench.dut.end, 1)
                await tick(ctx)
                ctx.set(bench.dut.end, 0)
                assert not ctx.get(bench.dut.busy)
                await tick(ctx, 8)
                assert not ctx.get(bench.dut.busy)
                assert not ctx.get(bench.dut.fault)
            await bench.check(ctx, moment % len(NAMES), 0, None)

    bench.simulate(host, tmp_path)


def test_wrong_sections():
    with pytest.raises(ValueError, match=r"^sections must be those of memory0, memory1, "):
        ReadBack(memories=MEMORIES, sections=SECTIONS[1:])
    with pytest.raises(ValueError, match=r"^depth must be "):
        TableRead(depth=0, bits=1)
