# amaranth: UnusedElaboratable=no
"""Unit tests of an accumulator bank, against lists of integers."""

import random

import pytest

from hw.accumulator_bank import AccumulatorBank
from hw.testing import run, tick

VALUE_BITS, ACC_BITS = 6, 12


def bank_of(*, columns=2, depth=3):
    return AccumulatorBank(columns=columns, depth=depth, value_bits=VALUE_BITS, acc_bits=ACC_BITS)


async def add(ctx, dut, columns):
    """Add ``{column: (address, value)}`` in this cycle."""
    for column, (at, value) in columns.items():
        ctx.set(dut.add_at[column], at)
        ctx.set(dut.addends[column], value)
    ctx.set(dut.add, sum(1 << column for column in columns))
    await tick(ctx)
    ctx.set(dut.add, 0)


async def settle(ctx):
    """Let the additions so far be seen by reads."""
    await tick(ctx, 2)


async def read(ctx, dut, at):
    ctx.set(dut.read_at, at)
    ctx.set(dut.read, 1)
    await tick(ctx)
    ctx.set(dut.read, 0)
    return list(ctx.get(dut.values))


@pytest.mark.parametrize(("columns", "depth"), [(1, 1), (1, 5), (2, 2), (3, 7)])
@pytest.mark.parametrize("density", [1.0, 0.5], ids="density={}".format)
def test_matches_reference(columns, depth, density, tmp_path):
    """Additions in any order, each cycle, to the same address as often as not."""
    rng = random.Random(depth)
    low, high = -(1 << (VALUE_BITS - 1)), (1 << (VALUE_BITS - 1)) - 1
    additions = [
        {
            column: (rng.randrange(depth), rng.choice((low, high, rng.randint(low, high))))
            for column in range(columns)
            if rng.random() < density
        }
        for _ in range(60)
    ]
    dut = bank_of(columns=columns, depth=depth)

    async def testbench(ctx):
        expected = [[0] * columns for _ in range(depth)]
        for addition in additions:
            await add(ctx, dut, addition)
            for column, (at, value) in addition.items():
                expected[at][column] += value
        await settle(ctx)
        for at in range(depth):
            assert await read(ctx, dut, at) == expected[at], f"address {at}"

    run(dut, testbench, vcd=tmp_path / "bank.vcd")


@pytest.mark.parametrize("sign", [-1, 1])
def test_extreme_sums(sign, tmp_path):
    """The sum reaches both ends of its width."""
    value = -32 if sign < 0 else 31
    count = 64 if sign < 0 else 66
    dut = bank_of()

    async def testbench(ctx):
        for _ in range(count):
            await add(ctx, dut, {0: (2, value)})
        await settle(ctx)
        assert await read(ctx, dut, 2) == [count * value, 0]

    assert -(1 << (ACC_BITS - 1)) <= count * value < 1 << (ACC_BITS - 1)
    run(dut, testbench, vcd=tmp_path / "bank.vcd")


def test_latency(tmp_path):
    """A read three cycles after an addition sees it; its values come one cycle later and stay."""
    dut = bank_of()

    async def testbench(ctx):
        await add(ctx, dut, {0: (1, 7), 1: (1, -9)})
        await tick(ctx)
        assert await read(ctx, dut, 1) == [0, 0]
        assert await read(ctx, dut, 1) == [7, -9]
        await tick(ctx, 3)
        assert list(ctx.get(dut.values)) == [7, -9]

    run(dut, testbench, vcd=tmp_path / "bank.vcd")


def test_clear(tmp_path):
    """Clearing sets one address of all columns to zero, as soon as the cycle after a read of it."""
    dut = bank_of()

    async def testbench(ctx):
        for at in range(3):
            await add(ctx, dut, {0: (at, 5 + at), 1: (at, -8)})
        await settle(ctx)
        assert await read(ctx, dut, 1) == [6, -8]
        ctx.set(dut.clear_at, 1)
        ctx.set(dut.clear, 1)
        await tick(ctx)
        ctx.set(dut.clear, 0)
        assert list(ctx.get(dut.values)) == [6, -8]
        assert [await read(ctx, dut, at) for at in range(3)] == [[5, -8], [0, 0], [7, -8]]
        await add(ctx, dut, {1: (1, 3)})
        await settle(ctx)
        assert await read(ctx, dut, 1) == [0, 3]

    run(dut, testbench, vcd=tmp_path / "bank.vcd")


@pytest.mark.parametrize("name", ["columns", "depth", "value_bits"])
def test_wrong_size(name):
    sizes = {"columns": 1, "depth": 1, "value_bits": 1, "acc_bits": 1}
    with pytest.raises(ValueError, match=rf"^{name} must be at least 1, not 0$"):
        AccumulatorBank(**(sizes | {name: 0}))


def test_wrong_acc_bits():
    with pytest.raises(ValueError, match=r"^acc_bits must be at least 6, as values, not 5$"):
        AccumulatorBank(columns=1, depth=1, value_bits=6, acc_bits=5)
