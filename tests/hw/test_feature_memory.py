# amaranth: UnusedElaboratable=no
"""Feature memory against a list."""

import random

import pytest

from hw.feature_memory import FeatureMemory
from hw.testing import run, tick


async def write(ctx, dut, at, code):
    ctx.set(dut.write, 1)
    ctx.set(dut.write_at, at)
    ctx.set(dut.code, code)
    await tick(ctx)
    ctx.set(dut.write, 0)


async def read(ctx, dut, at):
    ctx.set(dut.read, 1)
    ctx.set(dut.read_at, at)
    await tick(ctx)
    ctx.set(dut.read, 0)
    return values(ctx, dut)


def values(ctx, dut):
    return [ctx.get(value) for value in dut.values]


@pytest.mark.parametrize(("lanes", "depth"), [(1, 2), (2, 7), (4, 8), (4, 21), (8, 37)])
def test_matches_a_list(lanes, depth, tmp_path):
    """Every unaligned read that stays in the memory, one cycle after it."""
    dut = FeatureMemory(lanes=lanes, depth=depth, code_bits=7)
    rng = random.Random(depth)
    stored = [rng.randrange(128) for _ in range(depth)]

    async def testbench(ctx):
        for at in rng.sample(range(depth), depth):
            await write(ctx, dut, at, stored[at])
        for at in range(depth - lanes + 1):
            seen = await read(ctx, dut, at)
            rotated = [seen[(at + n) % lanes] for n in range(lanes)]
            assert rotated == stored[at : at + lanes], at

    run(dut, testbench, vcd=tmp_path / "memory.vcd")


def test_holds_without_read(tmp_path):
    """Values stay while nothing is read, whatever is written."""
    dut = FeatureMemory(lanes=2, depth=8, code_bits=4)

    async def testbench(ctx):
        for at in range(8):
            await write(ctx, dut, at, at)
        assert await read(ctx, dut, 2) == [2, 3]
        ctx.set(dut.read_at, 6)
        await write(ctx, dut, 2, 15)
        await tick(ctx, 3)
        assert values(ctx, dut) == [2, 3]
        assert await read(ctx, dut, 2) == [15, 3]

    run(dut, testbench, vcd=tmp_path / "memory.vcd")


def test_read_and_write_in_one_cycle(tmp_path):
    """The read gives what was there before; the next one what was written."""
    dut = FeatureMemory(lanes=2, depth=8, code_bits=4)

    async def testbench(ctx):
        await write(ctx, dut, 4, 3)
        ctx.set(dut.read, 1)
        ctx.set(dut.read_at, 4)
        await write(ctx, dut, 4, 9)
        assert values(ctx, dut)[0] == 3
        await tick(ctx)
        assert values(ctx, dut)[0] == 9

    run(dut, testbench, vcd=tmp_path / "memory.vcd")


def test_wrong_arguments():
    with pytest.raises(ValueError, match=r"^lanes must be a power of two, not 3$"):
        FeatureMemory(lanes=3, depth=9, code_bits=8)
    with pytest.raises(ValueError, match=r"^depth must be at least 8, not 7$"):
        FeatureMemory(lanes=4, depth=7, code_bits=8)
    with pytest.raises(ValueError, match=r"^code_bits must be at least 1, not 0$"):
        FeatureMemory(lanes=4, depth=8, code_bits=0)
