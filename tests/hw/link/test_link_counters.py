# amaranth: UnusedElaboratable=no
"""Counters of a link: every event once, whoever reads at the time."""

import random

import pytest

from arch.link_registers import LINK_MAP
from hw.link.link_counters import COUNTED, LinkCounters
from hw.testing import run, sample, tick

SLOW = 64
"""Cycles after which events of a kind may come again."""


def place(name):
    return LINK_MAP.find(name).at // 4 % 8


async def read(ctx, dut, name):
    """As a register block does."""
    ctx.set(dut.read, 1)
    ctx.set(dut.at, place(name))
    await tick(ctx)
    value = await sample(ctx, dut.value)
    await tick(ctx)
    ctx.set(dut.read, 0)
    await tick(ctx)
    return value


def test_places():
    """A counter has its place by the lowest bits of its address, so no two may be alike."""
    assert len({place(name) for name in COUNTED}) == len(COUNTED)
    at = [LINK_MAP.find(name).at for name in COUNTED]
    assert max(at) - min(at) < 32


@pytest.mark.parametrize("seed", [None, 1, 2])
def test_counts(seed, tmp_path):
    """Events alone and together, with reads at random in between."""
    dut, happened = LinkCounters(), dict.fromkeys(COUNTED, 0)

    async def events(ctx):
        rng = random.Random(seed)
        happened.update(dict.fromkeys(COUNTED, 0))
        await tick(ctx, SLOW)
        for _ in range(30):
            now = [name for name in COUNTED if seed is None or rng.getrandbits(1)]
            for name in now:
                ctx.set(dut.events[name], 1)
                happened[name] += 1
            await tick(ctx)
            ctx.set(dut.events, dict.fromkeys(COUNTED, 0))
            await tick(ctx, SLOW)

    async def reader(ctx):
        rng = random.Random(seed)
        for _ in range(40 if seed else 0):
            await tick(ctx, rng.randrange(10, 30))
            name = rng.choice(COUNTED)
            assert happened[name] - 1 <= await read(ctx, dut, name) <= happened[name]
        await tick(ctx, 31 * (SLOW + 1))
        assert {name: await read(ctx, dut, name) for name in COUNTED} == happened

    run(dut, events, reader, vcd=tmp_path / "counters.vcd")


def test_clear(tmp_path):
    """Within 32 cycles, all of them, and what waits to be counted; a count takes as long."""
    dut = LinkCounters()

    async def host(ctx):
        await tick(ctx, 32)
        for _ in range(3):
            for turn in range(3):
                ctx.set(dut.events, dict.fromkeys(COUNTED, 1))
                await tick(ctx)
                ctx.set(dut.events, dict.fromkeys(COUNTED, 0))
                await tick(ctx, 32 if turn < 2 else 2)
            ctx.set(dut.clear, 1)
            await tick(ctx)
            ctx.set(dut.clear, 0)
            await tick(ctx, 32)
            assert [await read(ctx, dut, name) for name in COUNTED] == [0] * len(COUNTED)
            ctx.set(dut.events.ignored, 1)
            await tick(ctx)
            ctx.set(dut.events, dict.fromkeys(COUNTED, 0))
            await tick(ctx, 32)
            assert await read(ctx, dut, "ignored") == 1

    run(dut, host, vcd=tmp_path / "counters.vcd")
